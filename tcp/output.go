package tcp

import "github.com/sockeye-tcp/sockeye/ip"

// Output, RFC 9293 §3.7 and §3.8: the only place that decides what is sent, and builds it.

// Next fills out with the next segment to be sent and returns true, or returns false when
// there is none now. It reuses the storage of out.Text and out.Pins; whoever sends the segment
// releases the pins when it has been written.
func (c *Conn) Next(now ip.Time, out *Output) bool {
	*out = Output{Text: out.Text[:0], Pins: out.Pins[:0]}
	c.agePath(now)
	if c.rst.due {
		c.sendReset(now, out)
	} else if !c.compose(now, out) {
		return false
	}
	out.SrcPort, out.DstPort = c.local.Port(), c.remote.Port()
	out.TOS, out.TTL, out.MayCut = out.TOS|c.tos, c.ttl, c.mayCut()
	c.explain(out)
	c.stats.SegsOut += uint64(out.Segments())
	c.emitSend(now, out)
	return true
}

// compose tries the kinds of segment in order of urgency.
func (c *Conn) compose(now ip.Time, out *Output) bool {
	switch {
	case c.state == Closed || c.state == Listen:
		return false
	case !c.snd.synAcked: // in a later state too, when the application closed in SYN-RECEIVED
		return c.sendSyn(now, out) || c.early() && c.sendNew(now, out) || c.state != SynSent && c.sendAck(now, out)
	}
	if c.ecn.acc.reflect && c.sendAck(now, out) {
		return true // alone, before text that waits
	}
	// A probe that is due first: it overrides what holds text back.
	return c.sendProbe(now, out) || c.sendLossProbe(now, out) || c.sendLost(now, out) || c.sendNew(now, out) ||
		c.sendHeld(now, out) || c.sendKeepAlive(now, out) || c.sendAck(now, out)
}

// sendReset builds the RST that is due. With an acknowledgement it has a timestamp as well, when those
// were agreed on (RFC 7323 §3.2, "SHOULD").
func (c *Conn) sendReset(now ip.Time, out *Output) {
	out.Why, out.Rule, out.Flags, out.Seq = WhyReset, c.rst.rule, RST, c.rst.seq
	if !c.rst.bare {
		out.Flags, out.Ack = RST|ACK, c.rst.ack
		if c.opt.ts {
			out.Options.HasTS, out.Options.TSVal, out.Options.TSEcr = true, c.tsNow(now), c.opt.tsRecent
		}
		if c.ecn.acc.on {
			c.accMark(out)
		}
	}
	c.rst = resetDue{}
}

// sendSyn builds a SYN or SYN,ACK (§3.5). Its window is never scaled.
func (c *Conn) sendSyn(now ip.Time, out *Output) bool {
	if !c.syn {
		return false
	}
	c.syn = false
	active := c.state == SynSent
	out.Seq, out.Flags, out.Why = c.iss, SYN, WhySyn
	if !active {
		out.Flags, out.Why, out.Ack = SYN|ACK, WhySynAck, c.rcv.nxt
	}
	c.synOptions(now, &out.Options, active)
	c.ecnOffer(out, active)
	w := min(c.synWindow(), Size(c.cfg.RecvBuffer-c.rcv.text.bytes))
	out.Wnd = uint16(w)
	if !active {
		c.rcv.edge = maxSeq(c.rcv.edge, c.rcv.nxt.Add(w))
		c.acked()
	}
	if c.sent.n == 0 {
		n, flags := Size(1), SYN
		if active {
			if text := c.fastSyn(now, out); text > 0 {
				n, flags = n+text, SYN|PSH // when the text goes again, it is pushed
			}
		}
		c.sent.push(sent{seq: c.iss, n: n, flags: flags, at: now, first: now, tx: 1})
		c.rateSent(now, c.sent.at(0))
	} else {
		c.bareSyn()
		c.sent.resent(0, now)
		c.noteRetransmit(now)
		c.countRetransmit(1)
		out.Nth = int(c.sent.at(0).tx) - 1
		switch {
		case c.stats.expiries > 0:
			out.Why = WhyRTO
		case active:
			out.Why = WhyPathMTU
		}
	}
	c.armRTO(now)
	return true
}

// synOptions fills in the options of a SYN: ours in an active open, those that
// both have in the answer (RFC 7323 §2.2 and §3.2, RFC 2018 §2).
func (c *Conn) synOptions(now ip.Time, o *Options, active bool) {
	o.HasMSS, o.MSS = true, uint16(min(c.rcv.mss, 0xffff)) // MUST-14, SHLD-5, MAY-3
	if active {
		o.SACKPermitted, o.HasTS, o.HasWS = !c.cfg.NoSACK, !c.cfg.NoTimestamps, !c.cfg.NoWindowScale
	} else {
		o.SACKPermitted, o.HasTS, o.HasWS = c.opt.sack, c.opt.ts, c.opt.ws
	}
	if o.HasTS {
		o.TSVal = c.tsNow(now)
		if !active {
			o.TSEcr = c.opt.tsRecent
		}
	}
	if o.HasWS {
		o.WS = c.windowScale()
	}
	if !active {
		c.replyFast(o)
	}
}

// options fills in the options of a segment after the handshake, never those of a SYN (MUST-65), and returns
// the most text that it can carry beside them.
func (c *Conn) options(now ip.Time, o *Options) (mss int) {
	if c.opt.ts {
		o.HasTS, o.TSVal, o.TSEcr = true, c.tsNow(now), c.opt.tsRecent
	}
	c.accOption(o)
	c.addSACK(o)
	return c.sendMSS(o.len())
}

// header fills in the rest of what every segment after the handshake has. From
// here on the segment is sent: the window that it tells is a promise.
func (c *Conn) header(out *Output, seq Seq, why Why) {
	out.Seq, out.Ack, out.Flags, out.Why = seq, c.rcv.nxt, ACK, why
	out.Wnd = c.advertise()
	c.ecnMark(out, false)
	c.acked()
}

// unsent returns how many bytes of text wait to be sent for the first time.
func (c *Conn) unsent() int {
	if c.snd.finSent || c.snd.buf.len() == 0 || !c.snd.nxt.Less(c.snd.buf.end) {
		return 0
	}
	return int(c.snd.buf.end.Sub(c.snd.nxt))
}

// finDue reports whether a FIN waits to be sent for the first time. It also waits for a writer between
// Reserve and Commit, whose text belongs before it.
func (c *Conn) finDue() bool {
	return c.snd.fin && !c.snd.finSent && c.snd.buf.reserved == nil && c.state != SynReceived // see finWaits
}

// usable is what the peer's window leaves (§3.8.6.2.1): SND.UNA + SND.WND - SND.NXT. It is
// negative when the peer has shrunk its window (MUST-34); nothing new is sent then (SHLD-15).
func (c *Conn) usable() int {
	una := c.snd.una
	if !c.snd.synAcked {
		una = una.Add(1) // text sent early: the SYN takes nothing of the window
	}
	return int(int32(una.Add(c.snd.wnd) - c.snd.nxt))
}

// sendNew sends text that was never sent, and the FIN behind it.
func (c *Conn) sendNew(now ip.Time, out *Output) bool {
	if c.unsent() == 0 && !c.finDue() {
		c.allSent(now, heldNot)
		return false
	}
	c.restartIdle(now)
	mss := c.options(now, &out.Options)
	n, held := c.planMTUProbe(now, &out.Options)
	if n > 0 {
		c.sendMTUProbe(now, out, n)
		return true
	}
	if held == heldNot {
		n, held = c.fit(now, mss)
	}
	if held != heldNot {
		if c.sent.n == 0 && held != heldPacing {
			c.armPersist(now)
		}
		out.Options = Options{}
		c.usage.blocked = held == heldCongestion
		c.allSent(now, held)
		return false
	}
	c.transmit(now, out, n, mss, WhyData)
	return true
}

// allSent follows each batch, when all new text has gone that may, or something holds it back.
func (c *Conn) allSent(now ip.Time, why held) {
	if c.usage.sent {
		c.scheduleProbe(now, false)
	}
	if why == heldNot || why == heldSmall {
		c.checkLimited()
	}
	c.pace.held = c.timers[timerPacing] != 0
	c.validateWindow(now)
	c.countTime(now, why)
}

// transmit builds a segment of new text.
func (c *Conn) transmit(now ip.Time, out *Output, n, mss int, why Why) {
	c.header(out, c.snd.nxt, why)
	last := n == c.unsent()
	length := Size(n)
	push := Flags(0)
	if n > 0 {
		c.snd.buf.text(c.snd.nxt, n, out)
		c.ecnMark(out, true)
		end := c.snd.nxt.Add(length)
		c.accText(out, end)
		if end == c.queue.packet && c.queue.several || n > mss {
			out.Flags |= PSH // Linux ends every packet of several segments so: receivers merge up to it
		}
		push = c.takeText(end)
		out.Flags |= push
		if n%mss != 0 {
			c.snd.small = c.snd.nxt.Add(length)
		}
		c.answered(now)
		if c.lastSent != 0 && c.lastSent < now && c.inFlight() == 0 {
			c.cc.Resumed(now, &c.win, c.lastSent)
		}
		c.lastSent, c.usage.sent = now, true
		c.paced(now, n)
		if q := &c.queue; q.lowat > 0 && 2*q.unsent(end) < q.lowat {
			c.changes |= ChangeWritable
		}
	}
	if last && c.finDue() && c.usable() > n {
		out.Flags |= FIN
		c.snd.finSent = true
		length++
		if n == 0 {
			out.Why = WhyFin
		}
	}
	if n > mss {
		out.GSO = mss
	}
	c.markUrgent(out)
	c.sent.push(sent{seq: c.snd.nxt, n: length, flags: out.Flags&FIN | push, at: now, first: now, tx: 1, mss: uint16(mss)})
	c.rateSent(now, c.sent.at(c.sent.n-1))
	c.snd.nxt = c.snd.nxt.Add(length)
	if c.reducing() {
		c.rec.prr.out += n
	}
	c.stopPersist()
	if c.sent.n == 1 || c.timers[timerLossProbe] != 0 {
		c.rearmRTO(now)
	}
}

// sendLost sends again the first range that is thought lost.
func (c *Conn) sendLost(now ip.Time, out *Output) bool {
	i := c.sent.nextLost()
	if i < 0 || c.rec.hold {
		return false
	}
	s := c.sent.at(i)
	flight := c.inFlight()
	if !c.rec.force && flight > 0 && c.win.Cwnd-flight < min(int(s.n), c.win.MSS) {
		c.usage.blocked = true
		return false
	}
	if c.paceHolds(now) {
		return false
	}
	// The first range may always go, whatever became of the window (MAY-7); the others
	// only inside it (SHLD-16).
	if i > 0 && c.inWindow(s.seq) <= 0 {
		return false
	}
	c.rec.force = false
	c.resend(now, out, i, s.why)
	if i == 0 && c.timers[timerReorder] == 0 {
		c.setSendTimer(now, timerRetransmit, c.clampToUserTimeout(now, c.rtt.timeout(c.cfg.MaxRTO)))
	}
	c.noteRetransmit(now)
	if c.reducing() {
		c.rec.prr.out += out.Len
	}
	return true
}

// inWindow returns how much of the peer's window lies behind seq; it may be negative.
func (c *Conn) inWindow(seq Seq) int { return int(int32(c.snd.una.Add(c.snd.wnd) - seq)) }

// resend builds a segment of what record i holds, or as much of it as one can carry.
func (c *Conn) resend(now ip.Time, out *Output, i int, why Why) {
	s := c.sent.at(i)
	limit := c.accResend(&out.Options, c.options(now, &out.Options))
	c.header(out, s.seq, why)
	if n := c.inWindow(s.seq); n > 0 {
		limit = min(limit, n)
	}
	c.sent.split(i, Size(limit))
	s = c.sent.at(i)
	n := int(s.n)
	if s.flags.Has(FIN) {
		n--
		out.Flags |= FIN
	}
	if n > 0 {
		c.snd.buf.text(s.seq, n, out)
		out.Flags |= s.flags & PSH
		c.lastSent = now
		c.paced(now, n)
	}
	out.Nth = int(s.tx)
	c.path.search.probe = 0 // whatever becomes of it now, it shows nothing
	c.sent.resent(i, now)
	c.rateSent(now, c.sent.at(i))
	c.countRetransmit(n)
	c.markUrgent(out)
}

// sendHeld sends what is lost after all, when F-RTO has held it back for new text and there was none to send (RFC 5682 §3.1).
func (c *Conn) sendHeld(now ip.Time, out *Output) bool {
	if !c.rec.hold || c.rec.high.Less(c.snd.nxt) {
		return false
	}
	c.rec.hold, c.rec.frto = false, false
	return c.sendLost(now, out)
}

// sendProbe answers the persist timer: a piece of text when silly-window avoidance held it
// back, else an empty segment at SND.UNA-1, which no window covers and every peer must
// answer. Departs from §3.8.6.1, which probes with an octet of text: Linux sends none, and
// a peer that keeps its window closed has nothing to throw away.
func (c *Conn) sendProbe(now ip.Time, out *Output) bool {
	if !c.probe.due {
		return false
	}
	c.probe.due = false
	if n := min(c.unsent(), c.usable()); n > 0 && c.sent.n == 0 {
		mss := c.options(now, &out.Options)
		c.transmit(now, out, min(n, mss), mss, WhyProbe)
		out.Flags |= PSH // nobody knows when the rest will follow
		return true
	}
	c.stats.Probes++
	c.options(now, &out.Options)
	c.header(out, c.snd.una.Add(^Size(0)), WhyProbe)
	c.armPersist(now)
	return true
}

// sendKeepAlive sends a probe without text at SND.NXT-1 (SHLD-12).
func (c *Conn) sendKeepAlive(now ip.Time, out *Output) bool {
	if !c.keep.due {
		return false
	}
	c.keep.due = false
	c.options(now, &out.Options)
	c.header(out, c.snd.nxt.Add(^Size(0)), WhyKeepAlive)
	return true
}

// sendAck sends an ACK that is owed.
func (c *Conn) sendAck(now ip.Time, out *Output) bool {
	if c.ack.owed == 0 {
		return false
	}
	c.options(now, &out.Options)
	c.accBare(&out.Options)
	out.Rule = c.ack.rule
	c.header(out, c.snd.nxt, c.ack.why)
	c.ack.owed = max(c.ack.owed-1, 0)
	return true
}

// countRetransmit counts a segment that goes out again.
func (c *Conn) countRetransmit(n int) {
	c.stats.Retransmits++
	c.stats.BytesRetransmitted += uint64(n)
}

// emitSend records a segment that goes out.
func (c *Conn) emitSend(now ip.Time, out *Output) {
	if c.cfg.Trace == nil {
		return
	}
	e := c.event(now, EventSend)
	e.Header, e.Len, e.GSO, e.Why, e.Nth = out.Header, out.Len, out.GSO, out.Why, out.Nth
	e.Rule = out.Rule
	c.cfg.Trace(&e)
}
