package tcp

import "github.com/sockeye-tcp/sockeye/ip"

// ICMP errors about a connection: RFC 9293 §3.9.2.2, RFC 5927, RFC 1191, RFC 8201.

// minPathMTU is the least IPv4 path MTU that an ICMP error can make us believe in: smaller ones exist
// only in attacks. Linux has the same floor. For IPv6 it is 1280 (RFC 8201 §4).
const minPathMTU = 552

// An ICMPError is an ICMP error whose quoted packet belongs to a connection.
type ICMPError struct {
	Cause  Cause // what it says; CauseNone for "packet too big"
	Seq    Seq   // sequence number of the quoted segment
	TooBig bool
	MTU    int // of the next hop, for "packet too big"
}

// ICMP takes an ICMP error. It must quote a segment that is in flight, or it is forged
// or late (RFC 5927 §4.1). In the handshake an error that says "unreachable" ends the
// attempt; later every error is soft (MUST-56; RFC 5927 §4.3: departs from SHLD-26, as Linux does).
func (c *Conn) ICMP(now ip.Time, e ICMPError) {
	if c.state == Closed || c.state == Listen || !e.Seq.In(c.snd.una, c.snd.nxt.Sub(c.snd.una)) {
		return
	}
	c.emitICMP(now, e)
	switch {
	case e.TooBig:
		c.lowerMTU(now, e.MTU)
	case e.Cause == CauseNone:
	case (c.state == SynSent || c.state == SynReceived) && !(c.early() && c.fast.accepted):
		c.die(now, e.Cause, WhyICMP, "RFC 9293 §3.9.2.2")
	default:
		c.soft = e.Cause
		c.changes |= ChangeState
	}
}

// lowerMTU takes a smaller path MTU, and sends again what was too long for it. That is no
// congestion: no window changes (RFC 1191 §6.5).
func (c *Conn) lowerMTU(now ip.Time, mtu int) {
	floor := minPathMTU
	if c.overhead() > 40 {
		floor = 1280
	}
	mtu = max(mtu, floor)
	if mtu >= c.mtu {
		return
	}
	c.mtu = mtu
	c.win.MSS = c.fullMSS()
	c.fastSynTooBig()
	full := Size(c.fullMSS())
	for i := range c.sent.n {
		if c.sent.at(i).n > full {
			c.lose(i, WhyPathMTU)
			c.rec.force = true
			c.startQuietLoss()
		}
	}
}

func (c *Conn) emitICMP(now ip.Time, e ICMPError) {
	if c.cfg.Trace == nil {
		return
	}
	ev := c.event(now, EventICMP)
	ev.Cause, ev.Bytes, ev.Rule = e.Cause, e.MTU, "RFC 9293 §3.9.2.2"
	c.cfg.Trace(&ev)
}
