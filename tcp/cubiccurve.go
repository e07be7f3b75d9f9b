package tcp

import (
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// The curve of CUBIC, RFC 9438 §4.1 to §4.5 and §4.7.

const (
	cubicC = 410 // C in 1024ths: 0.4 segments a second cubed (§5.1)
	// cubicHorizon and cubicLongest (in 1024ths of a second) bound times, so that nothing overflows: a quarter of an hour
	// from its plateau a curve is above every window.
	cubicHorizon = time.Hour
	cubicLongest = 1 << 20
)

// A cubicCurve is a curve with a place on it, under the names of §4.1. Windows are in segments.
type cubicCurve struct {
	max    int64   // W_max; 0: no loss has shown it
	prior  int64   // cwnd_prior: the window before the last reduction
	epoch  ip.Time // t_epoch; 0: congestion avoidance has not begun since
	origin int64   // the window at the plateau
	k      int64   // K, in 1024ths of a second
	est    int64   // W_est
	acked  int64   // bytes acknowledged towards the next segment of it

	cwnd  int64   // the window and the time for which the growth was worked out
	at    ip.Time // 0: for none
	heard ip.Time // of the last ACK, or of sending after a pause
}

// begin starts a curve with the window that there is (§4.2). When that is not below W_max, the plateau is here.
func (v *cubicCurve) begin(now ip.Time, cwnd int64) {
	v.epoch, v.est, v.origin, v.k = now, cwnd, cwnd, 0
	if v.prior == 0 { // slow start has ended without a loss (§4.10)
		v.prior = cwnd
	}
	if v.max > cwnd {
		v.origin = v.max
		v.k = cubeRoot((v.max - cwnd) * (1 << 40 / cubicC))
	}
}

// reduce follows a loss (§4.6, §4.7): with fast convergence, a flow that has not come back to where it was leaves some of that to others.
func (v *cubicCurve) reduce(cwnd int64) {
	v.epoch, v.prior = 0, cwnd
	if cwnd < v.max {
		v.max = cwnd * (1024 + cubicBeta) >> 11
	} else {
		v.max = cwnd
	}
}

// window is W_cubic(t) (§4.2, figure 1).
func (v *cubicCurve) window(t time.Duration) int64 {
	x := int64(min(t, cubicHorizon))*1024/int64(time.Second) - v.k
	if x < 0 {
		return v.origin - cubed(-x)
	}
	return v.origin + cubed(x)
}

// cubed is C*x^3 in segments, for x in 1024ths of a second.
func cubed(x int64) int64 {
	x = min(x, cubicLongest)
	return cubicC * (x * x * x >> 10) >> 30
}

// pace returns how many segments are to be acknowledged for one of growth, so that the window follows the curve (§4.4, §4.5).
// t is the time for which the window is to be right: in one round trip from now.
func (v *cubicCurve) pace(t time.Duration, cwnd int64) int64 {
	per := 100 * cwnd // hardly at all
	if target := v.window(t); target > cwnd {
		per = cwnd / (target - cwnd)
	}
	if v.max == 0 {
		per = min(per, cubicUnknown)
	}
	return per
}

// estimate is W_est, the window that Reno would have (§4.3, figure 4). It grows by α_cubic a window, and from the window before
// the loss on by one. The former is 8/15 as in Linux; 3 * (1 - β) / (1 + β) is 9/17.
func (v *cubicCurve) estimate(cwnd, mss int64) int64 {
	for {
		need := cwnd * 15 >> 3 * mss
		if v.est >= v.prior {
			need = cwnd * mss
		}
		if v.acked <= need {
			return v.est
		}
		v.acked -= need
		v.est++
	}
}

// skip leaves the time since then out of the curve.
func (v *cubicCurve) skip(now, since ip.Time) {
	if v.epoch != 0 {
		v.epoch = min(v.epoch.Add(now.Sub(max(since, v.epoch))), now)
	}
}

// cubeRoot returns the cube root of n, rounded down. n is less than 1 << 60.
func cubeRoot(n int64) int64 {
	r := int64(0)
	for bit := int64(1) << 19; bit > 0; bit >>= 1 {
		if b := r | bit; b*b*b <= n {
			r = b
		}
	}
	return r
}
