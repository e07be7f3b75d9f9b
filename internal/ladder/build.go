package ladder

import (
	"net/netip"
	"slices"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// From the event record to the model.

// Options say how ladders are built. The zero value works.
type Options struct {
	// Names gives names to ends by address and port. Left and Right name the
	// ends that it does not: the one that recorded and its peer.
	Names       map[netip.AddrPort]string
	Left, Right string
}

// Build makes the ladders of a record, one for each connection and end, in the
// order in which they begin.
func Build(events []tcp.Event, o Options) []*Ladder { return build(events, 0, 0, o) }

// build makes the ladders; lost events are missing before the one with index gap.
func build(events []tcp.Event, gap, lost int, o Options) []*Ladder {
	b := builder{options: o, open: map[pair]*connection{}}
	for i := range events {
		if lost > 0 && i == gap {
			b.gap(lost, events[i].Time)
		}
		b.add(&events[i])
	}
	ladders := make([]*Ladder, 0, len(b.all))
	for _, c := range b.all {
		c.finish()
		ladders = append(ladders, &c.Ladder)
	}
	return ladders
}

// A pair names one end of a connection: its own address first.
type pair struct{ local, remote netip.AddrPort }

// A builder sorts events into connections.
type builder struct {
	options Options
	open    map[pair]*connection
	all     []*connection
}

// A connection is a ladder that is being built.
type connection struct {
	Ladder
	ended bool // the record has it back in CLOSED
}

// add puts an event into the ladder it belongs to.
func (b *builder) add(e *tcp.Event) {
	key := pair{e.Local, e.Remote}
	c := b.open[key]
	if c == nil || c.ended && opens(e) {
		c = b.start(e)
		b.open[key] = c
	}
	c.add(e)
	if e.Kind == tcp.EventState && e.State == tcp.Closed {
		c.ended = true
	}
}

// opens reports whether an event begins a connection anew.
func opens(e *tcp.Event) bool {
	return e.Kind == tcp.EventCall && (e.Call == tcp.CallOpen || e.Call == tcp.CallListen) ||
		e.Kind == tcp.EventState && e.From == tcp.Closed
}

// start begins a ladder with its first event.
func (b *builder) start(e *tcp.Event) *connection {
	c := &connection{Ladder: Ladder{
		Left:  End{Addr: e.Local, Name: b.options.Left},
		Right: End{Addr: e.Remote, Name: b.options.Right, Inferred: true},
		Start: e.Time,
	}}
	if name, ok := b.options.Names[e.Local]; ok {
		c.Left.Name = name
	}
	if name, ok := b.options.Names[e.Remote]; ok {
		c.Right.Name = name
	}
	b.all = append(b.all, c)
	return c
}

// gap notes in every open ladder that events are missing.
func (b *builder) gap(lost int, now ip.Time) {
	for _, c := range b.all {
		if !c.ended {
			c.Lines = append(c.Lines, Line{Kind: KindGap, At: now.Sub(c.Start), Count: lost})
		}
	}
}

// add appends a line for an event, or adds to the line of the event that caused it.
func (c *connection) add(e *tcp.Event) {
	if !c.Left.HasFirst {
		c.Left.First, c.Left.HasFirst = e.State, true
		if e.Kind == tcp.EventState {
			c.Left.First = e.From
		}
	}
	if c.merge(e) {
		return
	}
	l := Line{
		At: e.Time.Sub(c.Start), Why: e.Why, Nth: e.Nth, Drop: e.Drop, Rule: e.Rule,
		Timer: e.Timer, Call: e.Call, Bytes: e.Bytes, Cause: e.Cause, Vars: e.Vars,
	}
	switch e.Kind {
	case tcp.EventArrive, tcp.EventSend, tcp.EventDrop:
		l.Kind, l.Segment = KindSegment, segmentOf(e)
		if e.Kind != tcp.EventSend {
			l.Dir = ToLeft
		}
	case tcp.EventState:
		l.Kind, l.Left = KindState, []tcp.State{e.State}
	case tcp.EventTimer:
		l.Kind = KindTimer
	case tcp.EventCall:
		l.Kind = KindCall
	case tcp.EventICMP:
		l.Kind = KindICMP
	case tcp.EventRecovery:
		l.Kind = KindRecovery
	case tcp.EventUrgent:
		l.Kind = KindUrgent
	}
	c.Lines = append(c.Lines, l)
}

// merge adds an event to the line of its cause: a change of state belongs to
// the segment, call or timer that brought it about, a drop to the arrival.
func (c *connection) merge(e *tcp.Event) bool {
	if len(c.Lines) == 0 {
		return false
	}
	last := &c.Lines[len(c.Lines)-1]
	if last.At != e.Time.Sub(c.Start) || last.Kind == KindGap {
		return false
	}
	switch {
	case e.Kind == tcp.EventState:
		last.Left = append(last.Left, e.State)
		if e.Cause != tcp.CauseNone {
			last.Cause = e.Cause
		}
		if last.Rule == "" {
			last.Rule = e.Rule
		}
	case e.Kind == tcp.EventDrop && last.takesDrop(e):
		last.Drop, last.Rule = e.Drop, e.Rule
		last.TextOnly = onlyText(e.Drop)
	default:
		return false
	}
	last.Vars = e.Vars
	return true
}

// takesDrop reports whether a drop is about the arrival that this line shows.
// The header may differ by then: the machine cuts segments to the window. What
// the host drops before the machine sees it has no arrival.
func (l *Line) takesDrop(e *tcp.Event) bool {
	h := &l.Segment.Header
	if l.Kind != KindSegment || l.Dir != ToLeft || l.Drop != ip.NoDrop {
		return false
	}
	cut := e.Drop >= ip.DropOutOfWindow && h.SrcPort == e.Header.SrcPort && h.DstPort == e.Header.DstPort && h.Ack == e.Header.Ack
	return *h == e.Header || cut
}

// onlyText reports whether a segment dropped for this reason lost its text
// alone: its acknowledgement and window had been used by then.
func onlyText(d ip.Drop) bool {
	switch d {
	case ip.DropTooManyHoles, ip.DropReceiveBuffer, ip.DropAfterClose, ip.DropMemory:
		return true
	}
	return false
}

// segmentOf returns the segment of an event; finish fills in the relative numbers.
func segmentOf(e *tcp.Event) Segment {
	s := Segment{Header: e.Header, Len: e.Len, Count: 1}
	if e.GSO > 0 && e.Len > e.GSO {
		s.Count = (e.Len + e.GSO - 1) / e.GSO
	}
	return s
}

// finish works out what needs the whole record: relative numbers, windows, the peer's states.
func (c *connection) finish() {
	c.findISNs()
	left, right := c.scales()
	for i := range c.Lines {
		l := &c.Lines[i]
		if l.Kind != KindSegment {
			continue
		}
		from, to, scale := c.Left, c.Right, left
		if l.Dir == ToLeft {
			from, to, scale = c.Right, c.Left, right
		}
		h := &l.Segment.Header
		l.Segment.Seq, l.Segment.Ack = h.Seq.Sub(from.ISN), h.Ack.Sub(to.ISN)
		l.Segment.Window = int(h.Wnd)
		if !h.Flags.Has(tcp.SYN) {
			l.Segment.Window <<= scale
		}
	}
	c.inferPeer()
}

// findISNs finds where relative numbers count from: the SYNs, or what the
// variables say when the record begins after them, or else the numbers first seen.
func (c *connection) findISNs() {
	for i := range c.Lines {
		l := &c.Lines[i]
		if l.Kind != KindSegment || !l.Segment.Header.Flags.Has(tcp.SYN) || l.Drop != ip.NoDrop {
			continue
		}
		end := &c.Left
		if l.Dir == ToLeft {
			end = &c.Right
		}
		if !end.HasISN {
			end.ISN, end.HasISN = l.Segment.Header.Seq, true
		}
	}
	for i := range c.Lines {
		v := &c.Lines[i].Vars
		if !c.Left.HasISN && v.ISS != 0 {
			c.Left.ISN, c.Left.HasISN = v.ISS, true
		}
		if !c.Right.HasISN && v.IRS != 0 {
			c.Right.ISN, c.Right.HasISN = v.IRS, true
		}
	}
	first := slices.IndexFunc(c.Lines, func(l Line) bool {
		return l.Kind == KindSegment && l.Segment.Header.Flags.Has(tcp.ACK)
	})
	if first < 0 {
		return
	}
	h := c.Lines[first].Segment.Header
	sender, receiver := &c.Left, &c.Right
	if c.Lines[first].Dir == ToLeft {
		sender, receiver = receiver, sender
	}
	if !sender.HasISN {
		sender.ISN = h.Seq - 1
	}
	if !receiver.HasISN {
		receiver.ISN = h.Ack - 1
	}
}

// scales returns the window scales of both ends: those of the SYNs, when both
// have one (RFC 7323 §2.2), else none.
func (c *connection) scales() (left, right uint8) {
	var has [2]bool
	var scale [2]uint8
	for i := range c.Lines {
		l := &c.Lines[i]
		if l.Kind == KindSegment && l.Drop == ip.NoDrop && l.Segment.Header.Flags.Has(tcp.SYN) {
			has[l.Dir] = l.Segment.Header.Options.HasWS
			scale[l.Dir] = l.Segment.Header.Options.WS
		}
	}
	if has[ToRight] && has[ToLeft] {
		return scale[ToRight], scale[ToLeft]
	}
	return 0, 0
}
