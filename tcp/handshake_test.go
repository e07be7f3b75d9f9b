package tcp_test

import (
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Establishing a connection: RFC 9293 §3.5, figures 6 to 11.

// Figure 6, our side opens.
func TestThreeWayHandshakeActive(t *testing.T) {
	p := newConnTest(t, tcp.Closed)
	p.open()
	p.want(seg(S, 0, 0), tcp.WhySyn)
	p.wantState(tcp.SynSent)
	p.arrive(p.peerSyn(S|A, 1))
	p.want(seg(A, 1, 1), tcp.WhyAck)
	p.wantState(tcp.Established)
	p.wantNoDeadline()
}

// Figure 6, the peer opens.
func TestThreeWayHandshakePassive(t *testing.T) {
	p := newConnTest(t, tcp.Listen)
	p.arrive(p.peerSyn(S, 0))
	p.want(seg(S|A, 0, 1), tcp.WhySynAck)
	p.wantState(tcp.SynReceived)
	p.arrive(seg(A, 1, 1))
	p.wantState(tcp.Established)
	p.wantNoDeadline()
}

// Figure 6, line 5: text may come with the ACK that ends the handshake.
func TestTextWithTheLastAckOfTheHandshake(t *testing.T) {
	p := newConnTest(t, tcp.SynReceived)
	p.arrive(seg(A, 1, 1).bytes(10))
	p.want(seg(A, 1, 11), tcp.WhyAck)
	p.wantState(tcp.Established)
	p.receive(10)
}

// MUST-10, Figure 7: both open at once.
func TestSimultaneousOpen(t *testing.T) {
	p := newConnTest(t, tcp.SynSent)
	p.arrive(p.peerSyn(S, 0))
	p.want(seg(S|A, 0, 1), tcp.WhySynAck)
	p.wantState(tcp.SynReceived)
	p.arrive(p.peerSyn(S|A, 1))
	p.wantState(tcp.Established)
	p.wantNoDeadline()
	p.send(10)
	p.want(seg(P|A, 1, 1).bytes(10), tcp.WhyData)
}

// MUST-10: the peer's SYN,ACK is lost, and an ACK is all that comes.
func TestSimultaneousOpenEndedByAck(t *testing.T) {
	p := newConnTest(t, tcp.SynSent)
	p.arrive(p.peerSyn(S, 0))
	p.want(seg(S|A, 0, 1), tcp.WhySynAck)
	p.arrive(seg(A, 1, 1))
	p.wantState(tcp.Established)
}

// Our SYN,ACK is lost in a simultaneous open: the peer's second one is answered.
func TestSimultaneousOpenRepeatedSynAckIsAnswered(t *testing.T) {
	p := newConnTest(t, tcp.SynSent)
	p.arrive(p.peerSyn(S, 0))
	p.want(seg(S|A, 0, 1), tcp.WhySynAck)
	p.arrive(p.peerSyn(S|A, 1))
	p.arrive(p.peerSyn(S|A, 1))
	p.want(seg(A, 1, 1), tcp.WhyChallengeAck)
}

// MUST-11, Figure 8, the side that listens: a SYN of an earlier time is answered, the RST that
// this provokes brings LISTEN back, and the true SYN finds it as new.
func TestOldDuplicateSyn(t *testing.T) {
	p := newConnTest(t, tcp.Listen)
	old := p.peerSyn(S, 0)
	old.seq = -500
	p.arrive(old)
	p.want(seg(S|A, 0, -499), tcp.WhySynAck)
	p.arrive(seg(R, -499, 0))
	p.wantState(tcp.Listen)
	p.wantNoDeadline()
	p.arrive(p.peerSyn(S, 0))
	p.want(seg(S|A, 0, 1), tcp.WhySynAck)
	p.arrive(seg(A, 1, 1))
	p.wantState(tcp.Established)
	p.send(100)
	p.want(seg(P|A, 1, 1).bytes(100), tcp.WhyData)
}

// Figure 8, the side that opens: the answer to the old SYN acknowledges what we never sent.
func TestSynAckOfAnOldSynIsReset(t *testing.T) {
	p := newConnTest(t, tcp.SynSent)
	p.arrive(p.peerSyn(S|A, -50))
	p.want(seg(R, -50, 0), tcp.WhyReset)
	p.wantState(tcp.SynSent)
	p.arrive(p.peerSyn(S|A, 1))
	p.want(seg(A, 1, 1), tcp.WhyAck)
	p.wantState(tcp.Established)
}

// Figure 9, the side that did not crash: a SYN in ESTABLISHED is challenged, and the RST that this
// provokes ends the connection.
func TestHalfOpenDiscoveredByTheOther(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	syn := p.peerSyn(S, 0)
	syn.seq = 40_000
	p.arrive(syn)
	p.want(seg(A, 1, 1), tcp.WhyChallengeAck)
	p.wantState(tcp.Established)
	p.arrive(seg(R, 1, 0))
	p.wantClosed(tcp.CauseReset)
}

// Figure 9, the side that crashed: an ACK of the connection that it has forgotten answers its SYN.
func TestHalfOpenDiscovered(t *testing.T) {
	p := newConnTest(t, tcp.SynSent)
	p.arrive(seg(A, 300, -200))
	p.want(seg(R, -200, 0), tcp.WhyReset)
	p.wantState(tcp.SynSent)
	p.expire()
	p.want(seg(S, 0, 0), tcp.WhyRTO)
}

// Figure 10: the side that did not crash sends, and the RST that answers ends the connection.
func TestHalfOpenDiscoveredBySending(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.send(10)
	data := p.want(seg(P|A, 1, 1).bytes(10), tcp.WhyData)
	in := tcp.Segment{Header: data.out.Header, Text: data.text}
	var out tcp.Output
	if !tcp.ReplyReset(&in, &out) {
		t.Fatal("no reset answers a segment without a connection")
	}
	p.arrive(seg(out.Flags, int(int32(out.Seq-p.irs)), 0))
	p.wantClosed(tcp.CauseReset)
}

// §3.10.7.1 and §3.10.7.3: an open towards a port that nobody listens on.
func TestOpenTowardsAClosedPort(t *testing.T) {
	p := newConnTest(t, tcp.Closed)
	p.open()
	syn := p.want(seg(S, 0, 0), tcp.WhySyn)
	var out tcp.Output
	if !tcp.ReplyReset(&tcp.Segment{Header: syn.out.Header}, &out) {
		t.Fatal("no reset answers a SYN")
	}
	p.c.Arrive(p.now, &tcp.Segment{Header: out.Header})
	p.drain()
	p.wantClosed(tcp.CauseRefused)
}

// Figure 11: an old SYN makes one of two listeners answer; the other, in LISTEN too, resets it.
func TestOldDuplicateSynBetweenTwoListeners(t *testing.T) {
	p := newConnTest(t, tcp.Listen)
	p.arrive(p.peerSyn(S|A, 70))
	p.want(seg(R, 70, 0), tcp.WhyReset)
	p.wantState(tcp.Listen)

	q := newConnTest(t, tcp.SynReceived)
	q.arrive(seg(R, 1, 0))
	q.wantState(tcp.Listen)
}

// §3.10.7.2: what LISTEN does with each kind of segment.
func TestListen(t *testing.T) {
	for _, test := range []struct {
		name string
		in   segment
		drop ip.Drop
		out  segment // without flags: none
	}{
		{"RST", seg(R, 0, 0), ip.DropReset, segment{}},
		{"RST with ACK", seg(R|A, 0, 7), ip.DropReset, segment{}},
		{"RST with SYN", seg(R|S, 0, 0), ip.DropReset, segment{}},
		{"ACK", seg(A, 0, 7), ip.DropBadHandshake, seg(R, 7, 0)},
		{"FIN with ACK", seg(F|A, 0, 7), ip.DropBadHandshake, seg(R, 7, 0)},
		{"text without ACK", seg(P, 0, 0).bytes(3), ip.DropBadHandshake, segment{}},
		{"nothing", seg(0, 0, 0), ip.DropBadHandshake, segment{}},
		{"FIN", seg(F, 0, 0), ip.DropBadHandshake, segment{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newConnTest(t, tcp.Listen)
			p.arrive(test.in)
			p.wantDrops(test.drop)
			if test.out.flags != 0 {
				p.want(test.out, tcp.WhyReset)
			}
			p.wantState(tcp.Listen)
		})
	}
}

// T12: no mix of bits beside SYN matters, whatever is switched on of ECN.
func TestListenTakesSynWithAnyMixOfBits(t *testing.T) {
	for mode := tcp.ECNAccept; mode <= tcp.ECNAccurateAccept; mode++ {
		for mix := range 32 {
			flags := S | aceBits(mix&7) | []tcp.Flags{0, P, U, P | U}[mix>>3]
			p := newConnTest(t, tcp.Listen, func(s *setup) { s.cfg.ECN = mode })
			p.arrive(p.peerSyn(flags, 0))
			answer := p.out[0].flags & aceBits(7)
			p.want(seg(S|A|answer, 0, 1), tcp.WhySynAck)
			p.arrive(seg(A|answer&aceBits(6), 1, 1))
			if p.c.State() != tcp.Established {
				t.Errorf("%v with mode %d leads to %v", flags, mode, p.c.State())
			}
		}
	}
}

// Text in a SYN is not kept: the peer sends it again, because the SYN,ACK does not acknowledge it.
func TestListenDoesNotAcknowledgeTextInSyn(t *testing.T) {
	p := newConnTest(t, tcp.Listen)
	syn := p.peerSyn(S, 0)
	syn.text = pattern(1, 5)
	p.arrive(syn)
	p.want(seg(S|A, 0, 1), tcp.WhySynAck)
	p.arrive(seg(A, 1, 1).bytes(5))
	p.want(seg(A, 1, 6), tcp.WhyAck)
	p.receive(5)
}

// §3.10.7.3: what SYN-SENT does with each kind of segment.
func TestSynSent(t *testing.T) {
	for _, test := range []struct {
		name  string
		in    segment
		drop  ip.Drop
		out   segment
		cause tcp.Cause // CauseNone: still SYN-SENT
	}{
		{"ACK too old", seg(A, 0, 0), ip.DropFutureAck, seg(R, 0, 0), 0},
		{"ACK too new", seg(A, 0, 2), ip.DropFutureAck, seg(R, 2, 0), 0},
		{"SYN with ACK too new", seg(S|A, 0, 2), ip.DropFutureAck, seg(R, 2, 0), 0},
		{"RST with ACK too new", seg(R|A, 0, 2), ip.DropFutureAck, segment{}, 0},
		{"RST with ACK too old", seg(R|A, 0, 0), ip.DropFutureAck, segment{}, 0},
		{"RST without ACK", seg(R, 0, 0), ip.DropResetSequence, segment{}, 0},
		{"RST with ACK", seg(R|A, 0, 1), ip.NoDrop, segment{}, tcp.CauseRefused},
		{"RST with ACK and SYN", seg(S|R|A, 0, 1), ip.NoDrop, segment{}, tcp.CauseRefused},
		{"ACK alone", seg(A, 0, 1), ip.DropBadHandshake, segment{}, 0},
		{"FIN with ACK", seg(F|A, 0, 1), ip.DropBadHandshake, segment{}, 0},
		{"FIN without ACK", seg(F, 0, 0), ip.DropBadHandshake, segment{}, 0},
		{"nothing", seg(0, 0, 0), ip.DropBadHandshake, segment{}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newConnTest(t, tcp.SynSent)
			p.arrive(test.in)
			if test.drop != ip.NoDrop {
				p.wantDrops(test.drop)
			}
			if test.out.flags != 0 {
				p.want(test.out, tcp.WhyReset)
			}
			if test.cause != tcp.CauseNone {
				p.wantClosed(test.cause)
			} else {
				p.wantState(tcp.SynSent)
			}
		})
	}
}

// §3.10.7.3: text that waits may go with the ACK of the handshake.
func TestTextGoesWithTheLastAckOfTheHandshake(t *testing.T) {
	p := newConnTest(t, tcp.SynSent)
	p.send(10)
	p.wantNothing()
	p.arrive(p.peerSyn(S|A, 1))
	p.want(seg(P|A, 1, 1).bytes(10), tcp.WhyData)
}

// The peer's SYN comes again, because our SYN,ACK was lost.
func TestRepeatedSynIsAnsweredWithSynAck(t *testing.T) {
	p := newConnTest(t, tcp.SynReceived)
	p.arrive(p.peerSyn(S, 0))
	p.want(seg(S|A, 0, 1), tcp.WhySynAck)
	p.wantState(tcp.SynReceived)
}

// The ACK that ends the handshake was lost, and the SYN,ACK comes again.
func TestRepeatedSynAckIsAcknowledged(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.arrive(p.peerSyn(S|A, 1))
	p.want(seg(A, 1, 1), tcp.WhyChallengeAck)
}

// MUST-10, RFC 7323 §2.2: the window of a SYN,ACK is not scaled in a simultaneous open either.
func TestSimultaneousOpenDoesNotScaleTheWindowOfTheSynAck(t *testing.T) {
	p := newConnTest(t, tcp.SynSent, func(s *setup) { s.syn.HasWS, s.syn.WS = true, 7 })
	p.arrive(p.peerSyn(S, 0).win(1000))
	p.skip(1)
	p.arrive(p.peerSyn(S|A, 1).win(1000))
	p.wantState(tcp.Established)
	if got := p.c.Info().SendWindow; got > 1000 || got < 1000-1<<7 {
		t.Errorf("got a window of %d, want 1000, or that rounded down to 128s", got)
	}
}

// §3.10.7.3, fourth: text and FIN may come with the SYN,ACK.
func TestTextAndFinWithSynAck(t *testing.T) {
	p := newConnTest(t, tcp.SynSent)
	synAck := p.peerSyn(S|A|F, 1)
	synAck.text = pattern(1, 5)
	p.arrive(synAck)
	p.want(seg(A, 1, 7), tcp.WhyAck)
	p.wantState(tcp.CloseWait)
	p.receive(5)
}

// MUST-58, MUST-59: text that comes in one batch with the SYN,ACK is in the window that the SYN offered.
func TestTextRightBehindSynAck(t *testing.T) {
	p := newConnTest(t, tcp.SynSent)
	p.arrive(p.peerSyn(S|A, 1), seg(A, 1, 1).bytes(1000), seg(A, 1001, 1).bytes(1000))
	p.want(seg(A, 1, 2001), tcp.WhyAck)
	p.receive(2000)
}

// MUST-11: nothing of the failed attempt is left in LISTEN.
func TestListenAfterResetStartsAfresh(t *testing.T) {
	memory := new(tcp.Memory)
	p := newConnTest(t, tcp.Listen, func(s *setup) {
		s.cfg.Memory = memory
		s.syn = tcp.Options{HasMSS: true, MSS: 1400, HasWS: true, WS: 9, HasTS: true, SACKPermitted: true}
	})
	p.arrive(p.peerSyn(S, 0))
	p.want(seg(S|A, 0, 1), tcp.WhySynAck)
	p.send(100)
	p.expire()
	p.want(seg(S|A, 0, 1), tcp.WhyRTO)
	p.expire()
	p.want(seg(S|A, 0, 1), tcp.WhyRTO)
	p.arrive(seg(R, 1, 0))
	p.wantState(tcp.Listen)
	p.wantNoDeadline()
	if got := memory.Used(); got != 0 || p.c.Writable() != 0 {
		t.Errorf("%d bytes of send buffer are still in use", got)
	}

	p.syn, p.wrote = tcp.Options{}, 1
	p.arrive(p.peerSyn(S, 0))
	p.want(seg(S|A, 0, 1).with(tcp.Options{HasMSS: true, MSS: 1460}), tcp.WhySynAck)
	p.wantDeadline(time.Second)
	p.advance(10 * ms)
	p.arrive(seg(A, 1, 1).win(5000))
	p.wantState(tcp.Established)
	p.send(536)
	p.want(seg(P|A, 1, 1).bytes(536), tcp.WhyData)
	if i := p.c.Info(); i.SendWindow != 5000 || i.SendMSS != 536 || i.Timestamps || i.SACK || i.SendScale != 0 || i.RecvScale != 0 {
		t.Errorf("got %+v", i)
	}
	p.wantDeadline(10*ms + 200*ms)
}

// The same before our SYN has left: there is nothing yet that a timer could send again.
func TestAckBeforeTheSynHasLeft(t *testing.T) {
	p := newConnTest(t, tcp.Closed)
	p.c.SetUserTimeout(time.Second)
	p.c.Open(p.now)
	p.c.Arrive(p.now, p.build(seg(A, 0, 77)))
	p.wantNoDeadline()
	p.drain()
	p.want(seg(R, 77, 0), tcp.WhyReset)
	p.want(seg(S, 0, 0), tcp.WhySyn)
}
