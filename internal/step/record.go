package step

import (
	"fmt"
	"net/netip"

	"github.com/sockeye-tcp/sockeye/internal/ladder"
	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Records of what has happened already: a script that has run, a trace.

// A recording goes through events, one a step. The two ends are those of the connection that the last event is about.
type recording struct {
	title  string
	events []tcp.Event
	trips  []trip      // in the order of arrival
	lands  map[int]int // where the trip that an event begins ends
	pos    int         // events[:pos] have happened
	view   *View
}

// A trip is a segment that one end sent and the other got, both of them in the record.
type trip struct{ sent, arrived int }

// Record returns a player of what has happened already: each event is a step, and there are no moves. The
// events may be of one end or of both, on one clock and in order. They must not be changed afterwards.
func Record(title string, events []tcp.Event) Player {
	r := &recording{title: title, events: events, trips: findTrips(events), lands: map[int]int{}}
	for _, t := range r.trips {
		r.lands[t.sent] = t.arrived
	}
	return r
}

// findTrips matches departures with arrivals.
func findTrips(events []tcp.Event) []trip {
	type key struct {
		from, to netip.AddrPort
		seq, ack tcp.Seq
		flags    tcp.Flags
		n        int
	}
	flying := map[key][]int{}
	var trips []trip
	for i := range events {
		e := &events[i]
		k := key{e.Local, e.Remote, e.Header.Seq, e.Header.Ack, e.Header.Flags, e.Len}
		switch e.Kind {
		case tcp.EventSend:
			flying[k] = append(flying[k], i)
		case tcp.EventArrive, tcp.EventDrop:
			if e.Kind == tcp.EventDrop && i > 0 && arrivedBefore(e, &events[i-1]) {
				continue
			}
			k.from, k.to = k.to, k.from
			if list := flying[k]; len(list) > 0 {
				trips = append(trips, trip{list[0], i})
				flying[k] = list[1:]
			}
		}
	}
	return trips
}

// arrivedBefore reports whether a drop is about a segment that has its arrival in the record already: only
// its text was thrown away.
func arrivedBefore(drop, before *tcp.Event) bool {
	return before.Kind == tcp.EventArrive && before.Local == drop.Local && before.Header == drop.Header
}

// Next implements Player.
func (r *recording) Next() bool {
	if r.pos == len(r.events) {
		return false
	}
	r.pos++
	r.view = nil
	return true
}

// Back implements Player.
func (r *recording) Back() bool {
	if r.pos == 0 {
		return false
	}
	r.pos--
	r.view = nil
	return true
}

// Events implements Player.
func (r *recording) Events() []tcp.Event { return r.events[:r.pos:r.pos] }

// Moves implements Player: there are none.
func (r *recording) Moves() []Move { return nil }

// Do implements Player. The error is ErrRecording.
func (r *recording) Do(Move) error { return ErrRecording }

// Inject implements Player. The error is ErrRecording.
func (r *recording) Inject(int, string) error { return ErrRecording }

// Script implements Player. The error is a *ScriptError.
func (r *recording) Script(int) ([]byte, error) {
	return nil, &ScriptError{"a record does not tell all that a script needs"}
}

// RunToState implements Player.
func (r *recording) RunToState(end int, want tcp.State) error {
	if end != A && end != B {
		return fmt.Errorf("there is no end %d", end)
	}
	for r.View().Ends[end].State != want {
		if !r.Next() {
			return fmt.Errorf("the record ends, and %s is in %v: %w", r.View().Ends[end].Name, r.View().Ends[end].State, ErrBound)
		}
	}
	return nil
}

// RunUntil implements Player. The clock stands at the last event before the time.
func (r *recording) RunUntil(t ip.Time) error {
	for r.pos < len(r.events) && r.events[r.pos].Time <= t {
		r.Next()
	}
	return nil
}

// View implements Player.
func (r *recording) View() *View {
	if r.view != nil {
		return r.view
	}
	v := &View{Title: r.title, Step: r.pos, Steps: len(r.events), Fresh: max(0, r.pos-1), Start: start, Now: start}
	r.view = v
	if len(r.events) == 0 {
		return v
	}
	v.Start, v.Now = r.events[0].Time, r.events[0].Time
	if r.pos > 0 {
		last := &r.events[r.pos-1]
		v.Now, v.Did, v.Rule = last.Time, eventWords(last), last.Rule
	}
	if r.pos < len(r.events) {
		v.Ahead = eventWords(&r.events[r.pos])
	}
	v.Ladder = ladder.Build(r.Events(), ladder.Options{Flying: r.flies})
	r.fillEnds(v)
	for _, t := range r.trips {
		if t.sent < r.pos && r.pos <= t.arrived {
			v.InFlight = append(v.InFlight, r.flight(v, t))
		}
	}
	return v
}

// flies reports whether what an event sent is on its way at the present step.
func (r *recording) flies(sent int) bool {
	arrived, ok := r.lands[sent]
	return ok && r.pos <= arrived
}

// fillEnds finds the ends and what is known of them.
func (r *recording) fillEnds(v *View) {
	a, b := r.pair()
	v.Ends[A] = EndView{Name: a.String(), Addr: a, Inferred: true}
	v.Ends[B] = EndView{Name: b.String(), Addr: b, Inferred: true}
	for i := range r.events {
		e := &r.events[i]
		for n, addr := range [2]netip.AddrPort{a, b} {
			if e.Local != addr || e.Remote != [2]netip.AddrPort{b, a}[n] {
				continue
			}
			end := &v.Ends[n]
			end.Inferred = false
			if i < r.pos && e.Vars != (tcp.Vars{}) {
				end.HasConn, end.State, end.Vars, end.Timers = true, e.State, e.Vars, timersOf(&e.Vars)
				end.Readable = e.Vars.RcvBuf
			}
			if i < r.pos && e.Kind == tcp.EventState {
				end.Cause = e.Cause
			}
		}
	}
	for _, l := range v.Ladder {
		for n := range v.Ends {
			if end := &v.Ends[n]; end.Inferred {
				end.State = inferred(l, end.Addr, v.Ends[1-n].Addr, end.State)
			}
		}
	}
}

// pair returns the ends of the connection that is shown. The end whose event comes first in the record is A.
func (r *recording) pair() (a, b netip.AddrPort) {
	now := &r.events[max(0, r.pos-1)]
	for i := range r.events {
		e := &r.events[i]
		if e.Local == now.Local && e.Remote == now.Remote || e.Local == now.Remote && e.Remote == now.Local {
			return e.Local, e.Remote
		}
	}
	return now.Local, now.Remote
}

// inferred returns the last state of an end in a ladder, if the ladder is that of its connection.
func inferred(l *ladder.Ladder, end, other netip.AddrPort, state tcp.State) tcp.State {
	side := ladder.OnLeft
	if l.Right.Addr == end {
		side = ladder.OnRight
	}
	if l.End(side).Addr != end || l.End(side.Other()).Addr != other {
		return state
	}
	if l.End(side).HasFirst {
		state = l.End(side).First
	}
	for i := range l.Lines {
		if entered := l.Lines[i].Entered(side); len(entered) > 0 {
			state = entered[len(entered)-1]
		}
	}
	return state
}

// flight returns the view of a segment on its way.
func (r *recording) flight(v *View, t trip) Flight {
	e, arrival := &r.events[t.sent], &r.events[t.arrived]
	f := Flight{
		ID: t.sent + 1, From: A, To: B, Header: e.Header, Len: e.Len, Why: e.Why, Nth: e.Nth, Rule: e.Rule,
		Sent: e.Time, Arrives: arrival.Time, Text: segmentWords(e),
	}
	if e.Local != v.Ends[A].Addr {
		f.From, f.To = B, A
	}
	return f
}

// segmentWords writes the segment of an event as scripts do, with numbers relative to the initial ones.
func segmentWords(e *tcp.Event) string {
	seq0, ack0 := e.Vars.ISS, e.Vars.IRS
	if e.Kind != tcp.EventSend {
		seq0, ack0 = ack0, seq0
	}
	return tcp.FormatSegment(&e.Header, e.Len, seq0, ack0)
}

// eventWords says what happened.
func eventWords(e *tcp.Event) string {
	text := e.Local.String() + ": "
	switch e.Kind {
	case tcp.EventSend:
		text += "sends " + segmentWords(e)
		if e.Why != tcp.WhyNone {
			text += " (" + e.Why.String() + ")"
		}
	case tcp.EventArrive:
		text += "gets " + segmentWords(e)
	case tcp.EventDrop:
		text += fmt.Sprintf("drops %s: %v", segmentWords(e), e.Drop)
	case tcp.EventState:
		text += fmt.Sprintf("%v, was %v", e.State, e.From)
	case tcp.EventTimer:
		text += "the " + e.Timer.String() + " timer expires"
	case tcp.EventCall:
		text += e.Call.String()
		if e.Bytes > 0 {
			text += fmt.Sprintf(" %d", e.Bytes)
		}
	default:
		text += e.Kind.String()
	}
	return text
}
