package ladder

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// From the event record to the model.

// Options say how ladders are built. The zero value works.
type Options struct {
	// Names gives names to ends by address and port. Left and Right name the
	// ends in these columns that it does not.
	Names       map[netip.AddrPort]string
	Left, Right string
	// LeftHost is the address of the end on the left, when it is that of one end only. Without it, it is
	// the end that recorded; if both did, the one that opened; else the one that comes first.
	LeftHost netip.Addr
	// Flying reports whether the segment that the event with index i sent is on its way still. Nil means
	// that none is: what has not arrived is lost.
	Flying func(i int) bool
	// Sent tells in which event the segment was sent that arrives in the event with index i: -1 when no end sent
	// it, and ok when that is known. Nil, or not ok: it is worked out.
	Sent func(i int) (event int, ok bool)
	// Reopened takes all that happens between the same two ports for one connection, though an end opens
	// anew, as after a crash of its host. Otherwise that is another ladder.
	Reopened bool
}

// Build makes the ladders of a record, one for each connection, in the order in
// which they begin. The record may hold the events of one end or of both, on one clock; those of
// both may be mixed or stand one after the other.
func Build(events []tcp.Event, o Options) []*Ladder { return build(slices.Clone(events), 0, 0, o) }

// build makes the ladders and keeps the events; lost events are missing before the one with index gap.
func build(events []tcp.Event, gap, lost int, o Options) []*Ladder {
	b := collector{open: map[pair]*connection{}, reopened: o.Reopened}
	for i := range events {
		if lost > 0 && i == gap {
			b.gap(lost, events[i].Time)
		}
		b.add(i, &events[i])
	}
	ladders := make([]*Ladder, 0, len(b.all))
	for _, c := range b.all {
		c.build(&o)
		ladders = append(ladders, &c.Ladder)
	}
	return ladders
}

// build makes the lines of a connection.
func (c *connection) build(o *Options) {
	c.place(o)
	c.awaitedSyn()
	c.attach()
	c.match(o)
	ordered := c.order()
	join(ordered, c.ways)
	c.Start = ordered[0].at
	for i, h := range ordered {
		c.draw(h)
		if h.Event == nil {
			c.doubtful = i
		}
	}
	c.settle(ordered)
	c.carryVars()
	c.finish()
}

// attach finds the happenings that show in the line of another: a change of state belongs to
// the segment, call or timer that brought it about, a drop to the arrival.
func (c *connection) attach() {
	var last, came [2]*happening
	for i := range c.happenings {
		h := &c.happenings[i]
		if h.Event == nil {
			last, came = [2]*happening{}, [2]*happening{}
			continue
		}
		switch cause := last[h.side]; h.Kind {
		case tcp.EventState:
			if cause != nil && cause.at == h.at {
				h.of = cause
				continue
			}
		case tcp.EventArrive:
			h.arrival = true
			came[h.side] = h
		case tcp.EventDrop:
			if a := came[h.side]; a != nil && a.at == h.at && drops(h.Event, a.Event) {
				h.of, came[h.side] = a, nil
				continue
			}
			h.arrival = true
		case tcp.EventSend, tcp.EventCall, tcp.EventTimer:
			came[h.side] = nil
		}
		last[h.side] = h
	}
}

// drops reports whether a drop is about an arrival. The header may differ by then: the machine cuts segments to the
// window. What the host drops before the machine sees it has no arrival.
func drops(d, a *tcp.Event) bool {
	h, g := &a.Header, &d.Header
	cut := d.Drop >= ip.DropOutOfWindow && h.SrcPort == g.SrcPort && h.DstPort == g.DstPort && h.Ack == g.Ack
	return printOf(a) == printOf(d) || cut
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

// draw appends a line for a happening, or adds to the line that it shows in.
func (c *connection) draw(h *happening) {
	if h.Event == nil {
		c.Lines = append(c.Lines, Line{Kind: KindGap, At: h.at.Sub(c.Start), Count: h.missing})
		return
	}
	if end := c.End(h.side); !end.HasFirst && !h.portless {
		end.First, end.HasFirst = h.State, true
		if h.Kind == tcp.EventState {
			end.First = h.From
		}
	}
	switch {
	case h.of != nil:
		h.line = h.of.line
		c.addTo(&c.Lines[h.line], h)
	case h.joined:
		h.line = h.brings.trips[0].sent.line
		c.arriveAt(&c.Lines[h.line], h)
	default:
		h.line = len(c.Lines)
		c.Lines = append(c.Lines, c.newLine(h))
	}
	if h.Vars != (tcp.Vars{}) {
		c.Lines[h.line].setVars(h.side, &h.Vars)
	}
}

// newLine makes the line of a happening that has its own.
func (c *connection) newLine(h *happening) Line {
	e := h.Event
	l := Line{
		At: h.at.Sub(c.Start), Side: h.side, Why: e.Why, Nth: e.Nth, Drop: e.Drop, Rule: e.Rule,
		Timer: e.Timer, Call: e.Call, Bytes: e.Bytes, Cause: e.Cause,
	}
	switch e.Kind {
	case tcp.EventArrive, tcp.EventDrop:
		if h.portless && len(h.brings.trips) == 0 {
			l.Kind = KindDiscard
			break
		}
		if h.portless {
			e = h.brings.trips[0].sent.Event
		}
		l.Kind, l.Segment, l.Trip = KindSegment, segmentOf(e), c.arrivalOf(h)
	case tcp.EventSend:
		l.Kind, l.Segment, l.Trip = KindSegment, segmentOf(e), c.departureOf(h)
	case tcp.EventState:
		l.Kind = KindState
		l.enter(h.side, e.State)
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
	case tcp.EventMTU:
		l.Kind = KindMTU
	case tcp.EventMarks:
		l.Kind = KindMarks
	}
	return l
}

// carryVars gives each line the variables of both ends: where nothing happened at an end, those of the line above.
func (c *connection) carryVars() {
	var last [2]*tcp.Vars
	for i := range c.Lines {
		l := &c.Lines[i]
		for s := range last {
			l.setVars(Side(s), cmp.Or(l.Vars(Side(s)), last[s]))
			last[s] = l.Vars(Side(s))
		}
	}
}

// addTo adds a change of state or a drop to the line of its cause.
func (c *connection) addTo(l *Line, h *happening) {
	rule := &l.Rule
	if l.Kind == KindSegment && l.Part == Whole && h.side == l.Dir.Receiver() && l.Sent != Unknown {
		rule = &l.RuleThere
	}
	if h.Kind == tcp.EventDrop {
		l.Drop, *rule = h.Drop, h.Rule
		l.TextOnly = onlyText(h.Drop)
		return
	}
	l.enter(h.side, h.State)
	if h.Cause != tcp.CauseNone {
		l.Cause = h.Cause
	}
	if *rule == "" {
		*rule = h.Rule
	}
}

// segmentOf returns the segment of an event; finish fills in the relative numbers.
func segmentOf(e *tcp.Event) Segment {
	s := Segment{Header: e.Header, Len: e.Len, Count: 1}
	if e.GSO > 0 && e.Len > e.GSO {
		s.Count = (e.Len + e.GSO - 1) / e.GSO
	}
	return s
}
