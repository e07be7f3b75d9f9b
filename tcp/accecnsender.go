package tcp

import "github.com/sockeye-tcp/sockeye/ip"

// Accurate ECN, the Data Sender: what the counters of the peer say about what was sent (RFC 9768 §3.2.2.2 to §3.2.2.5, §3.2.3.1,
// Appendix A).

const (
	aceCycle = 8 // DIVACE: how many marks the counter in the header tells apart
	// accBeliefs bounds the bytes between two options: beyond it their counters may have gone round (§3.2.3.3 asks for one in
	// 2^22 at least). It is also the largest step that is taken for one forward.
	accBeliefs = 1 << 23
	// alwaysMarked is for how many round trips every packet may come marked before that looks like mangling
	// (§3.2.2.3: "the first three or four rounds").
	alwaysMarked = 4
	// thinnedACKs is how many segments an ACK may be for on average before ACKs are taken to be thinned out on purpose,
	// and their counters not to have gone round (A.2.1: "well below 8"). Linux's, in 64ths.
	thinnedACKs = 4 * accWeight
	accWeight   = 64
)

// accSender is the state of the Data Sender.
type accSender struct {
	told      markCount // s.cep, s.e0b, s.ceb and s.e1b, less their initial values
	handshake bool      // the ACK of our SYN,ACK is still to come
	heard     bool      // a counter came after the handshake
	stamp     uint32    // highest timestamp of what was heard
	stamped   bool      // it is set
	marked    int       // bytes that congestion control has not heard of
	perAck    int       // moving average of segments that an ACK is for, in 64ths

	options  bool   // the peer's options can be believed
	ignore   bool   // they cannot, for good
	since    int    // bytes acknowledged since the last of them
	segments int    // and segments
	guessed  int    // marked bytes that were guessed since then
	counted  uint32 // s.cep then
	optional Seq    // end of the last text that went with an option of ours
	lost     uint8  // how often such text ran into a timeout

	clean  bool  // not everything comes marked
	rounds uint8 // for how many round trips it does
	round  Seq   // end of the present one
}

// accFeedback reads the counters of an ACK, and notes in r how much was marked (§3.2.2.2).
func (c *Conn) accFeedback(now ip.Time, seg *Segment, r *ackResult) {
	a := &c.ecn.acc
	if !a.on || seg.Flags.Has(SYN) || seg.synAck {
		return
	}
	got := r.delivered + r.sacked
	if !c.opt.sack {
		got = r.acked // the others are by the count of duplicate ACKs
	}
	a.since, a.segments = a.since+got, a.segments+r.packets
	if r.packets > 0 {
		a.perAck += r.packets - a.perAck/accWeight
	}
	if c.accSuperseded(seg, r) || a.backwards(&seg.Options.AccECN) {
		return
	}
	ace := seg.Flags.ace()
	if a.handshake {
		a.handshake = false
		if seg.Len() == 0 && seg.Options.NumSACK == 0 {
			c.accHandshake(now, seg, ace, r)
			return
		}
	}
	if !a.heard { // §3.2.2.4. More marks could make it 0 in earnest, as no fewer can
		a.heard = true
		if ace == 0 && r.packets < marksWithout {
			c.accDeafen(now, "RFC 9768 §3.2.2.4")
		}
	}
	ceb, sure := a.takeOption(&seg.Options.AccECN)
	if sure {
		c.accExactly(now, ace, ceb, r)
	} else {
		c.accGuess(ace, got, r)
	}
	if seg.Options.AccECN.Present {
		a.since, a.segments, a.guessed, a.counted = 0, 0, 0, a.told.packets
	}
	c.accAlways(now, r)
	if a.deaf {
		r.marks, a.marked = 0, 0
	}
}

// accSuperseded reports whether an ACK tells nothing newer than one before: it acknowledges nothing new, and its
// timestamp is no later (A.1). The counters would seem to run backwards.
func (c *Conn) accSuperseded(seg *Segment, r *ackResult) bool {
	a, o := &c.ecn.acc, &seg.Options
	newer := r.advanced || r.sacked > 0 || a.handshake
	if c.opt.ts && o.HasTS {
		d := int32(o.TSVal - a.stamp)
		if a.stamped && d < 0 && !r.advanced {
			return true
		}
		newer = newer || !a.stamped || d > 0
		if newer {
			a.stamp, a.stamped = o.TSVal, true
		}
	}
	return !newer
}

// accHandshake takes the ACK of our SYN,ACK, which says how that came (§3.2.2.1, Table 4). Not with a mark, or a box
// writes them by itself; what it counts is believed all the same (§3.2.2.3).
func (c *Conn) accHandshake(now ip.Time, seg *Segment, ace uint8, r *ackResult) {
	a := &c.ecn.acc
	if o := &seg.Options.AccECN; o.Present {
		a.checkOption(o)
	}
	switch {
	case ace == aceNone:
		c.accDeafen(now, "RFC 9768 §3.2.2.1")
		return
	case markOfACE[ace] != 0:
		c.accMangled(now, "RFC 9768 §3.2.2.3")
	}
	if markOfACE[ace] == ecnCE {
		a.told.packets, r.marks = 1, 1
	}
}

// accMangled stops sending what can be marked, because marks are not what they were on the way.
func (c *Conn) accMangled(now ip.Time, rule string) {
	if a := &c.ecn.acc; !a.mangled {
		a.mangled = true
		c.emitWhy(now, EventMarks, WhyMangled, rule)
	}
}

// accDeafen also stops listening to what the peer counts.
func (c *Conn) accDeafen(now ip.Time, rule string) {
	c.ecn.acc.deaf = true
	c.accMangled(now, rule)
}

// checkOption looks at the first option of the peer: a counter that must not begin with 0 was zeroed on the way (§3.2.3.2.4).
func (a *accState) checkOption(o *AccECN) {
	for i := 0; i < int(o.Fields); i += 2 {
		a.ignore = a.ignore || *o.field(i) == 0
	}
	a.options = !a.ignore
}

// takeOption takes the counters of an option (§3.2.3.1). It returns by how much that of CE has grown, and whether that can be
// relied on: not when too much was acknowledged since the last option. A counter that the option does not have has not
// changed (§3.2.3.3), but an empty one says nothing.
func (a *accState) takeOption(o *AccECN) (ceb int, sure bool) {
	if !o.Present || a.ignore {
		return 0, false
	}
	if !a.options {
		if a.checkOption(o); a.ignore {
			return 0, false
		}
	}
	sure = a.since < accBeliefs && o.Fields > 0
	for i := range int(o.Fields) {
		mark, d := a.growth(o, i)
		a.told.bytes[mark] += d
		if mark == ecnCE {
			ceb = int(d)
		}
	}
	return ceb, sure
}

// growth returns by how much the counter at place i of an option has grown, and which ECN bits it is about.
func (a *accState) growth(o *AccECN, i int) (mark uint8, d uint32) {
	mark, initial := uint8(ecnCE), uint32(0)
	switch o.field(i) {
	case &o.E0B:
		mark, initial = ect0, accInitialBytes
	case &o.E1B:
		mark, initial = ect1, accInitialBytes
	}
	return mark, (*o.field(i) - initial - a.told.bytes[mark]) & accMask
}

// backwards reports whether a counter of an option is behind what an earlier one has told: another sign of an ACK that
// was overtaken, for those without timestamps.
func (a *accState) backwards(o *AccECN) bool {
	if !a.options || a.since >= accBeliefs {
		return false
	}
	for i := range int(o.Fields) {
		if _, d := a.growth(o, i); d >= accBeliefs {
			return true
		}
	}
	return false
}

// step returns the least by which a count of packets must have grown since it was n, for the counter in the header to be ace.
func step(ace uint8, n uint32) uint32 { return (uint32(ace) - accInitialCEP - n) % aceCycle }

// safest returns the largest number that the counter allows when it has gone on by d and n segments were acknowledged (A.2.1).
func safest(n int, d uint32) uint32 {
	if n < aceCycle {
		return d
	}
	return uint32(n) - (uint32(n)-d)%aceCycle
}

// accGuess takes the counter of an ACK without an option: the least number that it may mean, or the safest likely one when
// it may have gone round (§3.2.2.5.2). Of got bytes that it acknowledges, those that were marked are an estimate (A.3), which counts
// towards what the next option tells.
func (c *Conn) accGuess(ace uint8, got int, r *ackResult) {
	a := &c.ecn.acc
	d := step(ace, a.told.packets)
	if a.perAck <= thinnedACKs {
		d = safest(r.packets, d)
	}
	a.told.packets += d
	r.marks = int(d)
	size := c.fullMSS()
	if r.packets > 0 {
		size = min(got/r.packets, size)
	}
	a.marked += r.marks * size
	a.guessed += r.marks * size
}

// accExactly takes the counter of an ACK with an option, which says how many bytes have come marked since the last one: the number
// is the one that fits best, for segments of the size of those that were acknowledged. What was guessed in between is put
// right by that (§3.2.2.5.2, "MAY attempt to neutralize"). Departs from A.2.2, which only chooses between the least and the safest number;
// Linux looks at the bytes, too.
func (c *Conn) accExactly(now ip.Time, ace uint8, ceb int, r *ackResult) {
	a := &c.ecn.acc
	d := step(ace, a.counted)
	n := d
	if a.segments >= aceCycle {
		size := uint32(min(max(a.since/a.segments, 1), c.fullMSS()))
		if likely := (uint32(ceb) + size - 1) / size; likely > d {
			n = min(d+(likely-d+aceCycle/2-1)/aceCycle*aceCycle, safest(a.segments, d))
		}
	} else if ceb > 0 && n == 0 {
		c.accMangled(now, "RFC 9768 §3.2.3.2.5") // it cannot have gone round
	}
	r.marks = max(0, int(int32(a.counted+n-a.told.packets)))
	a.told.packets = a.counted + n
	a.marked += max(ceb-a.guessed, 0)
}

// accAlways looks whether every packet comes back marked from the start of the connection on, which no queue does
// (§3.2.2.3).
func (c *Conn) accAlways(now ip.Time, r *ackResult) {
	a := &c.ecn.acc
	switch {
	case a.clean || r.packets == 0:
	case r.marks < r.packets:
		a.clean = true
	case a.rounds == 0 || a.round.Less(c.snd.una):
		a.round = c.snd.nxt
		if a.rounds++; a.rounds > alwaysMarked {
			c.accDeafen(now, "RFC 9768 §3.2.2.3")
		}
	}
}

// accTimeout follows a timeout of text. When it went with an option, that may be the reason (§3.2.3.2.2).
func (c *Conn) accTimeout() {
	a := &c.ecn.acc
	if a.optional == 0 || a.optional.LessEq(c.snd.una) {
		return
	}
	a.optional = 0
	if a.lost++; a.lost >= optionsLost {
		a.noOption = true
	}
}
