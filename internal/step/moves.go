package step

import (
	"fmt"
	"slices"
	"time"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// What can be done in a world, and what it would do by itself.

// Moves returns the moves that are possible now, with useful sizes and times: those on packets in the order in
// which these arrive, then the calls of both ends, then time. Write, Read, Delay and Wait can be done with
// other numbers as well, and Inject always.
func (w *World) Moves() []Move {
	var list []Move
	n := w.next()
	if !n.none() {
		list = append(list, Move{Kind: Go})
	}
	// What is due at this very moment comes before anything that an end could notice.
	isDue := n.end != nil && n.at <= w.now
	for _, p := range w.arrivals() {
		if !isDue {
			list = append(list, Move{Kind: Deliver, Packet: p.id})
		}
		list = append(list, Move{Kind: Drop, Packet: p.id}, Move{Kind: Duplicate, Packet: p.id},
			Move{Kind: Delay, Packet: p.id, D: 2 * w.cfg.Delay})
		if !p.damaged {
			list = append(list, Move{Kind: Corrupt, Packet: p.id})
		}
	}
	if !isDue {
		for i, e := range w.ends {
			list = append(list, e.possible(i)...)
		}
	}
	if !w.nextTimer().none() {
		list = append(list, Move{Kind: Fire})
	}
	return append(list, Move{Kind: Wait, D: time.Second}, Move{Kind: Crash, End: A}, Move{Kind: Crash, End: B})
}

// possible returns the calls that the application can make.
func (e *end) possible(index int) []Move {
	var list []Move
	for _, m := range e.offers() {
		m.End = index
		if e.refuses(m) == "" {
			list = append(list, m)
		}
	}
	return list
}

// offers returns the calls that an application might make.
func (e *end) offers() []Move {
	list := []Move{{Kind: Listen}, {Kind: Connect}, {Kind: Write, N: 1}, {Kind: Write, N: 1000}, {Kind: Write, N: 10000}}
	if e.sock != nil {
		if n := e.sock.Conn().Readable(); n > 1000 {
			list = append(list, Move{Kind: Read, N: 1000})
		}
		list = append(list, Move{Kind: Read, N: max(1, e.sock.Conn().Readable())})
	}
	list = append(list, Move{Kind: Shutdown}, Move{Kind: Close}, Move{Kind: Abort})
	on := func(set bool) int {
		if set {
			return 0
		}
		return 1
	}
	return append(list, Move{Kind: NoDelay, N: on(e.noDelay)}, Move{Kind: KeepAlive, N: on(e.keepAlive)})
}

// arrivals returns the packets in flight in the order in which they arrive by themselves.
func (w *World) arrivals() []*packet {
	list := slices.Clone(w.wire)
	slices.SortStableFunc(list, func(p, q *packet) int {
		return int(max(-1, min(1, max(p.arrives, w.now)-max(q.arrives, w.now))))
	})
	return list
}

// ahead says what the world does next by itself.
func (w *World) ahead() string {
	n := w.next()
	in := ""
	if d := n.at.Sub(w.now); d > 0 {
		in = fmt.Sprintf(" in %v", d)
	}
	switch {
	case n.none():
		return ""
	case n.packet != nil:
		return fmt.Sprintf("#%d arrives at %s%s", n.packet.id, w.ends[n.packet.to].name(), in)
	}
	what := "a timer"
	if t := n.end.timers(); len(t) > 0 {
		what = "the " + t[0].Name + " timer"
	}
	return fmt.Sprintf("%s of %s expires%s", what, n.end.name(), in)
}

// timers returns the timers of the newest connection that run, the next one first.
func (e *end) timers() []Timer {
	if e.last == nil {
		return nil
	}
	v := e.last.Conn().Vars()
	return timersOf(&v)
}

// timersOf returns the timers that run, the next one first.
func timersOf(v *tcp.Vars) []Timer {
	var list []Timer
	for i, at := range v.Timers {
		if !at.IsZero() {
			list = append(list, Timer{Name: tcp.Timer(i).String(), At: at})
		}
	}
	slices.SortStableFunc(list, func(t, u Timer) int { return int(max(-1, min(1, t.At-u.At))) })
	return list
}
