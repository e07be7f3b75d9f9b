package tcp

import "github.com/sockeye-tcp/sockeye/ip"

// Zero-window probes, RFC 9293 §3.8.6.1, and the override timeout of silly-window avoidance, §3.8.6.2.1.

// probeState is the state of probing.
type probeState struct {
	due        bool
	n          uint    // probes since the window closed: the back-off
	unanswered int     // probes since anything was heard
	asked      ip.Time // when the first of those was due
}

// armPersist starts the persist timer: there is something to send, nothing in flight whose
// loss another timer would notice, and the window (MUST-36) or silly-window avoidance (MUST-60) holds it back. The first
// wait is one RTO (SHLD-29), the next ones double (SHLD-30).
func (c *Conn) armPersist(now ip.Time) {
	if c.timers[timerPersist] != 0 {
		return
	}
	d := c.rtt.rto
	for range c.probe.n {
		if d *= 2; d > c.cfg.MaxRTO {
			break
		}
	}
	c.timers[timerPersist] = now.Add(c.clampToUserTimeout(now, min(d, c.cfg.MaxRTO)))
}

// stopPersist ends probing: the window has opened, or all was sent.
func (c *Conn) stopPersist() {
	c.timers[timerPersist] = 0
	c.probe = probeState{}
}

// persistTimeout makes a probe due.
func (c *Conn) persistTimeout(now ip.Time) {
	if !c.mayProbe(now) {
		c.timedOut(now)
		return
	}
	c.probe.due = true
	c.probe.n = min(c.probe.n+1, 16) // MaxRTO is reached long before
}

// mayProbe counts a probe of the closed window, or finds that enough went unanswered. A peer that answers
// keeps the connection open for ever (MUST-37); one that does not is given up like any other.
func (c *Conn) mayProbe(now ip.Time) bool {
	if c.probe.unanswered == 0 {
		c.probe.asked = now
	}
	c.probe.unanswered++
	if d := c.keep.userTimeout; d > 0 {
		return c.probe.unanswered == 1 || now.Sub(c.probe.asked) < d
	}
	return c.probe.unanswered <= c.cfg.Retries
}
