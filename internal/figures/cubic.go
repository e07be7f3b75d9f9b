package figures

import (
	"math"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// CUBIC after a loss, beside the closed form of RFC 9438.

// Constants of RFC 9438 §5.1 and §4.6.
const (
	cubicC    = 0.4
	cubicBeta = 0.7
)

// A sample is the window at a time.
type sample struct {
	seconds  float64 // since the connection was opened
	segments float64
}

// A cubicRun is the window of a transfer that loses one segment, twice.
type cubicRun struct {
	window []sample
	epochs []epoch
}

// An epoch is congestion avoidance after a loss.
type epoch struct {
	begin, end float64 // seconds
	before     float64 // the window at the loss, in segments
	start      float64 // the window at the begin: cwnd_epoch
	max        float64 // W_max
}

// k is K of §4.2: how long the curve takes to W_max.
func (e *epoch) k() float64 { return math.Cbrt(max(0, e.max-e.start) / cubicC) }

// at is W_cubic (figure 1) at a time within the epoch.
func (e *epoch) at(seconds float64) float64 {
	t := seconds - e.begin - e.k()
	return cubicC*t*t*t + e.max
}

// The path: so long that CUBIC is faster than Reno all the time.
const (
	cubicDelay  = 50 * time.Millisecond // each way
	cubicLength = 20 * time.Second
	// One segment is lost when the window is cubicFirst, which ends slow start, and one so much later, below the plateau, for
	// fast convergence (§4.7).
	cubicFirst = 200 // segments
	cubicLater = 5 * time.Second
)

// runCubic makes the transfer.
func runCubic() *cubicRun {
	var due []ip.Time // of losses
	p := path{delay: cubicDelay, loses: func(now ip.Time, cwnd int) bool {
		if due == nil && cwnd >= cubicFirst*segment {
			due = []ip.Time{now, now.Add(cubicLater)}
		}
		if len(due) == 0 || now < due[0] {
			return false
		}
		due = due[1:]
		return true
	}}
	return readCubic(transfer(p, tcp.Config{HyStart: tcp.HyStartOff}, cubicLength))
}

// readCubic finds window and epochs in an event record.
func readCubic(events []tcp.Event) *cubicRun {
	run := new(cubicRun)
	var cwnd float64 // before the event
	var one epoch
	for i := range events {
		e := &events[i]
		at := seconds(e)
		switch {
		case e.Kind != tcp.EventRecovery:
		case e.Why == tcp.WhyRecovered:
			one.begin, one.end, one.start = at, cubicLength.Seconds(), float64(e.Vars.Ssthresh)/segment
			run.epochs = append(run.epochs, one)
		default:
			if n := len(run.epochs); n > 0 {
				run.epochs[n-1].end = at
			}
			last := one.max
			one = epoch{before: cwnd, max: cwnd}
			if cwnd < last {
				one.max = cwnd * (1 + cubicBeta) / 2 // fast convergence, §4.7
			}
		}
		if e.Vars.Cwnd > 0 {
			cwnd = float64(e.Vars.Cwnd) / segment
			run.window = append(run.window, sample{at, cwnd})
		}
	}
	return run
}

// deviation is by how many segments at most the window is outside of what the closed form says, within an epoch: the curve
// now, and what it will be in a round trip, which is the target of §4.2.
func (r *cubicRun) deviation(e *epoch) (most float64) {
	const roundTrip = 2 * cubicDelay
	for _, s := range r.window {
		if s.seconds > e.begin && s.seconds < e.end {
			most = max(most, e.at(s.seconds)-s.segments, s.segments-e.at(s.seconds+roundTrip.Seconds()))
		}
	}
	return most
}
