package tcp

import (
	"github.com/sockeye-tcp/sockeye/ip"
)

// The fifth check of RFC 9293 §3.10.7.4: the ACK field.

// checkAck is the fifth step.
func (c *Conn) checkAck(now ip.Time, seg *Segment) bool {
	const rule = "RFC 9293 §3.10.7.4, fifth"
	if !seg.Flags.Has(ACK) {
		c.drop(now, seg, ip.DropNoAck, rule)
		return false
	}
	if !c.snd.synAcked {
		if !c.checkHandshakeAck(now, seg, rule) {
			return false
		}
	}
	if !c.checkAckRange(now, seg) {
		return false
	}
	c.ackText(now, seg)
	c.ackOurFin(now, rule)
	return c.state != Closed
}

// checkHandshakeAck wants our SYN acknowledged: "If SND.UNA < SEG.ACK =< SND.NXT then enter ESTABLISHED". The
// state may be a later one: the application may have closed in SYN-RECEIVED.
func (c *Conn) checkHandshakeAck(now ip.Time, seg *Segment, rule string) bool {
	if !c.snd.una.Less(seg.Ack) || c.snd.nxt.Less(seg.Ack) {
		c.drop(now, seg, ip.DropBadHandshake, rule)
		c.refuse(seg, rule)
		return false
	}
	c.undoSynLost(now, seg)
	c.snd.synAcked = true
	c.setWindow(seg.Seq, seg.Ack, Size(seg.Wnd)<<c.snd.scale)
	if c.state == SynReceived {
		c.establish(now, rule)
	}
	return true
}

// checkAckRange is RFC 5961 §5.2 (MAY-12): an ACK that is too old or acknowledges
// what was never sent comes from nobody who sees the connection.
func (c *Conn) checkAckRange(now ip.Time, seg *Segment) bool {
	const rule = "RFC 5961 §5.2"
	switch {
	case c.snd.nxt.Less(seg.Ack):
		c.drop(now, seg, ip.DropFutureAck, rule)
	case seg.Ack.Less(c.snd.una) && c.snd.una.Sub(seg.Ack) > c.snd.maxWnd:
		c.drop(now, seg, ip.DropOldAck, rule)
	default:
		return true
	}
	c.sendChallenge(now, rule)
	return false
}

// ackText takes the acknowledgement and the window of an acceptable segment.
func (c *Conn) ackText(now ip.Time, seg *Segment) {
	c.soft = CauseNone
	c.touchKeepAlive(now)
	c.probe.unanswered = 0
	c.queue.more = false // an ACK ends that waiting, as in Linux
	wnd := Size(seg.Wnd) << c.snd.scale
	r := ackResult{dup: c.isDuplicateAck(seg, wnd)}
	had := c.sent.n > 0
	r.advanced = c.advanceUna(seg.Ack)
	if c.snd.una == seg.Ack {
		c.updateSendWindow(now, seg, wnd)
	}
	if had {
		c.processAck(now, seg, &r)
	} else {
		c.accFeedback(now, seg, &r)
	}
	c.ecnEcho(now, seg, &r)
}

// isDuplicateAck follows RFC 5681 §2: it acknowledges nothing new, carries nothing,
// changes no window, and something is outstanding.
func (c *Conn) isDuplicateAck(seg *Segment, wnd Size) bool {
	return seg.Ack == c.snd.una && seg.Len() == 0 && wnd == c.snd.wnd && c.sent.n > 0
}

// updateSendWindow takes the window of a segment that is not older than the last
// that set it (§3.10.7.4, fifth: SND.WL1 and SND.WL2).
func (c *Conn) updateSendWindow(now ip.Time, seg *Segment, wnd Size) {
	seq := maxSeq(seg.Seq, c.rcv.nxt) // of what is new in it
	newer := c.snd.wl1.Less(seq) || c.snd.wl1 == seq && c.snd.wl2.LessEq(seg.Ack)
	if !newer {
		return
	}
	opened := c.snd.wnd == 0 && wnd > 0
	c.setWindow(seq, seg.Ack, wnd)
	if opened {
		c.stopPersist()
	}
}

// setWindow sets SND.WND, SND.WL1 and SND.WL2. The window of a SYN is never scaled (RFC 7323 §2.2).
func (c *Conn) setWindow(seq, ack Seq, wnd Size) {
	c.snd.wnd = wnd
	c.snd.maxWnd = max(c.snd.maxWnd, wnd)
	c.snd.wl1, c.snd.wl2 = seq, ack
}

// measureSyn begins anew when the handshake could not be measured, because the SYN was sent again. The RTO is
// three times the initial one, 3 s by default (RFC 6298 §5.7), as that may have been too short.
// Only after more than one retransmission is the SYN thought lost, and the congestion window one segment (RFC 6928 §2).
func (c *Conn) measureSyn(syn sent) {
	if c.rtt.srtt == 0 {
		c.rtt.rto, c.rtt.backoff = 3*c.cfg.InitialRTO, 0
	}
	if syn.tx > 2 {
		c.win.Cwnd = c.win.MSS
	}
}

// ackOurFin moves the closing states on when our FIN has been acknowledged. A FIN
// that is only queued is not sent, and an ACK of text before it means nothing here.
func (c *Conn) ackOurFin(now ip.Time, rule string) {
	if !c.snd.finSent || c.snd.una != c.snd.nxt {
		return
	}
	switch c.state {
	case FinWait1:
		c.setState(now, FinWait2, WhyArrive, rule)
		if c.closed {
			c.timers[timerFinWait2] = now.Add(c.cfg.FinWait2)
		}
	case Closing:
		c.enterTimeWait(now, rule)
	case LastAck:
		c.die(now, CauseDone, WhyArrive, rule)
	}
}
