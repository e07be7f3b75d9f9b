package tcp_test

import (
	"testing"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// Segments that straddle an edge of the window: RFC 9293 §3.10.7.4, "only the new parts are processed".

func TestTextBeforeTheWindowIsCutOff(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.arrive(seg(A, 1, 1).bytes(100))
	p.want(seg(A, 1, 101), tcp.WhyAck)
	p.arrive(seg(A, 51, 1).bytes(100))
	p.want(seg(A, 1, 151), tcp.WhyNone)
	p.receive(150)
}

func TestTextBeyondTheWindowIsCutOff(t *testing.T) {
	p := newConnTest(t, tcp.Established, func(s *setup) { s.cfg.RecvBuffer = 3000 })
	p.arrive(seg(F|A, 1, 1).bytes(4000))
	p.want(seg(A, 1, 2921).win(0), tcp.WhyNone) // the SYN offered two segments of 1460
	p.wantState(tcp.Established)
	p.receive(2920)
	p.skip(len(p.out))
}

// The same with the SYN,ACK.
func TestTextWithSynAckBeyondTheWindowIsCutOff(t *testing.T) {
	p := newConnTest(t, tcp.SynSent, func(s *setup) { s.cfg.RecvBuffer = 3000 })
	in := p.peerSyn(S|A|F, 1)
	in.text = pattern(1, 4000)
	p.arrive(in)
	p.wantState(tcp.Established)
	p.receive(2920)
	p.skip(len(p.out))
}

// RFC 5961 §3.2: the sequence number of a RST counts, not the place where its text would be new.
func TestRstWithTextThatReachesIntoTheWindow(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.arrive(seg(A, 1, 1).bytes(100))
	p.want(seg(A, 1, 101), tcp.WhyAck)
	p.arrive(seg(R, 51, 0).bytes(60))
	p.want(seg(A, 1, 101), tcp.WhyChallengeAck)
	p.wantState(tcp.Established)
}

// SHLD-2: a RST may carry text.
func TestRstWithText(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.arrive(seg(R, 1, 0).bytes(60))
	p.wantClosed(tcp.CauseReset)
}

// §3.8.5: the urgent pointer counts from the segment's own sequence number.
func TestUrgentPointerOfASegmentThatIsCut(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.arrive(seg(A, 1, 1).bytes(100))
	p.skip(1)
	p.arrive(seg(A|U, 51, 1).bytes(100).urgent(100))
	p.skip(1)
	if got := p.c.UrgentAhead(); got != 150 {
		t.Errorf("got %d bytes up to the end of urgent text, want 150", got)
	}
	p.receive(150)
}

// RFC 5681 §2: a segment with text is no duplicate ACK, even when nothing of the text can be kept.
func TestTextThatIsCutOffIsNoDuplicateAck(t *testing.T) {
	p := newConnTest(t, tcp.Established, func(s *setup) { s.cfg.RecvBuffer = 2920 })
	p.arrive(seg(A, 1, 1).bytes(2920)) // a full buffer
	p.want(seg(A, 1, 2921).win(0), tcp.WhyAck)
	p.send(500)
	p.want(seg(P|A, 1, 2921).bytes(500), tcp.WhyData)
	for range 5 {
		p.arrive(seg(A, 2921, 1).bytes(1)) // probes of our closed window
		p.want(seg(A, 501, 2921).win(0), tcp.WhyDupAck)
	}
	if n := p.c.Info().DupAcks; n != 0 {
		t.Errorf("got %d duplicate ACKs, want none", n)
	}
}

// RFC 7323 §4.3, as Linux: a segment whose ACK is refused must not set the timestamp that PAWS
// compares with.
func TestRefusedSegmentsDoNotSetTheTimestamp(t *testing.T) {
	for _, in := range []segment{seg(A, 1, 99), seg(S|A, 1, 1), seg(F, 1, 0)} {
		t.Run(in.flags.Names(), func(t *testing.T) {
			p := newConnTest(t, tcp.Established, timestamps)
			far := p.peerClock() + 1<<30
			p.arrive(in.with(tcp.Options{HasTS: true, TSVal: far}))
			p.skip(len(p.out))
			p.log.drops = nil
			p.arrive(seg(A, 1, 1).bytes(10))
			p.wantDrops()
			p.receive(10)
			p.skip(len(p.out))
		})
	}
}

// A segment that reaches from one side of what is held to the other: all of it is new but the middle.
func TestTextAcrossWhatIsHeld(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.arrive(seg(A, 101, 1).bytes(100))
	p.want(seg(A, 1, 1), tcp.WhyDupAck)
	p.arrive(seg(A, 1, 1).bytes(300))
	p.want(seg(A, 1, 301), tcp.WhyAck)
	p.arrive(seg(A, 301, 1).bytes(100))
	p.want(seg(A, 1, 401), tcp.WhyAck)
	p.receive(400)
}
