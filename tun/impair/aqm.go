package impair

// This file holds what a bottleneck does about a queue that grows, before it is full:
// active queue management (RFC 7567).

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// An AQM says how a queue tells senders early that it grows. A packet that can be marked
// (ECT, RFC 3168 §5) is marked, others are lost.
type AQM uint8

// The kinds of queue.
const (
	DropTail AQM = iota // none: who finds it full is lost
	RED                 // random early detection, by the mean length of the queue
	CoDel               // by how long packets wait in it (RFC 8289)
)

var aqmNames = [...]string{"droptail", "red", "codel"}

// String returns the name, as Parse takes it.
func (a AQM) String() string { return aqmNames[a] }

const (
	// fullPacket is the usual length of a packet, for what depends on one: that of Ethernet.
	fullPacket = 1500

	// The parameters of RED: Floyd's recommendations for a queue of 60 packets or fewer, and in proportion for
	// longer ones: https://www.icir.org/floyd/REDparameters.txt
	redMinimum = 5           // packets
	redShare   = 12          // of the queue
	redSpan    = 3           // maximum over minimum
	redMaxP    = 0.1         // at the maximum; from there to twice the maximum up to 1 ("gentle")
	redWeight  = 1.0 / 500.0 // of a new packet in the mean

	// The parameters of CoDel: RFC 8289 §4.2 to §4.4.
	codelTarget   = 5 * time.Millisecond
	codelInterval = 100 * time.Millisecond
	// codelAgain is how soon after a time of dropping another continues it: §5.5 leaves it open, Linux takes 16 intervals.
	codelAgain = 16 * codelInterval
)

// A manager decides about each packet that has found a place in the queue. It hears of the time, of when
// the packet will leave the queue, and of how many are before it.
type manager interface {
	congested(now, leaves ip.Time, before int) bool
	reseed(seed, stream uint64)
}

// newManager returns the manager that a Fault asks for, nil for none.
func newManager(f *Fault, seed, stream uint64) manager {
	onePacket := perSecond(8*fullPacket%f.Rate, f.Rate) + time.Duration(8*fullPacket/f.Rate)*time.Second
	switch f.AQM {
	case RED:
		r := &red{packet: onePacket, least: max(redMinimum, float64(f.Queue)/redShare)}
		r.reseed(seed, stream)
		return r
	case CoDel:
		// Two packets of a slow link that follow each other are no standing queue. RFC 8289 compares what waits with
		// one packet instead; the wire decides before it knows who comes next.
		return &codel{target: max(codelTarget, 2*onePacket)}
	}
	return nil
}

// A red is random early detection: S. Floyd, V. Jacobson, "Random Early Detection Gateways for Congestion Avoidance".
type red struct {
	rng    *rand.PCG
	packet time.Duration // that a full packet takes
	least  float64       // the mean length below which all is well
	mean   float64
	since  int     // packets since the last that was chosen
	free   ip.Time // when the queue will be empty
}

func (r *red) reseed(seed, stream uint64) { r.rng = rand.NewPCG(seed, ^stream) }

func (r *red) congested(now, leaves ip.Time, before int) bool {
	if idle := now.Sub(r.free); before == 0 && idle > 0 { // as if small packets had found it empty
		r.mean *= math.Pow(1-redWeight, float64(idle/r.packet))
	}
	r.free = leaves.Add(r.packet)
	r.mean += redWeight * (float64(before) - r.mean)
	p := r.share()
	if p == 0 {
		r.since = 0
		return false
	}
	r.since++
	// The more have passed, the likelier it is the next one's turn: even gaps, no clusters.
	if even := 1 - float64(r.since)*p; even > 0 && float64(r.rng.Uint64()>>11)/(1<<53) >= p/even {
		return false
	}
	r.since = 0
	return true
}

// share returns which share of the packets is to be chosen.
func (r *red) share() float64 {
	most := redSpan * r.least
	switch {
	case r.mean < r.least:
		return 0
	case r.mean < most:
		return redMaxP * (r.mean - r.least) / (most - r.least)
	}
	return min(1, redMaxP+(1-redMaxP)*(r.mean-most)/most)
}

// A codel is RFC 8289 §5, with its names.
type codel struct {
	target         time.Duration
	firstAboveTime ip.Time // when the wait will have been too long for an interval; zero: it is not too long
	dropNext       ip.Time
	count          int
	lastCount      int
	dropping       bool
}

func (c *codel) reseed(uint64, uint64) {}

func (c *codel) congested(now, leaves ip.Time, _ int) bool {
	okToDrop := c.okToDrop(leaves, leaves.Sub(now))
	if c.dropping {
		if !okToDrop {
			c.dropping = false
		} else if !leaves.Before(c.dropNext) {
			c.count++
			c.dropNext = c.controlLaw(c.dropNext)
			return true
		}
		return false
	}
	if !okToDrop {
		return false
	}
	c.dropping = true
	delta := c.count - c.lastCount
	c.count = 1
	if delta > 1 && leaves.Sub(c.dropNext) < codelAgain {
		c.count = delta
	}
	c.dropNext, c.lastCount = c.controlLaw(leaves), c.count
	return true
}

// okToDrop reports whether packets have waited too long for a whole interval.
func (c *codel) okToDrop(leaves ip.Time, sojourn time.Duration) bool {
	switch {
	case sojourn < c.target:
		c.firstAboveTime = 0
	case c.firstAboveTime == 0:
		c.firstAboveTime = leaves.Add(codelInterval)
	default:
		return !leaves.Before(c.firstAboveTime)
	}
	return false
}

// controlLaw returns the time of the next drop: sooner the more there were (RFC 8289 §3.3).
func (c *codel) controlLaw(t ip.Time) ip.Time {
	return t.Add(time.Duration(float64(codelInterval) / math.Sqrt(float64(c.count))))
}

// mark sets Congestion Experienced in a packet whose sender understands it, and reports whether it does (RFC 3168 §5).
func mark(b []byte) bool {
	const ect, ce = 3, 3
	switch {
	case len(b) >= ip.HeaderLen4 && b[0]>>4 == 4:
		if b[1]&ect == 0 {
			return false
		}
		b[1] |= ce
		b[10], b[11] = 0, 0
		sum := ip.Checksum(b[:min(int(b[0]&0xf)*4, len(b))], 0)
		b[10], b[11] = byte(sum>>8), byte(sum)
		return true
	case len(b) >= ip.HeaderLen6 && b[0]>>4 == 6:
		if b[1]>>4&ect == 0 {
			return false
		}
		b[1] |= ce << 4
		return true
	}
	return false
}
