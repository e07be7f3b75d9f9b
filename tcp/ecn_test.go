package tcp_test

import (
	"testing"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// The ecn-*.pkt scripts in testdata show what happens on the wire; here is what they cannot reach.

const (
	ece = tcp.ECE
	cwr = tcp.CWR
)

// mark makes a segment that came with a service field.
func (p *connTest) mark(s segment, tos uint8) {
	p.t.Helper()
	in := p.build(s)
	in.TOS = tos
	p.c.Arrive(p.now, in)
	p.drain()
}

// ecnConn returns an established connection, opened by the peer, that has agreed on marks.
func ecnConn(t *testing.T, changes ...func(*setup)) *connTest {
	t.Helper()
	p := newConnTest(t, tcp.Listen, changes...)
	p.arrive(p.peerSyn(S|ece|cwr, 0))
	p.want(seg(S|A|ece, 0, 1), tcp.WhySynAck)
	p.arrive(seg(A, 1, 1))
	p.wantState(tcp.Established)
	return p
}

// RFC 3168 §6.1.1: what must be in the SYNs for marks to be agreed on.
func TestECNIsAgreedOn(t *testing.T) {
	offer := func(s *setup) { s.cfg.ECN = tcp.ECNOffer }
	for _, test := range []struct {
		name   string
		mode   tcp.ECN
		active bool
		flags  tcp.Flags
		tos    uint8
		want   bool
	}{
		{"offered", tcp.ECNAccept, false, ece | cwr, 0, true},
		{"offered to a host that is off", tcp.ECNOff, false, ece | cwr, 0, false},
		{"half an offer", tcp.ECNAccept, false, ece, 0, false},
		{"a SYN that may be marked itself", tcp.ECNAccept, false, ece | cwr, 2, false},
		{"accepted", tcp.ECNOffer, true, A | ece, 0, true},
		{"accepted, but not offered", tcp.ECNAccept, true, A | ece, 0, false},
		{"both bits in an answer: a reflection", tcp.ECNOffer, true, A | ece | cwr, 0, false},
		{"both open", tcp.ECNOffer, true, ece | cwr, 0, true},
		{"both open, and the peer does not offer", tcp.ECNOffer, true, 0, 0, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			state := tcp.Listen
			if test.active {
				state = tcp.Closed
			}
			p := newConnTest(t, state, offer, func(s *setup) { s.cfg.ECN = test.mode })
			ack := 0
			if test.active {
				p.c.Open(p.now)
				p.drain()
				ack = 1
			}
			p.mark(p.peerSyn(S|test.flags, ack), test.tos)
			p.skip(len(p.out))
			if got := p.c.Info().ECN; got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// A reset handshake is forgotten, marks included.
func TestECNIsForgottenWithTheHandshake(t *testing.T) {
	p := newConnTest(t, tcp.Listen)
	p.arrive(p.peerSyn(S|ece|cwr, 0))
	p.want(seg(S|A|ece, 0, 1), tcp.WhySynAck)
	p.arrive(seg(R, 1, 0))
	p.wantState(tcp.Listen)
	if p.c.Info().ECN {
		t.Error("still agreed on")
	}
}

// §6.1.2: one reduction a window, and the next when something beyond that is acknowledged.
func TestECNReducesOnceAWindow(t *testing.T) {
	p := ecnConn(t)
	p.send(4000)
	p.wantFull(1, 4, 1000, 1)
	p.arrive(seg(A|ece, 1, 1001))
	if got := p.c.Info().Cwnd; got != 5000 {
		t.Fatalf("after the first mark: a window of %d, want 5000", got)
	}
	p.arrive(seg(A|ece, 1, 4001))
	if got := p.c.Info().Cwnd; got != 5000 {
		t.Errorf("in the same window: %d, want 5000", got)
	}
	p.send(1000)
	p.want(seg(A|cwr, 4001, 1).bytes(1000), tcp.WhyData)
	p.arrive(seg(A|ece, 1, 5001))
	if got := p.c.Info().Cwnd; got != 2500 {
		t.Errorf("in the next window: %d, want 2500", got)
	}
}

// §6.1.2: a loss in the same window as a mark is no reason to slow down twice.
func TestECNInRecovery(t *testing.T) {
	p := ecnConn(t)
	p.send(8000)
	p.wantFull(1, 8, 1000, 1)
	p.arrive(seg(A, 1, 1), seg(A, 1, 1), seg(A, 1, 1))
	p.want(seg(A, 1, 1).bytes(1000), tcp.WhyFastRetransmit)
	threshold := p.c.Info().Ssthresh
	p.arrive(seg(A|ece, 1, 1))
	if got := p.c.Info().Ssthresh; got != threshold {
		t.Errorf("a threshold of %d, want %d as before", got, threshold)
	}
	p.skip(len(p.out))
}

// CWR is for one segment, so a device that cuts segments itself gets no more than one with it.
func TestCWRIsForOneSegment(t *testing.T) {
	p := ecnConn(t)
	p.c.SetGSO(65535)
	p.send(1000)
	p.want(seg(A, 1, 1).bytes(1000), tcp.WhyData)
	p.arrive(seg(A|ece, 1, 1001))
	p.send(3000)
	for i, o := range p.out {
		if first := i == 0; o.flags.Has(cwr) != first || first && len(o.text) != 1000 {
			t.Errorf("output %d: %d bytes, %v; want CWR with the first 1000 and with nothing else", i, len(o.text), o.flags)
		}
	}
	p.skip(len(p.out))
}

// MAY-9: the service field of what comes is passed up; a host beside the path cannot change it.
func TestReceivedServiceField(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.mark(seg(A, 1, 1).bytes(10), 0xb9)
	p.skip(len(p.out))
	if got := p.c.Info().RecvTOS; got != 0xb9 {
		t.Errorf("got %#x, want 0xb9", got)
	}
	p.mark(seg(A, 100_000, 1).bytes(10), 0x20)
	p.skip(len(p.out))
	if got := p.c.Info().RecvTOS; got != 0xb9 {
		t.Errorf("after a segment outside the window: %#x, want 0xb9", got)
	}
}
