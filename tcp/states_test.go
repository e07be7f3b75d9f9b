package tcp_test

import (
	"testing"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// What every state from SYN-RECEIVED on makes of segments that do not belong: RFC 9293 §3.10.7.4, first to
// fifth, with RFC 5961.

// places are the numbers at which a connection stands that newConnTest has made.
var places = []struct {
	state    tcp.State
	nxt      int // SND.NXT
	rcvNxt   int // RCV.NXT
	afterRST tcp.Cause
}{
	{tcp.SynReceived, 1, 1, tcp.CauseNone}, // back to LISTEN
	{tcp.Established, 1, 1, tcp.CauseReset},
	{tcp.FinWait1, 2, 1, tcp.CauseReset},
	{tcp.FinWait2, 2, 1, tcp.CauseReset},
	{tcp.CloseWait, 1, 2, tcp.CauseReset},
	{tcp.Closing, 2, 2, tcp.CauseDone},
	{tcp.LastAck, 2, 2, tcp.CauseDone},
	{tcp.TimeWait, 2, 2, tcp.CauseDone},
}

// RFC 5961 §3.2: a RST at RCV.NXT, and no other, resets.
func TestRstAtTheNextSequenceNumber(t *testing.T) {
	for _, at := range places {
		t.Run(at.state.String(), func(t *testing.T) {
			p := newConnTest(t, at.state)
			p.arrive(seg(R, at.rcvNxt, 0))
			if at.state == tcp.SynReceived {
				p.wantState(tcp.Listen)
				p.wantNoDeadline()
			} else {
				p.wantClosed(at.afterRST)
			}
			if !p.c.Dead() {
				t.Error("the host may not forget it")
			}
		})
	}
}

// MUST-11: an active open that is reset in SYN-RECEIVED was refused.
func TestRstAfterSimultaneousOpen(t *testing.T) {
	p := newConnTest(t, tcp.SynSent)
	p.arrive(p.peerSyn(S, 0))
	p.skip(1)
	p.arrive(seg(R, 1, 0))
	p.wantClosed(tcp.CauseRefused)
}

func TestSegmentsThatDoNotBelong(t *testing.T) {
	type answer int
	const (
		silence   answer = iota
		challenge        // an ACK, RFC 5961
		reset            // a RST in SYN-RECEIVED, else a challenge
		dupAck           // the ACK that any unacceptable segment gets
	)
	for _, test := range []struct {
		name string
		make func(nxt, rcvNxt int) segment
		want answer
		drop ip.Drop
	}{
		{"RST in the window", func(_, r int) segment { return seg(R, r+100, 0) }, challenge, ip.DropResetSequence},
		{"RST at the last number of the window", func(_, r int) segment { return seg(R, r+64239, 0) }, challenge, ip.DropResetSequence},
		{"RST at the right edge", func(_, r int) segment { return seg(R, r+65535, 0) }, silence, ip.DropOutOfWindow},
		{"RST before the window", func(_, r int) segment { return seg(R, r-1, 0) }, silence, ip.DropOutOfWindow},
		{"RST far away", func(_, r int) segment { return seg(R, r+1<<30, 0) }, silence, ip.DropOutOfWindow},
		{"SYN in the window", func(n, r int) segment { return seg(S|A, r+100, n) }, challenge, ip.DropUnexpectedSyn},
		{"SYN in the window without ACK", func(_, r int) segment { return seg(S, r+100, 0) }, challenge, ip.DropUnexpectedSyn},
		{"SYN at the next number", func(_, r int) segment { return seg(S, r, 0) }, challenge, ip.DropUnexpectedSyn},
		{"SYN before the window", func(_, r int) segment { return seg(S, r-1000, 0) }, challenge, ip.DropDuplicate},
		{"SYN far away", func(_, r int) segment { return seg(S, r+1<<30, 0) }, challenge, ip.DropOutOfWindow},
		{"ACK of what was never sent", func(n, r int) segment { return seg(A, r, n+1) }, reset, 0},
		{"ACK too old", func(_, r int) segment { return seg(A, r, -65535) }, reset, 0},
		{"text with an ACK too old", func(_, r int) segment { return seg(A, r, -65535).bytes(5) }, reset, 0},
		{"FIN with an ACK of what was never sent", func(n, r int) segment { return seg(F|A, r, n+9) }, reset, 0},
		{"text without ACK", func(_, r int) segment { return seg(P, r, 0).bytes(5) }, silence, ip.DropNoAck},
		{"FIN without ACK", func(_, r int) segment { return seg(F, r, 0) }, silence, ip.DropNoAck},
		{"no bits at all", func(_, r int) segment { return seg(0, r, 0) }, silence, ip.DropNoAck},
		{"ACK before the window", func(n, r int) segment { return seg(A, r-2, n) }, dupAck, ip.DropOutOfWindow},
		{"ACK beyond the window", func(n, r int) segment { return seg(A, r+70_000, n) }, dupAck, ip.DropOutOfWindow},
		{"text beyond the window", func(n, r int) segment { return seg(A, r+70_000, n).bytes(9) }, dupAck, ip.DropOutOfWindow},
	} {
		for _, at := range places {
			t.Run(test.name+"/"+at.state.String(), func(t *testing.T) {
				p := newConnTest(t, at.state)
				p.log.drops = nil
				p.arrive(test.make(at.nxt, at.rcvNxt))
				switch {
				case test.want == reset && at.state == tcp.SynReceived:
					p.want(seg(R, test.make(at.nxt, at.rcvNxt).ack, 0), tcp.WhyReset)
				case test.want == reset || test.want == challenge:
					p.want(seg(A, at.nxt, at.rcvNxt), tcp.WhyChallengeAck)
				case test.want == dupAck:
					p.want(seg(A, at.nxt, at.rcvNxt), tcp.WhyDupAck)
				}
				if test.drop != 0 {
					p.wantDrops(test.drop)
				}
				p.wantState(at.state)
			})
		}
	}
}

// RFC 5961 §5.2, MAY-12: (SND.UNA - MAX.SND.WND) =< SEG.ACK =< SND.NXT, to the byte.
func TestAckRangeToTheByte(t *testing.T) {
	for _, test := range []struct {
		ack int
		ok  bool
	}{{1 - 65535, true}, {-65535, false}, {1, true}, {11, true}, {12, false}} {
		p := newConnTest(t, tcp.Established)
		p.send(10)
		p.skip(1)
		p.arrive(seg(A, 1, test.ack).bytes(1))
		p.skip(len(p.out))
		if got := p.c.Readable() == 1; got != test.ok {
			t.Errorf("ACK %d: got text taken %v, want %v", test.ack, got, test.ok)
		}
	}
}

// RFC 5961 §7: at most one challenge ACK in half a second, each connection for itself (CVE-2016-5696).
func TestChallengeAcksAreLimited(t *testing.T) {
	p, q := newConnTest(t, tcp.Established), newConnTest(t, tcp.Established)
	for range 100 {
		p.arrive(seg(R, 100, 0))
	}
	p.want(seg(A, 1, 1), tcp.WhyChallengeAck)
	p.wantNothing()
	q.arrive(seg(S, 100, 0))
	q.want(seg(A, 1, 1), tcp.WhyChallengeAck)
	p.advance(499 * ms)
	p.arrive(seg(S, 100, 0))
	p.wantNothing()
	p.advance(1 * ms)
	p.arrive(seg(S, 100, 0))
	p.want(seg(A, 1, 1), tcp.WhyChallengeAck)
	if got := p.c.Info().Stats.Challenges; got != 2 {
		t.Errorf("got %d challenge ACKs counted, want 2", got)
	}
}

// A peer that has filled our window sends its ACKs from the right edge of it. They count (Appendix A.2).
func TestAckAtTheRightEdgeOfTheWindow(t *testing.T) {
	p := newConnTest(t, tcp.Established, func(s *setup) { s.cfg.RecvBuffer = 2920 })
	p.send(500)
	p.skip(1)
	p.arrive(seg(A, 1461, 1).bytes(1460)) // the first half of the window is lost
	p.skip(1)
	p.arrive(seg(A, 2921, 501))
	if got := p.c.Info().Unacked; got != 0 {
		t.Errorf("got %d bytes unacknowledged, want none", got)
	}
}

// A peer that begins anew while we are in SYN-RECEIVED resets the old handshake itself when it is challenged.
func TestPeerBeginsAnewInSynReceived(t *testing.T) {
	p := newConnTest(t, tcp.SynReceived)
	p.arrive(seg(S, 30_000, 0))
	p.want(seg(A, 1, 1), tcp.WhyChallengeAck)
	p.arrive(seg(R, 1, 0)) // it expects another ACK than that, §3.10.7.3, first
	p.wantState(tcp.Listen)
	p.arrive(seg(S, 30_000, 0))
	p.want(seg(S|A, 0, 30_001), tcp.WhySynAck)
}
