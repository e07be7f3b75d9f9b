package figures

import (
	"time"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// HyStart++ at a bottleneck whose queue grows, and slow start without it.

// The path: it holds 275 packets, and its queue, as many have, several times that.
const (
	hystartDelay  = 33 * time.Millisecond // each way
	hystartRate   = 50_000_000
	hystartQueue  = 2000
	hystartLength = 2500 * time.Millisecond
)

// The constants of RFC 9406 §4.3 that the figure shows, in ms.
const (
	rttThreshMin, rttThreshMax = 4, 16
	rttDivisor                 = 8
	rttSamples                 = 8
)

// A hystartRun is the start of a transfer.
type hystartRun struct {
	window []sample // in segments
	rtts   []sample // in ms, of each ACK before anything is sent again
	rounds []round
	css    float64 // when conservative slow start began for good; 0: never
	exit   float64 // when slow start was over; 0: never
	top    float64 // largest window, segments
	again  int     // segments sent again
}

// A round is a round trip as RFC 9406 counts them.
type round struct {
	begin   float64
	min     float64 // currentRoundMinRTT at its end, ms; 0: nothing was measured
	samples int
}

// limit is how long a round trip may be in the round after this one, in ms: lastRoundMinRTT + RttThresh (§4.2).
func (r *round) limit() float64 {
	return r.min + max(rttThreshMin, min(r.min/rttDivisor, rttThreshMax))
}

func runHystart(h tcp.HyStart) *hystartRun {
	p := path{delay: hystartDelay, rate: hystartRate, queue: hystartQueue}
	return readHystart(transfer(p, tcp.Config{HyStart: h}, hystartLength))
}

// readHystart finds window, round trips and phases in an event record. A round trip is the time from sending a segment to the ACK of its end.
func readHystart(events []tcp.Event) *hystartRun {
	run := new(hystartRun)
	sent := map[tcp.Seq]float64{}
	var una, windowEnd tcp.Seq
	var cwnd int
	for i := range events {
		e := &events[i]
		v := &e.Vars
		at := seconds(e)
		switch {
		case e.Kind == tcp.EventSend && e.Len > 0 && e.Nth == 0:
			sent[e.Header.Seq.Add(tcp.Size(e.Len))] = at
		case e.Kind == tcp.EventSend && e.Len > 0:
			run.again++
		case e.Kind == tcp.EventArrive && una != 0 && una.Less(e.Header.Ack): // the variables are those from before
			if windowEnd.Less(e.Header.Ack) {
				windowEnd = v.SndNxt
				run.rounds = append(run.rounds, round{begin: at})
			}
			if from, ok := sent[e.Header.Ack]; ok && run.again == 0 {
				run.measured(at, 1e3*(at-from))
			}
		}
		if una != 0 && una.Less(v.SndUna) {
			run.follow(at, v, v.Cwnd-cwnd, int(v.SndUna.Sub(una)))
		}
		una, cwnd = v.SndUna, v.Cwnd
		if cwnd > 0 {
			run.window = append(run.window, sample{at, float64(cwnd) / segment})
			run.top = max(run.top, float64(cwnd)/segment)
		}
	}
	return run
}

// measured takes a round trip.
func (r *hystartRun) measured(at, ms float64) {
	r.rtts = append(r.rtts, sample{at, ms})
	last := &r.rounds[len(r.rounds)-1]
	last.samples++
	if last.min == 0 || ms < last.min {
		last.min = ms
	}
}

// follow notes what phase the growth of the window tells of: by what was acknowledged in slow start, by a quarter of it in
// conservative slow start (RFC 9406 §4.2).
func (r *hystartRun) follow(at float64, v *tcp.Vars, grown, acked int) {
	switch {
	case r.exit != 0:
	case v.Ssthresh < unlimited:
		r.exit = at
	case grown == acked:
		r.css = 0
	case grown > 0 && r.css == 0:
		r.css = at
	}
}

// unlimited is the threshold before there is one: the largest window of TCP.
const unlimited = 1 << 30
