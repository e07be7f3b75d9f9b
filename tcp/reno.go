package tcp

import "github.com/sockeye-tcp/sockeye/ip"

// Reno is the congestion control of RFC 5681 (MUST-19): slow start, congestion avoidance, half the flight on loss.
type Reno struct {
	acked int // bytes acknowledged towards the next segment of growth, in congestion avoidance
}

// Name returns "reno".
func (*Reno) Name() string { return "reno" }

// Acked grows the window by what was acknowledged in slow start, and by one segment a
// window in congestion avoidance (RFC 5681 §3.1). Acknowledged bytes are counted (RFC 3465);
// departs from its §2.2, which allows two segments an ACK: like Linux we take all
// of it, because receivers merge many segments into one ACK.
func (r *Reno) Acked(_ ip.Time, w *CongestionWindow, s AckSample) {
	acked := s.Acked
	if w.SlowStart() {
		n := min(acked, w.Ssthresh-w.Cwnd)
		w.Grow(n)
		acked -= n
	}
	for r.acked += acked; r.acked >= w.Cwnd; {
		r.acked -= w.Cwnd
		w.Grow(w.MSS)
	}
}

// Loss sets the threshold to half the flight, at least two segments (RFC 5681 §3.1, equation 4).
func (r *Reno) Loss(_ ip.Time, w *CongestionWindow, flight int) {
	w.Ssthresh = max(flight/2, 2*w.MSS)
	r.acked = 0
}

// Timeout does the same as Loss.
func (r *Reno) Timeout(now ip.Time, w *CongestionWindow, flight int) { r.Loss(now, w, flight) }
