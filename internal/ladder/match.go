package ladder

import (
	"slices"
	"time"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// Where the records of both ends are there: which segment that left is which that arrives.

// A trip is a segment that an end sent, and what the other end got of it.
type trip struct {
	id       int
	sent     *happening
	arrivals []*happening // in order, without those that had arrived before
	got      int          // sequence numbers that arrived, of those it takes
	flying   bool
}

// size returns how many sequence numbers the segment takes.
func (t *trip) size() int { return int(seqEnd(t.sent.Event).Sub(t.sent.Header.Seq)) }

// complete reports whether all of it has arrived.
func (t *trip) complete() bool { return len(t.arrivals) > 0 && t.got >= t.size() }

// An arriving tells of an arrival which segments it brings.
type arriving struct {
	trips     []*trip
	duplicate bool
}

// A print is what tells segments apart: equal for a segment and its copies on the wire.
type print struct {
	seq, ack     tcp.Seq
	flags        tcp.Flags
	wnd          uint16
	len          int
	tsVal, tsEcr uint32
	sacks        uint8
	sack         tcp.Block
}

func printOf(e *tcp.Event) print {
	h := &e.Header
	return print{h.Seq, h.Ack, h.Flags, h.Wnd, e.Len, h.Options.TSVal, h.Options.TSEcr, h.Options.NumSACK, h.Options.SACK[0]}
}

// loose returns the print without what a box on the way may change.
func (p print) loose() print {
	return print{seq: p.seq, ack: p.ack, flags: p.flags, len: p.len}
}

// A matcher finds out, for one direction, which arrival is which segment.
type matcher struct {
	timely bool // the record is in the order of time: a place in it says what came first
	trips  []*trip
	events map[int]*trip     // by the index of the event
	prints map[print][]*trip // exact and loose prints: those not yet arrived
	copies map[print]*trip   // those that have
	ranges int               // trips before this one take no more pieces
	usual  time.Duration     // how long most segments take
}

func newMatcher(timely bool) *matcher {
	return &matcher{timely: timely, events: map[int]*trip{}, prints: map[print][]*trip{}, copies: map[print]*trip{}}
}

// send enters a segment that left.
func (m *matcher) send(t *trip) {
	m.trips = append(m.trips, t)
	m.events[t.sent.index] = t
	p := printOf(t.sent.Event)
	m.prints[p] = append(m.prints[p], t)
	if l := p.loose(); l != p {
		m.prints[l] = append(m.prints[l], t)
	}
}

// before reports whether a segment had left when something arrived.
func (m *matcher) before(t *trip, h *happening) bool {
	if m.timely {
		return t.sent.index < h.index
	}
	return t.sent.at <= h.at
}

// arrive finds the segments that an arrival brings: the oldest equal one that has not arrived, else
// one that has, else those whose text it is a piece of, or consists of.
func (m *matcher) arrive(h *happening) arriving {
	p := printOf(h.Event)
	for _, q := range []print{p, p.loose()} {
		if t := m.take(q, h); t != nil {
			t.got = t.size()
			t.arrivals = append(t.arrivals, h)
			m.copies[p], m.copies[q] = t, t
			return arriving{trips: []*trip{t}}
		}
		if t := m.copies[q]; t != nil {
			return arriving{trips: []*trip{t}, duplicate: true}
		}
	}
	return m.pieces(h)
}

// take returns the segment with this print that most likely is the one that arrives. Copies are sent again because
// those before them were lost: the oldest that would not have been under way for unusually long, else the newest.
func (m *matcher) take(p print, h *happening) *trip {
	var best *trip
	waiting := m.prints[p]
	for len(waiting) > 0 && len(waiting[0].arrivals) > 0 {
		waiting = waiting[1:]
	}
	m.prints[p] = waiting
	for _, t := range waiting {
		if len(t.arrivals) > 0 || !m.before(t, h) || best != nil && t.sent.at == best.sent.at {
			continue
		}
		if best = t; !m.late(h.at.Sub(t.sent.at)) {
			break
		}
	}
	return best
}

// late reports whether a segment that was under way for so long was so for longer than most.
func (m *matcher) late(d time.Duration) bool { return d > 2*m.usual+grace }

// grace is what may be added to a delay before it is worth a word: host and queue take their time.
const grace = time.Millisecond

// learn works out how long segments mostly take: the median of those that there is no doubt about.
func (m *matcher) learn(arrivals []*happening) {
	var delays []time.Duration
	for _, h := range arrivals {
		if t := m.prints[printOf(h.Event)]; len(t) == 1 && m.before(t[0], h) {
			delays = append(delays, h.at.Sub(t[0].sent.at))
		}
	}
	if slices.Sort(delays); len(delays) > 0 {
		m.usual = delays[len(delays)/2]
	}
}

// pieces finds the segments that share sequence numbers with an arrival: it was cut from them or merged out of them.
func (m *matcher) pieces(h *happening) arriving {
	var a arriving
	var seen *trip
	start, end := h.Header.Seq, seqEnd(h.Event)
	for m.ranges < len(m.trips) && m.trips[m.ranges].complete() {
		m.ranges++
	}
	covered := start // up to here the arrival is explained
	for i, t := range m.trips {
		shared := overlap(t.sent.Event, start, end)
		switch {
		case shared == 0 || !m.before(t, h):
		case i < m.ranges || t.complete():
			seen = t
		case covered.Less(seqEnd(t.sent.Event)):
			covered = seqEnd(t.sent.Event)
			t.got += shared
			t.arrivals = append(t.arrivals, h)
			a.trips = append(a.trips, t)
		}
	}
	if len(a.trips) == 0 && seen != nil {
		return arriving{trips: []*trip{seen}, duplicate: true}
	}
	return a
}

// overlap returns how many sequence numbers of a segment lie from start up to end.
func overlap(e *tcp.Event, start, end tcp.Seq) int {
	from, to := e.Header.Seq, seqEnd(e)
	if from.Less(start) {
		from = start
	}
	if end.Less(to) {
		to = end
	}
	return max(int(int32(to-from)), 0)
}

// seqEnd returns the sequence number after a segment's last.
func seqEnd(e *tcp.Event) tcp.Seq { return endAfter(&e.Header, e.Len) }

// endAfter is the same for a header and a number of bytes.
func endAfter(h *tcp.Header, n int) tcp.Seq {
	end := h.Seq.Add(tcp.Size(n))
	if h.Flags.Has(tcp.SYN) {
		end++
	}
	if h.Flags.Has(tcp.FIN) {
		end++
	}
	return end
}

// match numbers the segments that were sent and, when both ends are known, finds where they arrive.
func (c *connection) match(o *Options) {
	timely := c.timely()
	c.ways = [2]*matcher{newMatcher(timely), newMatcher(timely)}
	var arrivals [2][]*happening
	n := 0
	for i := range c.happenings {
		h := &c.happenings[i]
		switch {
		case h.Event != nil && h.Kind == tcp.EventSend:
			n++
			h.trip = &trip{id: n, sent: h, flying: o.Flying != nil && o.Flying(h.index)}
			c.ways[h.side].send(h.trip)
		case h.arrival:
			arrivals[h.side.Other()] = append(arrivals[h.side.Other()], h)
		}
	}
	if !c.Left.Known || !c.Right.Known {
		return
	}
	for d, m := range c.ways {
		m.learn(arrivals[d])
		for _, h := range arrivals[d] {
			if t, ok := m.told(o, h); ok {
				h.brings = m.assign(t, h)
			} else if !h.portless {
				h.brings = m.arrive(h)
			}
		}
		for _, h := range arrivals[d] {
			if h.portless && len(h.brings.trips) == 0 {
				h.brings = m.assign(m.likely(h), h)
			}
		}
	}
}

// told returns the segment that an arrival is by the word of Options.Sent, nil when no end sent it.
func (m *matcher) told(o *Options, h *happening) (t *trip, ok bool) {
	if o.Sent == nil {
		return nil, false
	}
	event, ok := o.Sent(h.index)
	t = m.events[event]
	return t, ok && (t != nil || event < 0)
}

// assign makes an arrival that of a segment, or of none.
func (m *matcher) assign(t *trip, h *happening) arriving {
	switch {
	case t == nil:
		return arriving{}
	case t.complete():
		return arriving{trips: []*trip{t}, duplicate: true}
	case h.portless:
		t.got = t.size()
	default:
		t.got += overlap(t.sent.Event, h.Header.Seq, seqEnd(h.Event))
	}
	t.arrivals = append(t.arrivals, h)
	m.copies[printOf(t.sent.Event)] = t
	return arriving{trips: []*trip{t}}
}

// likely returns the segment that a packet may have been of which only the addresses could be read: the oldest that is not there, and not late.
func (m *matcher) likely(h *happening) *trip {
	for _, t := range m.trips {
		if len(t.arrivals) == 0 && !t.flying && m.before(t, h) && !m.late(h.at.Sub(t.sent.at)) {
			return t
		}
	}
	return nil
}

// timely reports whether the events stand in the order in which they happened: their times say so, or they
// are those of two ends mixed, whose clocks may differ. Not so when the record of one end follows on that of the other.
func (c *connection) timely() bool {
	ordered, turns := true, 0
	for i := 1; i < len(c.happenings); i++ {
		ordered = ordered && c.happenings[i].at >= c.happenings[i-1].at
		if c.happenings[i].side != c.happenings[i-1].side {
			turns++
		}
	}
	return ordered || turns > 1
}

// order puts the records of two ends that stand one after the other into the order of time. Of what happens
// at the same time, nothing arrives before it has left.
func (c *connection) order() []*happening {
	var queue [2][]*happening
	all := make([]*happening, 0, len(c.happenings))
	for i := range c.happenings {
		h := &c.happenings[i]
		all = append(all, h)
		queue[h.side] = append(queue[h.side], h)
	}
	if c.timely() || len(queue[OnLeft]) == 0 || len(queue[OnRight]) == 0 {
		return all
	}
	left := map[*trip]bool{}
	waits := func(h *happening) bool {
		n := len(h.brings.trips)
		return n > 0 && !left[h.brings.trips[n-1]]
	}
	all = all[:0]
	for len(queue[OnLeft]) > 0 && len(queue[OnRight]) > 0 {
		s := sooner(queue[OnLeft][0], queue[OnRight][0], waits)
		h := queue[s][0]
		all, queue[s] = append(all, h), queue[s][1:]
		if h.trip != nil {
			left[h.trip] = true
		}
	}
	return append(append(all, queue[OnLeft]...), queue[OnRight]...)
}

// sooner says whose next happening comes first.
func sooner(l, r *happening, waits func(*happening) bool) Side {
	switch {
	case waits(l) && !waits(r):
		return OnRight
	case waits(r) && !waits(l):
		return OnLeft
	case r.at < l.at || r.at == l.at && r.index < l.index:
		return OnRight
	}
	return OnLeft
}
