package tcp

import (
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// The first and fourth checks of RFC 9293 §3.10.7.4: sequence number, timestamp, SYN.

// repeatedSyn handles the two SYNs that belong to the handshake although the
// window is past them: the peer's SYN again, because our SYN,ACK was lost, and
// the SYN,ACK of a simultaneous open (Figure 7), which carries the ACK that we wait for.
func (c *Conn) repeatedSyn(now ip.Time, seg *Segment) (done bool) {
	if c.snd.synAcked || !seg.Flags.Has(SYN) || seg.Flags.Has(RST) || seg.Seq != c.irs {
		return false
	}
	if !seg.Flags.Has(ACK) {
		if c.accSynAgain(now, seg) {
			return true
		}
		c.drop(now, seg, ip.DropDuplicate, "RFC 9293 §3.10.7.4, first")
		c.syn = true
		return true
	}
	c.ecnSynAck(seg)
	seg.Flags &^= SYN
	seg.Seq = seg.Seq.Add(1)
	seg.Wnd >>= c.snd.scale // not scaled in a SYN (RFC 7323 §2.2); from here on it counts as scaled
	if c.fast != nil {
		// Its SYN is there already. Linux tells that; without text in the SYNs nobody needs to know.
		c.duplicate(Block{c.irs, c.irs.Add(1)})
		c.ackNow(WhyDupAck)
	}
	return false
}

// checkSequence is the first step: is the segment acceptable? What lies outside the window on either
// side is cut off later, see trim.
func (c *Conn) checkSequence(now ip.Time, seg *Segment) bool {
	if !c.checkTimestamp(now, seg) {
		return false
	}
	if !c.acceptable(seg) {
		c.unacceptable(now, seg)
		return false
	}
	return true
}

// acceptable is the test of §3.4, Table 6: four cases of segment length and window. Departs from it in two
// ways, as Linux does: an ACK at the right edge counts, because a peer that has filled the window sends
// from there (Appendix A.2), and so does a segment that covers the whole window.
func (c *Conn) acceptable(seg *Segment) bool {
	wnd, n := c.rcv.wnd(), seg.Len()
	switch {
	case n == 0 && wnd == 0:
		return seg.Seq == c.rcv.nxt
	case n == 0:
		return seg.Seq.In(c.rcv.nxt, wnd) || seg.Seq == c.rcv.edge && !seg.Flags.Has(RST)
	case wnd == 0:
		// "special allowance should be made to accept valid ACKs, URGs, and RSTs" (MUST-66); trim
		// takes the text away. A bare FIN needs no room at all.
		return seg.Seq == c.rcv.nxt
	default:
		return seg.Seq.In(c.rcv.nxt, wnd) || c.rcv.nxt.In(seg.Seq, n) // it begins in the window, or the window in it
	}
}

// unacceptable answers a segment outside the window: "send an acknowledgment
// <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>", unless it is a RST.
func (c *Conn) unacceptable(now ip.Time, seg *Segment) {
	const rule = "RFC 9293 §3.10.7.4, first"
	c.drop(now, seg, c.outsideReason(seg), rule)
	if seg.Flags.Has(RST) {
		return
	}
	c.oldText(seg)
	switch {
	case seg.Flags.Has(SYN):
		c.sendChallenge(now, "RFC 5961 §4.2") // whatever the sequence number
		c.accSynAckAgain(seg)
	case c.state == TimeWait && seg.Flags.Has(FIN):
		c.ackNow(WhyTimeWaitAck)
		c.timers[timerTimeWait] = now.Add(2 * c.cfg.MSL)
	case len(seg.Text) > 0 || seg.Flags.Has(FIN):
		// Always answered: the peer sends again because our ACK was lost.
		c.ackBy(WhyDupAck, rule)
	case c.allowChallenge(now):
		c.ackBy(WhyDupAck, rule) // an empty one may be part of an endless exchange of ACKs
	}
}

// oldText notes the text of a segment that is dropped, if all of it is old. That of a SYN is none of this
// connection's, and begins one number later.
func (c *Conn) oldText(seg *Segment) {
	if n := Size(len(seg.Text)); n > 0 && !seg.Flags.Has(SYN) && seg.Seq.Add(n).LessEq(c.rcv.nxt) {
		c.duplicate(Block{seg.Seq, seg.Seq.Add(n)})
	}
}

// outsideReason tells a late copy from a segment that was never wanted.
func (c *Conn) outsideReason(seg *Segment) ip.Drop {
	if n := seg.Len(); n > 0 && seg.Seq.Add(n).LessEq(c.rcv.nxt) && c.rcv.nxt.Sub(seg.Seq) < 1<<30 {
		return ip.DropDuplicate
	}
	return ip.DropOutOfWindow
}

// trim cuts text and FIN to the window: "the idealized segment that begins at RCV.NXT and does not exceed
// the window". It comes before the seventh step and not in the first, because the others need the
// segment as it was: a RST counts at its own sequence number only (RFC 5961 §3.2), the urgent pointer
// starts there (§3.8.5), and a segment whose text is cut off is no duplicate ACK.
func (c *Conn) trim(now ip.Time, seg *Segment) {
	const rule = "RFC 9293 §3.10.7.4, first"
	if seg.Seq.Less(c.rcv.nxt) {
		old := c.rcv.nxt.Sub(seg.Seq)
		c.duplicate(Block{seg.Seq, c.rcv.nxt})
		c.ackBy(WhyDupAck, rule)
		seg.Text = seg.Text[old:]
		seg.Seq = c.rcv.nxt
	}
	if room := c.rcv.edge.Sub(seg.Seq); Size(len(seg.Text)) > room {
		c.drop(now, seg, ip.DropReceiveBuffer, rule)
		seg.Text = seg.Text[:room]
		seg.Flags &^= FIN
		c.ackBy(WhyDupAck, rule)
	}
}

const (
	// tsValid is how long TS.Recent stays believable without traffic: 24 days (RFC 7323 §5.5).
	tsValid = 24 * 24 * time.Hour
	// tsTick is the period of the timestamp clock.
	tsTick = ip.Time(time.Millisecond)
)

// tsNow is the value of our timestamp clock (RFC 7323 §5.4).
func (c *Conn) tsNow(now ip.Time) uint32 { return uint32(now/tsTick) + c.opt.tsOffset }

// checkTimestamp is PAWS (RFC 7323 §5.3): an old timestamp shows an old segment.
// Departs from §3.2 there, which drops a segment without timestamps: Linux accepts it, and a
// middlebox that strips them would cut the connection off otherwise.
func (c *Conn) checkTimestamp(now ip.Time, seg *Segment) bool {
	if !c.opt.ts || !seg.Options.HasTS || seg.Flags.Has(RST) {
		return true
	}
	if int32(seg.Options.TSVal-c.opt.tsRecent) >= 0 || now.Sub(c.opt.tsRecentAt) > tsValid {
		return true
	}
	c.drop(now, seg, ip.DropPAWS, "RFC 7323 §5.3")
	c.stats.PAWS++
	c.oldText(seg)
	if seg.Len() > 0 || c.allowChallenge(now) {
		c.ackBy(WhyDupAck, "RFC 7323 §5.3")
	}
	return false
}

// recordTimestamp keeps the timestamp to echo: that of the segment at the left edge of what we have not
// acknowledged (RFC 7323 §4.3). It waits until the ACK was found good, as in Linux: a blind attacker
// who could set it would make PAWS cut the peer off.
func (c *Conn) recordTimestamp(now ip.Time, seg *Segment) {
	if c.opt.ts && seg.Options.HasTS && seg.Seq.LessEq(c.ack.sent) {
		c.opt.tsRecent, c.opt.tsRecentAt = seg.Options.TSVal, now
	}
}

// validEcho reports whether a SYN,ACK echoes a timestamp that we have sent (RFC 7323 §5.4 lets a sender check).
func (c *Conn) validEcho(now ip.Time, seg *Segment) bool {
	o := &seg.Options
	if !o.HasTS || o.TSEcr == 0 || c.cfg.NoTimestamps {
		return true
	}
	return o.TSEcr-c.tsNow(c.created) <= c.tsNow(now)-c.tsNow(c.created)
}

// checkSyn is the fourth step: a SYN in a synchronized state gets a challenge ACK, whatever its sequence number
// (RFC 5961 §4.2). The peer's own SYN was handled before. Departs from the step in SYN-RECEIVED, where another
// SYN returns a passive open to LISTEN: anybody could end a handshake with that, and a peer that did begin
// anew answers the challenge with a RST, which has the same effect.
func (c *Conn) checkSyn(now ip.Time, seg *Segment) bool {
	if !seg.Flags.Has(SYN) {
		return true
	}
	c.drop(now, seg, ip.DropUnexpectedSyn, "RFC 9293 §3.10.7.4, fourth; RFC 5961 §4.2")
	c.sendChallenge(now, "RFC 5961 §4.2")
	return false
}
