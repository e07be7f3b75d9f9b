package tcp

import (
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// Keep-alive, RFC 9293 §3.8.4, and the user timeout, §3.8.3.

// KeepAlive says whether and how an idle connection is probed (MAY-5). It is off by default (MUST-25).
type KeepAlive struct {
	Enable   bool
	Idle     time.Duration // before the first probe; default 2 hours (MUST-28)
	Interval time.Duration // between probes; default 75 s
	Count    int           // unanswered probes that end the connection; default 9 (MUST-29: more than one)
}

// keepState is the state of both timeouts.
type keepState struct {
	KeepAlive
	due         bool
	probes      int     // unanswered
	heard       ip.Time // when the peer was last heard
	userTimeout time.Duration
}

// SetKeepAlive switches keep-alive on or off (MUST-24, MUST-27). Zero values mean the defaults.
func (c *Conn) SetKeepAlive(now ip.Time, k KeepAlive) {
	setDefault(&k.Idle, 2*time.Hour)
	setDefault(&k.Interval, 75*time.Second)
	setDefault(&k.Count, 9)
	if k == c.keep.KeepAlive {
		return // as in Linux, what is on already goes on: probes are not forgotten
	}
	c.keep.KeepAlive = k
	c.keep.probes = 0
	c.timers[timerKeepAlive] = 0
	if k.Enable && c.state.Synchronized() && c.state != TimeWait {
		if c.keep.heard == 0 {
			c.keep.heard = now
		}
		c.timers[timerKeepAlive] = max(c.keep.heard.Add(k.Idle), now)
	}
}

// touchKeepAlive notes that the peer was heard.
func (c *Conn) touchKeepAlive(now ip.Time) {
	c.keep.heard = now
	c.keep.probes = 0
	if c.keep.Enable && c.timers[timerKeepAlive] == 0 && c.state != TimeWait {
		c.timers[timerKeepAlive] = now.Add(c.keep.Idle)
	}
}

// keepAliveTimeout sends a probe, waits on, or gives up. Hearing the peer does not move the
// timer, which would cost something on every segment; the timer finds out when it expires.
func (c *Conn) keepAliveTimeout(now ip.Time) {
	if idle := now.Sub(c.keep.heard); idle < c.keep.Idle {
		c.timers[timerKeepAlive] = c.keep.heard.Add(c.keep.Idle)
		return
	}
	if c.sent.n > 0 || c.unsent() > 0 { // MUST-26: only an idle connection is probed
		c.timers[timerKeepAlive] = now.Add(c.keep.Idle)
		return
	}
	if c.keepAliveFailed(now) {
		c.queueReset(c.snd.nxt, c.rcv.nxt)
		c.rst.rule = "RFC 9293 §3.8.4" // a peer that was only cut off learns of it when it is back
		c.timedOut(now)
		return
	}
	c.keep.due = true
	c.keep.probes++
	c.timers[timerKeepAlive] = now.Add(c.keep.Interval)
}

// keepAliveFailed reports whether enough probes went unanswered; a user timeout takes the
// place of their number, as in Linux.
func (c *Conn) keepAliveFailed(now ip.Time) bool {
	if d := c.keep.userTimeout; d > 0 {
		return c.keep.probes > 0 && now.Sub(c.keep.heard) >= d
	}
	return c.keep.probes >= c.keep.Count
}
