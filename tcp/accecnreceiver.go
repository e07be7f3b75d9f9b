package tcp

// Accurate ECN, the Data Receiver: what it counts, when it says so, and with which options (RFC 9768 §3.2).

const (
	// Initial values on the wire, which are not those of fields that a box has zeroed (§3.2.1): r.cep, and r.e0b and r.e1b.
	accInitialCEP   = 5
	accInitialBytes = 1
	// marksWithText and marksWithout are how many marks are acknowledged at once at the latest: n of §3.2.2.5.1.
	marksWithText = 2
	marksWithout  = 3
	// optionsLost is how often text with the option may run into a timeout before it is left out. Once may be chance.
	optionsLost = 2
)

// markCount counts packets with CE, and bytes of text by the ECN bits that they came with.
type markCount struct {
	packets uint32    // CE
	bytes   [4]uint32 // by ECN bits
}

// addText counts the text of a packet.
func (m *markCount) addText(mark uint8, n int) { m.bytes[mark] += uint32(n) }

// accReceiver is the state of the Data Receiver.
type accReceiver struct {
	got     markCount // r.cep, r.e0b, r.ceb and r.e1b, less their initial values
	last    uint8     // ECN bits of the last packet
	text    uint8     // of the last with text
	untold  uint32    // marks since the last ACK
	due     bool      // an ACK must go because of them
	ofAcks  bool      // it acknowledges nothing but ACKs
	changed uint8     // bit 1<<n: the counter of ECN bits n has changed since an option had it
	wanted  uint8     // how many segments have the option whether a counter has changed or not
}

// ecnCount counts an acceptable packet (§3.2: "including CE marked control packets and retransmissions").
func (c *Conn) ecnCount(seg *Segment) {
	a, mark := &c.ecn.acc, seg.TOS&ecnMask
	if seg.synAck {
		return // counted already
	}
	c.ecn.seen = c.ecn.seen || mark != 0 && (a.on || c.ecn.ok && len(seg.Text) > 0)
	was := a.last
	a.last = mark
	if mark == ecnCE {
		n := uint32(seg.Segments())
		a.got.packets += n
		a.untold += n
	}
	if n := len(seg.Text); n > 0 {
		a.got.addText(mark, n)
		if mark != 0 {
			a.changed |= 1 << mark
		}
		if mark != 0 && a.text != mark {
			a.text, a.wanted = mark, max(a.wanted, 2) // §3.2.3.3: the change, and its continuation
		}
		a.due = a.due || mark == ecnCE && was != ecnCE
	}
}

// accAck makes an ACK due when marks ask for one (§3.2.2.5.1): the first after another packet, and the second at the latest,
// or the third when it is all ACKs that were marked.
func (c *Conn) accAck() {
	a := &c.ecn.acc
	if !a.on {
		return
	}
	limit := uint32(marksWithout)
	if c.rcv.nxt != c.ack.sent {
		limit = marksWithText
	}
	if !a.due && a.untold < limit {
		return
	}
	if c.ack.owed == 0 {
		a.ofAcks = limit == marksWithout
		c.ackBy(WhyAck, "RFC 9768 §3.2.2.5.1")
	}
}

// accMark sets the bits of a segment that has an ACK, and notes what it tells the peer. The ACK of a SYN,ACK says how that
// came (§3.2.2.1, Table 3); any other has the counter.
func (c *Conn) accMark(out *Output) {
	a := &c.ecn.acc
	if a.reflect {
		out.Flags |= aceFlags(aceOfMark[a.synMark])
	} else {
		out.Flags |= aceFlags(a.got.packets + accInitialCEP)
		a.untold, a.due = 0, false
	}
	a.reflect, a.ofAcks = false, false
	if out.Options.AccECN.Present {
		a.changed = 0
		a.wanted = max(a.wanted, 1) - 1
	}
}

// accBare takes the SACK blocks out of an ACK of a SYN,ACK (§3.2.2.1), and of one that acknowledges nothing but ACKs, which would look
// like a duplicate ACK (§3.2.2.5.1, "MUST NOT").
func (c *Conn) accBare(o *Options) {
	if a := &c.ecn.acc; a.reflect || a.ofAcks {
		o.NumSACK = 0
	}
}

// wholeOption is the option with all counters.
func (a *accState) wholeOption() AccECN {
	return AccECN{
		Present: true, Fields: accFields, CEB: a.got.bytes[ecnCE] & accMask,
		E0B: (a.got.bytes[ect0] + accInitialBytes) & accMask, E1B: (a.got.bytes[ect1] + accInitialBytes) & accMask,
	}
}

// accMask is what of a counter is in the option.
const accMask = 1<<24 - 1

// accOption adds the option to a segment after the handshake when a counter has changed that it has not told yet, or when it
// is wanted for another reason (§3.2.3.3). Departs from Linux, which adds it to every segment: text that is sent needs
// its room only while text comes.
func (c *Conn) accOption(o *Options) {
	a := &c.ecn.acc
	if !a.on || a.noOption || c.cfg.NoAccECNOption || a.changed == 0 && a.wanted == 0 {
		return
	}
	o.AccECN = a.wholeOption()
	switch e0, e1 := a.got.bytes[ect0] > 0, a.got.bytes[ect1] > 0; {
	case a.reflect: // the first of all: let the peer see every initial value
	case !e1:
		o.AccECN.truncate(0)
	case !e0:
		o.AccECN.truncate(1)
	}
	blocks := 0
	if c.opt.sack {
		blocks = len(c.rcv.text.runs)
		if c.rcv.dsack.Start != c.rcv.dsack.End {
			blocks++
		}
	}
	o.fitAccECN(a.changed, min(blocks, 2))
}

// accResend leaves the option out of what is sent again, in case it is what was lost the first time (§3.2.3.2.2), and returns the
// most text that there is room for then.
func (c *Conn) accResend(o *Options, limit int) int {
	limit += o.AccECN.len()
	o.AccECN = AccECN{}
	return limit
}

// accText notes new text up to end that has the option.
func (c *Conn) accText(out *Output, end Seq) {
	if out.Options.AccECN.Present {
		c.ecn.acc.optional = end
	}
}
