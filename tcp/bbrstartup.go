package tcp

import "github.com/sockeye-tcp/sockeye/ip"

// How BBR begins: Startup finds the rate of the path, Drain takes away the queue that this has made (draft-ietf-ccwg-bbr-06 §5.3.1, §5.3.2).

const (
	// bbrFullLosses is StartupFullLossCnt: so many ranges must be lost in a round, one of which alone may be a chance.
	bbrFullLosses = 6
	// bbrDrainRounds bounds Drain.
	bbrDrainRounds = 3
)

// checkStartupDone is CheckStartupDone.
func (b *BBR) checkStartupDone(w *CongestionWindow, s *RateSample) {
	b.checkStartupLoss(w, s)
	if b.state == bbrStartup && b.full.reached {
		b.state = bbrDrain
		b.drained = b.round.count
	}
}

// checkStartupLoss is CheckStartupHighLoss (§5.3.1.3), once a round in recovery. It counts ACKs that show losses for ranges.
func (b *BBR) checkStartupLoss(w *CongestionWindow, s *RateSample) {
	l := &b.loss
	if b.full.reached {
		return
	}
	if s.Lost > 0 {
		l.ranges++
	}
	if !l.roundStart && b.sack {
		return
	}
	high := b.recovering && l.ranges >= bbrFullLosses && b.tooHigh(s.Since, s.TxFlight)
	if high || !b.sack && b.recovering && s.Lost > 0 && b.LossThresh < 1 {
		b.undo.from = bbrStartup
		b.undo.left = true
		b.full.reached = true
		b.longest = max(b.bdp(1), l.inflightLatest)
	}
	l.ranges = 0
}

// checkDrainDone is CheckDrainDone.
func (b *BBR) checkDrainDone(now ip.Time, w *CongestionWindow, s *RateSample) {
	if b.state == bbrDrain && (s.Flight <= b.inflight(1, w) || b.round.count > b.drained+bbrDrainRounds) {
		b.startDown(now, s.Total) // EnterProbeBW
	}
}
