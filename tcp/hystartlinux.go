package tcp

import (
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// HyStart as Linux has it, the forerunner of RFC 9406: what Linux's own settings choose.

const (
	trainWindow = 16                   // segments: it looks at no smaller window
	trainGap    = 2 * time.Millisecond // ACKs that come closer belong to one train
	trainSlack  = time.Millisecond     // for what the device sends at once
)

// hystartLinux is its state.
type hystartLinux struct {
	begun   bool
	found   bool // the end, until the next timeout
	end     Seq  // SND.NXT when the round began
	start   ip.Time
	ack     ip.Time // the last of the train
	least   time.Duration
	samples int
}

// measured takes a round-trip time in slow start.
func (h *hystartLinux) measured(now ip.Time, w *CongestionWindow, s RTTSample, detect HyStart, minRTT time.Duration) {
	if h.found || detect&(HyStartTrain|HyStartDelay) == 0 {
		return
	}
	if !h.begun || h.end.Less(s.Una) {
		*h = hystartLinux{begun: true, end: s.Nxt, start: now, ack: now, least: s.RTT}
	}
	if w.segments() < trainWindow {
		return
	}
	if detect&HyStartTrain != 0 && now.Sub(h.ack) <= trainGap {
		h.ack = now
		h.found = now.Sub(h.start) > (minRTT+trainSlack)/2
	}
	if detect&HyStartDelay != 0 {
		h.least = min(h.least, s.RTT)
		if h.samples < hystartSamples {
			h.samples++
		} else if h.least > minRTT+hystartThresh(minRTT) {
			h.found = true
		}
	}
	if h.found {
		w.Ssthresh = w.Cwnd
	}
}
