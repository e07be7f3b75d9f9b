package tcp

import (
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// BBR, draft-ietf-ccwg-bbr-06, version 3 of the algorithm. Names are the draft's, without "BBR." in front and in Go's
// spelling; sections are those of the draft. This file has its state and its events, bbrmodel.go what it measures, bbrstartup.go,
// bbrprobe.go and bbrprobertt.go its states, bbrloss.go what losses mean, and bbrcontrol.go the rate and the window.

// A bbrState is BBR.state (§5.1).
type bbrState uint8

const (
	bbrStartup bbrState = iota
	bbrDrain
	bbrDown   // ProbeBW_DOWN
	bbrCruise // ProbeBW_CRUISE
	bbrRefill // ProbeBW_REFILL
	bbrUp     // ProbeBW_UP
	bbrProbeRTT
	numBBRStates
)

var bbrNames = [numBBRStates]string{"Startup", "Drain", "ProbeBW_DOWN", "ProbeBW_CRUISE", "ProbeBW_REFILL", "ProbeBW_UP", "ProbeRTT"}

// The gains of the states (§5.6.1).
var (
	bbrPacingGain = [numBBRStates]float64{2.77, 0.5, 0.9, 1, 1, 1.25, 1}
	bbrCwndGain   = [numBBRStates]float64{2, 2, 2, 2, 2, 2.25, 0.5}
)

// bbrInfinity is a volume that bounds nothing, and bbrNoRate such a rate.
const (
	bbrInfinity = maxCwnd
	bbrNoRate   = 1 << 62
)

// A BBR is congestion control by a model of the path: how fast it delivers, and how long it is. It sends at that rate, with
// about as much in flight as the path holds, so that queues stay short and few losses matter little.
type BBR struct {
	// LossThresh is the share of what is in flight that may be lost in a round trip before BBR takes that for a sign that it was too
	// much (§2.8). From 1 on no loss is a sign of anything. Default 0.02.
	LossThresh float64
	// Beta is what remains at least of rate and volume after a round trip with losses (§2.8). Default 0.7.
	Beta float64

	name   string
	random func() uint64 // nil: by seed
	seed   uint64

	state       bbrState
	started     bool
	seenRTT     bool
	sack        bool // C.has_selective_acks
	initialCwnd int
	priorCwnd   int
	recovering  bool // InLossRecovery()
	idleRestart bool

	round   bbrRound
	bw      int64 // min(max_bw, bw_shortterm)
	maxBw   bbrMaxFilter
	extra   bbrExtra
	minRTT  bbrMinRTT
	full    bbrFull
	probe   bbrProbe
	loss    bbrLoss
	undo    bbrUndo
	longest int // inflight_longterm
	drained int // drain_start_round
}

// NewBBR makes a BBR with the values of the draft. On paths that lose more than 2 % for other reasons than congestion it
// becomes slow: see NewBBR1.
func NewBBR(cfg *Config) Congestion { return newBBR(cfg, "bbr", 0.02) }

// NewBBR1 makes a BBR that no loss slows down, as those of the first version, which is Linux's "bbr", do not. It is for paths
// whose losses are not congestion, such as radio: where many lose because of it, they go on losing.
func NewBBR1(cfg *Config) Congestion { return newBBR(cfg, "bbr1", 1) }

func newBBR(cfg *Config, name string, lossThresh float64) *BBR {
	b := &BBR{LossThresh: lossThresh, Beta: 0.7, name: name}
	if cfg != nil {
		b.random = cfg.Random
	}
	return b
}

// Name returns "bbr" or "bbr1".
func (b *BBR) Name() string { return b.name }

// State returns the name of the present state, as "ProbeBW_UP".
func (b *BBR) State() string { return bbrNames[b.state] }

// init is OnInit (§5.2.1).
func (b *BBR) init(now ip.Time, w *CongestionWindow, s *RateSample) {
	b.started, b.seed = true, uint64(now)
	b.initialCwnd = w.Cwnd
	b.minRTT = bbrMinRTT{min: s.SRTT, stamp: now, probeMin: s.SRTT, probeStamp: now}
	b.extra.start = now
	b.longest = bbrInfinity
	b.probe.perInc = bbrInfinity
	b.resetShortTerm()
}

// Control is UpdateOnACK (§5.2.3).
func (b *BBR) Control(now ip.Time, w *CongestionWindow, s RateSample) {
	if !b.started {
		b.init(now, w, &s)
	}
	b.sack = s.SACK
	b.initPacing(w, &s)
	b.latest(&s)
	b.congestionSignals(w, &s)
	b.aggregation(now, w, &s)
	b.checkFull(&s)
	b.checkStartupDone(w, &s)
	b.checkDrainDone(now, w, &s)
	b.cyclePhase(now, w, &s)
	b.updateMinRTT(now, &s)
	b.checkProbeRTT(now, w, &s)
	b.advanceLatest(&s)
	b.bw = min(b.maxBw.get(), b.loss.bwShort)
	b.setPacing(w, bbrPacingGain[b.state])
	b.setCwnd(w, &s)
}

// Loss remembers the window before a recovery (§5.6.4.4, OnEnterFastRecovery).
func (b *BBR) Loss(_ ip.Time, w *CongestionWindow, _ int) {
	b.saveCwnd(w)
	b.recovering = true
	if b.started {
		b.noteLoss(b.loss.total)
	}
}

// Timeout does the same (OnEnterRTO).
func (b *BBR) Timeout(now ip.Time, w *CongestionWindow, flight int, _ bool) { b.Loss(now, w, flight) }

// Recovered goes back to that window; the model bounds it with the next ACK.
func (b *BBR) Recovered(_ ip.Time, w *CongestionWindow) {
	b.recovering, b.undo.saved = false, false
	w.Cwnd = max(w.Cwnd, b.priorCwnd)
}

// Resumed is HandleRestartFromIdle (§5.4.1).
func (b *BBR) Resumed(now ip.Time, w *CongestionWindow, _ ip.Time) {
	if !b.started {
		return
	}
	b.idleRestart = true
	b.extra.start = now
	if b.probesBW() {
		b.setPacing(w, 1)
	} else if b.state == bbrProbeRTT {
		b.checkProbeRTTDone(now, w)
	}
}

// Acked is not called.
func (*BBR) Acked(ip.Time, *CongestionWindow, AckSample) {}

// Measured does nothing: the times come with the samples.
func (*BBR) Measured(ip.Time, *CongestionWindow, RTTSample) {}

// saveCwnd is SaveCwnd (§5.6.4.4).
func (b *BBR) saveCwnd(w *CongestionWindow) {
	if !b.recovering && b.state != bbrProbeRTT {
		b.priorCwnd = w.Cwnd
	} else {
		b.priorCwnd = max(b.priorCwnd, w.Cwnd)
	}
}

// chance returns a random number below n.
func (b *BBR) chance(n uint64) uint64 {
	if b.random != nil {
		return b.random() % n
	}
	// SplitMix64: one step of a sequence without short cycles.
	b.seed += 0x9e3779b97f4a7c15
	z := b.seed
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return (z ^ z>>31) % n
}

// pickProbeWait is PickProbeWait (§5.3.3.8.3).
func (b *BBR) pickProbeWait() {
	b.probe.rounds = int(b.chance(2))
	b.probe.wait = 2*time.Second + time.Duration(b.chance(uint64(time.Second)))
}
