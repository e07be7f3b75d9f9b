package tcp

import (
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// Resets: when one is sent and with which numbers (RFC 9293 §3.5.2), which are believed, and
// challenge ACKs (§3.5.3, RFC 5961).

// resetDue is a RST that Next will send.
type resetDue struct {
	due  bool
	bare bool // <SEQ=SEG.ACK><CTL=RST>, without ACK
	seq  Seq
	ack  Seq
	rule string // that asks for it; empty: RFC 9293 §3.5.2
}

// queueReset makes a RST due.
func (c *Conn) queueReset(seq, ack Seq) { c.rst = resetDue{due: true, seq: seq, ack: ack} }

// refuse makes a RST due that answers a segment with an ACK: "the reset takes its sequence number from
// the ACK field of the segment" and acknowledges nothing (§3.5.2).
func (c *Conn) refuse(seg *Segment, rule string) {
	c.rst = resetDue{due: true, bare: true, seq: seg.Ack, rule: rule}
}

// checkReset is the second step of §3.10.7.4, with RFC 5961 §3.2: only a RST at exactly RCV.NXT
// counts, with or without text (SHLD-2); another one in the window is challenged.
func (c *Conn) checkReset(now ip.Time, seg *Segment) bool {
	const rule = "RFC 9293 §3.10.7.4, second"
	if !seg.Flags.Has(RST) {
		return true
	}
	if seg.Seq != c.rcv.nxt {
		c.fastReset(now)
		c.drop(now, seg, ip.DropResetSequence, rule+"; RFC 5961 §3.2")
		c.sendChallenge(now, "RFC 5961 §3.2")
		return false
	}
	if c.FastOpenPending() {
		c.fast.reset = true
	}
	switch c.state {
	case SynReceived:
		c.resetInHandshake(now, rule)
	case Closing, LastAck, TimeWait:
		c.die(now, CauseDone, WhyArrive, rule)
	default:
		c.die(now, CauseReset, WhyArrive, rule)
	}
	return false
}

// resetInHandshake: a passive open returns to LISTEN, an active one was refused (MUST-11).
func (c *Conn) resetInHandshake(now ip.Time, rule string) {
	switch {
	case !c.passive:
		c.die(now, CauseRefused, WhyArrive, rule)
		return
	case c.early(): // the application may have it, or its text
		c.die(now, CauseReset, WhyArrive, rule)
		return
	}
	c.forgetPeer()
	c.returned = true
	c.setState(now, Listen, WhyArrive, rule)
}

// forgetPeer clears what a failed handshake leaves behind: "the retransmission queue should be flushed".
func (c *Conn) forgetPeer() {
	c.timers = [numTimers]ip.Time{}
	c.sent.clear()
	c.snd.buf.clear()
	c.queue.reset(c.snd.buf.end)
	c.snd.maxWnd, c.snd.scale, c.rcv.scale = 0, 0, 0
	c.snd.peerMSS = c.defaultMSS()
	c.syn, c.ack = false, ackState{ato: c.cfg.DelayedAckMin}
	c.rtt = rttEstimator{rto: c.cfg.InitialRTO}
	c.stats.expiries, c.ecn = 0, ecnState{}
}

// challengeInterval bounds the challenge ACKs of one connection to two a second.
// RFC 5961 §7 suggests a bound for the whole host, but a shared one tells an attacker about other
// connections (CVE-2016-5696), so each connection has its own, as Linux does since.
const challengeInterval = 500 * time.Millisecond

// challenge is the state of that bound.
type challenge struct{ challenged ip.Time }

// allowChallenge reports whether another ACK may answer what nobody should have sent.
func (c *Conn) allowChallenge(now ip.Time) bool {
	if c.challenged != 0 && now.Sub(c.challenged) < challengeInterval {
		return false
	}
	c.challenged = now
	return true
}

// sendChallenge makes a challenge ACK due (RFC 5961 §3.2, §4.2, §5.2).
func (c *Conn) sendChallenge(now ip.Time, rule string) {
	if c.allowChallenge(now) {
		c.stats.Challenges++
		c.ackBy(WhyChallengeAck, rule)
	}
}

// ReplyReset fills out with the answer to a segment that belongs to no connection (§3.10.7.1).
// It returns false for a RST, which is never answered.
func ReplyReset(seg *Segment, out *Output) bool {
	if seg.Flags.Has(RST) {
		return false
	}
	*out = Output{Text: out.Text[:0], Pins: out.Pins[:0], Why: WhyReset, Rule: "RFC 9293 §3.10.7.1"}
	out.SrcPort, out.DstPort = seg.DstPort, seg.SrcPort
	if seg.Flags.Has(ACK) {
		out.Seq, out.Flags = seg.Ack, RST
	} else {
		out.Ack, out.Flags = seg.Seq.Add(seg.Len()), RST|ACK
	}
	return true
}
