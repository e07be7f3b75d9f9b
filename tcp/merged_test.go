package tcp_test

import (
	"testing"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// Segments that travel as one packet.

// Each counts by itself, both ways.
func TestSegmentsOfOnePacketCount(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.c.SetGSO(65_535)
	before := p.c.Info().Stats
	p.send(5000)
	p.want(seg(A, 1, 1).bytes(5000), tcp.WhyData)
	in := p.build(seg(A, 1, 5001).bytes(2500))
	in.Buf.GSOSize = 1000
	p.c.Arrive(p.now, in)
	p.drain()
	p.want(seg(A, 5001, 2501), tcp.WhyAck)
	after := p.c.Info().Stats
	if in, out := after.SegsIn-before.SegsIn, after.SegsOut-before.SegsOut; in != 3 || out != 6 {
		t.Errorf("%d segments in and %d out, want 3, and 5 with one ACK", in, out)
	}
}

// RFC 9768 §3.3.4: what devices do to CWR must not change the count of marks, of which it is a bit.
func TestCountOfMarksIsNotCut(t *testing.T) {
	p := accConn(t)
	p.c.SetGSO(65_535)
	at := 1
	for packets := 6; packets < 14; packets++ {
		p.marked(at, 1000, ce)
		at += 1000
		p.skip(len(p.out))
		p.send(2000)
		bit, text := aceBits(packets).Has(cwr), 0
		for _, o := range p.out {
			if text += len(o.text); o.flags.Has(cwr) != bit || bit && len(o.text) > 1000 || !bit && o.out.GSO == 0 && len(o.text) > 0 {
				t.Errorf("%d packets: %d bytes in one output, with %v", packets, len(o.text), o.flags)
			}
		}
		if text != 2000 {
			t.Fatalf("%d packets: %d bytes went, want 2000", packets, text)
		}
		p.skip(len(p.out))
		p.arrive(seg(A|aceBits(5), at, 1+2000*(packets-5)))
	}
}
