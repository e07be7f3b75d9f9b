package tcp

import (
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// deferRecent and deferSoon bound how long a packet of several segments waits to get longer.
const (
	deferRecent = time.Millisecond // since something was last sent: only a burst is worth waiting in
	deferSoon   = time.Millisecond // until the next ACK is expected
)

// defers reports whether a packet of several segments, of which the windows let only a part out, should wait for the ACK that lets
// out all of it, and what it waits for. n bytes are in portion i; congestion and usable are what the windows leave. The rule is Linux's: it
// spares devices and receivers many short packets.
func (c *Conn) defers(now ip.Time, i, n, congestion, usable, mss int) held {
	limit := min(congestion, usable)
	rtt := c.rtt.srtt
	switch {
	case c.rec.state >= CARecovery || c.sent.n == 0 || c.snd.urgent,
		now.Sub(c.lastSent) > deferRecent,
		limit >= c.packetLimit(mss),
		i < c.queue.len()-1 && limit >= n,
		limit >= min(int(c.snd.wnd), c.win.Cwnd)/c.cfg.DeferDivisor,
		c.sent.at(0).at.Add(rtt).Sub(now) > min(rtt/2, deferSoon):
		return heldNot
	case congestion < usable && congestion <= n:
		return heldCongestion
	case congestion >= usable && usable <= n:
		return heldWindow
	case c.finDue() || c.queue.at(i).eor:
		return heldNot
	}
	return heldSmall
}
