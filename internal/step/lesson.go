package step

import (
	"slices"
	"time"
)

// Lessons: a world and a list of moves, with a note for each.

// A Lesson shows one thing.
type Lesson struct {
	Name  string // to be found by: "handshake"
	Title string
	About string // what it shows, in a few sentences
	Rule  string // the place in an RFC

	// Config is the world in which it plays.
	Config Config
	// Setup are moves that are made before the first step, and not undone by Back.
	Setup []Move
	Steps []LessonStep
}

// A LessonStep is one move of a lesson and what is to be seen in it.
type LessonStep struct {
	Note string
	Rule string // the place in an RFC, or ""
	// Choose returns the move, which may depend on what there is in the world.
	Choose func(*World) Move
}

// Lessons returns all lessons, in the order in which they are best read.
func Lessons() []*Lesson {
	return slices.Concat(openingLessons, halfOpenLessons, closingLessons, lossLessons, windowLessons, attackLessons, freeLessons)
}

// Find returns the lesson with a name, or nil.
func Find(name string) *Lesson {
	lessons := Lessons()
	i := slices.IndexFunc(lessons, func(l *Lesson) bool { return l.Name == name })
	if i < 0 {
		return nil
	}
	return lessons[i]
}

// do is the choice of a move that is always the same.
func do(m Move) func(*World) Move { return func(*World) Move { return m } }

// call is the choice of a call.
func call(end int, kind MoveKind) func(*World) Move { return do(Move{Kind: kind, End: end}) }

// wait is the choice of letting time pass, with all that happens meanwhile.
func wait(d time.Duration) func(*World) Move { return do(Move{Kind: Wait, D: d}) }

// inject is the choice of a segment that arrives at an end out of nowhere.
func inject(end int, text string) func(*World) Move {
	return do(Move{Kind: Inject, End: end, Text: text})
}

// write and read are the choices of calls with a number of bytes.
func write(end, n int) func(*World) Move { return do(Move{Kind: Write, End: end, N: n}) }
func read(end, n int) func(*World) Move  { return do(Move{Kind: Read, End: end, N: n}) }

// goOn chooses what happens by itself.
var goOn = do(Move{Kind: Go})

// oldest chooses a move on the packet of an end that arrives first. Without one the move is refused.
func oldest(kind MoveKind, from int) func(*World) Move { return nth(kind, from, 0) }

// nth is oldest for the packet behind n others.
func nth(kind MoveKind, from, n int) func(*World) Move {
	return func(w *World) Move {
		m := Move{Kind: kind}
		list := slices.DeleteFunc(w.arrivals(), func(p *packet) bool { return p.from != from })
		if n < len(list) {
			m.Packet = list[n].id
		}
		return m
	}
}

// newest chooses a move on the packet of an end that was sent last.
func newest(kind MoveKind, from int) func(*World) Move {
	return func(w *World) Move {
		m := Move{Kind: kind}
		for _, p := range w.wire {
			if p.from == from {
				m.Packet = p.id
			}
		}
		return m
	}
}

// late is oldest for Delay.
func late(from int, d time.Duration) func(*World) Move {
	return func(w *World) Move {
		m := oldest(Delay, from)(w)
		m.D = d
		return m
	}
}

// bare is a world whose segments have no options but the MSS, with the initial sequence numbers of a figure.
func bare(issA, issB uint32) Config {
	e := EndConfig{NoTimestamps: true, NoSACK: true, NoWindowScale: true}
	c := Config{Ends: [2]EndConfig{e, e}}
	c.Ends[A].ISS, c.Ends[B].ISS = issA, issB
	return c
}

// open are the moves of a three-way handshake, A to B, and openOnce those with a B that
// then listens no more.
var open = []Move{{Kind: Listen, End: B}, {Kind: Connect, End: A}, {Kind: Go}, {Kind: Go}, {Kind: Go}}
var openOnce = append([]Move{{Kind: Listen, End: B, N: 1}}, open[1:]...)
