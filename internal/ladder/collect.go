package ladder

import (
	"net/netip"
	"slices"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Sorting the events of a record into connections, and the ends into columns.

// A pair names one end of a connection: its own address first.
type pair struct{ local, remote netip.AddrPort }

// mirror names the other end.
func (p pair) mirror() pair { return pair{p.remote, p.local} }

// A collector sorts events into connections.
type collector struct {
	open map[pair]*connection // the one that an end is at now
	all  []*connection

	reopened bool // Options.Reopened
}

// A connection is a ladder that is being built.
type connection struct {
	Ladder
	happenings []happening
	ends       []*party    // one or two, in the order in which they appear
	gaps       bool        // events are missing
	ways       [2]*matcher // by Direction
	wire       *wire       // what has been seen on the wire, when that is the record
	newest     [2]int      // by Direction: the latest of what was sent that is there
	doubtful   int         // of what left before this place it is not known whether it arrived: events are missing
}

// A happening is an event and what is worked out about it.
type happening struct {
	*tcp.Event     // nil for a gap
	index      int // in the record
	at         ip.Time
	side       Side
	missing    int // of a gap: so many events

	trip     *trip      // of a segment that leaves
	portless bool       // a drop before the ports were read
	arrival  bool       // EventArrive, or a drop that belongs to none: something came in
	brings   arriving   // of an arrival, when the other end's record is there
	of       *happening // the one in whose line it shows: of a drop, the arrival
	joined   bool       // of an arrival: it shows in the line in which the segment left
	pos      int        // in the order of lines
	line     int        // its line
}

// A party is an end that recorded something.
type party struct {
	key   pair
	state tcp.State
	ended bool    // back in CLOSED
	last  ip.Time // of its last event
}

// add puts an event into the connection it belongs to.
func (b *collector) add(i int, e *tcp.Event) {
	key, portless := b.home(e)
	c := b.open[key]
	if c == nil || !b.reopened && c.party(key).opensAnew(e) {
		if c = b.awaiting(key, e.Time); c == nil {
			c = &connection{}
			b.all = append(b.all, c)
		}
		c.ends = append(c.ends, &party{key: key})
		b.open[key] = c
	}
	e.Local, e.Remote = key.local, key.remote
	c.happenings = append(c.happenings, happening{Event: e, index: i, at: e.Time, portless: portless})
	if !portless {
		c.party(key).note(e)
	}
}

// home returns the end that an event belongs to. What is dropped before its ports were read belongs to
// the connection between its addresses, if there is only one.
func (b *collector) home(e *tcp.Event) (key pair, portless bool) {
	key = pair{e.Local, e.Remote}
	if e.Kind != tcp.EventDrop || e.Local.Port() != 0 || e.Remote.Port() != 0 || e.Local.Addr() == e.Remote.Addr() {
		return key, false
	}
	var found []pair
	for _, c := range b.all {
		if c.ends[0].ended {
			continue
		}
		for _, k := range []pair{c.ends[0].key, c.ends[0].key.mirror()} {
			if k.local.Addr() == e.Local.Addr() && k.remote.Addr() == e.Remote.Addr() {
				found = append(found, k)
			}
		}
	}
	if len(found) != 1 {
		return key, false
	}
	return found[0], true
}

// awaiting returns the connection that has the record of the other end, but not yet of this one. Of several
// the port was used for, it is the first that had not ended by then.
func (b *collector) awaiting(key pair, now ip.Time) *connection {
	var found *connection
	for _, c := range b.all {
		if len(c.ends) != 1 || c.ends[0].key != key.mirror() || key == key.mirror() {
			continue
		}
		if found = c; !c.ends[0].ended || c.ends[0].last >= now {
			break
		}
	}
	return found
}

// gap notes in every open connection that events are missing.
func (b *collector) gap(missing int, now ip.Time) {
	for _, c := range b.all {
		if slices.ContainsFunc(c.ends, func(p *party) bool { return !p.ended }) {
			c.happenings = append(c.happenings, happening{missing: missing, at: now})
			c.gaps = true
		}
	}
}

// party returns the end with this key, which is there.
func (c *connection) party(key pair) *party {
	i := slices.IndexFunc(c.ends, func(p *party) bool { return p.key == key })
	return c.ends[i]
}

// opensAnew reports whether an event begins another connection of the same end.
func (p *party) opensAnew(e *tcp.Event) bool {
	switch {
	case e.Kind == tcp.EventCall && (e.Call == tcp.CallOpen || e.Call == tcp.CallListen):
		return p.ended || p.state > tcp.Listen
	case e.Kind == tcp.EventState && e.From == tcp.Closed:
		return p.ended
	}
	return false
}

// note keeps what an event tells about its end.
func (p *party) note(e *tcp.Event) {
	p.state, p.last = e.State, e.Time
	if e.Kind == tcp.EventState && e.State == tcp.Closed {
		p.ended = true
	}
}

// place decides which end stands on the left: the one at the given host; else
// the only one that recorded; else the one that opened; else the one that recorded first.
func (c *connection) place(o *Options) {
	first := c.ends[0].key
	switch host := o.LeftHost; {
	case host.IsValid() && (first.local.Addr() == host) != (first.remote.Addr() == host):
		if first.local.Addr() != host {
			first = first.mirror()
		}
	case len(c.ends) == 2:
		if i := slices.IndexFunc(c.happenings, opensActively); i >= 0 {
			first = pair{c.happenings[i].Local, c.happenings[i].Remote}
		}
	}
	c.Left, c.Right = o.end(OnLeft, first.local), o.end(OnRight, first.remote)
	c.Left.Known = c.knows(first)
	c.Right.Known = c.knows(first.mirror()) && first != first.mirror()
	for i := range c.happenings {
		if h := &c.happenings[i]; h.Event != nil && (pair{h.Local, h.Remote}) != first {
			h.side = OnRight
		}
	}
}

// end makes the end of a column.
func (o *Options) end(s Side, addr netip.AddrPort) End {
	name, ok := o.Names[addr]
	switch {
	case ok:
	case s == OnLeft:
		name = o.Left
	default:
		name = o.Right
	}
	return End{Addr: addr, Name: name}
}

// knows reports whether an end recorded something.
func (c *connection) knows(key pair) bool {
	return slices.ContainsFunc(c.ends, func(p *party) bool { return p.key == key })
}

// opensActively reports whether a happening is an active open.
func opensActively(h happening) bool {
	if h.Event == nil {
		return false
	}
	return h.Kind == tcp.EventCall && h.Call == tcp.CallOpen ||
		h.Kind == tcp.EventSend && h.Header.Flags.Has(tcp.SYN) && !h.Header.Flags.Has(tcp.ACK)
}

// awaitedSyn leaves out that a listener's connection enters LISTEN in the moment in which a SYN
// makes it: the end has listened since long. It is the state before the end's first line, or
// else, unless the end was in LISTEN anyway, one that it enters with the SYN.
func (c *connection) awaitedSyn() {
	was := map[pair]tcp.State{} // of ends that have been seen
	for i := 0; i+2 < len(c.happenings); i++ {
		call := &c.happenings[i]
		if call.Event == nil {
			continue
		}
		key := pair{call.Local, call.Remote}
		if before, seen := was[key]; c.listensFor(i) {
			listen := c.happenings[i+1]
			c.happenings = slices.Delete(c.happenings, i, i+2)
			if seen && before != tcp.Listen {
				c.happenings = slices.Insert(c.happenings, i+1, listen) // behind the arrival
			}
		}
		was[key] = c.happenings[i].State
	}
}

// listensFor reports whether an end begins to listen in the moment in which a SYN reaches it.
func (c *connection) listensFor(i int) bool {
	call, state, arrival := &c.happenings[i], &c.happenings[i+1], &c.happenings[i+2]
	if state.Event == nil || arrival.Event == nil {
		return false
	}
	together := call.at == state.at && call.at == arrival.at && call.Local == state.Local && call.Local == arrival.Local
	return together && call.Call == tcp.CallListen && state.Kind == tcp.EventState && state.State == tcp.Listen &&
		arrival.Kind == tcp.EventArrive && arrival.State == tcp.Listen
}
