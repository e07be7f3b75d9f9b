package tcp_test

import (
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// Zero windows and windows that shrink: RFC 9293 §3.8.6, §3.8.6.1.

// MUST-36, SHLD-29, SHLD-30: the first probe after one RTO, the next ones at twice the distance each. The probe
// is empty and lies before the window, so that every peer answers it.
func TestZeroWindowProbes(t *testing.T) {
	p := newConnTest(t, tcp.Established, window(0))
	rto := p.c.Info().RTO
	p.send(10)
	p.wantNothing()
	for i := range 6 {
		p.wantDeadline(rto << i)
		p.expire()
		p.want(seg(A, 0, 1), tcp.WhyProbe)
		p.arrive(seg(A, 1, 1))
	}
	p.arrive(seg(A, 1, 1).win(100))
	p.want(seg(P|A, 1, 1).bytes(10), tcp.WhyData)
}

// §3.8.6.1: the distance is bounded.
func TestZeroWindowProbesAtLeastEveryTwoMinutes(t *testing.T) {
	p := newConnTest(t, tcp.Established, window(0))
	p.send(10)
	for range 40 {
		if d := p.c.Deadline().Sub(p.now); d > 120*time.Second {
			t.Fatalf("the next probe is due in %v", d)
		}
		p.expire()
		p.want(seg(A, 0, 1), tcp.WhyProbe)
		p.arrive(seg(A, 1, 1))
	}
}

// MUST-37: a peer that answers may keep its window closed for days.
func TestZeroWindowForDays(t *testing.T) {
	p := newConnTest(t, tcp.Established, window(0))
	p.send(10)
	for p.since(start) < 10*24*time.Hour {
		p.expire()
		p.want(seg(A, 0, 1), tcp.WhyProbe)
		p.arrive(seg(A, 1, 1))
	}
	p.wantState(tcp.Established)
}

// One that does not is given up (MUST-20).
func TestZeroWindowAndSilence(t *testing.T) {
	p := newConnTest(t, tcp.Established, window(0))
	p.send(10)
	p.advance(2 * time.Hour)
	p.wantClosed(tcp.CauseTimeout)
	if n := len(p.out); n < 10 || p.out[n-1].flags != A {
		t.Errorf("got %d segments, want probes and no RST", n)
	}
	p.skip(len(p.out))
}
