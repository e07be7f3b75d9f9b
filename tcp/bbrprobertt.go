package tcp

import (
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// How long the path is, and ProbeRTT, which empties queues to find that out (draft-ietf-ccwg-bbr-06 §5.3.4).

const (
	bbrMinRTTLen     = 10 * time.Second       // MinRTTFilterLen
	bbrProbeInterval = 5 * time.Second        // ProbeRTTInterval
	bbrProbeDuration = 200 * time.Millisecond // ProbeRTTDuration
)

// bbrMinRTT is its state. A time of 0 is infinite.
type bbrMinRTT struct {
	min        time.Duration // min_rtt
	stamp      ip.Time       // min_rtt_stamp
	probeMin   time.Duration // probe_rtt_min_delay
	probeStamp ip.Time       // probe_rtt_min_stamp
	expired    bool          // probe_rtt_expired
	done       ip.Time       // probe_rtt_done_stamp
	roundDone  bool          // probe_rtt_round_done

	// What was sent while ProbeRTT allowed little says nothing about the rate, and nor does what was sent in the round trip behind
	// it: MarkConnectionAppLimited. In numbers of what had been delivered then.
	any      bool
	from, to uint64
}

// covers reports whether a segment was sent then.
func (m *bbrMinRTT) covers(prior uint64) bool { return m.any && m.from <= prior && prior <= m.to }

// limit moves the end of that time on.
func (m *bbrMinRTT) limit(s *RateSample) {
	if !m.covers(s.Total) {
		m.any, m.from = true, s.Total
	}
	m.to = s.Total + uint64(s.Flight)
}

// updateMinRTT is UpdateMinRTT.
func (b *BBR) updateMinRTT(now ip.Time, s *RateSample) {
	m := &b.minRTT
	m.expired = now.Sub(m.probeStamp) > bbrProbeInterval
	if s.RTT > 0 && (m.probeMin == 0 || s.RTT < m.probeMin || m.expired) {
		m.probeMin, m.probeStamp = s.RTT, now
	}
	if m.probeMin > 0 && (m.min == 0 || m.probeMin < m.min || now.Sub(m.stamp) > bbrMinRTTLen) {
		m.min, m.stamp = m.probeMin, m.probeStamp
	}
}

// checkProbeRTT is CheckProbeRTT.
func (b *BBR) checkProbeRTT(now ip.Time, w *CongestionWindow, s *RateSample) {
	m := &b.minRTT
	if b.state != bbrProbeRTT && m.expired && !b.idleRestart {
		b.saveCwnd(w)
		b.state = bbrProbeRTT
		m.done = 0
		b.probe.acks = bbrAcksStopping
		b.startRound(s.Total)
	}
	if b.state == bbrProbeRTT {
		b.handleProbeRTT(now, w, s)
	}
	if s.Acked > 0 {
		b.idleRestart = false
	}
}

// handleProbeRTT is HandleProbeRTT.
func (b *BBR) handleProbeRTT(now ip.Time, w *CongestionWindow, s *RateSample) {
	m := &b.minRTT
	m.limit(s)
	if m.done == 0 {
		if s.Flight <= b.probeRTTCwnd(w) {
			m.done, m.roundDone = now.Add(bbrProbeDuration), false
			b.startRound(s.Total)
		}
		return
	}
	m.roundDone = m.roundDone || b.round.start
	if m.roundDone {
		b.checkProbeRTTDone(now, w)
	}
}

// checkProbeRTTDone is CheckProbeRTTDone, with ExitProbeRTT (§5.3.4.4). The pipe is not full: ProbeBW begins with cruising.
func (b *BBR) checkProbeRTTDone(now ip.Time, w *CongestionWindow) {
	m := &b.minRTT
	if m.done == 0 || now <= m.done {
		return
	}
	m.probeStamp = now
	w.Cwnd = max(w.Cwnd, b.priorCwnd)
	b.resetShortTerm()
	if !b.full.reached {
		b.state = bbrStartup
		return
	}
	b.startDown(now, b.loss.total)
	b.state = bbrCruise
}

// probeRTTCwnd is ProbeRTTCwnd.
func (b *BBR) probeRTTCwnd(w *CongestionWindow) int {
	return max(b.bdp(bbrCwndGain[bbrProbeRTT]), bbrMinPipe(w))
}
