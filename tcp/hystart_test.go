package tcp_test

import (
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// The end of slow start, by HyStart++ (RFC 9406) and by Linux's HyStart.

// newHyStartTest begins as a connection does.
func newHyStartTest(mode tcp.HyStart, segments int, rtt time.Duration) *cubicTest {
	p := newCubicTest(segments, rtt)
	p.c = tcp.NewCubic(&tcp.Config{HyStart: mode})
	return p
}

// flight acknowledges a window, each segment by itself, gap apart.
func (p *cubicTest) flight(rtt, gap time.Duration) {
	n, end := p.w.Cwnd/mss, p.seq.Add(tcp.Size(p.w.Cwnd))
	for i := range n {
		p.now = p.now.Add(gap)
		p.seq = p.seq.Add(mss)
		nxt := end.Add(tcp.Size(2 * i * mss))
		p.c.Measured(p.now, &p.w, tcp.RTTSample{RTT: rtt, Una: p.seq, Nxt: nxt, Limited: true})
		p.c.Acked(p.now, &p.w, tcp.AckSample{Acked: mss, RTT: rtt})
	}
}

// RFC 9406 §4.2, §4.3: round trips that are longer by an eighth, within bounds, make slow start four times as slow; after five rounds, the
// one in which that began included, it ends.
func TestHyStartPlusPlus(t *testing.T) {
	p := newHyStartTest(tcp.HyStartPlusPlus, 10, 80*ms)
	p.flight(80*ms, ms)
	p.flight(89*ms, ms) // less than 10 ms more
	if p.w.Cwnd != 40*mss || p.w.Ssthresh != 1<<30 {
		t.Fatalf("got a window of %d, want slow start to go on to 40", p.w.Cwnd/mss)
	}
	p.flight(101*ms, ms)
	// seven grow as before, and 33 by a quarter
	if want := 40*mss + 7*mss + 33*mss/4; p.w.Cwnd != want {
		t.Fatalf("got a window of %d, want %d", p.w.Cwnd, want)
	}
	for i := range 4 {
		before := p.w.Cwnd
		p.flight(101*ms, ms)
		want := before + before/mss*mss/4
		if got := p.w.Cwnd; got < want-mss || got > want+mss {
			t.Fatalf("got a window of %d in conservative round %d, want %d", got, i+2, want)
		}
		if p.w.Ssthresh != 1<<30 {
			t.Fatalf("slow start has ended with %d round trips", i+2)
		}
	}
	before := p.w.Cwnd
	p.flight(101*ms, ms)
	if p.w.Ssthresh != before {
		t.Errorf("got threshold %d, want the window %d", p.w.Ssthresh, before)
	}
}

// §4.2: when the round trips are short again, slow start goes on.
func TestHyStartPlusPlusResumes(t *testing.T) {
	p := newHyStartTest(tcp.HyStartPlusPlus, 20, 80*ms)
	p.flight(80*ms, ms)
	p.flight(100*ms, ms)
	p.flight(80*ms, ms)
	before := p.w.Cwnd
	p.flight(80*ms, ms)
	if got, want := p.w.Cwnd, before+before/mss*mss; got != want || p.w.Ssthresh != 1<<30 {
		t.Errorf("got a window of %d, want %d", got, want)
	}
}

// §4.3: less than 4 ms, or too few samples, show nothing; 16 ms always do.
func TestHyStartPlusPlusThreshold(t *testing.T) {
	for _, test := range []struct {
		name        string
		segments    int
		first, then time.Duration
		want        bool
	}{
		{"3 ms more on a short path", 20, 5 * ms, 8 * ms, false},
		{"4 ms more on a short path", 20, 5 * ms, 9 * ms, true},
		{"15 ms more on a long path", 20, 500 * ms, 515 * ms, false},
		{"16 ms more on a long path", 20, 500 * ms, 516 * ms, true},
		{"seven samples", 3, 80 * ms, 100 * ms, false},
		{"a shorter path", 20, 80 * ms, 40 * ms, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newHyStartTest(tcp.HyStartPlusPlus, test.segments, test.first)
			p.flight(test.first, ms)
			before := p.w.Cwnd
			p.flight(test.then, ms)
			if got := p.w.Cwnd < 2*before; got != test.want {
				t.Errorf("got a window of %d from %d: conservative is %v, want %v", p.w.Cwnd, before, got, test.want)
			}
		})
	}
}

// §4.3: later slow starts know where to stop.
func TestHyStartPlusPlusIsForTheFirstSlowStart(t *testing.T) {
	p := newHyStartTest(tcp.HyStartPlusPlus, 100, 80*ms)
	p.flight(80*ms, ms)
	p.flight(100*ms, ms)
	p.c.Timeout(p.now, &p.w, p.w.Cwnd, false)
	want := p.w.Ssthresh
	p.w.Cwnd = 10 * mss
	for _, rtt := range []time.Duration{80 * ms, 100 * ms, 150 * ms} {
		before := p.w.Cwnd
		p.flight(rtt, ms)
		if p.w.Cwnd != 2*before || p.w.Ssthresh != want {
			t.Errorf("got a window of %d and threshold %d, want %d and %d", p.w.Cwnd, p.w.Ssthresh, 2*before, want)
		}
	}
}

// Linux ends slow start at once, from 16 segments on.
func TestHyStartOfLinux(t *testing.T) {
	for _, test := range []struct {
		name     string
		mode     tcp.HyStart
		segments int
		then     time.Duration
		gap      time.Duration
		want     int // the threshold
	}{
		{"delay", tcp.HyStartDelay, 20, 95 * ms, ms, 48 * mss},
		{"no delay", tcp.HyStartDelay, 20, 89 * ms, ms, 1 << 30},
		{"delay, small window", tcp.HyStartDelay, 4, 95 * ms, ms, 1 << 30},
		{"delay is not looked at", tcp.HyStartTrain, 20, 95 * ms, 3 * ms, 1 << 30},
		{"train", tcp.HyStartTrain, 20, 80 * ms, 2 * ms, 61 * mss},
		{"train with gaps", tcp.HyStartTrain, 40, 80 * ms, 3 * ms, 1 << 30},
		{"train is not looked at", tcp.HyStartDelay, 40, 80 * ms, 2 * ms, 1 << 30},
		{"off", tcp.HyStartOff, 40, 200 * ms, 2 * ms, 1 << 30},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newHyStartTest(test.mode, test.segments, 80*ms)
			p.flight(80*ms, ms/10)
			p.flight(test.then, test.gap)
			if p.w.Ssthresh != test.want {
				t.Errorf("got threshold %d, want %d", p.w.Ssthresh, test.want)
			}
		})
	}
}

// After a timeout Linux looks again.
func TestHyStartOfLinuxAfterATimeout(t *testing.T) {
	p := newHyStartTest(tcp.HyStartDelay, 20, 80*ms)
	p.flight(80*ms, ms)
	p.flight(100*ms, ms)
	p.w.Cwnd = 100 * mss
	p.c.Timeout(p.now, &p.w, p.w.Cwnd, false)
	p.w.Cwnd = 20 * mss
	p.flight(80*ms, ms)
	p.flight(100*ms, ms)
	if want := 48 * mss; p.w.Ssthresh != want {
		t.Errorf("got threshold %d, want %d", p.w.Ssthresh, want)
	}
}
