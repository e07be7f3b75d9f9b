package ladder

import "github.com/sockeye-tcp/sockeye/tcp"

// The ways of segments in the lines: what is one line, what takes two, and what never arrives.

// maxSpan bounds how many happenings may lie between the two ends of a segment that takes one
// line: with more, a reader would look for its arrival in vain.
const maxSpan = 256

// join decides which arrivals show in the line in which the segment leaves. That is so when nothing
// happened in between that the order of lines would then tell wrongly.
func join(ordered []*happening, ways [2]*matcher) {
	for i, h := range ordered {
		h.pos = i
		if len(h.brings.trips) != 1 || h.brings.duplicate {
			continue
		}
		t := h.brings.trips[0]
		if len(t.arrivals) == 1 && t.complete() && i-t.sent.pos <= maxSpan && !ways[t.sent.side].late(h.at.Sub(t.sent.at)) {
			h.joined = quiet(ordered[t.sent.pos+1:i], t.sent)
		}
	}
}

// quiet reports whether nothing of this happened between a segment's departure and its arrival that matters to the order.
func quiet(between []*happening, sent *happening) bool {
	for _, h := range between {
		switch {
		case h.Event == nil:
			return false
		case h.side != sent.side:
			if !h.above(sent) {
				return false
			}
		case h.Kind == tcp.EventTimer, h.Kind == tcp.EventRecovery, h.Kind == tcp.EventICMP, h.Kind == tcp.EventMTU,
			h.Kind == tcp.EventSend && (h.Nth > 0 || h.Why.Retransmission()):
			return false
		}
	}
	return true
}

// above reports whether a happening shows in a line above that of a segment's departure.
func (h *happening) above(sent *happening) bool {
	if h.of != nil {
		h = h.of
	}
	return h.joined && h.brings.trips[0].sent.pos < sent.pos
}

// departureOf says of a segment that leaves how far it comes.
func (c *connection) departureOf(h *happening) Trip {
	t := h.trip
	trip := Trip{Dir: Direction(h.side), IDs: []int{t.id}, Sent: h.at.Sub(c.Start), Arrived: Unknown, Flying: t.flying}
	if t.flying {
		trip.Part = Departs
	}
	return trip
}

// arrivalOf says of a segment that arrives where it comes from.
func (c *connection) arrivalOf(h *happening) Trip {
	trip := Trip{Dir: Direction(h.side.Other()), Sent: Unknown, Arrived: h.at.Sub(c.Start)}
	if !c.Left.Known || !c.Right.Known {
		return trip
	}
	trip.Part = Arrives
	newest := &c.newest[trip.Dir]
	for _, t := range h.brings.trips {
		trip.IDs = append(trip.IDs, t.id)
		trip.Sent = t.sent.at.Sub(c.Start)
		trip.Overtaken = t.id < *newest && !h.brings.duplicate
		*newest = max(*newest, t.id)
	}
	trip.Duplicate = h.brings.duplicate
	trip.Injected = len(h.brings.trips) == 0 && !c.gaps
	return trip
}

// arriveAt adds an arrival to the line in which the segment left.
func (c *connection) arriveAt(l *Line, h *happening) {
	l.Arrived, l.RuleThere = h.at.Sub(c.Start), h.Rule
	l.Segment.Count = max(l.Segment.Count, segmentOf(h.Event).Count)
	if h.Kind == tcp.EventDrop {
		l.Drop = h.Drop
	}
	newest := &c.newest[l.Dir]
	*newest = max(*newest, h.brings.trips[0].id)
}

// settle tells the lines in which segments leave what became of them: now that all is known.
func (c *connection) settle(ordered []*happening) {
	if !c.Left.Known || !c.Right.Known {
		return
	}
	for i, h := range ordered {
		if h.trip == nil {
			continue
		}
		l, t := &c.Lines[h.line], h.trip
		certain := i >= c.doubtful && !t.flying
		switch {
		case len(t.arrivals) == 0:
			l.Lost = certain
			if certain {
				l.Part = Departs
			}
		case !t.arrivals[0].joined:
			l.Part, l.Arrived = Departs, t.arrivals[0].at.Sub(c.Start)
			if certain && !t.complete() {
				l.Missing = t.size() - t.got
			}
		}
	}
}
