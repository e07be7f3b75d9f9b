package tcp

import (
	"math"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// Timeouts, RFC 9293 §3.10.8: one table of timers, their minimum, and what each does.

// A Timer is one of the timers of a connection.
type Timer uint8

// The timers.
const (
	timerRetransmit Timer = iota // RFC 6298 §5
	timerPersist                 // zero-window probes, RFC 9293 §3.8.6.1
	timerDelayedAck              // §3.8.6.3
	timerKeepAlive               // §3.8.4
	timerFinWait2                // a closed connection waits for the peer's FIN
	timerTimeWait                // 2 MSL
	timerReorder                 // RFC 8985 §6.3
	timerLossProbe               // RFC 8985 §7.3
	timerPacing                  // the next text has its turn
	numTimers
)

var timerNames = [numTimers]string{"retransmission", "persist", "delayed ack", "keep-alive", "FIN-WAIT-2", "2 MSL", "reordering", "loss probe", "pacing"}

// String names the timer.
func (t Timer) String() string { return nameOf(timerNames[:], int(t)) }

// Deadline returns when Advance is due, zero when no timer runs.
func (c *Conn) Deadline() ip.Time {
	var d ip.Time
	for _, t := range c.timers {
		d = ip.Earliest(d, t)
	}
	return d
}

// Advance lets the timers that are due by now expire.
func (c *Conn) Advance(now ip.Time) {
	for t := range numTimers {
		if at := c.timers[t]; at != 0 && at <= now {
			c.timers[t] = 0
			if t != timerPacing { // which is no news, and comes a thousand times a second
				c.emitTimer(now, t)
			}
			c.expire(now, t)
		}
	}
}

func (c *Conn) expire(now ip.Time, t Timer) {
	switch t {
	case timerRetransmit:
		c.retransmitTimeout(now)
	case timerPersist:
		c.persistTimeout(now)
	case timerDelayedAck:
		c.ackTimeout()
	case timerKeepAlive:
		c.keepAliveTimeout(now)
	case timerFinWait2:
		// Departs from §3.10.8, which waits for ever: the application is gone, and the peer may be. Linux does the same.
		c.die(now, CauseDone, WhyTimeout, "RFC 9293 §3.10.8")
	case timerReorder:
		c.reorderTimeout(now)
	case timerLossProbe:
		c.probeTimeout(now)
	case timerTimeWait:
		c.die(now, CauseDone, WhyTimeout, "RFC 9293 §3.10.8")
	}
}

// setSendTimer sets the one timer of three that watches over what was sent.
func (c *Conn) setSendTimer(now ip.Time, t Timer, d time.Duration) {
	c.timers[timerRetransmit], c.timers[timerReorder], c.timers[timerLossProbe] = 0, 0, 0
	c.timers[t] = now.Add(d)
}

// armRTO starts the retransmission timer if none of the three runs (RFC 6298 §5.1).
func (c *Conn) armRTO(now ip.Time) {
	if c.timers[timerRetransmit]|c.timers[timerReorder]|c.timers[timerLossProbe] == 0 {
		c.timers[timerRetransmit] = now.Add(c.clampToUserTimeout(now, c.rtt.timeout(c.cfg.MaxRTO)))
	}
}

// rearmRTO starts it anew, or stops it when all is acknowledged (RFC 6298 §5.2, §5.3). When it takes over from another
// of the three, it counts from the last transmission of the first segment.
func (c *Conn) rearmRTO(now ip.Time) {
	took := c.timers[timerReorder]|c.timers[timerLossProbe] != 0
	c.timers[timerRetransmit], c.timers[timerReorder], c.timers[timerLossProbe] = 0, 0, 0
	if c.sent.n == 0 {
		return
	}
	rto := c.rtt.timeout(c.cfg.MaxRTO)
	if took {
		rto = max(rto-now.Sub(c.sent.at(0).at), 1)
	}
	c.setSendTimer(now, timerRetransmit, c.clampToUserTimeout(now, rto))
}

// setTimerAfterAck starts the timer anew that watches over what is outstanding.
func (c *Conn) setTimerAfterAck(now ip.Time) {
	if !c.scheduleProbe(now, true) {
		c.rearmRTO(now)
	}
}

// retransmitTimeout is RFC 6298 §5.4 to §5.7: back off and send the earliest again.
func (c *Conn) retransmitTimeout(now ip.Time) {
	held := c.inHost(0)
	if !held && !c.windowClosed() {
		c.stats.expiries++
		c.stats.Timeouts++
	}
	expired := c.gaveUp(now)
	c.fastTimeout(now, expired)
	if expired {
		c.timedOut(now)
		return
	}
	if c.stats.expiries == c.cfg.R1 {
		c.soft = CauseTimeout // MUST-20, SHLD-9: the application and IP may want to know
		c.changes |= ChangeState
	}
	switch {
	case !c.snd.synAcked:
		c.syn = true
		c.synLost(now)
		c.rtt.rto = max(c.rtt.rto, c.cfg.InitialRTO)
	case !held:
		c.seekBlackHole(now)
		c.timeoutLoss(now)
	}
	c.rtt.backoff++ // MUST-19
	c.armRTO(now)
}

// windowClosed reports whether the peer has closed its window over what is in flight: sending that again probes
// the window (MUST-35), and does not count towards R2 (SHLD-17).
func (c *Conn) windowClosed() bool { return c.snd.synAcked && c.snd.wnd == 0 }

// gaveUp reports whether R2 or the user timeout is reached (§3.8.3, MUST-20; §3.10.8, "for any state").
func (c *Conn) gaveUp(now ip.Time) bool {
	limit := c.cfg.Retries
	switch {
	case c.windowClosed():
		return !c.mayProbe(now)
	case c.state == SynSent:
		limit = c.cfg.SynRetries // MUST-22: the same procedure for a SYN
	case !c.snd.synAcked:
		limit = c.cfg.SynAckRetries
		if c.early() {
			limit++ // the application may have the connection already: Linux tries once more
		}
	case c.keep.userTimeout > 0:
		limit = math.MaxInt // the time alone decides
	}
	if d := c.keep.userTimeout; d > 0 && now.Sub(c.sent.at(0).first) >= d {
		return true
	}
	return c.stats.expiries > limit
}

// timedOut ends the connection because the peer is silent. No RST goes out, as in Linux: §3.10.8 asks for none, and
// whoever has not heard the text will not hear that either.
func (c *Conn) timedOut(now ip.Time) {
	c.die(now, CauseTimeout, WhyTimeout, "RFC 9293 §3.8.3")
}

// clampToUserTimeout shortens a wait so that the user timeout is noticed when it is due.
func (c *Conn) clampToUserTimeout(now ip.Time, d time.Duration) time.Duration {
	var since ip.Time
	switch {
	case c.keep.userTimeout <= 0:
		return d
	case c.windowClosed() && c.probe.unanswered > 0:
		since = c.probe.asked
	case !c.windowClosed() && c.sent.n > 0:
		since = c.sent.at(0).first
	default:
		return d
	}
	left := since.Add(c.keep.userTimeout).Sub(now)
	return min(d, max(left, time.Millisecond))
}

func (c *Conn) emitTimer(now ip.Time, t Timer) {
	if c.cfg.Trace == nil {
		return
	}
	e := c.event(now, EventTimer)
	e.Timer, e.Nth = t, c.stats.expiries
	if t == timerRetransmit {
		e.Nth++
	}
	c.cfg.Trace(&e)
}
