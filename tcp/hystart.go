package tcp

import "time"

// How slow start ends before it makes queues overflow: HyStart++, RFC 9406.

// A HyStart says how CUBIC ends the first slow start when round trips become longer.
type HyStart uint8

// The choices. HyStartTrain and HyStartDelay are Linux's HyStart, and can be joined.
const (
	HyStartPlusPlus HyStart = 0 // RFC 9406
	HyStartTrain    HyStart = 1 // ACKs that come without a gap for longer than half of the path's round trip end slow start
	HyStartDelay    HyStart = 2 // round trips that are longer by an eighth end it
	HyStartOff      HyStart = 4 // losses alone do
)

// The constants of §4.3.
const (
	hystartMinThresh = 4 * time.Millisecond  // MIN_RTT_THRESH
	hystartMaxThresh = 16 * time.Millisecond // MAX_RTT_THRESH
	hystartDivisor   = 8                     // MIN_RTT_DIVISOR
	hystartSamples   = 8                     // N_RTT_SAMPLE
	cssDivisor       = 4                     // CSS_GROWTH_DIVISOR
	cssRounds        = 5                     // CSS_ROUNDS
)

// hystartThresh is RttThresh: how much longer a round trip must be.
func hystartThresh(rtt time.Duration) time.Duration {
	return max(hystartMinThresh, min(rtt/hystartDivisor, hystartMaxThresh))
}

// hystartPlus is the state of HyStart++, under the names of §4.2. A time of 0 is its infinity.
type hystartPlus struct {
	begun     bool
	windowEnd Seq
	last      time.Duration // lastRoundMinRTT
	current   time.Duration // currentRoundMinRTT
	samples   int           // rttSampleCount
	baseline  time.Duration // cssBaselineMinRtt; not 0 in conservative slow start
	rounds    int           // of conservative slow start, that have ended
}

// conservative reports whether slow start has become Conservative Slow Start.
func (h *hystartPlus) conservative() bool { return h.baseline != 0 }

// measured takes a round-trip time in slow start. After a loss there is a threshold, and no need for HyStart++ (§4.3).
func (h *hystartPlus) measured(w *CongestionWindow, s RTTSample) {
	if w.Ssthresh < maxCwnd {
		h.baseline = 0
		return
	}
	if !h.begun || h.windowEnd.Less(s.Una) {
		h.nextRound(w, s)
	}
	if h.current == 0 || s.RTT < h.current {
		h.current = s.RTT
	}
	h.samples++
	switch {
	case h.samples < hystartSamples:
	case h.conservative():
		if h.current < h.baseline {
			h.baseline = 0 // it was a moment's jitter
		}
	case h.last != 0 && h.current >= h.last+hystartThresh(h.last):
		h.baseline, h.rounds = h.current, 0
	}
}

// nextRound starts a round trip. The round in which conservative slow start began counts for it.
func (h *hystartPlus) nextRound(w *CongestionWindow, s RTTSample) {
	h.begun, h.windowEnd = true, s.Nxt
	h.last, h.current, h.samples = h.current, 0, 0
	if !h.conservative() {
		return
	}
	if h.rounds++; h.rounds == cssRounds {
		h.baseline = 0
		w.Ssthresh = w.Cwnd // congestion avoidance
	}
}

// grow is the growth of conservative slow start. Departs from §4.2, here and in slow start, which allows for eight segments
// an ACK where nothing paces: like Linux we take all, because receivers merge many segments into one ACK.
func (h *hystartPlus) grow(w *CongestionWindow, acked int) { w.Grow(acked / cssDivisor) }
