package step

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// The world: two hosts, what is on the way between them, and the clock.

// Bounds of a world. They are far beyond what anybody looks at step by step.
const (
	maxEvents   = 100_000
	maxInFlight = 4096
	maxIdle     = 2 * maxInFlight // happenings in a row at one time
)

// A World is two hosts and a link in virtual time. Nothing happens in it but by its moves. It is not safe
// for concurrent use.
type World struct {
	cfg    Config
	now    ip.Time
	random *rand.Rand
	ends   [2]*end
	wire   []*packet // in the order in which they were put there
	lastID int
	moves  int // made, the one that is being made included
	events []tcp.Event
	// unclaimed are the indices of events of segments that were sent and are not on the wire yet.
	unclaimed []int
	landed    map[int]bool // events of segments that have arrived, or a copy of them
	origins   map[int]int  // of events of arrivals: the event of the sending, -1 for what no end sent
}

// NewWorld returns a world in which nothing has happened.
func NewWorld(cfg Config) *World {
	var seed [32]byte
	binary.BigEndian.PutUint64(seed[:], cfg.Seed)
	w := &World{cfg: cfg.withDefaults(), now: start, random: rand.New(rand.NewChaCha8(seed)), landed: map[int]bool{}, origins: map[int]int{}}
	w.ends[A] = newEnd(w, A)
	w.ends[B] = newEnd(w, B)
	return w
}

// Now returns the time.
func (w *World) Now() ip.Time { return w.now }

// Events returns the record of both ends. It must not be changed.
func (w *World) Events() []tcp.Event { return w.events[:len(w.events):len(w.events)] }

// record is the hosts' trace.
func (w *World) record(e *tcp.Event) {
	w.events = append(w.events, *e)
	if e.Kind == tcp.EventSend {
		w.unclaimed = append(w.unclaimed, len(w.events)-1)
	}
}

// errFull is what stops a run without an end.
var errFull = errors.New("the record is full: too much has happened in this world")

// Do makes a move. After an error the world may have changed and is of no more use.
func (w *World) Do(m Move) error {
	if m.End != A && m.End != B {
		return fmt.Errorf("%v: there is no such end", m)
	}
	if len(w.events) > maxEvents {
		return errFull
	}
	w.moves++
	var err error
	if m.Kind == Deliver || m.Kind == Crash || m.Kind == Inject || m.Kind.Call() {
		err = w.run(w.now, w.nextTimer) // as when a script is run: timers come first
	}
	switch {
	case err != nil:
	case m.Kind.OnPacket():
		err = w.onPacket(m)
	case m.Kind.Call():
		err = w.call(m)
	default:
		err = w.pass(m)
	}
	if err == nil {
		err = w.settle()
	}
	return err
}

// pass makes the moves that are about time, and those that come from outside.
func (w *World) pass(m Move) error {
	switch m.Kind {
	case Go:
		n := w.next()
		if n.none() {
			return errors.New("nothing will happen any more by itself")
		}
		return w.happen(n)
	case Fire:
		return w.fire()
	case Wait:
		return w.wait(m.D)
	case Crash:
		w.ends[m.End].crash(uint32(m.N))
		return nil
	case Inject:
		return w.inject(m.End, m.Text)
	}
	return fmt.Errorf("there is no move %v", m.Kind)
}

// A happening is what a world does by itself: a packet arrives, or a timer of an end expires.
type happening struct {
	at     ip.Time
	packet *packet
	end    *end
}

func (h happening) none() bool { return h.packet == nil && h.end == nil }

// next returns what happens next. At the same time timers come first, as when a script is run.
func (w *World) next() happening {
	n := w.nextTimer()
	for _, p := range w.wire {
		if at := max(p.arrives, w.now); n.none() || at < n.at {
			n = happening{at: at, packet: p}
		}
	}
	return n
}

// nextTimer returns which timer expires next.
func (w *World) nextTimer() happening {
	var n happening
	for _, e := range w.ends {
		if d := e.host.Deadline(); !d.IsZero() && (n.none() || d < n.at) {
			n = happening{at: d, end: e}
		}
	}
	n.at = max(n.at, w.now)
	return n
}

// happen lets it happen.
func (w *World) happen(n happening) error {
	w.now = max(w.now, n.at)
	if n.end != nil {
		n.end.host.Advance(w.now)
		return w.settle()
	}
	return w.arrive(n.packet)
}

// fire lets the next timer expire before any packet arrives.
func (w *World) fire() error {
	n := w.nextTimer()
	if n.none() {
		return errors.New("no timer runs")
	}
	return w.happen(n)
}

// wait lets time pass.
func (w *World) wait(d time.Duration) error {
	if d <= 0 {
		return errors.New("time only passes forward")
	}
	until := w.now.Add(d)
	if err := w.run(until, w.next); err != nil {
		return err
	}
	w.now = until
	return nil
}

// run lets everything happen that next finds up to a time.
func (w *World) run(until ip.Time, next func() happening) error {
	idle := 0
	for n := next(); !n.none() && n.at <= until; n = next() {
		if idle++; n.at > w.now {
			idle = 0
		}
		if idle > maxIdle {
			return errors.New("time stands still: a deadline does not pass, or packets arrive without end")
		}
		if err := w.happen(n); err != nil {
			return err
		}
	}
	return nil
}

// settle follows every input: it takes what the hosts send.
func (w *World) settle() error {
	for _, e := range w.ends {
		e.drain()
	}
	if len(w.events) > maxEvents || len(w.wire) > maxInFlight {
		return errFull
	}
	return nil
}
