package tcp

import (
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// CUBIC, RFC 9438, in Linux's arithmetic: windows in segments, and the cubic in units of 1/1024 s.

const (
	cubicBeta       = 717 // β_cubic = 0.7, of cubicBetaScale (§4.6)
	cubicBetaScale  = 1024
	cubicScale      = 410 // C = 0.4, of 1024 (§4.1)
	cubicShift      = 10  // of the unit of time: 1/1024 s
	cubicUpdate     = time.Second / 32
	cubicFriendly   = 15 // 8 * (1 + β) / (3 * (1 - β)): 8/α_cubic (§4.3)
	cubicUnknown    = 20 // segments acknowledged for one of growth, at most, while W_max is not known
	cubicTick       = time.Millisecond
	cubicQuietAfter = time.Second
)

// Cubic is the congestion control of RFC 9438, the default. Slow start ends early as HyStart decides.
type Cubic struct {
	wMax     int     // W_max, in segments; 0: not known
	origin   int     // W_max of this epoch
	k        int     // K (§4.2)
	epoch    ip.Time // start of congestion avoidance; 0: to come
	minRTT   time.Duration
	estimate int // W_est (§4.3)
	counted  int // bytes acknowledged towards the next segment of W_est
	credit   int // bytes acknowledged towards the next segment of the window
	per      int // segments acknowledged for one of growth
	lastCwnd int // window and time of the last calculation
	last     ip.Time
	start    hystart
}

// Name returns "cubic".
func (*Cubic) Name() string { return "cubic" }

// Acked grows the window: by what was acknowledged in slow start, along the cubic afterwards.
func (c *Cubic) Acked(now ip.Time, w *CongestionWindow, s AckSample) {
	acked := s.Acked
	if w.SlowStart() {
		n := min(acked, w.Ssthresh-w.Cwnd)
		w.Grow(n)
		if acked -= n; acked == 0 {
			return
		}
	}
	cwnd := max(w.Cwnd/w.MSS, 1)
	c.update(now, cwnd, acked, w.MSS)
	// Linux's tcp_cong_avoid_ai.
	if c.credit >= c.per*w.MSS {
		c.credit = 0
		w.Grow(w.MSS)
	}
	c.credit += acked
	if n := c.credit / (c.per * w.MSS); n > 0 {
		c.credit -= n * c.per * w.MSS
		w.Grow(n * w.MSS)
	}
}

// update computes how many segments must be acknowledged for one of growth (§4.2 to §4.5).
func (c *Cubic) update(now ip.Time, cwnd, acked, mss int) {
	c.counted += acked
	if c.lastCwnd == cwnd && c.last != 0 && now.Sub(c.last) <= cubicUpdate {
		return
	}
	if c.epoch == 0 || now.Sub(c.last) >= cubicTick {
		c.lastCwnd, c.last = cwnd, now
		if c.epoch == 0 {
			c.begin(now, cwnd, acked)
		}
		c.per = c.along(now, cwnd)
	}
	c.beFriendly(cwnd, mss)
	c.per = max(c.per, 2) // not faster than 1.5 times a round trip (§4.4)
}

// begin starts an epoch: the plateau is W_max, or here when the window is above it (§4.2).
func (c *Cubic) begin(now ip.Time, cwnd, acked int) {
	c.epoch, c.counted, c.estimate = now, acked, cwnd
	c.k, c.origin = 0, cwnd
	if c.wMax > cwnd {
		c.k, c.origin = cubeRoot((c.wMax-cwnd)<<(3*cubicShift+cubicShift)/cubicScale), c.wMax
	}
}

// along follows W_cubic(t + RTT) = C*(t-K)^3 + W_max (Figure 1).
func (c *Cubic) along(now ip.Time, cwnd int) int {
	t := int((now.Sub(c.epoch).Truncate(cubicTick)+c.minRTT)/cubicTick) << cubicShift / 1000
	d := min(max(t-c.k, c.k-t), 1<<19)
	rise := cubicScale * ((d * d * d) >> (2 * cubicShift)) >> (2 * cubicShift)
	target := c.origin + rise
	if t < c.k {
		target = c.origin - rise
	}
	per := 100 * cwnd // hardly any growth
	if target > cwnd {
		per = cwnd / (target - cwnd)
	}
	if c.wMax == 0 {
		per = min(per, cubicUnknown)
	}
	return per
}

// beFriendly keeps CUBIC from being slower than Reno would be (§4.3).
func (c *Cubic) beFriendly(cwnd, mss int) {
	for step := cwnd * cubicFriendly / 8 * mss; step > 0 && c.counted > step; c.counted -= step {
		c.estimate++
	}
	if c.estimate > cwnd {
		c.per = min(c.per, cwnd/(c.estimate-cwnd))
	}
}

// Loss remembers the window as W_max, a lower one when it has not come back to the last (fast convergence, §4.7), and sets
// the threshold to β_cubic of it (§4.6).
func (c *Cubic) Loss(_ ip.Time, w *CongestionWindow, _ int) {
	cwnd := max(w.Cwnd/w.MSS, 1)
	c.epoch = 0
	if cwnd < c.wMax {
		c.wMax = cwnd * (cubicBetaScale + cubicBeta) / (2 * cubicBetaScale)
	} else {
		c.wMax = cwnd
	}
	w.Ssthresh = max(cwnd*cubicBeta/cubicBetaScale, 2) * w.MSS
}

// Timeout does the same, and forgets what was known of the path. Departs from §4.8, which keeps W_max: as in Linux.
func (c *Cubic) Timeout(now ip.Time, w *CongestionWindow, flight int) {
	c.Loss(now, w, flight)
	*c = Cubic{}
}

// Measured takes a round-trip time. Those right after a recovery say more about the recovery than about the path.
func (c *Cubic) Measured(now ip.Time, w *CongestionWindow, s RTTSample) {
	if c.epoch != 0 && now.Sub(c.epoch) < cubicQuietAfter {
		return
	}
	if c.minRTT == 0 || s.RTT < c.minRTT {
		c.minRTT = s.RTT
	}
	if !c.start.found && w.SlowStart() && c.start.leave(now, w, s, c.minRTT) {
		w.Ssthresh = w.Cwnd
	}
}

// cubeRoot returns the integer part of the cube root of n, which is not negative.
func cubeRoot(n int) int {
	lo, hi := 0, 1<<20
	for lo < hi {
		mid := (lo + hi + 1) / 2
		if mid*mid*mid <= n {
			lo = mid
		} else {
			hi = mid - 1
		}
	}
	return lo
}
