package tcp_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// CUBIC by itself, against RFC 9438. The path is ideal: a window of segments is acknowledged in each round trip.

const mss = 1000

// A cubicTest is a CUBIC on a path.
type cubicTest struct {
	c   tcp.Congestion
	w   tcp.CongestionWindow
	now ip.Time
	rtt time.Duration
	seq tcp.Seq // SND.UNA
}

// newCubicTest begins with a window, in slow start, without HyStart.
func newCubicTest(segments int, rtt time.Duration) *cubicTest {
	return &cubicTest{
		c:   tcp.NewCubic(&tcp.Config{HyStart: tcp.HyStartOff}),
		w:   tcp.CongestionWindow{Cwnd: segments * mss, Ssthresh: 1 << 30, MSS: mss},
		now: start, rtt: rtt,
	}
}

func (p *cubicTest) segments() float64 { return float64(p.w.Cwnd) / mss }

// loss is a fast recovery that is over at once.
func (p *cubicTest) loss() {
	p.c.Loss(p.now, &p.w, p.w.Cwnd)
	p.w.Cwnd = p.w.Ssthresh
}

// timeout is a timeout, after which slow start is over at once.
func (p *cubicTest) timeout() {
	p.c.Timeout(p.now, &p.w, p.w.Cwnd, false)
	p.w.Cwnd = p.w.Ssthresh
}

// ack acknowledges segments.
func (p *cubicTest) ack(segments int) {
	p.seq = p.seq.Add(tcp.Size(segments * mss))
	p.c.Measured(p.now, &p.w, tcp.RTTSample{RTT: p.rtt, Una: p.seq, Nxt: p.seq.Add(tcp.Size(p.w.Cwnd)), Limited: true})
	p.c.Acked(p.now, &p.w, tcp.AckSample{Acked: segments * mss, RTT: p.rtt, SRTT: p.rtt})
}

// round is one round trip, with an ACK for each of some parts of it.
func (p *cubicTest) round() {
	const parts = 20
	cwnd, acked := p.w.Cwnd/mss, 0
	for i := 1; i <= parts; i++ {
		p.now = p.now.Add(p.rtt / parts)
		if n := cwnd*i/parts - acked; n > 0 {
			p.ack(n)
			acked += n
		}
	}
}

// cubic is W_cubic(t) of §4.2, for t since the reduction of a window max.
func cubic(max, epoch float64, t time.Duration) float64 {
	k := math.Cbrt((max - epoch) / 0.4)
	return 0.4*math.Pow(t.Seconds()-k, 3) + max
}

// MAY-18, §4.2, §4.4, §4.5: the window is on the curve: above it now, and not above where it will be in one round trip.
func TestCubicFollowsTheCurve(t *testing.T) {
	for _, test := range []struct {
		name  string
		loss  int // segments
		rtt   time.Duration
		until time.Duration
	}{
		{"20 ms", 2000, 20 * ms, 40 * time.Second},
		{"50 ms", 10_000, 50 * ms, 2 * time.Minute},
		{"100 ms", 10_000, 100 * ms, 2 * time.Minute},
		{"300 ms", 100_000, 300 * ms, 2 * time.Minute},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newCubicTest(test.loss, test.rtt)
			p.ack(1) // measures the path
			p.w.Cwnd = test.loss * mss
			p.loss()
			epoch := p.segments()
			began := p.now.Add(p.rtt / 20)
			for p.now.Sub(began) < test.until {
				p.round()
				at := p.now.Sub(began)
				low, high := cubic(float64(test.loss), epoch, at), cubic(float64(test.loss), epoch, at+p.rtt)
				if got := p.segments(); got < low-2 || got > high+2 {
					t.Fatalf("got a window of %.0f after %v, want %.1f to %.1f", got, at, low, high)
				}
			}
		})
	}
}

// §4.3: on short paths and with small windows the window grows as Reno's would, by 0.53 segments a round trip and by one from
// the window before the loss on.
func TestCubicIsNoSlowerThanReno(t *testing.T) {
	const before, rounds = 40, 100
	p := newCubicTest(before, 40*ms)
	p.loss()
	want := p.segments()
	for i := range rounds {
		p.round()
		if want < before {
			want += 3 * 0.3 / 1.7
		} else {
			want++
		}
		if got := p.segments(); math.Abs(got-want) > 2 {
			t.Fatalf("got a window of %.0f after %d round trips, want %.1f", got, i+1, want)
		}
	}
}

// §4.10: slow start is like any other, and the rest of an ACK that crosses the threshold counts for what follows.
func TestCubicSlowStart(t *testing.T) {
	p := newCubicTest(10, 100*ms)
	p.w.Ssthresh = 12 * mss
	p.ack(1)
	if p.w.Cwnd != 11*mss {
		t.Errorf("got a window of %d, want 11000", p.w.Cwnd)
	}
	p.ack(11) // ten of them are left
	if p.w.Cwnd != 12*mss {
		t.Errorf("got a window of %d, want 12000", p.w.Cwnd)
	}
	p.now = p.now.Add(p.rtt)
	p.ack(3) // one more than the window
	if p.w.Cwnd != 13*mss {
		t.Errorf("got a window of %d, want 13000", p.w.Cwnd)
	}
}

// §4.6: a loss leaves 0.7 of the window, and two segments at least.
func TestCubicThreshold(t *testing.T) {
	for _, test := range []struct{ cwnd, want int }{{100_000, 70_000}, {10_000, 7000}, {10_999, 7000}, {2000, 2000}, {1000, 2000}} {
		for name, reduce := range map[string]func(*cubicTest){"loss": (*cubicTest).loss, "timeout": (*cubicTest).timeout} {
			p := newCubicTest(1, 100*ms)
			p.w.Cwnd = test.cwnd
			reduce(p)
			if p.w.Ssthresh != test.want {
				t.Errorf("%s: got threshold %d for window %d, want %d", name, p.w.Ssthresh, test.cwnd, test.want)
			}
		}
	}
}

// plateau returns the window where it stays longest.
func (p *cubicTest) plateau() float64 {
	best, longest := 0.0, ip.Time(0)
	window, since := p.w.Cwnd, p.now
	for range 600 {
		p.round()
		if p.w.Cwnd != window {
			window, since = p.w.Cwnd, p.now
		}
		if d := p.now - since; d > longest {
			longest, best = d, p.segments()
		}
	}
	return best
}

// §4.7: a flow whose window has not come back to where the last loss was takes its plateau lower.
func TestCubicFastConvergence(t *testing.T) {
	for _, test := range []struct {
		name          string
		first, second int
		want          float64
	}{
		{"the second loss is lower", 5000, 4000, 4000 * 0.85},
		{"the second loss is higher", 4000, 5000, 5000},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newCubicTest(test.first, 100*ms)
			p.loss()
			p.w.Cwnd = test.second * mss
			p.loss()
			if got := p.plateau(); math.Abs(got-test.want) > 2 {
				t.Errorf("got a plateau at %.0f, want %.0f", got, test.want)
			}
		})
	}
}

// §4.8: after a timeout the curve begins at its plateau. Until a loss shows what the path carries, as in Linux, the window grows by
// 5 % a round trip at least.
func TestCubicForgetsThePathAfterATimeout(t *testing.T) {
	p := newCubicTest(1000, 100*ms)
	p.timeout()
	want := p.segments()
	for i := range 10 {
		p.round()
		if want *= 1.05; math.Abs(p.segments()-want) > 5 {
			t.Errorf("got a window of %.0f after %d round trips, want %.0f", p.segments(), i+1, want)
		}
	}
}

// A further timeout leaves the threshold as it is.
func TestCubicThresholdHoldsWhenTheRetransmissionIsLost(t *testing.T) {
	for name, c := range map[string]tcp.Congestion{"cubic": tcp.NewCubic(&tcp.Config{}), "reno": tcp.NewReno(nil)} {
		w := tcp.CongestionWindow{Cwnd: 100 * mss, Ssthresh: 1 << 30, MSS: mss}
		c.Timeout(start, &w, w.Cwnd, false)
		want := w.Ssthresh
		w.Cwnd = mss
		c.Timeout(start.Add(time.Second), &w, w.Cwnd, true)
		if w.Ssthresh != want {
			t.Errorf("%s: got threshold %d, want %d", name, w.Ssthresh, want)
		}
	}
}

// §4.9: what a spurious loss did is taken back: the curve goes on where it was.
func TestCubicUndo(t *testing.T) {
	a, b := newCubicTest(5000, 100*ms), newCubicTest(5000, 100*ms)
	for _, p := range []*cubicTest{a, b} {
		p.loss()
		for range 50 {
			p.round()
		}
	}
	cwnd, ssthresh := a.w.Cwnd, a.w.Ssthresh
	a.loss()
	a.w.Cwnd, a.w.Ssthresh = cwnd, ssthresh
	a.c.Undone(a.now, &a.w)
	for range 50 {
		a.round()
		b.round()
	}
	if math.Abs(a.segments()-b.segments()) > 1 {
		t.Errorf("got a window of %.0f, want %.0f as without the loss", a.segments(), b.segments())
	}
}

// §5.8: pauses, and times when the application sends little, are left out of the curve's time.
func TestCubicLeavesOutPauses(t *testing.T) {
	for name, pause := range map[string]func(p *cubicTest){
		"a pause": func(p *cubicTest) {
			since := p.now
			p.now = p.now.Add(time.Minute)
			p.c.Resumed(p.now, &p.w, since)
		},
		"little to send": func(p *cubicTest) {
			for range 600 {
				p.now = p.now.Add(p.rtt)
				p.c.Measured(p.now, &p.w, tcp.RTTSample{RTT: p.rtt})
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := newCubicTest(5000, 100*ms), newCubicTest(5000, 100*ms)
			for _, p := range []*cubicTest{a, b} {
				p.loss()
				for range 50 {
					p.round()
				}
			}
			pause(a)
			for range 100 {
				a.round()
				b.round()
			}
			if math.Abs(a.segments()-b.segments()) > 2 {
				t.Errorf("got a window of %.0f, want %.0f as without it", a.segments(), b.segments())
			}
		})
	}
}

// Whatever happens, thresholds are two segments at least, and no ACK lets the window grow by more than it acknowledges in slow
// start, or half of that and a segment afterwards. Sizes and times are as extreme as they can be.
func TestCubicProperties(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 2))
		modes := []tcp.HyStart{tcp.HyStartPlusPlus, tcp.HyStartOff, tcp.HyStartTrain | tcp.HyStartDelay}
		c := tcp.NewCubic(&tcp.Config{HyStart: modes[seed%3]})
		w := tcp.CongestionWindow{Cwnd: 10 * mss, Ssthresh: 1 << 30, MSS: mss}
		if seed%5 == 0 {
			w.MSS = 8
		}
		now, una := start, tcp.Seq(0)
		for range 2000 {
			now = now.Add(time.Duration(math.Exp(rng.Float64() * 36))) // up to some weeks
			before := w
			rtt := time.Duration(math.Exp(rng.Float64() * 25))
			switch k := rng.IntN(100); {
			case k < 1:
				c.Loss(now, &w, w.Cwnd)
				w.Cwnd = w.Ssthresh
			case k < 2:
				c.Timeout(now, &w, w.Cwnd, rng.IntN(2) == 0)
				w.Cwnd = w.MSS
			case k < 3:
				c.Undone(now, &w)
			case k < 4:
				c.Resumed(now, &w, now-ip.Time(rng.Int64N(int64(now))))
			case k < 5:
				w.Cwnd = max(w.MSS, rng.IntN(1<<30))
			case k < 60:
				c.Measured(now, &w, tcp.RTTSample{RTT: rtt, Una: una, Nxt: una.Add(tcp.Size(w.Cwnd)), Limited: k < 55})
			default:
				acked := 1 + rng.IntN(w.Cwnd)
				una = una.Add(tcp.Size(acked))
				c.Acked(now, &w, tcp.AckSample{Acked: acked, RTT: rtt})
				most := acked
				if !before.SlowStart() {
					most = acked/2 + 2*w.MSS
				}
				if grown := w.Cwnd - before.Cwnd; grown < 0 || grown > most {
					t.Fatalf("seed %d: the window went from %d to %d, when %d bytes were acknowledged", seed, before.Cwnd, w.Cwnd, acked)
				}
			}
			if w.Ssthresh < 2*w.MSS || w.Cwnd > 1<<30 {
				t.Fatalf("seed %d: window %d, threshold %d", seed, w.Cwnd, w.Ssthresh)
			}
		}
	}
}
