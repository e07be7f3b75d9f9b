package tcp_test

import (
	"testing"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// Accurate ECN, the Data Receiver (RFC 9768 §3.2).

const (
	notECT = 0
	ect1   = 1
	ect0   = 2
	ce     = 3
)

// marked sends text of the peer's with ECN bits, n bytes from its place on.
func (p *connTest) marked(seq, n int, tos uint8) {
	p.t.Helper()
	p.mark(seg(A|aceBits(5), seq, 1).bytes(n), tos)
}

// patient makes a connection past the time in which every segment is acknowledged at once.
func patient(p *connTest) *connTest {
	p.t.Helper()
	p.c.SetQuickAck(false)
	return p
}

// §3.2: every acceptable packet counts, text or not, and text by its bytes. What is no part of the connection does not.
func TestAccECNCounts(t *testing.T) {
	p := accConn(t)
	p.marked(1, 100, ect0)
	p.marked(101, 200, ect1)
	p.marked(301, 300, ce)
	p.marked(601, 400, notECT)
	p.mark(seg(A|aceBits(5), 1001, 1), ce)
	p.marked(100_001, 50, ce)
	p.marked(1, 100, ce)
	p.skip(len(p.out))
	if got, want := p.c.Info().Received, (tcp.Marks{Packets: 2, CE: 300, ECT0: 100, ECT1: 200}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if !p.c.Info().ECNSeen {
		t.Error("no mark was seen")
	}
}

// A packet that a device has merged counts as the packets that it was made of.
func TestAccECNCountsMergedPackets(t *testing.T) {
	p := accConn(t)
	in := p.build(seg(A|aceBits(5), 1, 1).bytes(2500))
	in.Buf.GSOSize, in.TOS = 1000, ce
	p.c.Arrive(p.now, in)
	p.drain()
	p.want(seg(A|aceBits(0), 1, 2501), tcp.WhyAck)
	if got := p.c.Info().Received; got.Packets != 3 || got.CE != 2500 {
		t.Errorf("got %+v, want 3 packets and 2500 bytes", got)
	}
}

// §3.2.2.5.1: an ACK goes at once with the first mark behind a packet without one, and with every second mark.
func TestAccECNAcksMarks(t *testing.T) {
	p := patient(accConn(t))
	p.marked(1, 10, ect0)
	p.wantNothing()
	p.marked(11, 10, ce)
	p.want(seg(A|aceBits(6), 1, 21), tcp.WhyAck)
	p.marked(21, 10, ce)
	p.wantNothing()
	p.marked(31, 10, ce)
	if o := p.want(seg(A|aceBits(0), 1, 41), tcp.WhyAck); o.out.Rule != "RFC 9768 §3.2.2.5.1" {
		t.Errorf("got the rule %q", o.out.Rule)
	}
	p.marked(41, 10, ect0)
	p.marked(51, 10, ect0)
	p.wantNothing()
}

// §3.2.2.5.1: ACKs of the peer that come marked are acknowledged three at a time, without SACK blocks.
func TestAccECNAcksMarkedAcks(t *testing.T) {
	p := accConn(t, sack)
	p.marked(1001, 10, ect0)
	p.skip(1)
	for range 2 {
		p.mark(seg(A|aceBits(5), 1, 1), ce)
		p.wantNothing()
	}
	p.mark(seg(A|aceBits(5), 1, 1), ce)
	if o := p.want(seg(A|aceBits(0), 1, 1), tcp.WhyAck); o.opts.NumSACK > 0 {
		t.Error("an ACK of ACKs has SACK blocks")
	}
	p.marked(2001, 10, ect0)
	if o := p.want(seg(A|aceBits(0), 1, 1), tcp.WhyDupAck); o.opts.NumSACK == 0 {
		t.Error("the next ACK has no SACK blocks")
	}
}

// §3.2.3.3: the option goes with what acknowledges text, has every counter that has ever changed, and in the order that is
// shorter.
func TestAccECNOptionIsSent(t *testing.T) {
	p := accConn(t)
	at := 1
	for i, test := range []struct {
		mark uint8
		want string
	}{
		{ect0, "ECN e0b 101 ceb 0"},
		{ect0, "ECN e0b 201 ceb 0"},
		{notECT, ""},
		{ce, "ECN e0b 201 ceb 100"},
		{notECT, "ECN e0b 201 ceb 100"}, // once more behind a change
		{notECT, ""},
		{ect1, "ECN e0b 201 ceb 100 e1b 101,nop"},
	} {
		p.marked(at, 100, test.mark)
		at += 100
		if o := p.want(seg(A|aceBits(5+min(i/3, 1)), 1, at), tcp.WhyAck).opts; o.Format(0) != test.want {
			t.Errorf("segment %d: got %q, want %q", i, o.Format(0), test.want)
		}
	}
}

// §3.2.3: where ECT(1) alone comes, its counter is the first.
func TestAccECNOptionForECT1(t *testing.T) {
	p := accConn(t)
	p.marked(1, 100, ect1)
	if o := p.want(seg(A|aceBits(5), 1, 101), tcp.WhyAck).opts; o.Format(0) != "ECN e1b 101 ceb 0" {
		t.Errorf("got %q", o.Format(0))
	}
}

// §3.2.3: the counters have 24 bits.
func TestAccECNCountersWrap(t *testing.T) {
	p := accConn(t, func(s *setup) { s.cfg.RecvBuffer = 1 << 20 })
	at := 1
	var last tcp.AccECN
	for range 1<<24/50_000 + 1 {
		p.marked(at, 50_000, ce)
		at += 50_000
		for _, o := range p.out {
			last = o.opts.AccECN
		}
		p.skip(len(p.out))
		p.receive(50_000)
		p.skip(len(p.out))
	}
	if want := uint32(at-1) & (1<<24 - 1); last.CEB != want {
		t.Errorf("got %d bytes with CE, want %d", last.CEB, want)
	}
}

// §3.2.3.3: two SACK blocks come before the option, and of three counters one that has not changed may go.
func TestAccECNOptionBesideSACK(t *testing.T) {
	p := accConn(t, sack, timestamps)
	p.marked(1001, 10, ect0)
	p.want(seg(A|aceBits(5), 1, 1), tcp.WhyDupAck)
	p.marked(2001, 10, ect0)
	p.marked(3001, 10, ect0)
	for _, o := range p.out[:2] {
		if o.opts.AccECN.Fields != 2 || o.opts.NumSACK != 2 {
			t.Errorf("got %d counters and %d blocks, want 2 and 2", o.opts.AccECN.Fields, o.opts.NumSACK)
		}
	}
	p.skip(2)
	p.marked(4001, 10, ect1) // three counters, two of them changed at some time: 12 bytes, and no room for them
	if o := p.out[0].opts; o.AccECN.Order != 1 || o.AccECN.Fields != 2 || o.NumSACK != 2 {
		t.Errorf("got %+v and %d blocks, want ECT(1) and CE beside two", o.AccECN, o.NumSACK)
	}
	p.skip(1)
}

// The option can be switched off, and text that is sent makes room for it only when it is there.
func TestAccECNOptionAndText(t *testing.T) {
	for _, off := range []bool{false, true} {
		p := accConn(t, func(s *setup) { s.cfg.NoAccECNOption = off })
		p.c.SetNoDelay(true)
		p.marked(1, 100, ect0)
		p.skip(len(p.out))
		p.c.SetQuickAck(false)
		p.marked(101, 100, ect0)
		p.send(2000)
		first := p.out[0]
		if got, want := len(first.text), map[bool]int{false: 992, true: 1000}[off]; got != want || first.opts.AccECN.Present == off {
			t.Errorf("off %v: %d bytes of text with %+v, want %d", off, got, first.opts.AccECN, want)
		}
		if o := p.out[1]; len(o.text) != 1000 && !off || !o.flags.Has(A|aceBits(5)) {
			t.Errorf("off %v: the second segment has %d bytes and flags %v", off, len(o.text), o.flags)
		}
		p.skip(len(p.out))
	}
}

// §3.2.3.2.2: what is sent again has no option; after two timeouts of text with one, nothing has.
func TestAccECNOptionIsGivenUp(t *testing.T) {
	p := accConn(t)
	for i := range 3 {
		at := 1 + 100*i
		p.c.SetQuickAck(false)
		p.marked(at, 100, ect0)
		p.skip(len(p.out))
		p.c.SetQuickAck(false)
		p.send(100)
		if o := p.out[0].opts.AccECN; o.Present != (i < optionTries) {
			t.Errorf("text %d: got option %+v", i, o)
		}
		p.skip(1)
		p.expire()
		if o := p.want(seg(A|aceBits(5), at, at+100).bytes(100), tcp.WhyRTO).opts.AccECN; o.Present {
			t.Errorf("text %d is sent again with the option", i)
		}
		p.arrive(seg(A|aceBits(5), at+100, at+100))
	}
	if f := p.c.Info().AccECNFail; f != tcp.AccECNFailOptionSend {
		t.Errorf("got fail bits %d", f)
	}
}

// optionTries is how often text with the option may run into a timeout.
const optionTries = 2
