package tcp

import "github.com/sockeye-tcp/sockeye/ip"

// Accurate ECN, RFC 9768: the three ECN bits of the header count the marks that have come, and an option counts the bytes
// that had them, so that a sender hears of every mark and not of one a round trip. This is the handshake (§3.1); what a
// receiver does is in accecnreceiver.go and what a sender does in accecnsender.go. Where the peer does not know of it,
// RFC 3168 is what remains (ecn.go).

// ace returns the three ECN bits as the number that they are once Accurate ECN is agreed on (§3.2.2).
func (f Flags) ace() uint8 { return uint8(f>>6) & 7 }

// aceFlags returns the bits of a number, of which the lowest three count.
func aceFlags(n uint32) Flags { return Flags(n&7) << 6 }

// What the bits mean in a SYN, and in a SYN,ACK (§3.1.2, Table 2; §3.1.3).
const (
	aceNone     = 0 // no ECN, in both
	aceAnswered = 1 // in a SYN,ACK: RFC 3168
	aceClassic  = 3 // in a SYN: RFC 3168
	aceReserved = 5 // in a SYN,ACK: counts as Accurate ECN
	aceAccurate = 7 // in a SYN: Accurate ECN. In a SYN,ACK: the peer reflects bits that it does not understand
)

// aceOfMark is how a SYN,ACK, and the ACK of it, say with which ECN bits the packet came that they answer (Table 2, Table 3).
var aceOfMark = [4]uint32{0: 2, 1: 3, ect0: 4, ecnCE: 6}

// markOfACE is the reverse. The values that say nothing are taken for Not-ECT: that is how we send handshakes.
var markOfACE = [8]uint8{3: 1, 4: ect0, 6: ecnCE}

// accState is the state of one connection. Numbers count from 0 here; on the wire they have their initial values added.
type accState struct {
	offered  bool  // our SYN did
	fellBack bool  // and then one did not
	on       bool  // both ends know it: "AccECN mode"
	answered bool  // a SYN,ACK has gone
	synMark  uint8 // the ECN bits of the last SYN that came, or SYN,ACK
	reflect  bool  // the next ACK says those of the SYN,ACK, and is sent alone
	synCE    bool  // the peer says that our SYN came marked

	bare     bool // a SYN or SYN,ACK of the other side, or of ours, had no bits: an end that answers sends nothing that can be marked (§3.1.5)
	mangled  bool // marks are changed on the way: nothing that we send can be marked any more
	deaf     bool // what the peer counts cannot be believed
	noOption bool // the option seems to be lost on the way
	accReceiver
	accSender
}

// offersAccurate and takesAccurate say what a choice means for SYNs that go and that come; offersClassic is about RFC 3168.
func (e ECN) offersAccurate() bool { return e == ECNAccurate }
func (e ECN) takesAccurate() bool  { return e >= ECNAccurate }
func (e ECN) offersClassic() bool  { return e == ECNOffer || e == ECNAccurateClassic }

// accOffer sets the bits of a SYN. What loses two SYNs may be a box that does not like them, so the third has none
// (§3.1.4.1).
func (c *Conn) accOffer(out *Output) {
	a := &c.ecn.acc
	if c.sent.n > 0 && c.sent.at(0).tx > 1 {
		a.fellBack = true
		return
	}
	a.offered = true
	out.Flags |= aceFlags(aceAccurate)
}

// accAnswer sets the bits of a SYN,ACK, which say how the last SYN came, and adds the option to the first. Later ones
// leave it out, and from the second timeout on the bits as well, in case that is what loses them (§3.2.3.2.2).
func (c *Conn) accAnswer(out *Output) {
	a := &c.ecn.acc
	first := !a.answered
	a.answered = true
	if c.stats.expiries > 1 {
		a.bare = true // the peer may take it that there is no ECN
		return
	}
	out.Flags |= aceFlags(aceOfMark[a.synMark])
	if first && !c.cfg.NoAccECNOption {
		out.Options.AccECN = a.wholeOption()
		out.Options.fitAccECN(0, 0)
	}
}

// accAgree reads the bits of the first SYN or SYN,ACK of the peer (§3.1.2, Table 2). It reports whether they are about
// Accurate ECN; otherwise RFC 3168 decides.
func (c *Conn) accAgree(seg *Segment) bool {
	a, ace := &c.ecn.acc, seg.Flags.ace()
	answer := seg.Flags.Has(ACK)
	asked := a.offered || c.state != SynSent // when both open, we had to ask as well
	switch {
	case !asked || !c.cfg.ECN.takesAccurate(), ace == aceNone:
		return false
	case answer && (ace == aceAnswered || ace == aceAccurate), !answer && ace == aceClassic:
		return false
	}
	a.on, a.synMark = true, seg.TOS&ecnMask
	a.last = a.synMark
	if answer {
		c.accAnswered(seg, ace)
		return true
	}
	a.handshake = true
	a.bare = a.fellBack
	return true
}

// accAnswered takes a SYN,ACK that agrees: it says how our SYN came, which was not to be marked (§3.2.2.3).
func (c *Conn) accAnswered(seg *Segment, ace uint8) {
	a := &c.ecn.acc
	a.reflect, a.wanted = true, 2 // the option goes with the ACK and with the first text (§3.2.3.2.1)
	if mark := markOfACE[ace]; ace != aceReserved && mark != 0 {
		a.mangled, a.synCE = true, mark == ecnCE
	}
	a.takeSynAck(seg)
	if o := &seg.Options.AccECN; o.Present {
		a.checkOption(o)
	}
}

// takeSynAck counts the mark of a SYN,ACK, at most once (§3.2.2.2), and the text that came with it.
func (a *accState) takeSynAck(seg *Segment) {
	a.synMark = seg.TOS & ecnMask
	if a.synMark == ecnCE && a.got.packets == 0 {
		a.got.packets = 1
	}
	a.got.addText(a.synMark, len(seg.Text))
}

// accEstablished does what an agreed SYN,ACK asks for, once the connection is established: it slows down when the peer has
// seen a mark on the SYN (§3.2.2.2), and says when that cannot be.
func (c *Conn) accEstablished(now ip.Time) {
	a := &c.ecn.acc
	if a.mangled {
		c.emitWhy(now, EventMarks, WhyMangled, "RFC 9768 §3.2.2.3")
	}
	if a.synCE {
		c.ecnReduce(now)
	}
}

// accSynAgain takes the bits of a SYN that comes again while its answer is under way. Who asks for two kinds of
// feedback in one handshake is reset, because nobody could tell which of them is meant (§3.1.5, "MUST").
func (c *Conn) accSynAgain(now ip.Time, seg *Segment) (reset bool) {
	const rule = "RFC 9768 §3.1.5"
	a, ace := &c.ecn.acc, seg.Flags.ace()
	switch {
	case !c.cfg.ECN.takesAccurate():
		return false
	case a.on && ace == aceClassic, c.ecn.ok && ace != aceClassic && ace != aceNone:
		c.drop(now, seg, ip.DropBadHandshake, rule)
		c.queueReset(c.snd.nxt, c.rcv.nxt)
		c.rst.rule = rule
		c.die(now, CauseAborted, WhyArrive, rule)
		return true
	}
	a.synMark = seg.TOS & ecnMask
	a.bare = a.bare || ace == aceNone
	return false
}

// accSynAckAgain takes a SYN,ACK that comes again after the connection is established, because the ACK of the first was
// lost: the ACK says how this one came (§3.2.2.1).
func (c *Conn) accSynAckAgain(seg *Segment) {
	a := &c.ecn.acc
	answer := seg.Flags.Has(SYN|ACK) && seg.Seq == c.irs && c.iss.Less(seg.Ack) && seg.Ack.LessEq(c.snd.nxt)
	if !a.on || a.answered || !answer {
		return
	}
	switch seg.Flags.ace() {
	case aceNone, aceAnswered, aceAccurate:
		return
	}
	if a.takeSynAck(seg); c.ack.owed > 0 {
		a.reflect = true
	}
}
