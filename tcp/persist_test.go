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

// T5: the update of the window is lost; the answer to a probe brings it.
func TestLostWindowUpdate(t *testing.T) {
	p := newConnTest(t, tcp.Established, window(1000))
	p.send(5000)
	p.want(seg(A, 1, 1).bytes(1000), tcp.WhyData)
	p.arrive(seg(A, 1, 1001).win(0))
	p.expire()
	p.want(seg(A, 1000, 1), tcp.WhyProbe)
	p.arrive(seg(A, 1, 1001).win(4000))
	p.wantFull(1001, 4, 1000, 1)
}

// T5: the writer hears of the room that an ACK makes.
func TestWriterIsToldOfRoom(t *testing.T) {
	p := newConnTest(t, tcp.Established, func(s *setup) { s.cfg.SendBuffer = 3000 })
	p.send(3000)
	p.skip(3)
	if got := p.c.Send(p.now, []byte("x")); got != 0 {
		t.Fatalf("Send took %d bytes into a full buffer", got)
	}
	p.c.TakeChanges()
	p.arrive(seg(A, 1, 1001))
	if p.c.TakeChanges()&tcp.ChangeWritable == 0 || p.c.Writable() != 1000 {
		t.Errorf("got room for %d bytes, want 1000 and a change", p.c.Writable())
	}
}

// MUST-34, T6, T36: the window shrinks below what is in flight. Nothing new goes out (SHLD-15), what was sent and is
// lost comes again inside of the window (SHLD-16), and all goes on when the window opens.
func TestShrunkenWindow(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.send(5000)
	p.wantFull(1, 5, 1000, 1)
	p.arrive(seg(A, 1, 1001).win(500))
	p.send(2000)
	p.wantNothing()
	p.expire()
	p.want(seg(A, 1001, 1).bytes(500), tcp.WhyRTO)
	p.wantNothing()
	p.arrive(seg(A, 1, 1501).win(700))
	p.want(seg(A, 1501, 1).bytes(500), tcp.WhyRTO)
	p.skip(len(p.out)) // what of the next segment lies inside
	p.arrive(seg(A, 1, 5001).win(10_000))
	p.wantFull(5001, 1, 1000, 1) // slow start
	p.arrive(seg(A, 1, 6001))
	p.wantFull(6001, 1, 1000, 1)
	p.arrive(seg(A, 1, 7001))
	p.wantNoDeadline()
}

// T6: windows that move at random, from one byte to all, with every loss. Everything arrives.
func TestWindowMovesAtRandom(t *testing.T) {
	for seed := range uint64(50) {
		p := newConnTest(t, tcp.Established)
		rng := newRand(seed)
		const total = 30_000
		p.send(total)
		p.closeWrite()
		got := 1 // as far as the peer has it
		for steps := 0; p.c.State() == tcp.FinWait1; steps++ {
			if steps > 20_000 {
				t.Fatalf("seed %d: stands still at %d", seed, got)
			}
			for _, o := range p.out {
				if end := o.seq + len(o.text); o.seq <= got && end > got && rng.IntN(4) > 0 {
					got = end
				}
				if o.flags.Has(F) && got == total+1 && rng.IntN(4) > 0 {
					got++
				}
			}
			p.out = nil
			wnd := 0
			if rng.IntN(3) > 0 {
				wnd = 1 + rng.IntN(1<<rng.IntN(15))
			}
			if rng.IntN(4) > 0 {
				p.arrive(seg(A, 1, got).win(wnd))
			}
			if p.c.Deadline() != 0 && (len(p.out) == 0 || rng.IntN(5) == 0) {
				p.expire()
			}
		}
		p.wantState(tcp.FinWait2)
	}
}

// T26: the congestion window does not hold a probe back.
func TestProbeAfterATimeout(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.send(1000)
	p.expire()
	p.skip(2)
	p.arrive(seg(A, 1, 1001).win(0))
	p.send(1000)
	p.expire()
	p.want(seg(A, 1000, 1), tcp.WhyProbe)
}
