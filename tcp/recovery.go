package tcp

import "github.com/sockeye-tcp/sockeye/ip"

// Loss recovery: fast retransmit (RFC 5681 §3.2) and NewReno (RFC 6582).

// dupThresh is how many duplicate ACKs show a loss.
const dupThresh = 3

// recovery is the state of loss recovery.
type recovery struct {
	dupAcks int
	fast    bool // in fast recovery
	loss    bool // after a timeout, until what was in flight then is acknowledged
	force   bool // the next retransmission may exceed the window
	recover Seq  // SND.NXT when recovery began
	why     Why  // of the retransmissions that it causes
}

// isDuplicateAck follows RFC 5681 §2: it acknowledges nothing new, carries nothing,
// changes no window, and something is outstanding.
func (c *Conn) isDuplicateAck(seg *Segment, wnd Size) bool {
	return seg.Ack == c.snd.una && seg.Len() == 0 && wnd == c.snd.wnd && c.sent.n > 0
}

// duplicateAck counts a duplicate ACK; the third retransmits.
func (c *Conn) duplicateAck(now ip.Time) {
	c.rec.dupAcks++
	switch {
	case c.rec.fast:
		c.win.Grow(c.win.MSS) // §3.2 step 4: a segment has left the network
	case c.rec.dupAcks == dupThresh && c.mayEnterRecovery():
		c.enterRecovery(now)
	}
}

// mayEnterRecovery prevents a second reduction for the losses of one window
// (RFC 6582 §3.2 step 2): the ACK must cover more than "recover".
func (c *Conn) mayEnterRecovery() bool {
	return !c.rec.loss && c.rec.recover.Less(c.snd.una)
}

// enterRecovery starts fast recovery (RFC 6582 §3.2 step 2).
func (c *Conn) enterRecovery(now ip.Time) {
	flight := int(c.sent.flight)
	c.cc.Loss(now, &c.win, flight)
	c.ecnLoss()
	c.rec.fast, c.rec.force = true, true
	c.rec.recover = c.snd.nxt
	c.rec.why = WhyFastRetransmit
	c.win.Cwnd = c.win.Ssthresh + dupThresh*c.win.MSS
	c.loseFirst()
	c.emitWhy(now, EventRecovery, WhyFastRetransmit, "RFC 6582 §3.2")
}

// loseFirst takes the first segment in flight for lost, and no more of what the device was to cut into many.
func (c *Conn) loseFirst() {
	c.sent.split(0, Size(c.fullMSS()))
	c.sent.markLost(0)
}

// recoverAck handles an ACK of new data in fast recovery (RFC 6582 §3.2 step 3).
func (c *Conn) recoverAck(now ip.Time, acked int) {
	if c.rec.recover.LessEq(c.snd.una) {
		c.win.Cwnd = min(c.win.Ssthresh, max(int(c.sent.flight), c.win.MSS)+c.win.MSS)
		c.rec.fast = false
		c.emitWhy(now, EventRecovery, WhyRecovered, "RFC 6582 §3.2")
		return
	}
	c.win.Cwnd = max(c.win.Cwnd-acked, c.win.MSS)
	if acked >= c.win.MSS {
		c.win.Grow(c.win.MSS)
	}
	if c.sent.n > 0 {
		c.loseFirst()
		c.rec.force = true
		c.rec.why = WhyPartialAck
	}
}

// timeoutLoss takes everything outstanding for lost (RFC 5681 §3.1, RFC 6582 §4).
func (c *Conn) timeoutLoss(now ip.Time) {
	if c.stats.expiries == 1 { // "the value of ssthresh is held constant" when the retransmission is lost as well
		c.cc.Timeout(now, &c.win, int(c.sent.flight))
	}
	c.win.Cwnd = c.win.MSS
	c.ecnLoss()
	c.rec = recovery{loss: true, recover: c.snd.nxt, why: WhyRTO}
	c.sent.markAllLost()
	c.emitWhy(now, EventRecovery, WhyRTO, "RFC 5681 §3.1")
}

// growWindow lets the algorithm raise the window, but only when the window is
// what limits the sender: an idle or slow application must not grow it (RFC 7661).
func (c *Conn) growWindow(now ip.Time, s AckSample) {
	if s.Acked > 0 && !c.ecn.reducing && c.windowLimits() {
		c.cc.Acked(now, &c.win, s)
	}
}

// recovering reports whether a loss is being repaired.
func (c *Conn) recovering() bool { return c.rec.fast || c.rec.loss }

// inFlight returns how many bytes are in the network: sent, and neither acknowledged nor thought lost.
func (c *Conn) inFlight() int { return int(c.sent.flight) }
