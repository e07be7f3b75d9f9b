package tcp

import (
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// When to acknowledge, RFC 9293 §3.8.6.3 and RFC 5681 §4.2. The policy is Linux's: at once while a
// sender is in slow start, delayed once the exchange looks interactive.

const (
	// quickAcks is how many of the first segments are acknowledged at once, so
	// that the sender's window opens fast. Linux uses the same number.
	quickAcks = 16
	// maxOwed bounds the duplicate ACKs that one batch of segments can cause: the number of segments in
	// the largest packet that a device merges, with an MSS of 1 KiB.
	maxOwed = 64
)

// ackState says what we owe the peer.
type ackState struct {
	owed     int    // ACKs to be sent at once
	why      Why    // of the first of them
	rule     string // of it, when it is not the usual one for why
	delayed  bool
	pushed   bool // the text waiting for a delayed ACK ended in a push or a small segment
	quick    int  // segments that are still acknowledged at once
	pingpong bool // the application answers what it gets: the answer will carry the ACK
	ato      time.Duration
	lastText ip.Time // when text last arrived
	sent     Seq     // Last.ACK.sent (RFC 7323 §4.3)
}

// ackNow makes an ACK due, which covers all that has arrived (MUST-58, MUST-59).
func (c *Conn) ackNow(why Why) { c.ackBy(why, "") }

// ackBy is ackNow because of a rule that is not the usual one for the reason.
func (c *Conn) ackBy(why Why, rule string) {
	if c.ack.owed == 0 {
		c.ack.owed, c.ack.why, c.ack.rule = 1, why, rule
	}
}

// ackGap makes one more ACK due, for a segment behind a gap: the peer counts them (RFC 5681 §4.2, MAY-13).
func (c *Conn) ackGap() {
	c.ack.owed, c.ack.why, c.ack.rule = min(c.ack.owed+1, maxOwed), WhyDupAck, ""
}

// acknowledgeText decides about the ACK of n bytes of text that arrived. advanced says that RCV.NXT
// moved, gap that something was missing before.
func (c *Conn) acknowledgeText(now ip.Time, n int, push, advanced, gap bool) {
	idle := c.ack.lastText != 0 && now.Sub(c.ack.lastText) > c.rtt.timeout(c.cfg.MaxRTO)
	c.ack.lastText = now
	if idle {
		c.ack.quick, c.ack.pingpong = quickAcks, false // the sender is in slow start again
	}
	switch {
	case !advanced:
		c.ackGap() // "SHOULD send an immediate duplicate ACK when an out-of-order segment arrives"
	case gap:
		// "an immediate ACK when the incoming segment fills in all or part of a gap". One: those that
		// this batch owed before would look like duplicates of it.
		c.ack.owed, c.ack.why, c.ack.rule = 1, WhyAck, "RFC 5681 §4.2"
	case c.rcv.nxt.Sub(c.ack.sent) > Size(c.rcv.segMSS), // at least every second full segment (SHLD-19)
		c.ack.quick > 0 && !c.ack.pingpong:
		c.ack.quick = max(c.ack.quick-1, 0)
		c.ackNow(WhyAck)
	default:
		c.ack.pushed = push || n < c.rcv.segMSS
		c.delayAck(now)
	}
}

// delayAck starts the delayed-ACK timer, unless it runs (SHLD-18, MUST-40).
func (c *Conn) delayAck(now ip.Time) {
	if !c.ack.delayed {
		c.ack.delayed = true
		c.timers[timerDelayedAck] = now.Add(min(c.ack.ato, c.cfg.DelayedAckMax))
	}
}

// ackTimeout sends a delayed ACK. Waiting was in vain: an interactive exchange
// has ended, or waiting longer next time may pay.
func (c *Conn) ackTimeout() {
	if c.ack.pingpong {
		c.ack.pingpong, c.ack.ato = false, c.cfg.DelayedAckMin
	} else {
		c.ack.ato = min(2*c.ack.ato, c.cfg.DelayedAckMax)
	}
	c.ackNow(WhyDelayedAck)
}

// ackAfterRead sends a delayed ACK early when the application has read everything
// and does not seem about to answer.
func (c *Conn) ackAfterRead() {
	if c.ack.delayed && c.ack.pushed && !c.ack.pingpong && c.rcv.text.bytes == 0 {
		c.ackNow(WhyAck)
	}
}

// acked notes that a segment with an ACK goes out. It stands for all that are owed, but not for duplicate
// ones: with text they do not count (RFC 5681 §2).
func (c *Conn) acked() {
	c.ack.sent = c.rcv.nxt
	c.rcv.dsack = Block{}
	if c.ack.why != WhyDupAck {
		c.ack.owed = 0
	}
	c.ack.delayed = false
	c.timers[timerDelayedAck] = 0
}

// answered notes that text is sent soon after text arrived: an interactive exchange.
func (c *Conn) answered(now ip.Time) {
	if c.ack.lastText != 0 && now.Sub(c.ack.lastText) < c.ack.ato {
		c.ack.pingpong = true
	}
}

// measureSegment learns what the peer sends as a full segment.
func (c *Conn) measureSegment(seg *Segment) {
	n := len(seg.Text)
	if seg.Buf != nil && seg.Buf.GSOSize != 0 {
		n = min(n, int(seg.Buf.GSOSize))
	}
	c.rcv.segMSS = max(c.rcv.segMSS, min(n, c.rcv.mss))
}
