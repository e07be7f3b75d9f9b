package tcp

import "github.com/sockeye-tcp/sockeye/ip"

// Explicit Congestion Notification, RFC 3168 §6.1 (RFC 9293 §3.8.2, SHLD-8): a router marks a packet instead of
// dropping it, the receiver says so in its ACKs, and the sender slows down as after a loss and confirms it.

// An ECN says what a host does about Explicit Congestion Notification.
type ECN uint8

// The choices.
const (
	ECNAccept ECN = iota // answer a peer that offers it, as Linux does
	ECNOff               // never
	ECNOffer             // offer it, too

	// The others know Accurate ECN as well (RFC 9768), and take what a peer offers of the two.
	ECNAccurate        // offer Accurate ECN, which falls back to the other
	ECNAccurateClassic // offer the other only
	ECNAccurateAccept  // offer neither
)

// The two ECN bits of the IP header (RFC 3168 §5).
const (
	ecnMask = 3
	ect1    = 1
	ect0    = 2 // the sender can be slowed down by marks
	ecnCE   = 3 // a router has marked the packet
)

// ecnState is the state of one connection.
type ecnState struct {
	offered  bool // our SYN did
	ok       bool // both sides can
	seen     bool // the peer's packets can be marked
	echo     bool // a mark came, and the peer has not confirmed: our segments have ECE
	confirm  bool // we have slowed down: the next new text has CWR
	reducing bool // until something beyond until is acknowledged: at most one reduction a window
	until    Seq
	acc      accState
}

// ecnOffer sets the bits of a SYN or SYN,ACK (§6.1.1). A SYN that is sent again does not offer it, because what lost the
// first may be a box that does not like the bits (§6.1.1.1).
func (c *Conn) ecnOffer(out *Output, active bool) {
	switch {
	case !active && c.ecn.acc.on:
		c.accAnswer(out)
	case !active && c.ecn.ok:
		out.Flags |= ECE
	case active && c.cfg.ECN.offersAccurate():
		c.accOffer(out)
	case active && c.cfg.ECN.offersClassic() && c.sent.n == 0:
		c.ecn.offered = true
		out.Flags |= ECE | CWR
	}
}

// ecnAgree reads the bits of the peer's SYN or SYN,ACK. A SYN that could be marked itself is none of this RFC.
func (c *Conn) ecnAgree(seg *Segment) {
	if c.accAgree(seg) {
		return
	}
	bits := seg.Flags & (ECE | CWR)
	offered := c.ecn.offered || c.ecn.acc.offered
	switch {
	case seg.Flags.Has(ACK):
		c.ecn.ok = offered && bits == ECE
	case c.state == SynSent: // both open
		c.ecn.ok = offered && bits == ECE|CWR
	default:
		c.ecn.ok = c.cfg.ECN != ECNOff && bits == ECE|CWR && seg.TOS&ecnMask == 0
	}
}

// ecnArrive looks at the marks of an acceptable segment (§6.1.3). What CWR confirms came before a mark of the same
// packet. Around a mark ACKs are not delayed: the peer's window may be very small.
func (c *Conn) ecnArrive(seg *Segment) {
	c.rcv.tos = seg.TOS
	c.ecnCount(seg)
	if !c.ecn.ok || len(seg.Text) == 0 {
		return
	}
	if seg.Flags.Has(CWR) {
		c.ecn.echo = false
		c.ackNow(WhyAck)
	}
	if seg.TOS&ecnMask == ecnCE && !c.ecn.echo {
		c.ecn.echo = true
		c.ack.quick, c.ack.pingpong = max(c.ack.quick, 2), false
	}
}

// ecnSynAck takes the SYN,ACK of a simultaneous open. What its bits say was agreed on with the SYN; they echo no mark.
func (c *Conn) ecnSynAck(seg *Segment) {
	seg.synAck = true
	seg.Flags &^= aceFlags(7)
	if a := &c.ecn.acc; a.on {
		a.handshake = false
		a.takeSynAck(seg)
	}
}

// ecnMark sets the bits of a segment after the handshake. New text alone may be marked by routers, so that
// a mark can be confirmed (§6.1.4, §6.1.5).
func (c *Conn) ecnMark(out *Output, text bool) {
	switch {
	case c.ecn.acc.on && !text:
		c.accMark(out)
	case c.ecn.acc.on && !c.ecn.acc.bare && !c.ecn.acc.mangled:
		out.TOS |= ect0
	}
	if !c.ecn.ok {
		return
	}
	if c.ecn.echo {
		out.Flags |= ECE
	}
	if text {
		out.TOS |= ect0
		if c.ecn.confirm {
			c.ecn.confirm = false
			out.Flags |= CWR
		}
	}
}

// ecnEcho slows down when the peer has seen a mark, once a window (§6.1.2).
func (c *Conn) ecnEcho(now ip.Time, seg *Segment, r *ackResult) {
	if c.ecn.reducing && c.ecn.until.Less(c.snd.una) {
		c.ecn.reducing = false
	}
	if c.ecn.ok && seg.Flags.Has(ECE) {
		c.ecn.acc.told.packets += uint32(r.packets)
		r.marks = 1
	}
	if r.marks > 0 {
		c.ecnReduce(now)
	}
}

// ecnReduce slows down because of a mark, unless it has done so in this window or is repairing a loss.
func (c *Conn) ecnReduce(now ip.Time) {
	if c.ecn.reducing || c.recovering() {
		return
	}
	c.cc.Loss(now, &c.win, c.win.Cwnd)
	if c.ctl != nil {
		c.ctl.Recovered(now, &c.win)
	} else {
		c.win.Cwnd = c.win.Ssthresh
	}
	c.ecn.confirm, c.ecn.reducing, c.ecn.until = c.ecn.ok, true, c.snd.nxt
	c.emitWhy(now, EventRecovery, WhyMark, "RFC 3168 §6.1.2")
}

// ecnLoss notes that a loss has slowed us down: the peer hears of that as well, for it may have a mark to confirm (§6.1.2).
func (c *Conn) ecnLoss() { c.ecn.confirm, c.ecn.reducing = c.ecn.ok, false }
