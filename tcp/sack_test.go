package tcp_test

import (
	"testing"

	"github.com/sockeye-tcp/sockeye/ip"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// SACK as the receiver: RFC 2018 §4, and D-SACK, RFC 2883 §4.

// blocks makes the options that an ACK with SACK blocks has, from pairs of places in the peer's stream.
func (p *connTest) blocks(edges ...int) tcp.Options {
	var o tcp.Options
	for i := 0; i < len(edges); i += 2 {
		o.SACK[o.NumSACK] = tcp.Block{Start: p.theirSeq(edges[i]), End: p.theirSeq(edges[i+1])}
		o.NumSACK++
	}
	return o
}

// RFC 2018 §4: the first block holds the segment that caused the ACK, the others the latest before. The numbers
// cross the wrap here.
func TestSackBlocksNewestFirst(t *testing.T) {
	p := newConnTest(t, tcp.Established, sack)
	p.arrive(seg(A, 101, 1).bytes(100))
	p.want(seg(A, 1, 1).with(p.blocks(101, 201)), tcp.WhyDupAck)
	p.arrive(seg(A, 901, 1).bytes(100))
	p.want(seg(A, 1, 1).with(p.blocks(901, 1001, 101, 201)), tcp.WhyDupAck)
	p.arrive(seg(A, 301, 1).bytes(100))
	p.want(seg(A, 1, 1).with(p.blocks(301, 401, 901, 1001, 101, 201)), tcp.WhyDupAck)
	p.arrive(seg(A, 201, 1).bytes(100)) // joins two
	p.want(seg(A, 1, 1).with(p.blocks(101, 401, 901, 1001)), tcp.WhyDupAck)
	p.arrive(seg(A, 1001, 1).bytes(100)) // grows one
	p.want(seg(A, 1, 1).with(p.blocks(901, 1101, 101, 401)), tcp.WhyDupAck)
	p.arrive(seg(A, 1, 1).bytes(100)) // closes the first gap
	p.want(seg(A, 1, 401).with(p.blocks(901, 1101)), tcp.WhyAck)
	p.arrive(seg(A, 401, 1).bytes(500))
	p.want(seg(A, 1, 1101).with(tcp.Options{}), tcp.WhyAck)
	p.receive(1100)
}

// Four blocks fit, three beside timestamps.
func TestSackBlocksThatFit(t *testing.T) {
	for _, test := range []struct {
		changes []func(*setup)
		want    uint8
	}{
		{[]func(*setup){sack}, 4},
		{[]func(*setup){sack, timestamps}, 3},
		{nil, 0},
	} {
		p := newConnTest(t, tcp.Established, test.changes...)
		for i := range 6 {
			p.arrive(seg(A, 101+200*i, 1).bytes(100))
		}
		o := p.out[5].out.Options
		if o.NumSACK != test.want {
			t.Fatalf("got %d blocks, want %d", o.NumSACK, test.want)
		}
		for i, b := range o.Blocks() {
			at := 1101 - 200*i
			if b.Start != p.theirSeq(at) || b.End != p.theirSeq(at+100) {
				t.Errorf("block %d: got %v", i, b)
			}
		}
		p.skip(6)
	}
}

// RFC 2018 §2: no blocks unless both sides agreed.
func TestNoSackWithoutAgreement(t *testing.T) {
	p := newConnTest(t, tcp.Established, sack, func(s *setup) { s.cfg.NoSACK = true })
	p.arrive(seg(A, 101, 1).bytes(100))
	p.want(seg(A, 1, 1).with(tcp.Options{}), tcp.WhyDupAck)
}

// RFC 2883 §4.1.1, §4.1.2: text that was there already is reported first, and once.
func TestDuplicateSack(t *testing.T) {
	p := newConnTest(t, tcp.Established, sack)
	p.arrive(seg(A, 1, 1).bytes(700)) // numbers wrap at 500
	p.want(seg(A, 1, 701).with(tcp.Options{}), tcp.WhyAck)
	p.arrive(seg(A, 401, 1).bytes(200))
	p.want(seg(A, 1, 701).with(p.blocks(401, 601)), tcp.WhyDupAck)
	p.arrive(seg(A, 801, 1).bytes(100))
	p.want(seg(A, 1, 701).with(p.blocks(801, 901)), tcp.WhyDupAck)
}

// RFC 2883 §4.1.3: a segment that is partly old reports the old part.
func TestDuplicateSackOfAPart(t *testing.T) {
	p := newConnTest(t, tcp.Established, sack)
	p.arrive(seg(A, 1, 1).bytes(300))
	p.skip(1)
	p.arrive(seg(A, 201, 1).bytes(200))
	p.want(seg(A, 1, 401).with(p.blocks(201, 301)), tcp.WhyNone)
}

// RFC 2883 §4.2: inside a block, that block follows.
func TestDuplicateSackInsideABlock(t *testing.T) {
	p := newConnTest(t, tcp.Established, sack)
	p.arrive(seg(A, 101, 1).bytes(300))
	p.skip(1)
	p.arrive(seg(A, 601, 1).bytes(100))
	p.skip(1)
	p.arrive(seg(A, 201, 1).bytes(100))
	p.want(seg(A, 1, 1).with(p.blocks(201, 301, 101, 401, 601, 701)), tcp.WhyDupAck)
}

// A window update and text carry the blocks too, and the text is shorter for it.
func TestTextCarriesSackBlocks(t *testing.T) {
	p := newConnTest(t, tcp.Established, sack)
	p.arrive(seg(A, 101, 1).bytes(100), seg(A, 301, 1).bytes(100))
	p.skip(2)
	p.send(1000)
	p.want(seg(A, 1, 1).bytes(980).with(p.blocks(301, 401, 101, 201)), tcp.WhyData)
	p.want(seg(P|A, 981, 1).bytes(20), tcp.WhyData)
}

// RFC 2018 §2: sent in a SYN only, and in a SYN,ACK only as an answer.
func TestSackPermitted(t *testing.T) {
	for _, test := range []struct{ peer, no, want bool }{{true, false, true}, {false, false, false}, {true, true, false}} {
		p := newConnTest(t, tcp.SynReceived, func(s *setup) { s.syn.SACKPermitted, s.cfg.NoSACK = test.peer, test.no })
		p.arrive(p.peerSyn(S, 0))
		if got := p.want(seg(S|A, 0, 1), tcp.WhySynAck).out.Options.SACKPermitted; got != test.want {
			t.Errorf("peer %v, switched off %v: got %v", test.peer, test.no, got)
		}
	}
}

// CVE-2018-5390: beyond the bound on gaps text is refused, and acknowledged like any other that comes out of order.
func TestTooManyGaps(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	for i := range 1024 {
		p.arrive(seg(A, 3+2*i, 1).bytes(1))
	}
	p.skip(1024)
	p.log.drops = nil
	p.arrive(seg(A, 3000, 1).bytes(1))
	p.want(seg(A, 1, 1), tcp.WhyDupAck)
	p.wantDrops(ip.DropTooManyHoles)
	p.arrive(seg(A, 1, 1).bytes(2))
	p.want(seg(A, 1, 4), tcp.WhyAck)
	p.receive(3)
}
