package tcp

import (
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// The cycle of ProbeBW: slower than the path, at its rate, and faster, to see whether it has more (draft-ietf-ccwg-bbr-06 §5.3.3).

// A bbrAcks is ack_phase: what the ACKs that come say about probing (§2.12).
type bbrAcks uint8

const (
	bbrAcksInit bbrAcks = iota
	bbrAcksRefilling
	bbrAcksStarting // ACKS_PROBE_STARTING
	bbrAcksFeedback // ACKS_PROBE_FEEDBACK
	bbrAcksStopping // ACKS_PROBE_STOPPING
)

// bbrHeadroom is Headroom: the share of inflight_longterm that is left to others.
const bbrHeadroom = 0.15

// bbrProbe is the state of the cycle.
type bbrProbe struct {
	acks          bbrAcks
	sample        bool          // is_bw_probe_sample: what ACKs are for was sent while probing
	stamp         ip.Time       // cycle_stamp
	wait          time.Duration // bw_probe_wait
	rounds        int           // rounds_since_probe_up
	upRounds      int           // bw_probe_up_rounds
	upAcked       int           // bw_probe_up_acked
	perInc        int           // probe_up_acked_per_inc
	tooHigh       bool          // prev_probe_too_high
	precautionary bool          // prev_probe_precautionary
}

// probesBW is IsInAProbeBWState.
func (b *BBR) probesBW() bool { return b.state >= bbrDown && b.state <= bbrUp }

// probing is IsProbingBW.
func (b *BBR) probing() bool {
	return b.state == bbrStartup || b.state == bbrRefill || b.state == bbrUp
}

// startDown is StartProbeBW_DOWN.
func (b *BBR) startDown(now ip.Time, total uint64) {
	b.resetSignals()
	b.probe.perInc = bbrInfinity
	b.pickProbeWait()
	b.probe.stamp = now
	b.probe.acks = bbrAcksStopping
	b.startRound(total)
	b.state = bbrDown
}

// startRefill is StartProbeBW_REFILL.
func (b *BBR) startRefill(total uint64) {
	b.resetShortTerm()
	p := &b.probe
	p.upRounds, p.upAcked, p.precautionary, p.acks = 0, 0, false, bbrAcksRefilling
	b.startRound(total)
	b.state = bbrRefill
}

// startUp is StartProbeBW_UP.
func (b *BBR) startUp(w *CongestionWindow, s *RateSample) {
	b.probe.acks = bbrAcksStarting
	b.startRound(s.Total)
	b.full.reset(s.Rate)
	b.state = bbrUp
	b.raiseSlope(w)
}

// cyclePhase is UpdateProbeBWCyclePhase (§5.3.3.9).
func (b *BBR) cyclePhase(now ip.Time, w *CongestionWindow, s *RateSample) {
	if !b.full.reached || b.adaptLongTerm(w, s) {
		return
	}
	switch b.state {
	case bbrDown:
		if !b.timeToProbe(now, w, s) && s.Flight <= b.withHeadroom(w) && s.Flight <= b.inflight(1, w) {
			b.state = bbrCruise
		}
	case bbrCruise:
		b.timeToProbe(now, w, s)
	case bbrRefill:
		if b.round.start {
			b.probe.sample = true
			b.startUp(w, s)
		}
	case bbrUp:
		if b.timeToGoDown(w, s) {
			b.probe.tooHigh = false
			b.startDown(now, s.Total)
		}
	}
}

// timeToProbe is IsTimeToProbeBW (§5.3.3.8.3). Reno would have doubled its window after so many round trips as it has segments.
func (b *BBR) timeToProbe(now ip.Time, w *CongestionWindow, s *RateSample) bool {
	reno := min(b.targetInflight(w)/w.MSS, 63)
	if now.Sub(b.probe.stamp) <= b.probe.wait && b.probe.rounds < reno {
		return false
	}
	b.startRefill(s.Total)
	return true
}

// timeToGoDown is IsTimeToGoDown.
func (b *BBR) timeToGoDown(w *CongestionWindow, s *RateSample) bool {
	switch {
	case b.probe.tooHigh && s.Flight >= b.longest:
		b.probe.precautionary = true
		return true
	case s.Full && w.Cwnd >= b.longest:
		b.full.reset(s.Rate) // it is inflight_longterm that limits
		return false
	}
	return b.full.now
}

// adaptLongTerm is AdaptLongTermModel. It reports whether it has changed the state.
func (b *BBR) adaptLongTerm(w *CongestionWindow, s *RateSample) bool {
	p := &b.probe
	if p.acks == bbrAcksStarting && b.round.start {
		p.acks = bbrAcksFeedback
	}
	if p.acks == bbrAcksStopping && b.round.start {
		p.sample, p.acks = false, bbrAcksInit
		if b.probesBW() && !b.limited(s) {
			b.maxBw.advance()
		}
		if b.probesBW() && p.precautionary && !p.tooHigh {
			b.startRefill(s.Total)
			return true
		}
	}
	if b.longest == bbrInfinity || b.tooHigh(s.Since, s.TxFlight) {
		return false
	}
	b.longest = max(b.longest, s.TxFlight)
	if b.state == bbrUp {
		b.raiseLongest(w, s)
	}
	return false
}

// raiseLongest is ProbeInflightLongtermUpward: by one segment, two, four, ... a round trip.
func (b *BBR) raiseLongest(w *CongestionWindow, s *RateSample) {
	p := &b.probe
	if !s.Full || w.Cwnd < b.longest {
		return
	}
	p.upAcked += s.Acked
	if n := p.upAcked / p.perInc; n > 0 {
		p.upAcked -= n * p.perInc
		b.longest = min(b.longest+n*w.MSS, bbrInfinity-1)
	}
	if b.round.start {
		b.raiseSlope(w)
	}
}

// raiseSlope is RaiseInflightLongtermSlope.
func (b *BBR) raiseSlope(w *CongestionWindow) {
	p := &b.probe
	p.perInc = max(w.Cwnd>>p.upRounds, w.MSS)
	p.upRounds = min(p.upRounds+1, 30)
}

// withHeadroom is InflightWithHeadroom.
func (b *BBR) withHeadroom(w *CongestionWindow) int {
	if b.longest == bbrInfinity {
		return bbrInfinity
	}
	headroom := max(w.MSS, int(bbrHeadroom*float64(b.longest)))
	return max(b.longest-headroom, bbrMinPipe(w))
}

// targetInflight is TargetInflight.
func (b *BBR) targetInflight(w *CongestionWindow) int { return min(b.bdp(1), w.Cwnd) }
