package tcp

import "github.com/sockeye-tcp/sockeye/ip"

// The sixth, seventh and eighth steps of RFC 9293 §3.10.7.4: urgent pointer, text, FIN.

// checkUrgent is the sixth step: RCV.UP <- max(RCV.UP, SEG.UP), and the application hears of it.
// Urgent text itself is delivered in line (§3.8.5).
func (c *Conn) checkUrgent(now ip.Time, seg *Segment) {
	if !seg.Flags.Has(URG) || c.rcvShut || c.state != Established && c.state != FinWait1 && c.state != FinWait2 {
		return
	}
	// The pointer names the octet after the urgent text (MUST-62).
	up := seg.Seq.Add(Size(seg.Urg))
	if c.rcv.urgent && up.LessEq(c.rcv.up) || up.LessEq(c.rcv.nxt) {
		return
	}
	c.rcv.urgent, c.rcv.up = true, up
	c.changes |= ChangeUrgent
	c.emitWhy(now, EventUrgent, WhyArrive, "RFC 9293 §3.10.7.4, sixth")
}

// UrgentAhead returns how many bytes are still to be read up to the end of the peer's urgent
// text, 0 when there is none (MUST-33).
func (c *Conn) UrgentAhead() int {
	read := c.rcv.text.next.Add(-Size(c.rcv.text.bytes))
	if !c.rcv.urgent || c.rcv.up.LessEq(read) {
		return 0
	}
	return int(c.rcv.up.Sub(read))
}

// processText is the seventh step.
func (c *Conn) processText(now ip.Time, seg *Segment) {
	if len(seg.Text) == 0 {
		return
	}
	switch c.state {
	case Established, FinWait1, FinWait2:
	default:
		return // the peer has sent FIN already; nothing can follow it
	}
	if c.closed { // nobody will read it: the peer must learn (RFC 9293 §3.6.1, SHLD-3; RFC 2525 §2.17)
		c.drop(now, seg, ip.DropAfterClose, "RFC 9293 §3.6.1, SHLD-3")
		c.refuse(seg, "RFC 9293 §3.6.1, SHLD-3")
		c.die(now, CauseAborted, WhyArrive, "RFC 9293 §3.6.1, SHLD-3")
		return
	}
	c.measureSegment(seg)
	before := c.rcv.text.bytes
	nxt, gap := c.rcv.nxt, len(c.rcv.text.runs) > 0 || c.rcv.fin
	n := len(seg.Text)
	push := seg.Flags.Has(PSH)
	seq := seg.Seq
	dup, drop := c.rcv.text.add(seq, seg)
	c.duplicate(dup)
	if drop != ip.NoDrop {
		c.drop(now, seg, drop, "RFC 9293 §3.10.7.4, seventh")
	}
	c.rcv.nxt = c.rcv.text.next
	c.rcv.urgent = c.UrgentAhead() > 0 // forgotten before it is half of the sequence space behind
	if c.rcv.text.bytes > before {
		c.changes |= ChangeReadable
		c.stats.BytesReceived += uint64(c.rcv.text.bytes - before)
	}
	if c.rcvShut {
		c.discard()
	}
	c.acknowledgeText(now, n, push, c.rcv.nxt != nxt, gap)
}

// checkFin is the eighth step. textEnd is the sequence number behind the segment's text. A FIN that
// came out of order waits for the text before it.
func (c *Conn) checkFin(now ip.Time, seg *Segment, textEnd Seq) {
	if c.state == Closed || c.rcv.finned {
		return
	}
	if seg.Flags.Has(FIN) && !c.rcv.fin {
		c.rcv.fin, c.rcv.finSeq = true, textEnd
		if textEnd == seg.Seq && c.rcv.nxt.Less(textEnd) {
			c.ackGap() // no text has caused it, and a gap shows (MAY-13)
		}
	}
	if !c.rcv.fin || c.rcv.nxt.Less(c.rcv.finSeq) {
		return
	}
	if c.rcv.nxt != c.rcv.finSeq { // text went past it: the peer contradicts itself
		c.rcv.fin = false
		return
	}
	const rule = "RFC 9293 §3.10.7.4, eighth"
	c.rcv.finned = true
	c.rcv.text.clearRuns() // an honest peer has sent nothing behind its FIN
	c.rcv.nxt = c.rcv.nxt.Add(1)
	c.rcv.edge = maxSeq(c.rcv.edge, c.rcv.nxt)
	c.changes |= ChangeReadable
	c.ackBy(WhyAck, rule)
	switch c.state {
	case Established:
		c.setState(now, CloseWait, WhyArrive, rule)
	case FinWait1: // our FIN is not acknowledged, or step five would have moved on
		c.setState(now, Closing, WhyArrive, rule)
	case FinWait2:
		c.enterTimeWait(now, rule)
	}
}
