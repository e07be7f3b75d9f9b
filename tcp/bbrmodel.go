package tcp

import (
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// What BBR measures: round trips, the rate of the path, and how ACKs come in lumps (draft-ietf-ccwg-bbr-06 §5.5).

// bbrRound counts round trips by what is delivered (§5.5.1).
type bbrRound struct {
	count int    // round_count
	next  uint64 // next_round_delivered
	start bool   // round_start
}

// startRound is StartRound.
func (b *BBR) startRound(total uint64) { b.round.next = total }

// updateRound is UpdateRound.
func (b *BBR) updateRound(s *RateSample) {
	b.round.start = s.Any && s.Prior >= b.round.next
	if b.round.start {
		b.startRound(s.Total)
		b.round.count++
		b.probe.rounds++
	}
}

// A bbrMaxFilter is max_bw_filter: the highest rates of the present and of the last cycle of ProbeBW (§5.5.3).
type bbrMaxFilter struct{ now, last int64 }

func (f *bbrMaxFilter) get() int64 { return max(f.now, f.last) }

// advance is AdvanceMaxBwFilter (§5.5.6). A cycle without any sample is none, as in the implementation of Linux.
func (f *bbrMaxFilter) advance() {
	if f.now > 0 {
		f.last, f.now = f.now, 0
	}
}

// updateMaxBw is UpdateMaxBw (§5.5.5).
func (b *BBR) updateMaxBw(s *RateSample) {
	b.updateRound(s)
	if s.Rate > 0 && (s.Rate >= b.maxBw.get() || !b.limited(s)) {
		b.maxBw.now = max(b.maxBw.now, s.Rate)
	}
}

// limited is RS.is_app_limited: the application had too little to send, or ProbeRTT let only little go.
func (b *BBR) limited(s *RateSample) bool {
	return s.AppLimited || s.Any && b.minRTT.covers(s.Prior)
}

// bbrExtra estimates extra_acked: how much more comes acknowledged at once than the rate explains (§5.5.9).
type bbrExtra struct {
	start     ip.Time // extra_acked_interval_start
	delivered int     // extra_acked_delivered
	// The highest of the last five to ten rounds: of the present five, and of the five before. In Startup it is those
	// of one round each.
	now, last int
	round     int // when the present ones began
}

const bbrExtraRounds = 5 // half of ExtraAckedFilterLen (§2.11)

func (e *bbrExtra) get() int { return max(e.now, e.last) }

// aggregation is UpdateACKAggregation.
func (b *BBR) aggregation(now ip.Time, w *CongestionWindow, s *RateSample) {
	e := &b.extra
	expected := b.volume(now.Sub(e.start))
	if e.delivered <= expected {
		e.delivered, e.start, expected = 0, now, 0
	}
	e.delivered += s.Acked
	length := 1
	if b.full.reached {
		length = bbrExtraRounds
	}
	if b.round.count-e.round >= length {
		e.last, e.now, e.round = e.now, 0, b.round.count
	}
	e.now = max(e.now, min(e.delivered-expected, w.Cwnd))
}

// volume is what the path delivers in a time at the rate bw, in bytes.
func (b *BBR) volume(d time.Duration) int {
	return int(min(float64(b.bw)*d.Seconds(), bbrInfinity))
}

// bbrFull says whether the path is full (§5.3.1.2).
type bbrFull struct {
	reached bool  // full_bw_reached: ever
	now     bool  // full_bw_now: since it was last looked for
	bw      int64 // full_bw
	count   int   // full_bw_count
}

// Three rounds in which the rate grows by less than a quarter are a plateau.
const (
	bbrFullGrowth = 1.25
	bbrFullRounds = 3
)

// reset is ResetFullBW, with the rate from which it is to grow.
func (f *bbrFull) reset(bw int64) { f.now, f.bw, f.count = false, bw, 0 }

// checkFull is CheckFullBWReached. Departs from §5.3.1.2, which looks at the first sample of a round only: like the implementation
// of Linux it takes any as a sign of growth, because one may be low by chance.
func (b *BBR) checkFull(s *RateSample) {
	f := &b.full
	switch {
	case f.now || s.Rate == 0 || b.limited(s):
	case float64(s.Rate) >= float64(f.bw)*bbrFullGrowth:
		f.reset(s.Rate)
	case b.round.start:
		if f.count++; f.count >= bbrFullRounds {
			f.now, f.reached = true, true
		}
	}
}
