package tcp

import (
	"math"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// CUBIC against the formulas of RFC 9438.

const testMSS = 1000

// drive acknowledges a window of text every rtt, one segment at a time, for as long as d, and returns the window at each
// round trip, in segments.
func drive(c Congestion, w *CongestionWindow, now *ip.Time, rtt, d time.Duration) (windows []int) {
	for end := now.Add(d); *now < end; {
		n := w.Cwnd / w.MSS
		windows = append(windows, n)
		if m, ok := c.(Measurer); ok {
			m.Measured(*now, w, RTTSample{RTT: rtt, Nxt: 1})
		}
		for range n {
			c.Acked(*now, w, AckSample{Acked: w.MSS, Flight: w.Cwnd, RTT: rtt, SRTT: rtt})
			*now = now.Add(rtt / time.Duration(n))
		}
	}
	return windows
}

// §4.2, Figure 1 and 2: W_cubic(t) = C*(t-K)^3 + W_max with K = cbrt((W_max - cwnd_epoch)/C), on a path on which Reno would be
// slower.
func TestCubicFollowsTheCubic(t *testing.T) {
	const wMax = 2000
	c := new(Cubic)
	w := &CongestionWindow{Cwnd: wMax * testMSS, Ssthresh: maxCwnd, MSS: testMSS}
	now := ip.Time(time.Hour)
	c.Loss(now, w, 0)
	if got, want := w.Ssthresh/testMSS, wMax*7/10; got < want-1 || got > want+1 {
		t.Fatalf("got a threshold of %d, want %d: β_cubic is 0.7 (§4.6)", got, want)
	}
	w.Cwnd = w.Ssthresh
	const rtt = 200 * time.Millisecond
	k := math.Cbrt(float64(wMax-w.Cwnd/testMSS) / 0.4)
	for i, got := range drive(c, w, &now, rtt, 20*time.Second) {
		at := float64(i) * rtt.Seconds()
		want := 0.4*math.Pow(at-k, 3) + wMax
		if i > 5 && math.Abs(float64(got)-want) > want/25 {
			t.Errorf("after %.1f s: got %d segments, want %.0f", at, got, want)
		}
	}
}

// §4.3: with a short round-trip time and a small window CUBIC is not slower than Reno: α_cubic = 3*(1-β)/(1+β) segments a round trip.
func TestCubicIsFriendly(t *testing.T) {
	c := new(Cubic)
	w := &CongestionWindow{Cwnd: 20 * testMSS, Ssthresh: maxCwnd, MSS: testMSS}
	now := ip.Time(time.Hour)
	c.Loss(now, w, 0)
	w.Cwnd = w.Ssthresh // 14
	windows := drive(c, w, &now, 10*time.Millisecond, 200*time.Millisecond)
	if got := windows[len(windows)-1]; got < 14+7 || got > 14+12 { // 20 round trips of 0.53 segments
		t.Errorf("got %d segments after 20 round trips, want 24 or so: %v", got, windows)
	}
}

// §4.7: when the window has not come back to W_max at the next loss, W_max is set lower, so that others get room.
func TestCubicFastConvergence(t *testing.T) {
	c := new(Cubic)
	w := &CongestionWindow{Cwnd: 100 * testMSS, Ssthresh: maxCwnd, MSS: testMSS}
	c.Loss(1, w, 0)
	if c.wMax != 100 {
		t.Errorf("got W_max %d, want 100", c.wMax)
	}
	w.Cwnd = 80 * testMSS
	c.Loss(2, w, 0)
	if want := 80 * 17 / 20; c.wMax != want {
		t.Errorf("got W_max %d, want %d", c.wMax, want)
	}
	w.Cwnd = testMSS
	if c.Loss(3, w, 0); w.Ssthresh != 2*testMSS {
		t.Errorf("got a threshold of %d, want two segments", w.Ssthresh)
	}
	if c.Timeout(4, w, 0); *c != (Cubic{}) {
		t.Errorf("got %+v after a timeout", *c)
	}
}

// §4.10: in slow start CUBIC is like any other, and the rest of an ACK that crosses the threshold counts for what follows.
func TestCubicSlowStart(t *testing.T) {
	c := new(Cubic)
	w := &CongestionWindow{Cwnd: 10 * testMSS, Ssthresh: 12 * testMSS, MSS: testMSS}
	c.Acked(ip.Time(time.Hour), w, AckSample{Acked: testMSS})
	if w.Cwnd != 11*testMSS {
		t.Errorf("got %d, want 11000", w.Cwnd)
	}
	c.Acked(ip.Time(time.Hour), w, AckSample{Acked: 5 * testMSS})
	if w.Cwnd != 12*testMSS || c.credit != 4*testMSS {
		t.Errorf("got %d with a credit of %d, want 12000 and 4000", w.Cwnd, c.credit)
	}
}

func TestCubeRoot(t *testing.T) {
	for _, n := range []int{0, 1, 7, 8, 26, 27, 28, 1<<30 - 1, 1 << 30, 1<<60 - 1, 1 << 60} {
		k := cubeRoot(n)
		if k*k*k > n || (k < 1<<20 && (k+1)*(k+1)*(k+1) <= n) {
			t.Errorf("the cube root of %d is not %d", n, k)
		}
	}
}

// Slow start ends when eight round-trip times and one more were all an eighth longer than the least, but 4 to 16 ms.
func TestHystartByDelay(t *testing.T) {
	for _, test := range []struct {
		least, rtt time.Duration
		want       bool
	}{
		{200 * time.Millisecond, 216 * time.Millisecond, false},
		{200 * time.Millisecond, 217 * time.Millisecond, true},
		{80 * time.Millisecond, 90 * time.Millisecond, false},
		{80 * time.Millisecond, 91 * time.Millisecond, true},
		{10 * time.Millisecond, 14 * time.Millisecond, false},
		{10 * time.Millisecond, 15 * time.Millisecond, true},
	} {
		c := new(Cubic)
		w := &CongestionWindow{Cwnd: 20 * testMSS, Ssthresh: maxCwnd, MSS: testMSS}
		now := ip.Time(time.Hour)
		c.Measured(now, w, RTTSample{RTT: test.least, Una: 1, Nxt: 1})
		for i := range 9 {
			if w.Ssthresh != maxCwnd {
				t.Errorf("%v after %v: slow start ends after %d samples", test.rtt, test.least, i)
			}
			now = now.Add(5 * time.Millisecond) // no train
			c.Measured(now, w, RTTSample{RTT: test.rtt, Una: 2, Nxt: 9})
		}
		c.Measured(now.Add(5*time.Millisecond), w, RTTSample{RTT: test.rtt, Una: 2, Nxt: 9})
		if got := w.Ssthresh == w.Cwnd; got != test.want {
			t.Errorf("%v after %v: slow start ends: %v, want %v", test.rtt, test.least, got, test.want)
		}
	}
}

// It ends as well when ACKs follow each other closely for half of the round-trip time, but never in a small window.
func TestHystartByTrain(t *testing.T) {
	for cwnd, want := range map[int]bool{15: false, 16: true} {
		c := new(Cubic)
		w := &CongestionWindow{Cwnd: cwnd * testMSS, Ssthresh: maxCwnd, MSS: testMSS}
		now := ip.Time(time.Hour)
		for range 30 {
			c.Measured(now, w, RTTSample{RTT: 40 * time.Millisecond, Una: 1, Nxt: 9})
			now = now.Add(time.Millisecond)
		}
		if got := w.Ssthresh == w.Cwnd; got != want {
			t.Errorf("with %d segments slow start ends: %v, want %v", cwnd, got, want)
		}
	}
}
