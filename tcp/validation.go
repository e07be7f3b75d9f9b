package tcp

import "github.com/sockeye-tcp/sockeye/ip"

// Congestion window validation, RFC 7661 and RFC 5681 §4.1, as Linux does it: a window that the sender does not
// fill says nothing about the path. It must not grow, and after a while it shrinks.

// usage says how far the congestion window was used.
type usage struct {
	limited bool    // it held the sender back in this round trip
	most    int     // most bytes outstanding in this round trip
	round   Seq     // SND.NXT when it began
	used    int     // most bytes outstanding since full
	full    ip.Time // when the window was last filled
	sent    bool    // since the last look: something new was sent
	blocked bool    // since the last look: the window held something back
}

// outstanding returns what was sent and is not acknowledged, in bytes.
func (c *Conn) outstanding() int { return int(c.snd.nxt.Sub(c.snd.una)) }

// validateWindow looks at the use of the window when all has been sent that can be.
func (c *Conn) validateWindow(now ip.Time) {
	u := &c.usage
	blocked := u.blocked || c.win.Cwnd-c.inFlight() < c.win.MSS
	if !u.sent && !u.blocked && (!blocked || c.unsent() == 0) {
		return // a window that what is sent again fills is not what limits
	}
	u.sent, u.blocked = false, false
	out := c.outstanding()
	if u.round.LessEq(c.snd.una) || blocked || !u.limited && out > u.most {
		u.limited, u.most, u.round = blocked, out, c.snd.nxt
	}
	if c.windowLimits() {
		u.used, u.full = 0, now
		return
	}
	u.used = max(u.used, out)
	if !c.cfg.NoIdleRestart && c.ctl == nil && now.Sub(u.full) >= c.rtt.timeout(c.cfg.MaxRTO) {
		c.shrinkUnused(now)
	}
}

// windowLimits reports whether the window is what limits the sender. In slow start it may grow to twice of what was used.
func (c *Conn) windowLimits() bool {
	return c.usage.limited || c.win.SlowStart() && c.win.Cwnd < 2*c.usage.most
}

// shrinkUnused takes the window half of the way down to what was used in the last RTO, and keeps in the
// threshold what was known of the path (RFC 7661 §4.4.1).
func (c *Conn) shrinkUnused(now ip.Time) {
	if used := max(c.usage.used, c.cfg.InitialWindow*c.win.MSS); used < c.win.Cwnd && c.rec.state == CAOpen {
		c.keepThreshold()
		c.win.Cwnd = (c.win.Cwnd + used) / 2
	}
	c.usage.used, c.usage.full = 0, now
}

// restartIdle halves the window for every RTO without sending, down to the initial one
// (RFC 5681 §4.1, more gently, as RFC 2861): nothing is known any more of what the path carries.
func (c *Conn) restartIdle(now ip.Time) {
	rto := c.rtt.timeout(c.cfg.MaxRTO)
	idle := now.Sub(c.lastSent)
	if c.cfg.NoIdleRestart || c.ctl != nil || c.sent.n > 0 || c.lastSent == 0 || idle <= rto {
		return
	}
	c.keepThreshold()
	floor := min(c.cfg.InitialWindow*c.win.MSS, c.win.Cwnd)
	for idle -= rto; idle > 0 && c.win.Cwnd > floor; idle -= rto {
		c.win.Cwnd /= 2
	}
	c.win.Cwnd = max(c.win.Cwnd, floor)
	c.cc.Resumed(now, &c.win, c.lastSent)
	c.lastSent, c.usage.used, c.usage.full = now, 0, now
}

// keepThreshold lets slow start go back to three quarters of the window that is given up.
func (c *Conn) keepThreshold() {
	c.win.Ssthresh = max(c.win.Ssthresh, c.win.Cwnd/4*3)
}
