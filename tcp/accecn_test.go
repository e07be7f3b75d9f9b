package tcp_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// Accurate ECN, RFC 9768 §3.1: the handshake. Scripts show most of it on the wire.

const ae = tcp.AE

// aceBits are the flags of a number in the three ECN bits.
func aceBits(n int) tcp.Flags { return tcp.Flags(n) << 6 }

// accurate offers and takes Accurate ECN.
func accurate(s *setup) { s.cfg.ECN = tcp.ECNAccurate }

// accConn is an established connection in AccECN mode, opened by the peer.
func accConn(t *testing.T, changes ...func(*setup)) *connTest {
	t.Helper()
	p := newConnTest(t, tcp.Listen, append([]func(*setup){accurate}, changes...)...)
	p.arrive(p.peerSyn(S|ae|cwr|ece, 0))
	p.want(seg(S|A|cwr, 0, 1), tcp.WhySynAck)
	p.arrive(seg(A|cwr, 1, 1))
	p.wantState(tcp.Established)
	if i := p.c.Info(); !i.ECN || !i.AccECN || i.AccECNFail != 0 {
		t.Fatalf("got %+v, want Accurate ECN without a fault", i)
	}
	return p
}

// A mode is the kind of feedback that a connection has.
func mode(p *connTest) string {
	switch i := p.c.Info(); {
	case i.AccECN:
		return "accurate"
	case i.ECN:
		return "classic"
	}
	return "none"
}

// §3.1.2, Table 2, and §3.1.3: which SYN leads to which mode, and is answered how.
func TestAccECNAnswersSYN(t *testing.T) {
	for _, test := range []struct {
		cfg      tcp.ECN
		syn, tos int
		answer   int
		mode     string
	}{
		{tcp.ECNAccurateAccept, 7, 0, 2, "accurate"},
		{tcp.ECNAccurateAccept, 7, 1, 3, "accurate"},
		{tcp.ECNAccurateAccept, 7, 2, 4, "accurate"},
		{tcp.ECNAccurateAccept, 7, 3, 6, "accurate"},
		{tcp.ECNAccurateAccept, 3, 0, 1, "classic"},
		{tcp.ECNAccurateAccept, 0, 0, 0, "none"},
		{tcp.ECNAccurateAccept, 1, 0, 2, "accurate"},
		{tcp.ECNAccurateAccept, 2, 0, 2, "accurate"},
		{tcp.ECNAccurateAccept, 4, 0, 2, "accurate"},
		{tcp.ECNAccurateAccept, 5, 0, 2, "accurate"},
		{tcp.ECNAccurateAccept, 6, 0, 2, "accurate"},
		{tcp.ECNAccurate, 7, 0, 2, "accurate"},
		{tcp.ECNAccurateClassic, 7, 0, 2, "accurate"},
		{tcp.ECNAccept, 7, 0, 1, "classic"},
		{tcp.ECNAccept, 6, 0, 0, "none"},
		{tcp.ECNOff, 7, 0, 0, "none"},
	} {
		t.Run(fmt.Sprintf("%d to mode %d with mark %d", test.syn, test.cfg, test.tos), func(t *testing.T) {
			p := newConnTest(t, tcp.Listen, func(s *setup) { s.cfg.ECN = test.cfg })
			p.mark(p.peerSyn(S|aceBits(test.syn), 0), uint8(test.tos))
			out := p.want(seg(S|A|aceBits(test.answer), 0, 1), tcp.WhySynAck)
			if got := mode(p); got != test.mode {
				t.Errorf("got mode %s, want %s", got, test.mode)
			}
			if out.out.TOS != 0 || out.opts.AccECN.Present != (test.mode == "accurate") {
				t.Errorf("got a service field of %d and option %v", out.out.TOS, out.opts.AccECN)
			}
		})
	}
}

// §3.1.2, Table 2, and §3.1.3: which SYN,ACK leads to which mode when the SYN has asked for Accurate ECN, and for RFC 3168.
func TestAccECNTakesSynAck(t *testing.T) {
	for _, test := range []struct {
		cfg    tcp.ECN
		answer int
		mode   string
		ect    bool
	}{
		{tcp.ECNAccurate, 0, "none", false},
		{tcp.ECNAccurate, 1, "classic", true},
		{tcp.ECNAccurate, 2, "accurate", true},
		{tcp.ECNAccurate, 3, "accurate", false}, // our SYN was changed to ECT(1): §3.2.2.3
		{tcp.ECNAccurate, 4, "accurate", false},
		{tcp.ECNAccurate, 5, "accurate", true},
		{tcp.ECNAccurate, 6, "accurate", false},
		{tcp.ECNAccurate, 7, "none", false},
		{tcp.ECNAccurateClassic, 1, "classic", true},
		{tcp.ECNAccurateClassic, 2, "none", false},
		{tcp.ECNAccurateAccept, 2, "none", false},
		{tcp.ECNOffer, 1, "classic", true},
	} {
		t.Run(fmt.Sprintf("%d to mode %d", test.answer, test.cfg), func(t *testing.T) {
			p := opening(t, test.cfg)
			p.arrive(p.peerSyn(S|A|aceBits(test.answer), 1))
			p.want(seg(A|aceBits(map[string]int{"accurate": 2}[test.mode]), 1, 1), tcp.WhyAck)
			if got := mode(p); got != test.mode {
				t.Errorf("got mode %s, want %s", got, test.mode)
			}
			cwnd := p.c.Info().Cwnd
			if marked := test.mode == "accurate" && test.answer == 6; (cwnd < 10*1000) != marked {
				t.Errorf("got a window of %d, marked: %v", cwnd, marked)
			}
			p.send(500)
			if got := p.out[0].out.TOS == 2; got != test.ect {
				t.Errorf("text can be marked: %v, want %v", got, test.ect)
			}
			p.skip(len(p.out))
		})
	}
}

// opening is a connection that has sent its SYN.
func opening(t *testing.T, mode tcp.ECN) *connTest {
	p := newConnTest(t, tcp.Closed, func(s *setup) { s.cfg.ECN = mode })
	p.open()
	p.skip(1)
	return p
}

// §3.1.2: when both open, each answers the other's SYN as a server would. Bits of the SYN,ACK that follows echo no mark, in
// either kind of ECN.
func TestECNInSimultaneousOpen(t *testing.T) {
	for _, test := range []struct {
		cfg         tcp.ECN
		syn, answer int
		mode        string
	}{
		{tcp.ECNAccurate, 7, 2, "accurate"},
		{tcp.ECNAccurate, 3, 1, "classic"},
		{tcp.ECNAccurate, 0, 0, "none"},
		{tcp.ECNAccurateClassic, 7, 1, "classic"},
		{tcp.ECNAccurateAccept, 7, 0, "none"},
		{tcp.ECNOffer, 3, 1, "classic"},
	} {
		t.Run(fmt.Sprintf("%d to mode %d", test.syn, test.cfg), func(t *testing.T) {
			p := opening(t, test.cfg)
			p.arrive(p.peerSyn(S|aceBits(test.syn), 0))
			p.want(seg(S|A|aceBits(test.answer), 0, 1), tcp.WhyNone)
			p.mark(p.peerSyn(S|A|aceBits(test.answer), 1), 3)
			p.wantState(tcp.Established)
			i := p.c.Info()
			if got := mode(p); got != test.mode || i.Ssthresh < 1<<29 {
				t.Errorf("got mode %s and a threshold of %d, want %s and none", got, i.Ssthresh, test.mode)
			}
			if want := map[string]uint32{"accurate": 1}[test.mode]; i.AccECN && i.Received.Packets != want {
				t.Errorf("counted %d marks, want %d", i.Received.Packets, want)
			}
		})
	}
}

// §3.1.5: two kinds of feedback in the SYNs of one handshake are an error of the peer's, and it is reset.
func TestAccECNResetsWhoMixesSYNs(t *testing.T) {
	for _, syns := range [][2]int{{7, 3}, {3, 7}, {3, 1}} {
		p := newConnTest(t, tcp.Listen, accurate)
		p.arrive(p.peerSyn(S|aceBits(syns[0]), 0))
		p.skip(1)
		p.arrive(p.peerSyn(S|aceBits(syns[1]), 0))
		ace := 0
		if syns[0] == 7 {
			ace = 5
		}
		p.want(seg(R|A|aceBits(ace), 1, 1), tcp.WhyReset)
		p.wantState(tcp.Closed)
	}
}

// §3.1.5: a SYN without the bits leaves the mode as it is, and from then on nothing can be marked. The mark of the last SYN is
// the one that is answered.
func TestAccECNSynAgain(t *testing.T) {
	p := newConnTest(t, tcp.Listen, accurate)
	p.arrive(p.peerSyn(S|aceBits(7), 0))
	if o := p.want(seg(S|A|aceBits(2), 0, 1), tcp.WhySynAck).opts.AccECN; !o.Present || o.Fields != 3 || o.E0B != 1 || o.E1B != 1 || o.CEB != 0 {
		t.Errorf("got option %+v, want the initial values", o)
	}
	p.mark(p.peerSyn(S|aceBits(7), 0), 3)
	if o := p.want(seg(S|A|aceBits(6), 0, 1), tcp.WhySynAck).opts; o.AccECN.Present {
		t.Error("a SYN,ACK that goes again has the option (§3.2.3.2.2)")
	}
	p.arrive(p.peerSyn(S, 0))
	p.want(seg(S|A|aceBits(2), 0, 1), tcp.WhySynAck)
	p.arrive(seg(A|aceBits(2), 1, 1))
	p.send(100)
	if o := p.want(seg(A|aceBits(5), 1, 1).bytes(100), tcp.WhyData); o.out.TOS != 0 {
		t.Error("text can be marked")
	}
	if got := p.c.Info().Received.Packets; got != 0 {
		t.Errorf("%d SYNs count as marked (§3.2.2.2: none does)", got)
	}
}

// §3.2.3.2.2: with the second timeout of a SYN,ACK it goes without the bits.
func TestAccECNSynAckFallsBack(t *testing.T) {
	p := newConnTest(t, tcp.Listen, accurate)
	p.arrive(p.peerSyn(S|aceBits(7), 0))
	for _, want := range []int{2, 2, 0, 0} {
		p.want(seg(S|A|aceBits(want), 0, 1), tcp.WhyNone)
		p.expire()
	}
	p.skip(len(p.out))
	p.arrive(seg(A|aceBits(2), 1, 1))
	p.send(100)
	if o := p.want(seg(A|aceBits(5), 1, 1).bytes(100), tcp.WhyData); o.out.TOS != 0 {
		t.Error("text can be marked (§3.1.5)")
	}
	if f := p.c.Info().AccECNFail; f != tcp.AccECNFailSend {
		t.Errorf("got fail bits %d", f)
	}
}

// §3.1.4.1: two SYNs ask for Accurate ECN, the others for nothing. Whichever the peer has got, its answer decides.
func TestAccECNSynFallsBack(t *testing.T) {
	p := newConnTest(t, tcp.Closed, accurate)
	p.c.Open(p.now)
	p.drain()
	for _, want := range []int{7, 7, 0, 0} {
		p.want(seg(S|aceBits(want), 0, 0), tcp.WhyNone)
		p.expire()
	}
	p.skip(len(p.out))
	p.arrive(p.peerSyn(S|A|aceBits(2), 1))
	p.want(seg(A|aceBits(2), 1, 1), tcp.WhyAck)
	p.send(100)
	if o := p.want(seg(A|aceBits(5), 1, 1).bytes(100), tcp.WhyData); o.out.TOS != 2 || !o.opts.AccECN.Present {
		t.Errorf("got %+v: want text that can be marked (§3.1.4.1), with the option (§3.2.3.2.1)", o)
	}
}

// §3.2.2.1, Table 3: the ACK of the SYN,ACK says how that came, alone, before text that waits; and so does the answer to one that
// comes again. CE counts once (§3.2.2.2).
func TestAccECNAckOfSynAck(t *testing.T) {
	for mark, want := range []int{2, 3, 4, 6} {
		p := opening(t, tcp.ECNAccurate)
		p.send(100)
		p.mark(p.peerSyn(S|A|aceBits(2), 1), uint8(mark))
		if o := p.want(seg(A|aceBits(want), 1, 1), tcp.WhyAck).opts.AccECN; o.Fields != 3 {
			t.Errorf("mark %d: got option %+v, want the whole one", mark, o)
		}
		cep := 5
		if mark == 3 {
			cep = 6
		}
		p.want(seg(A|aceBits(cep), 1, 1).bytes(100), tcp.WhyData)
		p.mark(p.peerSyn(S|A|aceBits(2), 1), 3)
		p.want(seg(A|aceBits(6), 101, 1), tcp.WhyChallengeAck)
		p.mark(seg(A|aceBits(5), 1, 101), 0)
		if got := p.c.Info().Received.Packets; got != 1 {
			t.Errorf("mark %d: %d packets count as marked, want 1", mark, got)
		}
		p.log.drops = nil
	}
}

// §3.2.2.1, Table 4: what a server concludes from the ACK of its SYN,ACK.
func TestAccECNServerTakesAck(t *testing.T) {
	for ace, want := range []struct {
		told uint32
		ect  bool
	}{0: {0, false}, 1: {0, true}, 2: {0, true}, 3: {0, false}, 4: {0, false}, 5: {0, true}, 6: {1, false}, 7: {0, true}} {
		t.Run(fmt.Sprint(ace), func(t *testing.T) {
			p := newConnTest(t, tcp.Listen, accurate)
			p.arrive(p.peerSyn(S|aceBits(7), 0))
			p.skip(1)
			p.arrive(seg(A|aceBits(ace), 1, 1))
			i := p.c.Info()
			if i.Told.Packets != want.told || (i.AccECNFail == 0) != want.ect || (i.Cwnd < 10_000) != (ace == 6) {
				t.Errorf("got %d marks, fail bits %d, window %d; want %d marks", i.Told.Packets, i.AccECNFail, i.Cwnd, want.told)
			}
			p.send(1000)
			if got := p.out[0].out.TOS == 2; got != want.ect {
				t.Errorf("text can be marked: %v, want %v", got, want.ect)
			}
			p.skip(1)
			p.arrive(seg(A|aceBits(7), 1, 1001)) // two marks, or one more
			if reduced := p.c.Info().Cwnd < 10_000; reduced != (ace != 0) {
				t.Errorf("the window is %d: {Note 1} wants no response after a 0", p.c.Info().Cwnd)
			}
		})
	}
}

// §3.2.2.1: when text comes first, its bits are the counter already.
func TestAccECNServerTakesText(t *testing.T) {
	p := newConnTest(t, tcp.Listen, accurate)
	p.arrive(p.peerSyn(S|aceBits(7), 0))
	p.skip(1)
	p.arrive(seg(A|aceBits(6), 1, 1).bytes(10))
	p.skip(len(p.out))
	if i := p.c.Info(); i.Told.Packets != 1 || i.AccECNFail != 0 {
		t.Errorf("got %d marks, fail bits %d; want 1 and none", i.Told.Packets, i.AccECNFail)
	}
}

// A handshake that failed is forgotten.
func TestAccECNIsForgottenWithTheHandshake(t *testing.T) {
	p := newConnTest(t, tcp.Listen, accurate)
	p.arrive(p.peerSyn(S|aceBits(7), 0))
	p.skip(1)
	p.arrive(seg(R, 1, 0))
	p.wantState(tcp.Listen)
	if i := p.c.Info(); i.AccECN || i.ECN {
		t.Error("still agreed on")
	}
}

// What is switched off on the way is said in the record.
func TestAccECNFaultIsAnEvent(t *testing.T) {
	p := newConnTest(t, tcp.Listen, accurate)
	p.arrive(p.peerSyn(S|aceBits(7), 0))
	p.skip(1)
	p.arrive(seg(A, 1, 1))
	i := slices.IndexFunc(p.events, func(e tcp.Event) bool { return e.Kind == tcp.EventMarks })
	if i < 0 || p.events[i].Why != tcp.WhyMangled || p.events[i].Rule != "RFC 9768 §3.2.2.1" {
		t.Errorf("no event, or another one: %d", i)
	}
}

// A RST that acknowledges has the counter as well (§3.2.2.2).
func TestAccECNResetHasTheCounter(t *testing.T) {
	p := accConn(t)
	p.c.Abort(p.now)
	p.drain()
	if o := p.want(seg(R|A|aceBits(5), 1, 1), tcp.WhyReset); o.out.TOS != 0 {
		t.Error("it can be marked")
	}
}
