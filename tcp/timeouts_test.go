package tcp_test

import (
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// When a connection is given up: RFC 9293 §3.8.3.

// MUST-20, SHLD-9, SHLD-10, SHLD-11: R1 after 3 retransmissions is reported, R2 ends the connection after
// 100 s at least.
func TestSilentPeer(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.exchange(50 * ms)
	begin := p.now
	p.send(10)
	p.skip(1)
	for i := 1; i <= 15; i++ {
		p.c.TakeChanges()
		p.expire()
		p.want(seg(P|A, 11, 1).bytes(10), tcp.WhyRTO)
		if got, want := p.c.SoftError() == tcp.CauseTimeout, i >= 3; got != want {
			t.Errorf("retransmission %d: got a soft error %v, want %v", i, got, want)
		}
		if got := p.c.TakeChanges()&tcp.ChangeState != 0; got != (i == 3) {
			t.Errorf("retransmission %d: the application was told: %v", i, got)
		}
	}
	p.expire()
	p.wantNothing()
	p.wantClosed(tcp.CauseTimeout)
	if d := p.since(begin); d < 100*time.Second {
		t.Errorf("given up after %v, want at least 100s", d)
	}
}

// The soft error goes away when the peer is heard.
func TestSoftErrorEndsWithAnAck(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.send(10)
	for range 3 {
		p.expire()
	}
	p.skip(4)
	p.arrive(seg(A, 1, 11))
	if got := p.c.SoftError(); got != tcp.CauseNone {
		t.Errorf("got the soft error %v, want none", got)
	}
}

// MUST-21: the application may set R2, in time.
func TestUserTimeout(t *testing.T) {
	for _, d := range []time.Duration{300 * ms, 5 * time.Second, time.Hour} {
		t.Run(d.String(), func(t *testing.T) {
			p := newConnTest(t, tcp.Established)
			p.exchange(50 * ms)
			p.c.SetUserTimeout(d)
			p.advance(2 * time.Hour) // idle time does not count
			p.wantState(tcp.Established)
			p.send(10)
			p.advance(d - time.Millisecond)
			p.wantState(tcp.Established)
			p.advance(2 * time.Millisecond)
			p.wantClosed(tcp.CauseTimeout)
			p.skip(len(p.out))
		})
	}
}

// RFC 5482 §4: what counts is the oldest byte, and each ACK of something new starts afresh.
func TestUserTimeoutCountsFromTheOldestByte(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.c.SetUserTimeout(10 * time.Second)
	p.send(1000)
	p.advance(6 * time.Second)
	p.send(1000)
	p.arrive(seg(A, 1, 1001))
	p.advance(9 * time.Second)
	p.wantState(tcp.Established)
	p.advance(time.Second)
	p.wantClosed(tcp.CauseTimeout)
	p.skip(len(p.out))
}

// A user timeout ends probes that nobody answers, too; while they are answered MUST-37 holds.
func TestUserTimeoutBehindAClosedWindow(t *testing.T) {
	p := newConnTest(t, tcp.Established, window(0))
	p.c.SetUserTimeout(10 * time.Second)
	p.send(10)
	for range 20 {
		p.expire()
		p.want(seg(A, 0, 1), tcp.WhyProbe)
		p.arrive(seg(A, 1, 1))
	}
	p.wantState(tcp.Established)
	heard := p.now
	for p.c.State() == tcp.Established {
		p.expire()
	}
	p.wantClosed(tcp.CauseTimeout)
	if d := p.since(heard); d < 10*time.Second || d > 131*time.Second {
		t.Errorf("given up after %v of silence, want it when a probe is due after 10s", d)
	}
	p.skip(len(p.out))
}

// SHLD-17, MUST-35, MAY-7: a peer that closes its window over what is in flight is probed with it. While the
// probes are answered the connection lives.
func TestWindowClosedOverWhatIsInFlight(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.send(3000)
	p.skip(3)
	p.arrive(seg(A, 1, 1).win(0))
	for range 100 {
		p.expire()
		p.want(seg(A, 1, 1).bytes(1000), tcp.WhyRTO)
		p.arrive(seg(A, 1, 1).win(0))
	}
	p.wantState(tcp.Established)
	p.arrive(seg(A, 1, 1).win(5000))
	p.expire()
	p.want(seg(A, 1, 1).bytes(1000), tcp.WhyRTO)
	p.arrive(seg(A, 1, 3001))
	p.wantNoDeadline()
}

// And when they are not, it ends as always.
func TestWindowClosedAndSilence(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.send(3000)
	p.skip(3)
	p.arrive(seg(A, 1, 1).win(0))
	p.advance(2 * time.Hour)
	p.wantClosed(tcp.CauseTimeout)
	p.skip(len(p.out))
}

// A SYN,ACK that nobody acknowledges is given up, and nothing is sent.
func TestHandshakeGivenUp(t *testing.T) {
	p := newConnTest(t, tcp.SynReceived)
	for range 5 {
		p.expire()
		p.want(seg(S|A, 0, 1), tcp.WhyRTO)
	}
	p.expire()
	p.wantClosed(tcp.CauseTimeout)
}

// FIN and text are sent again in the closing states as well.
func TestRetransmissionInEveryState(t *testing.T) {
	for _, state := range []tcp.State{tcp.FinWait1, tcp.Closing, tcp.LastAck} {
		t.Run(state.String(), func(t *testing.T) {
			p := newConnTest(t, state)
			p.expire()
			if got := p.want(seg(F|A, 1, p.out[0].ack), tcp.WhyRTO); got.out.Nth != 1 {
				t.Errorf("got number %d, want 1", got.out.Nth)
			}
		})
	}
}

// §3.10.8: the user timeout counts in any state.
func TestUserTimeoutOfTheHandshake(t *testing.T) {
	p := newConnTest(t, tcp.Closed)
	p.c.SetUserTimeout(5 * time.Second)
	p.open()
	p.advance(4999 * ms)
	p.wantState(tcp.SynSent)
	for range 3 { // at 0, 1 and 3 seconds
		p.want(seg(S, 0, 0), tcp.WhyNone)
	}
	p.advance(ms)
	p.wantClosed(tcp.CauseTimeout)
}
