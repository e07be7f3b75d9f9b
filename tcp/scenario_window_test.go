package tcp_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Scenarios about windows: T3, T5 to T7, T26 to T29, T36. docs/scenarios.md lists all.

// Other stacks keep only a part of the receive buffer for what comes out of order, and drop the rest of a large flight in silence
// (google/gvisor#9153): one loss then stops the connection. Here one lost segment of a flight that fills the window costs about one round trip.
func TestScenario03OneLossInALargeFlight(t *testing.T) {
	for _, lost := range []int{0, 1, 20, 42} { // which segment of the flight
		w := newWorld(t, 1, link{delay: 50 * ms}, tcp.Config{RecvBuffer: 64_000, SendBuffer: 1 << 20, InitialWindow: 43})
		count := 0
		w.filter = func(from int, out *tcp.Output) bool {
			if from == 1 || out.Len == 0 {
				return true
			}
			count++
			return count-1 != lost
		}
		w.open()
		for w.conns[0].State() != tcp.Established {
			w.step()
		}
		began := w.now
		data := randomBytes(1, 43*1448)
		w.conns[0].Send(w.now, data)
		w.drain()
		for w.conns[1].Readable() < len(data) && w.now.Sub(began) < time.Second && w.step() {
		}
		got := make([]byte, len(data))
		if n := w.conns[1].Receive(w.now, got); n != len(data) || !bytes.Equal(got, data) {
			t.Errorf("segment %d lost: got %d bytes, want %d", lost, n, len(data))
		}
		// Half a round trip there, one until the loss shows and is repaired, and a quarter for RACK, or two and
		// 200 ms for a probe of the tail, whose ACK may be a delayed one.
		limit := 175 * ms
		if lost == 42 {
			limit = 475 * ms
		}
		if took := w.now.Sub(began); took > limit {
			t.Errorf("segment %d lost: took %v, want %v at most", lost, took, limit)
		}
		if i := w.conns[0].Info(); i.Stats.Retransmits > 2 || i.CA == tcp.CALoss {
			t.Errorf("segment %d lost: %d segments were sent again, in %v", lost, i.Stats.Retransmits, i.CA)
		}
		for _, d := range w.log.drops {
			if d != ip.DropDuplicate {
				t.Errorf("segment %d lost: the receiver drops: %v", lost, d)
			}
		}
	}
}

// Other stacks stand still behind a closed window when probes get no answer, and when a writer is not woken (google/gvisor#10243).
func TestScenario05LostWindowUpdate(t *testing.T) {
	t.Run("the answer to a probe brings what an update has not", func(t *testing.T) {
		p := newConnTest(t, tcp.Established, window(1000))
		p.send(5000)
		p.want(seg(A, 1, 1).bytes(1000), tcp.WhyData)
		p.arrive(seg(A, 1, 1001).win(0))
		p.expire()
		p.want(seg(A, 1000, 1), tcp.WhyProbe)
		p.arrive(seg(A, 1, 1001).win(4000))
		p.wantFull(1001, 4, 1000, 1)
	})
	t.Run("every window update is lost", func(t *testing.T) {
		w := newWorld(t, 1, link{delay: 10 * ms}, tcp.Config{RecvBuffer: 5000})
		w.filter = func(_ int, out *tcp.Output) bool { return out.Why != tcp.WhyWindowUpdate }
		w.open()
		buf := make([]byte, 5000)
		for left := 60_000; left > 0; w.drain() {
			w.conns[0].Send(w.now, buf)
			w.drain()
			if !w.step() || w.now.Sub(start) > 5*time.Minute {
				t.Fatalf("stands still with %d bytes left", left)
			}
			if w.conns[1].Info().RecvWindow == 0 { // full: and only now it reads
				left -= w.conns[1].Receive(w.now, buf)
			}
		}
	})
	t.Run("the writer hears of the room that an ACK makes", func(t *testing.T) {
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
	})
	t.Run("and of a buffer that grows", func(t *testing.T) {
		p := newConnTest(t, tcp.Established, func(s *setup) { s.cfg.SendBuffer = 3000 })
		p.send(3000)
		p.skip(3)
		p.c.Configure(func(cfg *tcp.Config) { cfg.SendBuffer = 2500 })
		p.c.TakeChanges()
		p.c.Configure(func(cfg *tcp.Config) { cfg.SendBuffer = 5000 })
		if p.c.TakeChanges()&tcp.ChangeWritable == 0 || p.c.Writable() != 2000 {
			t.Errorf("got room for %d bytes, want 2000 and a change", p.c.Writable())
		}
	})
}

// Other stacks cannot take a window that shrinks (google/gvisor#10312). MUST-34: nothing new goes out (SHLD-15), what
// was sent and is lost comes again inside of the window (SHLD-16), and all goes on when the window opens.
func TestScenario06WindowShrinks(t *testing.T) {
	t.Run("below the flight", func(t *testing.T) {
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
	})
	// Windows that move at random, from one byte to all, with every loss. Everything arrives.
	t.Run("at random", func(t *testing.T) {
		for seed := range uint64(50) {
			windowAtRandom(t, seed)
		}
	})
}

func windowAtRandom(t *testing.T, seed uint64) {
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

// Other stacks leave the rule against silly windows out of ACKs that answer probes, or wait for ever for a window that the rule
// wants (google/gvisor#5984, google/gvisor#1398).
func TestScenario07SillyWindows(t *testing.T) {
	// MUST-60, §3.8.6.2.1, the override timeout: what the rule holds back does not wait for ever.
	t.Run("sender", func(t *testing.T) {
		p := newConnTest(t, tcp.Established)
		rto := p.c.Info().RTO
		p.arrive(seg(A, 1, 1).win(100))
		p.send(1000)
		p.wantNothing()
		p.wantDeadline(rto)
		p.expire()
		p.want(seg(A, 1, 1).bytes(100), tcp.WhyProbe)
	})
	// MUST-39, §3.8.6.2.2: a slow reader's window opens by a segment, or half of the buffer, not byte by byte.
	t.Run("receiver", func(t *testing.T) {
		p := newConnTest(t, tcp.Established, func(s *setup) { s.cfg.RecvBuffer = 4380 })
		p.arrive(seg(A, 1, 1).bytes(1460), seg(A, 1461, 1).bytes(1460), seg(A, 2921, 1).bytes(1460))
		p.want(seg(A, 1, 4381).win(0), tcp.WhyAck)
		for i := 1; i < 1460; i++ {
			p.receive(1)
			p.wantNothing()
			if i%100 == 0 { // probes find nothing either
				p.arrive(seg(A, 4380, 1))
				p.want(seg(A, 1, 4381).win(0), tcp.WhyDupAck)
				p.advance(1000 * ms)
			}
		}
		p.receive(1)
		p.want(seg(A, 1, 4381).win(1460), tcp.WhyWindowUpdate)
	})
	// A reader that takes one byte every 10 ms: what is sent stays large, and never stops.
	t.Run("both", func(t *testing.T) {
		w := newWorld(t, 1, link{delay: ms}, tcp.Config{RecvBuffer: 4000})
		var small, large int
		w.filter = func(from int, out *tcp.Output) bool {
			switch {
			case from != 0 || out.Len == 0:
			case out.Len < 1448:
				small++
			default:
				large++
			}
			return true
		}
		w.open()
		const total = 40_000
		read, tick := 0, w.now
		one := make([]byte, 1)
		w.conns[0].Send(w.now, make([]byte, total))
		for read < total {
			w.drain()
			if next := w.nextEvent(); next == 0 || next > tick {
				w.now, tick = max(w.now, tick), tick.Add(10*ms)
				read += w.conns[1].Receive(w.now, one)
				continue
			}
			w.step()
		}
		if small > 3 || large < 20 {
			t.Errorf("got %d small segments and %d large ones", small, large)
		}
		if took := w.now.Sub(start); took > time.Duration(total+5000)*10*ms {
			t.Errorf("took %v for %d bytes, one every 10ms", took, total)
		}
	})
}

// nextEvent returns when step has something to do next, 0 for never.
func (w *world) nextEvent() (next ip.Time) {
	for _, p := range w.transit {
		next = ip.Earliest(next, p.at)
	}
	for _, c := range w.conns {
		next = ip.Earliest(next, c.Deadline())
	}
	return next
}

// In other stacks the congestion window holds probes of a closed window back (smoltcp, commit 521e722b): after a timeout nothing moves.
func TestScenario26ProbeAfterATimeout(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.send(1000)
	p.expire()
	p.skip(2)
	p.arrive(seg(A, 1, 1001).win(0))
	p.send(1000)
	p.expire()
	p.want(seg(A, 1000, 1), tcp.WhyProbe)

	p = newConnTest(t, tcp.Established) // the same with text in flight, for which there is no window any more
	p.send(10_000)
	p.skip(10)
	p.expire()
	p.skip(1)
	p.arrive(seg(A, 1, 1001).win(0))
	p.skip(len(p.out))
	for range 4 {
		p.expire()
		p.want(seg(A, 1001, 1).bytes(1000), tcp.WhyRTO) // "probes the window", MUST-35
		p.arrive(seg(A, 1, 1001).win(0))
	}
	p.arrive(seg(A, 1, 10_001))
}

// Other stacks have kept bytes beyond the window they offered, and counted below zero (smoltcp, commit f56ed8b4).
func TestScenario27SenderIgnoresTheWindow(t *testing.T) {
	for beyond := 1; beyond <= 64<<10; beyond *= 2 {
		for _, n := range []int{beyond, beyond + 1, max(beyond-1, 1)} {
			p := newConnTest(t, tcp.Established, func(s *setup) { s.cfg.RecvBuffer = 3000 })
			p.arrive(seg(A, 1, 1).bytes(1000))
			p.want(seg(A, 1, 1001), tcp.WhyAck)
			p.arrive(seg(A, 1001, 1).bytes(1920 + n)) // begins inside
			p.arrive(seg(A, 2921+n, 1).bytes(1000))   // lies beyond
			p.arrive(seg(A, 1, 1).bytes(2920 + n))    // covers all
			if got := p.c.Info(); got.Unread != 2920 || got.RecvWindow != 0 {
				t.Fatalf("%d bytes beyond: got %d unread and a window of %d, want 2920 and 0", n, got.Unread, got.RecvWindow)
			}
			p.skip(len(p.out))
			p.receive(2920)
			p.skip(len(p.out))
		}
	}
}

// Other stacks panic when the window shrinks below what is in flight (smoltcp-rs/smoltcp#489): by every amount here, at once and in
// steps, with text, a FIN, and an urgent pointer behind it.
func TestScenario28WindowBelowTheFlight(t *testing.T) {
	for shrink := 1; shrink <= 3000; shrink += 1 + shrink/3 {
		for _, steps := range []int{1, 3} {
			p := newConnTest(t, tcp.Established, window(3000))
			p.send(3000)
			p.c.SendUrgent(p.now, pattern(p.wrote, 1))
			p.c.CloseWrite(p.now)
			p.drain()
			p.skip(3)
			for i := range steps {
				p.arrive(seg(A, 1, 1).win(3000 - shrink*(i+1)/steps))
			}
			p.wantNothing()
			p.advance(2 * time.Second)
			for _, o := range p.out {
				end, left := o.seq+len(o.text)-1, 3000-shrink
				if end > left && (left > 0 || end > 1000) {
					t.Fatalf("shrunk by %d: got text up to %d again", shrink, end)
				}
			}
			p.out = nil
			p.arrive(seg(A, 1, 3001).win(10))
			p.advance(2 * time.Second)
			p.out = nil
			p.arrive(seg(A, 1, 3003).win(10))
			p.wantState(tcp.FinWait2)
		}
	}
}

// Other stacks lose a FIN that lies partly outside of the window, or comes with a window of zero (smoltcp, commits bde1a1ee,
// 284a2c97). RFC 9293 §3.10.7.4, eighth.
func TestScenario29FinAtTheEdgesOfTheWindow(t *testing.T) {
	for _, test := range []struct {
		name string
		n    int // bytes before the FIN, in a window of 2920
		kept bool
	}{
		{"in the window", 2000, true},
		{"last number of the window", 2919, true},
		{"right edge", 2920, true}, // a FIN needs no room
		{"beyond", 2921, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newConnTest(t, tcp.Established, func(s *setup) { s.cfg.RecvBuffer = 3000 })
			p.arrive(seg(F|A, 1, 1).bytes(test.n))
			p.skip(len(p.out))
			if test.kept {
				p.wantState(tcp.CloseWait)
				return
			}
			p.wantState(tcp.Established)
			p.wantDrops(ip.DropReceiveBuffer)
			p.receive(2920)
			p.arrive(seg(F|A, 2921, 1).bytes(1)) // as its sender will
			p.wantState(tcp.CloseWait)
			p.skip(len(p.out))
			p.receive(1)
		})
	}
	t.Run("before the window", func(t *testing.T) {
		p := newConnTest(t, tcp.Established)
		p.arrive(seg(A, 1, 1).bytes(100))
		p.arrive(seg(F|A, 1, 1).bytes(100)) // the text again, with the FIN that follows it
		p.wantState(tcp.CloseWait)
		p.skip(len(p.out))
		p.receive(100)
	})
	t.Run("with a window of zero", func(t *testing.T) {
		p := newConnTest(t, tcp.Established, func(s *setup) { s.cfg.RecvBuffer = 2920 })
		p.arrive(seg(A, 1, 1).bytes(2920))
		p.want(seg(A, 1, 2921).win(0), tcp.WhyAck)
		p.arrive(seg(F|A, 2921, 1))
		p.want(seg(A, 1, 2922), tcp.WhyAck)
		p.wantState(tcp.CloseWait)
		p.receive(2920)
	})
}

// Other stacks get stuck, or count below zero, when what comes lies outside of the window, or the window falls below the flight
// (soypat/lneto#44, #45, #48): every segment that is refused is acknowledged, so that both ends agree again.
func TestScenario36SegmentsOutsideTheWindow(t *testing.T) {
	for _, shrunk := range []bool{false, true} {
		p := newConnTest(t, tcp.Established)
		p.send(3000)
		p.skip(3)
		at, wnd := 1, 65_535
		if shrunk {
			wnd = 100
			p.arrive(seg(A, 1, 1).win(wnd))
		}
		for _, in := range []segment{
			seg(A, at-1, 1).bytes(1), seg(A, at-5000, 1).bytes(5000), seg(A, at+70_000, 1).bytes(1),
			seg(A, at+70_000, 1).bytes(1400), seg(A, at+1<<30, 1).bytes(1), seg(F|A, at-1, 1), seg(F|A, at+70_000, 1),
		} {
			p.arrive(in.win(wnd))
			p.want(seg(A, 3001, 1), tcp.WhyDupAck)
			p.wantNothing()
		}
		for _, in := range []segment{seg(A, at-1, 1), seg(A, at+70_000, 1)} { // empty ones may be answers to ours: not all
			p.advance(600 * ms)
			p.skip(len(p.out))
			p.arrive(in.win(wnd))
			p.want(seg(A, 3001, 1), tcp.WhyDupAck)
			p.arrive(in.win(wnd))
			p.wantNothing()
		}
		p.wantReadable(0)
		p.arrive(seg(A, 1, 3001))
		p.skip(len(p.out))
		p.wantNoDeadline()
	}
}
