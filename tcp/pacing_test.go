package tcp_test

import (
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// Pacing, draft-ietf-ccwg-bbr §5.6.2 and §5.6.3.

// fastPath is a path on which nothing but pacing limits.
var fastPath = bottleneck{rate: 1e9, delay: 10 * ms, queue: 100_000}

// wantBursts wants that no more than most bytes left at one instant, after what goes unpaced at the start.
func (p *path) wantBursts(most int) {
	p.t.Helper()
	for _, f := range p.flows {
		for i, b := range f.sent {
			if i > 4 && b.bytes > most {
				p.t.Fatalf("%d bytes left at once at %v, want %d at most", b.bytes, b.at.Sub(start), most)
			}
		}
	}
}

// The rate is kept, also when timers fire late, in bursts of a millisecond; those are longer when a timer was late.
func TestPacing(t *testing.T) {
	for _, test := range []struct {
		name   string
		rate   int64
		sleepy time.Duration
		most   int
	}{
		{"slow", 100_000, 0, 2 * 1448},
		{"fast", 20_000_000, 0, 13 * 1448}, // rate/1024 is 13 segments
		{"late by a millisecond", 20_000_000, ms, 2 * 13 * 1448},
		{"late by four", 20_000_000, 4 * ms, 6 * 13 * 1448},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := fastPath
			b.sleepy = test.sleepy
			p := newPath(t, 1, b)
			f := p.add(tcp.Config{Congestion: tcp.NewReno, MaxPacingRate: test.rate})
			p.run(500 * ms)
			before := f.got
			p.run(time.Second)
			if r := float64(f.got-before) / float64(test.rate); r < 0.98 || r > 1.02 {
				t.Errorf("got %.3f of the rate", r)
			}
			p.wantBursts(test.most)
		})
	}
}

// Config.Pacing spreads the window of an algorithm that has no rate, and leaves room for the window to grow.
func TestPacingByTheWindow(t *testing.T) {
	for _, on := range []bool{false, true} {
		p := newPath(t, 1, bottleneck{rate: 12.5e6, delay: 50 * ms, queue: 500})
		p.chunk = p.chunk[:20_000]
		f := p.add(tcp.Config{Congestion: tcp.NewReno, Pacing: on})
		p.run(650 * ms)
		if i := f.ends[0].Info(); i.Paced != on || i.Cwnd < 200*1448 {
			t.Errorf("pacing %v: got %v and a window of %d, want that to have doubled in each round trip", on, i.Paced, i.Cwnd)
		}
		f.quiet = true
		p.run(180 * ms) // less than a timeout, after which the window would shrink
		f.quiet, f.sent = false, nil
		p.chunk = p.chunk[:cap(p.chunk)]
		p.drain(f)
		p.run(100 * ms)
		most := 0
		for _, b := range f.sent {
			most = max(most, b.bytes/1448)
		}
		if on && most > 16 || !on && most < 100 {
			t.Errorf("pacing %v: got a burst of %d segments", on, most)
		}
	}
}

// paced returns a connection that sends a thousand bytes a second when its first ten segments have gone. Two more are under way.
func paced(t *testing.T) *connTest {
	p := sackFlight(t, 10, func(s *setup) { s.cfg.MaxPacingRate = 1000 })
	p.send(10_000)
	p.arrive(seg(A, 1, 10_001))
	p.wantDeadline(900 * ms) // the tenth has its second
	p.advance(900 * ms)
	p.wantFull(10_001, 2, 1000, 1)
	return p
}

// What the peer waits for is not held back: ACKs, and what a timeout sends again.
func TestPacingDoesNotHoldBack(t *testing.T) {
	p := paced(t)
	p.wantNothing()
	p.arrive(seg(A|P, 1, 10_001).bytes(500))
	p.advance(40 * ms)
	p.want(seg(A, 12_001, 501), tcp.WhyNone)
	for p.c.Info().CA != tcp.CALoss {
		p.expire()
	}
	if last := p.out[len(p.out)-1]; last.seq != 10_001 || last.out.Why != tcp.WhyRTO {
		t.Errorf("got %d (%v), want the first segment again", last.seq, last.out.Why)
	}
	p.skip(len(p.out))
}

// A rate that is set in the middle counts from there on, and 0 takes it away.
func TestSetMaxPacingRate(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.c.SetMaxPacingRate(1000)
	if i := p.c.Info(); i.PacingRate != 1000 || i.MaxPacingRate != 1000 || !i.Paced {
		t.Errorf("got %d, at most %d, paced %v", i.PacingRate, i.MaxPacingRate, i.Paced)
	}
	p.c.SetMaxPacingRate(0)
	p.send(20_000)
	p.advance(100 * ms)
	p.skip(10)
	p.arrive(seg(A, 1, 10_001))
	p.wantFull(10_001, 10, 1000, 1)
	if i := p.c.Info(); i.Paced || i.MaxPacingRate != 0 {
		t.Errorf("got a bound of %d, paced %v, want none", i.MaxPacingRate, i.Paced)
	}
}

// Packets that the device cuts are as long as a quantum, 1/1024 s here.
func TestPacketsFollowThePacingRate(t *testing.T) {
	p, m := modelFlight(t, 10)
	p.c.SetGSO(65_535)
	p.send(50_000)
	p.skip(len(p.out))
	m.cwnd, m.rate = 60_000, 5_120_000
	p.arrive(seg(A, 1, 10_001))
	p.skip(len(p.out)) // the last of what goes unpaced
	p.advance(ms)
	if len(p.out) > 1 {
		t.Errorf("got %d packets in a millisecond", len(p.out))
	}
	p.skip(len(p.out))
	p.advance(3 * ms)
	for i, s := range p.out {
		if s.out.Len != 5000 || i > 0 && s.at == p.out[i-1].at {
			t.Errorf("got %d bytes at %v, want 5000 at a time of their own", s.out.Len, s.at)
		}
	}
	if len(p.out) < 2 {
		t.Errorf("got %d packets in three milliseconds, %+v", len(p.out), p.c.Info())
	}
	p.skip(len(p.out))
}
