package tcp

import (
	"math"
	"math/bits"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// Pacing: text leaves spread over time, at a rate that congestion control gives (draft-ietf-ccwg-bbr-06 §5.6.2), so that queues
// do not see a window at once. As in Linux there is no timer a segment: a quantum, as long as a packet may be, goes
// together, and the next one when the rate allows for that.

const (
	// paceLate bounds the time that is made up for at once when the caller comes late. A guess: programs are woken late by
	// less than that as a rule, and what may go then is still short beside the queue of a router.
	paceLate = 5 * time.Millisecond
	// paceFree is how many segments go unpaced when a connection begins, as in Linux: a short answer is not worth spreading.
	paceFree = 10
)

// pacer is the state of a connection.
type pacer struct {
	next ip.Time // C.next_send_time: when the next quantum may go
	left int     // bytes that the present one still has
	free int     // bytes that have gone unpaced when the connection began
	held bool    // text waits for next: who comes late is owed the time
	max  int64   // see SetMaxPacingRate
}

// SetMaxPacingRate bounds the rate at which text leaves, in bytes a second (SO_MAX_PACING_RATE). Congestion control that does
// not pace does so then. 0 is no bound; the default is Config.MaxPacingRate.
func (c *Conn) SetMaxPacingRate(rate int64) { c.pace.max = max(0, rate) }

// paceRate returns the rate at which text may leave, in bytes a second; 0 is no bound.
func (c *Conn) paceRate() int64 {
	r, limit := c.win.PacingRate, c.pace.max
	if r == 0 && (c.cfg.Pacing || limit > 0) && c.rtt.srtt > 0 {
		r = c.windowRate()
	}
	if limit > 0 && (r == 0 || limit < r) {
		return limit
	}
	return r
}

// paceHolds reports whether text must wait for its turn, and if so sets the timer for that.
func (c *Conn) paceHolds(now ip.Time) bool {
	p := &c.pace
	switch {
	case p.next <= now:
		p.left = c.packetLimit(c.win.MSS)
	case p.left <= 0 && c.paceRate() > 0:
		p.held = true
		c.timers[timerPacing] = p.next
		return true
	}
	return false
}

// paceCut is the most that may go now of a packet of n bytes: full segments, one at least.
func (c *Conn) paceCut(n, mss int) int {
	if c.pace.next == 0 || c.pace.left >= n {
		return n
	}
	return min(n, max(c.pace.left/mss, 1)*mss)
}

// paced moves the turn of what follows on by n bytes, which have been sent.
func (c *Conn) paced(now ip.Time, n int) {
	p, rate := &c.pace, c.paceRate()
	if rate == 0 {
		p.next = 0
		return
	}
	if p.free < paceFree*c.win.MSS {
		if p.free += n; p.free < paceFree*c.win.MSS {
			return
		}
		p.left = n
	}
	from := now
	if p.held {
		from = now.Add(-paceLate)
	}
	p.next = max(p.next, from).Add(time.Duration(float64(n) / float64(rate) * float64(time.Second)))
	p.left -= n
	p.held = p.held && p.next <= now
	c.timers[timerPacing] = 0
}

// windowRate is what the congestion window lets through, in bytes a second, with a margin for its growth: Linux's
// tcp_pacing_ss_ratio and tcp_pacing_ca_ratio. It is only asked when there is a round-trip time.
func (c *Conn) windowRate() int64 {
	percent := uint64(120)
	if c.win.Cwnd < c.win.Ssthresh/2 {
		percent = 200
	}
	hi, lo := bits.Mul64(uint64(max(c.win.Cwnd, c.inFlight()))*percent/100, uint64(time.Second))
	if hi >= uint64(c.rtt.srtt) {
		return math.MaxInt64
	}
	rate, _ := bits.Div64(hi, lo, uint64(c.rtt.srtt))
	return int64(min(rate, math.MaxInt64))
}

// infoRate is what Info tells of the rate.
func (c *Conn) infoRate() int64 {
	if r := c.paceRate(); r > 0 || c.rtt.srtt == 0 {
		return r
	}
	return c.windowRate()
}
