package tcp_test

import (
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// Keep-alive: RFC 9293 §3.8.4.

// MUST-25: off by default.
func TestNoKeepAliveByDefault(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.advance(365 * 24 * time.Hour)
	p.wantState(tcp.Established)
}

// MAY-5, MUST-24, MUST-28: two hours, and then a probe that carries nothing (SHLD-12) and that every peer answers.
func TestKeepAliveProbes(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.c.SetKeepAlive(p.now, tcp.KeepAlive{Enable: true})
	p.wantDeadline(2 * time.Hour)
	p.expire()
	p.want(seg(A, 0, 1), tcp.WhyKeepAlive)
	p.arrive(seg(A, 1, 1))
	p.expire()
	p.expire() // the first only finds that the peer was heard
	p.want(seg(A, 0, 1), tcp.WhyKeepAlive)
	if d := p.since(start); d != 4*time.Hour {
		t.Errorf("the second probe went out after %v, want 4h", d)
	}
}

// MUST-29: one probe without an answer means nothing; several do.
func TestKeepAliveGivesUp(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.c.SetKeepAlive(p.now, tcp.KeepAlive{Enable: true})
	p.expire()
	for range 8 {
		p.want(seg(A, 0, 1), tcp.WhyKeepAlive)
		p.wantDeadline(75 * time.Second)
		p.expire()
	}
	p.want(seg(A, 0, 1), tcp.WhyKeepAlive)
	p.expire()
	p.want(seg(R|A, 1, 1), tcp.WhyReset)
	p.wantClosed(tcp.CauseTimeout)
}

// Setting what is set already, as applications do, does not forget that probes are unanswered.
func TestKeepAliveSetAgainGoesOn(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	k := tcp.KeepAlive{Enable: true, Idle: time.Minute, Interval: time.Second, Count: 2}
	p.c.SetKeepAlive(p.now, k)
	p.expire()
	p.want(seg(A, 0, 1), tcp.WhyKeepAlive)
	p.c.SetKeepAlive(p.now, k)
	p.wantDeadline(time.Second)
	p.expire()
	p.want(seg(A, 0, 1), tcp.WhyKeepAlive)
	p.expire()
	p.want(seg(R|A, 1, 1), tcp.WhyReset)
	p.wantClosed(tcp.CauseTimeout)
}

// One answer, and the count starts again.
func TestKeepAliveAnswerStartsTheCountAgain(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.c.SetKeepAlive(p.now, tcp.KeepAlive{Enable: true, Idle: time.Minute, Interval: time.Second, Count: 3})
	for range 10 {
		for range 3 {
			for len(p.out) == 0 {
				p.expire()
			}
			p.want(seg(A, 0, 1), tcp.WhyKeepAlive)
		}
		p.arrive(seg(A, 1, 1))
	}
	p.wantState(tcp.Established)
}

// MUST-27: all of it can be set.
func TestKeepAliveSettings(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.c.SetKeepAlive(p.now, tcp.KeepAlive{Enable: true, Idle: 10 * time.Second, Interval: 2 * time.Second, Count: 2})
	p.wantDeadline(10 * time.Second)
	p.expire()
	p.wantDeadline(2 * time.Second)
	p.expire()
	p.wantDeadline(2 * time.Second)
	p.skip(2)
	p.expire()
	p.want(seg(R|A, 1, 1), tcp.WhyReset)
	p.wantClosed(tcp.CauseTimeout)
}

// MUST-24: and switched off again.
func TestKeepAliveSwitchedOff(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.c.SetKeepAlive(p.now, tcp.KeepAlive{Enable: true})
	p.advance(time.Hour)
	p.c.SetKeepAlive(p.now, tcp.KeepAlive{})
	p.wantNoDeadline()
}

// MUST-26: only when the peer was silent, and nothing of ours is on its way.
func TestKeepAliveWaitsForSilence(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.c.SetKeepAlive(p.now, tcp.KeepAlive{Enable: true, Idle: time.Minute})
	for i := range 10 {
		p.advance(50 * time.Second)
		p.arrive(seg(A, 1+i, 1).bytes(1))
		p.skip(1)
	}
	p.receive(10)
	p.send(10)
	p.skip(1)
	p.advance(5 * time.Minute)
	for _, o := range p.out {
		if o.out.Why == tcp.WhyKeepAlive {
			t.Error("a probe while text is unacknowledged")
		}
	}
	p.skip(len(p.out))
}

// Switched on before the handshake is over, it starts with it.
func TestKeepAliveBeforeTheHandshake(t *testing.T) {
	for _, passive := range []bool{false, true} {
		p := newConnTest(t, tcp.Closed)
		p.c.SetKeepAlive(p.now, tcp.KeepAlive{Enable: true, Idle: time.Minute})
		p.passive = passive
		p.bringOn()
		p.wantDeadline(time.Minute)
	}
}

// Switched on when the application has closed, and the handshake is not over.
func TestKeepAliveAfterCloseInSynReceived(t *testing.T) {
	p := newConnTest(t, tcp.SynReceived)
	p.closeWrite()
	p.c.SetKeepAlive(p.now, tcp.KeepAlive{Enable: true, Idle: 500 * ms})
	p.wantDeadline(500 * ms)
}

// bringOn takes the connection from CLOSED to ESTABLISHED.
func (p *connTest) bringOn() { p.t.Helper(); p.establish(); p.wantState(tcp.Established) }

// A user timeout takes the place of the count, as in Linux.
func TestKeepAliveWithUserTimeout(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.c.SetKeepAlive(p.now, tcp.KeepAlive{Enable: true, Idle: time.Minute, Interval: 10 * time.Second, Count: 2})
	p.c.SetUserTimeout(3 * time.Minute)
	p.advance(3*time.Minute - ms)
	p.wantState(tcp.Established)
	p.advance(ms)
	p.wantClosed(tcp.CauseTimeout)
	p.skip(len(p.out))
}

// The peer's own probes are answered.
func TestKeepAliveProbeOfThePeer(t *testing.T) {
	for _, n := range []int{0, 1} { // old systems send a byte of rubbish
		p := newConnTest(t, tcp.Established)
		p.arrive(seg(A, 1, 1).bytes(10))
		p.skip(1)
		p.arrive(seg(A, 10, 1).bytes(n))
		p.want(seg(A, 1, 11), tcp.WhyDupAck)
		p.receive(10)
	}
}
