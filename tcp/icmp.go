package tcp

import "github.com/sockeye-tcp/sockeye/ip"

// ICMP errors about a connection: RFC 9293 §3.9.2.2, RFC 5927, RFC 1191, RFC 8201.

// An ICMPError is an ICMP error whose quoted packet belongs to a connection.
type ICMPError struct {
	Cause  Cause // what it says; CauseNone for "packet too big"
	Seq    Seq   // sequence number of the quoted segment
	TooBig bool
	MTU    int // of the next hop, for "packet too big"
	Size   int // length of the quoted packet, as its IP header says; 0: unknown
}

// ICMP takes an ICMP error, and reports whether it is believed. It must quote a segment that is in flight, or it is forged
// or late (RFC 5927 §4.1). In the handshake an error that says "unreachable" ends the
// attempt; later every error is soft (MUST-56; RFC 5927 §4.3: departs from SHLD-26, as Linux does).
func (c *Conn) ICMP(now ip.Time, e ICMPError) bool {
	if c.state == Closed || c.state == Listen || !e.Seq.In(c.snd.una, c.snd.nxt.Sub(c.snd.una)) {
		return false
	}
	if e.TooBig && !c.couldBeTooBig(&e) {
		return false
	}
	c.emitICMP(now, e)
	switch {
	case e.TooBig:
		c.tooBig(now, &e)
	case e.Cause == CauseNone:
	case (c.state == SynSent || c.state == SynReceived) && !(c.early() && c.fast.accepted):
		c.die(now, e.Cause, WhyICMP, "RFC 9293 §3.9.2.2")
	default:
		c.soft = e.Cause
		c.changes |= ChangeState
	}
	return true
}

// couldBeTooBig reports whether the quoted packet is one that we may have sent, and longer than what the router says it can
// carry (RFC 5927 §7.2). A quoted length that leaves no room for text proves nothing either way: the packet was cut before it
// was quoted, and its length with it.
func (c *Conn) couldBeTooBig(e *ICMPError) bool {
	if e.Size <= c.overhead()+maxOptions {
		return true
	}
	longest := c.overhead() + maxOptions + int(c.snd.nxt.Sub(e.Seq))
	return e.MTU < e.Size && e.Size <= min(longest, max(c.path.link, c.gso))
}

// tooBig takes the MTU that a router reports.
func (c *Conn) tooBig(now ip.Time, e *ICMPError) {
	if c.path.discover >= MTUInterface {
		return
	}
	c.agePath(now)
	if p, ok := c.cfg.Reported(now, c.PathMTU(), c.is4(), e.MTU); ok {
		c.shrinkPath(now, p, "RFC 9293 §3.9.2.2")
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
