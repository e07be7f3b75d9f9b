package steptui

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/sockeye-tcp/sockeye/internal/ladder"
	"github.com/sockeye-tcp/sockeye/internal/step"
	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// A player of ladders that are complete: of a capture, or of a script that has run.

// Observed returns a player that goes through ladders line by line, one connection after the other. The
// last one notes the ending, unless that is "".
func Observed(title string, ladders []*ladder.Ladder, ending string) step.Player {
	o := &observed{title: title, ladders: ladders, ending: ending}
	for _, l := range ladders {
		o.steps += len(l.Lines)
	}
	return o
}

// An observed is where one is: lines of a ladder have been seen, and all of those before it.
type observed struct {
	title   string
	ending  string
	ladders []*ladder.Ladder
	at      int // ladder
	lines   int // of it
	step    int
	steps   int
	view    *step.View // nil: to be made
}

// Next implements step.Player.
func (o *observed) Next() bool {
	if o.step == o.steps {
		return false
	}
	for o.lines == len(o.ladders[o.at].Lines) {
		o.at, o.lines = o.at+1, 0
	}
	o.lines++
	o.step++
	o.view = nil
	return true
}

// Back implements step.Player.
func (o *observed) Back() bool {
	if o.step == 0 {
		return false
	}
	o.lines--
	o.step--
	for o.lines == 0 && o.at > 0 {
		o.at--
		o.lines = len(o.ladders[o.at].Lines)
	}
	o.view = nil
	return true
}

// View implements step.Player.
func (o *observed) View() *step.View {
	if o.view == nil {
		o.look()
	}
	return o.view
}

// look makes the view.
func (o *observed) look() {
	o.view = &step.View{Title: o.title, Step: o.step, Steps: o.steps}
	if len(o.ladders) == 0 {
		return
	}
	whole := o.ladders[o.at]
	o.view.Start, o.view.Now = whole.Start, whole.Start
	shown := *whole
	shown.Lines = whole.Lines[:o.lines]
	o.view.Ladder = []*ladder.Ladder{&shown}
	for i, side := range []ladder.Side{ladder.OnLeft, ladder.OnRight} {
		o.view.Ends[i] = endOf(&shown, side)
	}
	if len(o.ladders) > 1 {
		o.view.Title = fmt.Sprintf("%s, connection %d of %d", o.title, o.at+1, len(o.ladders))
	}
	switch {
	case o.lines == 0 && !whole.Left.Known && !whole.Right.Known:
		o.view.Note = "States in parentheses and reasons in brackets are worked out from the segments: nobody recorded the ends."
	case o.lines > 0:
		o.line(&whole.Lines[o.lines-1])
	}
	if o.step == o.steps && o.ending != "" {
		o.view.Did, o.view.Note, o.view.Rule = "the end", o.ending, ""
	}
	if o.lines < len(whole.Lines) {
		o.view.Ahead = whole.Lines[o.lines].String()
	}
}

// line tells of the line that was reached.
func (o *observed) line(l *ladder.Line) {
	o.view.Now = o.view.Start.Add(l.At)
	o.view.Did = l.Kind.String()
	if l.Kind == ladder.KindSegment {
		o.view.Did = fmt.Sprintf("segment to the %v", l.Dir)
	}
	o.view.Note, o.view.Rule = l.String(), l.Rule
}

// endOf is what the lines so far tell of an end.
func endOf(l *ladder.Ladder, side ladder.Side) step.EndView {
	e := l.End(side)
	v := step.EndView{Name: e.Name, Addr: e.Addr, State: e.First, Inferred: !e.Known}
	for i := range l.Lines {
		line := &l.Lines[i]
		if entered := line.Entered(side); len(entered) > 0 {
			v.State = entered[len(entered)-1]
		}
		if vars := line.Vars(side); vars != nil {
			v.HasConn, v.Vars, v.Timers = true, *vars, timersOf(vars)
		}
	}
	return v
}

// timersOf returns the timers that run, the next one first.
func timersOf(v *tcp.Vars) []step.Timer {
	var list []step.Timer
	for i, at := range v.Timers {
		if !at.IsZero() {
			list = append(list, step.Timer{Name: tcp.Timer(i).String(), At: at})
		}
	}
	slices.SortStableFunc(list, func(a, b step.Timer) int { return cmp.Compare(a.At, b.At) })
	return list
}

// Moves implements step.Player: there are none.
func (o *observed) Moves() []step.Move { return nil }

// Do implements step.Player.
func (o *observed) Do(step.Move) error { return step.ErrRecording }

// Inject implements step.Player.
func (o *observed) Inject(int, string) error { return step.ErrRecording }

// RunToState implements step.Player.
func (o *observed) RunToState(end int, s tcp.State) error {
	for o.Next() {
		side := []ladder.Side{ladder.OnLeft, ladder.OnRight}[end]
		for _, entered := range o.ladders[o.at].Lines[o.lines-1].Entered(side) {
			if entered == s {
				return nil
			}
		}
	}
	return step.ErrBound
}

// RunUntil implements step.Player.
func (o *observed) RunUntil(t ip.Time) error {
	for limit := t.Sub(o.View().Start); o.step < o.steps && o.ahead() <= limit; {
		o.Next()
	}
	return nil
}

// ahead is the time of the next line.
func (o *observed) ahead() time.Duration {
	at, lines := o.at, o.lines
	for lines == len(o.ladders[at].Lines) {
		at, lines = at+1, 0
	}
	return o.ladders[at].Lines[lines].At
}

// Script implements step.Player.
func (o *observed) Script(int) ([]byte, error) {
	return nil, &step.ScriptError{Why: "a capture does not tell what the applications called"}
}

// Events implements step.Player: a capture has none.
func (o *observed) Events() []tcp.Event { return nil }
