package tcp

import "github.com/sockeye-tcp/sockeye/ip"

// Reno is the congestion control of RFC 5681 (MUST-19): slow start, congestion avoidance, half the flight on loss.
type Reno struct {
	acked int // bytes acknowledged towards the next segment of growth, in congestion avoidance
}

// NewReno makes a Reno.
func NewReno(*Config) Congestion { return new(Reno) }

// Name returns "reno".
func (*Reno) Name() string { return "reno" }

// Acked grows the window by what was acknowledged in slow start, and by one segment a
// window in congestion avoidance (RFC 5681 §3.1), by counting bytes (RFC 3465).
func (r *Reno) Acked(_ ip.Time, w *CongestionWindow, s AckSample) {
	acked := s.Acked
	if w.SlowStart() {
		acked = w.slowStart(acked)
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
func (r *Reno) Timeout(now ip.Time, w *CongestionWindow, flight int, again bool) {
	if !again {
		r.Loss(now, w, flight)
	}
}

// Measured does nothing: round-trip times do not count.
func (*Reno) Measured(ip.Time, *CongestionWindow, RTTSample) {}

// Resumed does nothing: time does not count.
func (*Reno) Resumed(ip.Time, *CongestionWindow, ip.Time) {}

// Undone does nothing: the windows are all there is.
func (*Reno) Undone(ip.Time, *CongestionWindow) {}
