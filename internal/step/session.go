package step

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// The player of a world: a list of moves, and a place in it.

// Bounds of RunToState and RunUntil.
const (
	maxRunSteps = 10_000
	maxRunTime  = 24 * time.Hour
)

// A session plays in a world, by a lesson or freely.
type session struct {
	lesson *Lesson // nil: none
	cfg    Config
	world  *World
	made   []madeMove
	base   int // made[:base] set the lesson up
	pos    int // made[:pos] have been made in world
	fresh  int // events before the last step
	view   *View
}

// A madeMove is a move that was made, perhaps because the lesson says so.
type madeMove struct {
	Move
	lesson bool
	words  string // what it came to: of Go, what happened
}

// New returns a player in a world in which nothing has happened yet, without a lesson.
func New(cfg Config) (Player, error) { return newSession(nil, cfg) }

// Play returns a player at the start of the lesson. The seed takes the place of that of the lesson's Config.
func (l *Lesson) Play(seed uint64) (Player, error) {
	cfg := l.Config
	cfg.Seed = seed
	return newSession(l, cfg)
}

// newSession returns a session in which the setup has been made.
func newSession(l *Lesson, cfg Config) (*session, error) {
	s := &session{lesson: l, cfg: cfg, world: NewWorld(cfg)}
	if l == nil {
		return s, nil
	}
	for _, m := range l.Setup {
		if err := s.Do(m); err != nil {
			return nil, fmt.Errorf("lesson %s: %w", l.Name, err)
		}
	}
	s.base = s.pos
	return s, nil
}

// follows reports whether everything so far was as the lesson says.
func (s *session) follows() bool {
	step := s.pos - s.base
	return s.lesson != nil && step <= len(s.lesson.Steps) && (step == 0 || s.made[s.pos-1].lesson)
}

// planned returns the lesson's next move.
func (s *session) planned() (Move, bool) {
	if !s.follows() || s.pos-s.base == len(s.lesson.Steps) {
		return Move{}, false
	}
	return s.lesson.Steps[s.pos-s.base].Choose(s.world), true
}

// Next implements Player.
func (s *session) Next() bool {
	if s.pos < len(s.made) {
		return s.Do(s.made[s.pos].Move) == nil
	}
	m, ok := s.planned()
	if !ok {
		if s.world.next().none() {
			return false
		}
		m = Move{Kind: Go}
	}
	return s.Do(m) == nil
}

// Do implements Player.
func (s *session) Do(m Move) error {
	again := s.pos < len(s.made) && s.made[s.pos].Move == m
	planned, ok := s.planned()
	before, words := len(s.world.events), m.String()
	if m.Kind == Go {
		words, _, _ = strings.Cut(s.world.ahead(), " in ") // without how long that took
	}
	if err := s.world.Do(m); err != nil {
		s.rebuild(s.pos)
		return err
	}
	s.view = nil
	s.fresh = before
	if !again {
		s.made = append(s.made[:s.pos], madeMove{m, ok && planned == m, words})
	}
	s.pos++
	return nil
}

// Inject implements Player.
func (s *session) Inject(end int, text string) error {
	return s.Do(Move{Kind: Inject, End: end, Text: text})
}

// Back implements Player.
func (s *session) Back() bool {
	if s.pos == s.base {
		return false
	}
	s.rebuild(s.pos - 1)
	return true
}

// rebuild goes to a place by making all moves again in a new world.
func (s *session) rebuild(pos int) {
	s.world, s.pos, s.fresh, s.view = NewWorld(s.cfg), 0, 0, nil
	for _, m := range s.made[:pos] {
		s.fresh = len(s.world.events)
		if err := s.world.Do(m.Move); err != nil {
			panic("BUG: a move that was made once cannot be made again: " + err.Error())
		}
		s.pos++
	}
}

// Moves implements Player.
func (s *session) Moves() []Move { return s.world.Moves() }

// Events implements Player.
func (s *session) Events() []tcp.Event { return s.world.Events() }

// View implements Player.
func (s *session) View() *View {
	if s.view != nil {
		return s.view
	}
	v := &View{Title: "free play", Step: s.pos - s.base, Steps: len(s.made) - s.base, Fresh: s.fresh, Ahead: s.ahead()}
	if v.Step > 0 {
		v.Did = s.made[s.pos-1].words
	}
	if l := s.lesson; l != nil {
		v.Title = l.Title
		if v.Step == 0 {
			v.Note, v.Rule = l.About, l.Rule
		} else if s.follows() {
			v.Note, v.Rule = l.Steps[v.Step-1].Note, l.Steps[v.Step-1].Rule
		}
		if s.follows() {
			v.Steps = max(v.Steps, len(l.Steps))
		}
	}
	s.world.look(v)
	s.view = v
	return v
}

// ahead says what Next would do.
func (s *session) ahead() string {
	m, ok := s.planned()
	if s.pos < len(s.made) {
		m, ok = s.made[s.pos].Move, true
	}
	if ok && m.Kind != Go {
		return m.String()
	}
	return s.world.ahead()
}

// RunToState implements Player.
func (s *session) RunToState(end int, want tcp.State) error {
	if end != A && end != B {
		return fmt.Errorf("there is no end %d", end)
	}
	limit := s.world.now.Add(maxRunTime)
	for range maxRunSteps {
		if s.world.ends[end].state() == want {
			return nil
		}
		if s.world.now > limit || !s.Next() {
			break
		}
	}
	e := s.world.ends[end]
	return fmt.Errorf("%s is in %v after %v, and does not come to %v: %w", e.name(), e.state(), s.world.now.Sub(start), want, ErrBound)
}

// RunUntil implements Player.
func (s *session) RunUntil(t ip.Time) error {
	for range maxRunSteps {
		if s.world.now >= t {
			return nil
		}
		if s.due() > t {
			return s.Do(Move{Kind: Wait, D: t.Sub(s.world.now)})
		}
		if !s.Next() {
			break
		}
	}
	return fmt.Errorf("it is %v and not %v: %w", s.world.now.Sub(start), t.Sub(start), ErrBound)
}

// due returns at what time Next would leave the clock.
func (s *session) due() ip.Time {
	m, planned := s.planned()
	if s.pos < len(s.made) {
		m, planned = s.made[s.pos].Move, true
	}
	n := s.world.next()
	switch {
	case planned && m.Kind == Wait:
		return s.world.now.Add(m.D)
	case planned && m.Kind == Fire:
		n = s.world.nextTimer()
	case planned && m.Kind != Go:
		return s.world.now
	}
	if n.none() {
		return math.MaxInt64
	}
	return n.at
}
