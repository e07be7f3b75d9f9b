package tcp

import "time"

// The rate and the window of BBR (draft-ietf-ccwg-bbr-06 §5.6).

// bbrMargin is 1 - PacingMarginPercent/100: a little below the rate of the path, so that queues drain.
const bbrMargin = 0.99

// bbrMinPipe is MinPipeCwnd.
func bbrMinPipe(w *CongestionWindow) int { return 4 * w.MSS }

// initPacing is InitPacingRate (§5.6.2), again when the round-trip time is first known.
func (b *BBR) initPacing(w *CongestionWindow, s *RateSample) {
	if b.seenRTT || s.SRTT == 0 && w.PacingRate > 0 {
		return
	}
	b.seenRTT = s.SRTT > 0
	rtt := s.SRTT
	if rtt == 0 {
		rtt = time.Millisecond
	}
	w.PacingRate = max(1, int64(bbrPacingGain[bbrStartup]*float64(b.initialCwnd)/rtt.Seconds()))
}

// setPacing is SetPacingRateWithGain. Until the path was full once, the rate only grows.
func (b *BBR) setPacing(w *CongestionWindow, gain float64) {
	if rate := int64(gain * float64(b.bw) * bbrMargin); rate > 0 && (b.full.reached || rate > w.PacingRate) {
		w.PacingRate = rate
	}
}

// quantum is C.send_quantum (§5.6.3).
func bbrQuantum(w *CongestionWindow) int {
	return max(int(min(w.PacingRate/1000, maxPacketText)), 2*w.MSS)
}

// bdp is BDPMultiple (§5.6.4.2).
func (b *BBR) bdp(gain float64) int {
	if b.minRTT.min == 0 {
		return b.initialCwnd
	}
	return int(min(gain*float64(b.bw)*b.minRTT.min.Seconds(), bbrInfinity))
}

// quantized is QuantizationBudget, with UpdateOffloadBudget (§5.5.8).
func (b *BBR) quantized(n int, w *CongestionWindow) int {
	n = max(n, 3*bbrQuantum(w), bbrMinPipe(w))
	if b.state == bbrUp {
		n += 2 * w.MSS
	}
	return n
}

// inflight is Inflight.
func (b *BBR) inflight(gain float64, w *CongestionWindow) int { return b.quantized(b.bdp(gain), w) }

// setCwnd is SetCwnd (§5.6.4.6) with its bounds (§5.6.4.5, §5.6.4.7).
func (b *BBR) setCwnd(w *CongestionWindow, s *RateSample) {
	most := b.quantized(b.bdp(bbrCwndGain[b.state])+b.extra.get(), w) // max_inflight
	if b.full.reached {
		w.Cwnd = min(w.Cwnd+s.Acked, most)
	} else if w.Cwnd < most || s.Total < uint64(b.initialCwnd) {
		w.Grow(s.Acked)
	}
	w.Cwnd = max(w.Cwnd, bbrMinPipe(w))
	if b.state == bbrProbeRTT {
		w.Cwnd = min(w.Cwnd, b.probeRTTCwnd(w))
	}
	bound := bbrInfinity
	switch b.state {
	case bbrDown, bbrRefill, bbrUp:
		bound = b.longest
	case bbrCruise, bbrProbeRTT:
		bound = b.withHeadroom(w)
	}
	w.Cwnd = min(w.Cwnd, max(min(bound, b.loss.inflightShort), bbrMinPipe(w)))
}
