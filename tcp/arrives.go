package tcp

import (
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// SEGMENT ARRIVES, RFC 9293 §3.10.7: the state machine, in the RFC's order.

// Arrive takes a segment of this connection. It owns seg.Buf from then on, whatever happens.
func (c *Conn) Arrive(now ip.Time, seg *Segment) {
	c.stats.SegsIn += uint64(seg.Segments())
	c.emitArrive(now, seg)
	switch c.state {
	case Closed: // §3.10.7.1; the host answers for connections that do not exist
		c.drop(now, seg, ip.DropNoPort, "RFC 9293 §3.10.7.1")
	case Listen:
		c.arriveListen(now, seg)
	case SynSent:
		c.arriveSynSent(now, seg)
	default:
		c.arriveOther(now, seg)
	}
	seg.free()
}

// arriveListen is §3.10.7.2.
func (c *Conn) arriveListen(now ip.Time, seg *Segment) {
	const rule = "RFC 9293 §3.10.7.2"
	switch {
	case seg.Flags.Has(RST): // first
		c.drop(now, seg, ip.DropReset, rule+", first")
	case seg.Flags.Has(ACK): // second
		c.drop(now, seg, ip.DropBadHandshake, rule+", second")
		c.refuse(seg, rule+", second")
	case seg.Flags.Has(SYN): // third
		c.start(now)
		c.takeSyn(now, seg)
		c.setWindow(seg.Seq, seg.Ack, Size(seg.Wnd))
		c.setState(now, SynReceived, WhyArrive, rule+", third")
		c.takeSynText(now, seg)
	default: // fourth
		c.drop(now, seg, ip.DropBadHandshake, rule+", fourth")
	}
}

// arriveSynSent is §3.10.7.3.
func (c *Conn) arriveSynSent(now ip.Time, seg *Segment) {
	const rule = "RFC 9293 §3.10.7.3"
	ackOK := false
	if seg.Flags.Has(ACK) { // first
		if seg.Ack.LessEq(c.iss) || c.snd.nxt.Less(seg.Ack) || c.SynHeld() || !c.validEcho(now, seg) {
			c.drop(now, seg, ip.DropFutureAck, rule+", first")
			c.refuseAck(now, seg)
			return
		}
		ackOK = true
	}
	if seg.Flags.Has(RST) { // second
		if ackOK {
			c.die(now, CauseRefused, WhyArrive, rule+", second")
		} else {
			c.drop(now, seg, ip.DropResetSequence, rule+", second")
		}
		return
	}
	if !seg.Flags.Has(SYN) { // fourth and fifth; the third, security, is not used on the Internet
		c.drop(now, seg, ip.DropBadHandshake, rule+", fifth")
		return
	}
	c.takeSyn(now, seg)
	if !ackOK {
		c.simultaneousOpen(now, seg)
		return
	}
	c.ackSyn(now, seg)
	c.setWindow(seg.Seq, seg.Ack, Size(seg.Wnd))
	c.establish(now, rule+", fourth")
	c.accEstablished(now)
	c.ackBy(WhyAck, rule+", fourth")
	c.fastOpened(now, seg)
	if c.unsent() > 0 && c.sent.n == 0 {
		c.ack.lastText = now // the text that waits answers the SYN,ACK: an interactive exchange, as in Linux
	}
	c.textBehindSyn(now, seg)
}

// synAgain is how soon a SYN follows the RST that ends what the peer remembers.
const synAgain = 2 * time.Millisecond

// refuseAck answers an acknowledgement of something else than our SYN: a RST takes the peer out of an old
// connection, so that a SYN right behind it has a chance (Figure 9). Once: Linux does the same.
func (c *Conn) refuseAck(now ip.Time, seg *Segment) {
	if seg.Flags.Has(RST) {
		return
	}
	c.refuse(seg, "RFC 9293 §3.10.7.3, first")
	if c.stats.expiries == 0 && !c.SynHeld() && c.sent.n > 0 { // one that has not left yet needs no timer
		c.timers[timerRetransmit] = now.Add(synAgain)
	}
}

// simultaneousOpen answers a SYN that crossed ours with SYN,ACK (Figure 7, MUST-10).
func (c *Conn) simultaneousOpen(now ip.Time, seg *Segment) {
	c.setWindow(seg.Seq, seg.Ack, Size(seg.Wnd))
	c.syn = true
	c.setState(now, SynReceived, WhySimultaneousOpen, "RFC 9293 §3.10.7.3, fourth")
}

// textBehindSyn handles what came with a SYN,ACK: text and FIN (§3.10.7.3: "continue
// processing at the sixth step").
func (c *Conn) textBehindSyn(now ip.Time, seg *Segment) {
	c.checkUrgent(now, seg)
	seg.Seq = seg.Seq.Add(1)
	seg.Flags &^= SYN
	c.trim(now, seg)
	end := seg.textEnd()
	c.processText(now, seg)
	c.checkFin(now, seg, end)
}

// takeSyn takes IRS, the peer's window and options from a SYN.
func (c *Conn) takeSyn(now ip.Time, seg *Segment) {
	c.irs = seg.Seq
	c.rcv.nxt = c.irs.Add(1)
	c.rcv.edge = c.rcv.nxt
	c.rcv.up = c.irs
	c.rcv.text.next = c.rcv.nxt
	c.ack.sent = c.rcv.nxt
	o := &seg.Options
	c.setPeerMSS(o)
	c.ecnAgree(seg)
	c.opt.ws = o.HasWS && !c.cfg.NoWindowScale
	if c.opt.ws {
		c.snd.scale, c.rcv.scale = o.WS, c.windowScale()
	}
	c.opt.sack = o.SACKPermitted && !c.cfg.NoSACK
	c.opt.ts = o.HasTS && !c.cfg.NoTimestamps
	if c.opt.ts {
		c.opt.tsRecent, c.opt.tsRecentAt = o.TSVal, now
	}
	if c.state == SynSent {
		c.rcv.edge = c.rcv.nxt.Add(c.synWindow()) // offered before it was known from where on
	}
	c.openSearch(now, c.state == SynSent)
	c.resetWindow()
}

// arriveOther is §3.10.7.4: the states from SYN-RECEIVED on.
func (c *Conn) arriveOther(now ip.Time, seg *Segment) {
	if c.repeatedSyn(now, seg) {
		return
	}
	if !c.checkSequence(now, seg) { // first
		return
	}
	if !c.checkReset(now, seg) { // second
		return
	}
	// Third: security and compartment are not used on the Internet.
	if !c.checkSyn(now, seg) { // fourth
		return
	}
	if !c.checkAck(now, seg) { // fifth
		return
	}
	c.recordTimestamp(now, seg)
	c.ecnArrive(seg)
	c.checkUrgent(now, seg) // sixth
	c.trim(now, seg)
	end := seg.textEnd()
	c.processText(now, seg)   // seventh
	c.checkFin(now, seg, end) // eighth
	c.accAck()
}

// establish enters ESTABLISHED.
func (c *Conn) establish(now ip.Time, rule string) {
	c.stats.Established = now
	c.ack.quick = quickAcks
	c.setState(now, Established, WhyArrive, rule)
	c.changes |= ChangeWritable
	c.touchKeepAlive(now)
	if c.snd.fin {
		c.setState(now, FinWait1, WhyCall, "RFC 9293 §3.10.4")
	}
}

// emitArrive records a segment that came in.
func (c *Conn) emitArrive(now ip.Time, seg *Segment) {
	if c.cfg.Trace == nil {
		return
	}
	e := c.event(now, EventArrive)
	e.Header, e.Len = seg.Header, len(seg.Text)
	if seg.Buf != nil {
		e.GSO = int(seg.Buf.GSOSize)
	}
	c.cfg.Trace(&e)
}
