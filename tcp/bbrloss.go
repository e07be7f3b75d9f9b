package tcp

import "github.com/sockeye-tcp/sockeye/ip"

// What losses mean to BBR (draft-ietf-ccwg-bbr-06 §5.5.10), and how that is taken back (§5.5.11).

// bbrLoss is the state of it: the signals of the present round, and the short-term model.
type bbrLoss struct {
	inRound        bool   // is_loss_in_round
	roundStart     bool   // loss_round_start
	next           uint64 // loss_round_delivered
	total          uint64 // C.delivered
	ranges         int    // lost in this round of Startup
	bwLatest       int64  // bw_latest
	inflightLatest int    // inflight_latest
	bwShort        int64  // bw_shortterm
	inflightShort  int    // inflight_shortterm
}

// bbrUndo is what things were before a recovery.
type bbrUndo struct {
	saved         bool
	left          bool     // losses have ended a state: undo_state is set
	from          bbrState // undo_state
	bwShort       int64
	inflightShort int
	longest       int
}

// latest is UpdateLatestDeliverySignals.
func (b *BBR) latest(s *RateSample) {
	l := &b.loss
	l.total, l.roundStart = s.Total, false
	if !s.Any {
		return
	}
	l.bwLatest = max(l.bwLatest, s.Rate)
	l.inflightLatest = max(l.inflightLatest, s.Delivered)
	if s.Prior >= l.next {
		l.next, l.roundStart = s.Total, true
	}
}

// advanceLatest is AdvanceLatestDeliverySignals.
func (b *BBR) advanceLatest(s *RateSample) {
	if b.loss.roundStart {
		b.loss.bwLatest, b.loss.inflightLatest = s.Rate, s.Delivered
	}
}

// resetSignals is ResetCongestionSignals.
func (b *BBR) resetSignals() {
	b.loss.inRound, b.loss.bwLatest, b.loss.inflightLatest = false, 0, 0
}

// resetShortTerm is ResetShortTermModel.
func (b *BBR) resetShortTerm() { b.loss.bwShort, b.loss.inflightShort = bbrNoRate, bbrInfinity }

// congestionSignals is UpdateCongestionSignals: once a round, where BBR does not probe, losses bring the model down towards
// what is delivered at present.
func (b *BBR) congestionSignals(w *CongestionWindow, s *RateSample) {
	b.updateMaxBw(s)
	l := &b.loss
	if !l.roundStart {
		return
	}
	if l.inRound && !b.probing() {
		if l.bwShort == bbrNoRate { // InitLowerBounds
			l.bwShort = b.maxBw.get()
		}
		if l.inflightShort == bbrInfinity {
			l.inflightShort = w.Cwnd
		}
		l.bwShort = max(l.bwLatest, int64(b.Beta*float64(l.bwShort))) // LossLowerBounds
		l.inflightShort = max(l.inflightLatest, int(b.Beta*float64(l.inflightShort)))
	}
	l.inRound = false
}

// noteLoss is NoteLoss. Departs from §5.5.10.2, which saves the state at the first loss of each round: a recovery that is taken
// back is taken back to where it began.
func (b *BBR) noteLoss(total uint64) {
	if b.LossThresh >= 1 {
		return
	}
	if !b.loss.inRound {
		b.loss.next = total
	}
	if !b.undo.saved { // SaveStateUponLoss
		b.undo = bbrUndo{saved: true, bwShort: b.loss.bwShort, inflightShort: b.loss.inflightShort, longest: b.longest}
	}
	b.loss.inRound = true
}

// tooHigh is IsInflightTooHigh.
func (b *BBR) tooHigh(lost, flight int) bool {
	return b.LossThresh < 1 && (float64(lost) > b.LossThresh*float64(flight) || lost > 0 && !b.sack)
}

// Lost is HandleLostPacket (§5.5.10.2).
func (b *BBR) Lost(now ip.Time, w *CongestionWindow, l LostText) {
	if !b.started {
		return
	}
	b.noteLoss(l.Total)
	if !b.probe.sample || !b.tooHigh(l.Since, l.TxFlight) {
		return
	}
	b.probe.tooHigh, b.probe.sample = true, false // HandleInflightTooHigh
	if !l.AppLimited {
		b.longest = max(b.inflightAtLoss(l), int(b.Beta*float64(b.targetInflight(w))))
	}
	if b.state == bbrUp {
		b.undo.left, b.undo.from = true, bbrUp
		b.startDown(now, l.Total)
	}
}

// inflightAtLoss is InflightAtLoss: how much of a long range may have been in flight before too much of it was lost.
func (b *BBR) inflightAtLoss(l LostText) int {
	flight, lost := float64(l.TxFlight-l.Len), float64(l.Since-l.Len)
	return int(flight + (b.LossThresh*flight-lost)/(1-b.LossThresh))
}

// Undone is HandleSpuriousLossDetection (§5.5.11.2).
func (b *BBR) Undone(_ ip.Time, w *CongestionWindow) {
	u := b.undo
	b.recovering, b.undo = false, bbrUndo{}
	w.Cwnd = max(w.Cwnd, b.priorCwnd)
	b.loss.inRound = false
	b.full.reset(0)
	if !u.saved {
		return
	}
	b.loss.bwShort = max(b.loss.bwShort, u.bwShort)
	b.loss.inflightShort = max(b.loss.inflightShort, u.inflightShort)
	b.longest = max(b.longest, u.longest)
	switch {
	case !u.left || b.state == u.from:
	case u.from == bbrStartup:
		b.full.reached = false
		if b.state != bbrProbeRTT {
			b.state = bbrStartup
		}
	case b.state != bbrProbeRTT:
		b.startRefill(b.loss.total)
	}
}
