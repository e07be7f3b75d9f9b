package tcp

import "github.com/sockeye-tcp/sockeye/ip"

// TIME-WAIT, RFC 9293 §3.6.1, and how a new connection may end it early, RFC 6191.

// enterTimeWait starts the 2 MSL wait (MUST-13).
func (c *Conn) enterTimeWait(now ip.Time, rule string) {
	c.timers = [numTimers]ip.Time{timerTimeWait: now.Add(2 * c.cfg.MSL)}
	c.setState(now, TimeWait, WhyArrive, rule)
}

// MayReopen reports whether a segment asks for a new connection in place of this one, which is in TIME-WAIT, and
// neither can be mistaken for the old one (MAY-2, SHLD-4). With timestamps on both, a later one proves that (RFC 6191
// §2). Otherwise the peer's sequence number must be beyond all that was received, and ours will be beyond
// all that was sent. The host then forgets this connection and lets the listener have the segment.
func (c *Conn) MayReopen(now ip.Time, seg *Segment) bool {
	if c.state != TimeWait || seg.Flags&(SYN|ACK|RST|FIN) != SYN {
		return false
	}
	if c.opt.ts && seg.Options.HasTS && seg.Options.TSVal != c.opt.tsRecent {
		return int32(seg.Options.TSVal-c.opt.tsRecent) > 0
	}
	return c.rcv.nxt.Less(seg.Seq) && c.snd.nxt.Less(c.cfg.ISN(c.local, c.remote, now))
}
