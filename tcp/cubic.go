package tcp

import (
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// CUBIC, RFC 9438. Windows are in segments here, as in the RFC. The arithmetic is Linux's, so that windows
// are the same to the segment.

const (
	cubicBeta = 717 // β_cubic in 1024ths: 0.7 (§4.6)
	// cubicPause is how long the growth that was worked out stays, as long as the window does: 32 times a second is enough.
	cubicPause = time.Second / 32
	// cubicUnknown is how many segments are acknowledged for one of growth at most while no loss has shown what the
	// path carries: 5 % a round trip, when the curve would begin more slowly. This is Linux's.
	cubicUnknown = 20
	// cubicFastest bounds the growth to half of the window in a round trip (§4.2: target is at most 1.5 cwnd).
	cubicFastest = 2
)

// A Cubic is the congestion control of RFC 9438 (MAY-18): in congestion avoidance the window follows a cubic function of the time since the
// last loss, flat around the window where that happened, and grows no slower than Reno's would.
type Cubic struct {
	// HyStart says how slow start ends before there is a loss (RFC 9438 §4.10). Default HyStart++.
	HyStart HyStart

	curve  cubicCurve
	before cubicCurve // the last reduction
	minRTT time.Duration
	per    int64 // segments to be acknowledged for one of growth
	acked  int64 // bytes of them
	plus   hystartPlus
	linux  hystartLinux
}

// NewCubic makes a Cubic for a connection with this configuration.
func NewCubic(cfg *Config) Congestion { return &Cubic{HyStart: cfg.HyStart} }

// Name returns "cubic".
func (*Cubic) Name() string { return "cubic" }

// Acked grows the window.
func (c *Cubic) Acked(now ip.Time, w *CongestionWindow, s AckSample) {
	acked := s.Acked
	if w.SlowStart() {
		if c.plus.conservative() {
			c.plus.grow(w, acked)
			return
		}
		if acked = w.slowStart(acked); acked == 0 {
			return
		}
	}
	c.follow(now, w, int64(acked))
	c.grow(w, int64(acked))
}

// follow works out how fast the window is to grow.
func (c *Cubic) follow(now ip.Time, w *CongestionWindow, acked int64) {
	v, cwnd := &c.curve, w.segments()
	v.acked += acked
	began := v.epoch != 0
	if began && v.cwnd == cwnd && now.Sub(v.at) <= cubicPause {
		return
	}
	if !began {
		v.begin(now, cwnd)
		v.acked = acked
	}
	if !began || now.Sub(v.at) >= time.Millisecond { // Linux's clock has no finer ticks
		v.cwnd, v.at = cwnd, now
		c.per = v.pace(now.Sub(v.epoch)+c.minRTT, cwnd)
	}
	if e := v.estimate(cwnd, int64(w.MSS)); e > cwnd {
		c.per = min(c.per, cwnd/(e-cwnd))
	}
	c.per = max(c.per, cubicFastest)
}

// grow adds a segment for every so many that were acknowledged. What was counted while growth was slow is worth one at most.
func (c *Cubic) grow(w *CongestionWindow, acked int64) {
	need := c.per * int64(w.MSS)
	if c.acked >= need {
		c.acked = 0
		w.Grow(w.MSS)
	}
	c.acked += acked
	n := c.acked / need
	c.acked -= n * need
	w.Grow(int(min(n, maxCwnd)) * w.MSS)
}

// Loss sets the threshold to 0.7 of the window (RFC 9438 §4.6). Departs from it, which takes the flight: as in Linux, and as it allows
// where a window that is not used does not grow, it is the window.
func (c *Cubic) Loss(_ ip.Time, w *CongestionWindow, _ int) {
	cwnd := w.segments()
	c.before = c.curve
	c.curve.reduce(cwnd)
	c.acked, c.plus = 0, hystartPlus{}
	w.Ssthresh = int(max(cwnd*cubicBeta>>10, 2)) * w.MSS
}

// Timeout does the same, and forgets the path (RFC 9438 §4.8): the next curve begins at its plateau.
func (c *Cubic) Timeout(now ip.Time, w *CongestionWindow, flight int, again bool) {
	if !again {
		c.Loss(now, w, flight)
	}
	c.curve = cubicCurve{prior: c.curve.prior}
	c.acked, c.minRTT, c.linux = 0, 0, hystartLinux{}
}

// Measured learns how long the path is, looks for the end of slow start, and leaves out of the curve's time what passed while
// the application had too little to send (RFC 9438 §5.8).
func (c *Cubic) Measured(now ip.Time, w *CongestionWindow, s RTTSample) {
	v := &c.curve
	if !s.Limited {
		v.skip(now, v.heard)
	}
	v.heard = now
	if v.epoch != 0 && now.Sub(v.epoch) < time.Second {
		return // recovery has left its marks on the times
	}
	if c.minRTT == 0 || s.RTT < c.minRTT {
		c.minRTT = s.RTT
	}
	switch {
	case !w.SlowStart():
	case c.HyStart == HyStartPlusPlus:
		c.plus.measured(w, s)
	default:
		c.linux.measured(now, w, s, c.HyStart, c.minRTT)
	}
}

// Resumed leaves a pause out of the curve's time.
func (c *Cubic) Resumed(now ip.Time, _ *CongestionWindow, since ip.Time) {
	c.curve.skip(now, since)
	c.curve.heard = now
}

// Undone goes back to the curve from before the loss (RFC 9438 §4.9).
func (c *Cubic) Undone(ip.Time, *CongestionWindow) { c.curve = c.before }
