package tcp

import (
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// HyStart: slow start ends before it overflows the path, when round-trip times rise or a train of ACKs is as long as the
// path. RFC 9406 (HyStart++) has made a standard of its first half; this is the original, with Linux's numbers, so that a
// trace looks like one of Linux. Departs from RFC 9406: slow start ends at once, and not over five rounds.

const (
	hystartLow     = 16                    // segments: below, a mistake would cost too much
	hystartSamples = 8                     // N_RTT_SAMPLE
	hystartMin     = 4 * time.Millisecond  // MIN_RTT_THRESH
	hystartMax     = 16 * time.Millisecond // MAX_RTT_THRESH
	hystartGap     = 2 * time.Millisecond  // between the ACKs of a train
	hystartDelay   = time.Millisecond      // what devices may add to it
)

// hystart is its state, for a round trip.
type hystart struct {
	found   bool
	running bool
	end     Seq     // SND.NXT when the round began
	began   ip.Time // the round
	lastAck ip.Time // of the train
	least   time.Duration
	samples int
}

// leave reports whether slow start should end.
func (h *hystart) leave(now ip.Time, w *CongestionWindow, s RTTSample, minRTT time.Duration) bool {
	if !h.running || h.end.Less(s.Una) {
		*h = hystart{running: true, end: s.Nxt, began: now, lastAck: now}
	}
	if w.Cwnd < hystartLow*w.MSS {
		return false
	}
	if now.Sub(h.lastAck) <= hystartGap {
		h.lastAck = now
		h.found = now.Sub(h.began) > (minRTT+hystartDelay)/2
	}
	if h.least == 0 || s.RTT < h.least {
		h.least = s.RTT
	}
	if h.samples < hystartSamples {
		h.samples++
	} else if h.least > minRTT+min(max(minRTT/8, hystartMin), hystartMax) {
		h.found = true
	}
	return h.found
}
