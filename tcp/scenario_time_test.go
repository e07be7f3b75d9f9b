package tcp_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Scenarios T1 and T4: what time does to a connection. docs/scenarios.md lists all.

// A busyHost is a world whose end A is slow: it looks at what has arrived every 5 to 50 ms only. Its driver keeps the
// rule: first what has arrived, then what is due.
type busyHost struct {
	*world
	free ip.Time // when A looks next
	busy *rand.Rand
}

// step lets time pass to the next event of either end.
func (b *busyHost) step() {
	next := b.conns[1].Deadline()
	for _, p := range b.transit {
		at := p.at
		if p.to == 0 {
			at = max(at, b.free)
		}
		next = ip.Earliest(next, at)
	}
	if d := b.conns[0].Deadline(); d != 0 {
		next = ip.Earliest(next, max(d, b.free))
	}
	if b.now < b.free {
		next = ip.Earliest(next, b.free) // then it sends what it could not
	}
	b.now = max(b.now, next)
	for i, c := range b.conns {
		if i == 0 && b.now < b.free {
			continue
		}
		b.deliverTo(i)
		if d := c.Deadline(); d != 0 && d <= b.now {
			c.Advance(b.now)
		}
		if i == 0 {
			b.drainEnd(0)
			b.free = b.now.Add(5*ms + time.Duration(b.busy.Int64N(int64(45*ms))))
		}
	}
}

// deliverTo hands end i what has arrived, in order, with the times at which it did.
func (b *busyHost) deliverTo(i int) {
	kept := b.transit[:0]
	for _, p := range b.transit {
		if p.to != i || p.at > b.now {
			kept = append(kept, p)
			continue
		}
		var seg tcp.Segment
		if d := tcp.ParseSegment(p.b, b.conns[i].Remote().Addr(), b.conns[i].Local().Addr(), false, &seg); d != ip.NoDrop {
			b.t.Fatal(d)
		}
		seg.At = p.at
		b.conns[i].Arrive(b.now, &seg)
	}
	b.transit = kept
}

// Other stacks have taken round-trip times when they got round to an acknowledgement, and not when it arrived, and let their
// timers run first (google/gvisor, commit 9adc33f23): a busy host then takes its own delay for a loss.
func TestScenario01AcksProcessedLate(t *testing.T) {
	for _, noSACK := range []bool{false, true} {
		w := newWorld(t, 1, link{delay: ms}, tcp.Config{NoSACK: noSACK})
		w.open()
		for w.conns[0].State() != tcp.Established {
			w.step()
		}
		b := &busyHost{world: w, busy: newRand(1)}
		buf := make([]byte, 1<<20)
		for left := 4 << 20; left > 0 || w.conns[0].Info().Unacked > 0; {
			left -= w.conns[0].Send(b.now, buf[:min(left, len(buf))])
			w.conns[1].Receive(b.now, buf)
			if b.now >= b.free {
				w.drain()
			} else {
				w.drainEnd(1)
			}
			b.step()
		}
		for i, c := range w.conns {
			if n := c.Info().Stats.Retransmits; n > 0 {
				t.Errorf("end %d: %d segments were sent again, and nothing was lost", i, n)
			}
		}
		if i := w.conns[0].Info(); i.MinRTT != 2*ms || i.SRTT > 10*ms {
			t.Errorf("got a round trip of %v, smoothed %v, on a path of 2ms", i.MinRTT, i.SRTT)
		}
	}
}

// Two ACKs arrive within the reordering window, and the host gets round to both 30 ms later: the gap that the first shows is
// closed already.
func TestScenario01SacksProcessedLate(t *testing.T) {
	p := sackFlight(t, 6)
	gap, closed := p.build(p.sacks(1, 1001, 3001)), p.build(seg(A, 1, 3001))
	gap.At, closed.At = p.now, p.now.Add(ms)
	p.now = p.now.Add(30 * ms)
	p.c.Arrive(p.now, gap)
	p.drain()
	p.wantNothing()
	p.c.Arrive(p.now, closed)
	p.drain()
	p.wantNothing()
	if i := p.c.Info(); i.CA != tcp.CAOpen || i.Lost != 0 || i.LastRTT != 101*ms {
		t.Errorf("got %v, %d bytes lost, a round trip of %v; want nothing lost and 101ms", i.CA, i.Lost, i.LastRTT)
	}
	p.arrive(seg(A, 1, 6001))
}
