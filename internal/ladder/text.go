package ladder

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// The text renderer: rows of a fixed width, each with the time, the left end's
// state, the arrow between two rails, and the right end's state.

// TextOptions say how text looks. The zero value gives 80 columns of Unicode without colour.
type TextOptions struct {
	// Width is the number of columns. Default 80, at least 64.
	Width int
	// ASCII keeps to ASCII.
	ASCII bool
	// Color adds ANSI colours. Nothing is told by colour alone.
	Color bool
	// Absolute shows sequence numbers as they are on the wire.
	Absolute bool
	// Full shows every segment and every call: runs are not folded.
	Full bool
	// Rules adds the place in an RFC that decided, where the record names one.
	Rules bool
	// Vars adds what changes in the variables and timers of the ends: in a lane on the right when
	// the width leaves 30 columns for it, else below each line.
	Vars bool
	// Filter, when not nil, chooses the lines that are shown.
	Filter *Filter
}

const (
	defaultWidth = 80
	minWidth     = 64
	timeWidth    = 9
	stateWidth   = 12 // SYN-RECEIVED; in parentheses two more
	// aroundWidth is what stands around the states and the space between the rails: the time, two rails, spaces.
	aroundWidth = timeWidth + 1 + 1 + 1 + 1 + 1
	// minLane is the least width of a lane for variables, with two spaces before it.
	minLane = 30
	// secondsFrom is the length of a ladder from which times are given in
	// seconds: milliseconds would not fit the column.
	secondsFrom = 99 * time.Second
)

// Text writes ladders as text. It returns the first error of w.
func Text(w io.Writer, ladders []*Ladder, o TextOptions) error {
	t := newText(w, o)
	states, reasons := false, false
	for i, l := range ladders {
		if i > 0 {
			t.out.WriteByte('\n')
		}
		if len(ladders) > 1 {
			fmt.Fprintf(t.out, "Connection %d of %d\n", i+1, len(ladders))
		}
		t.ladder(l)
		s, r := l.infers()
		states, reasons = states || s, reasons || r
	}
	if note := inferredNote(states, reasons); note != "" {
		t.out.WriteString("\n" + t.paint(dim, note) + "\n")
	}
	return t.out.Flush()
}

// inferredNote explains the marks of what was inferred.
func inferredNote(states, reasons bool) string {
	switch {
	case states && reasons:
		return "States in parentheses and reasons in brackets are inferred from the segments."
	case states:
		return "States in parentheses are inferred from the segments."
	case reasons:
		return "Reasons in brackets are inferred from the segments."
	}
	return ""
}

// infers reports whether states, and whether reasons, were worked out from the segments.
func (l *Ladder) infers() (states, reasons bool) {
	for _, s := range []Side{OnLeft, OnRight} {
		e := l.End(s)
		states = states || !e.Known && e.HasFirst
	}
	for i := range l.Lines {
		reasons = reasons || l.Lines[i].Finding != NoFinding
	}
	return states, reasons
}

// A text is one drawing in the making.
type text struct {
	out   *bufio.Writer
	o     TextOptions
	g     *glyphs
	width int // columns without the lane
	lane  int // columns for variables on the right; 0: they stand below
	left  int // columns of the states
	right int
	inner int // columns between the rails
	unit  time.Duration
	last  string // the time last shown
}

func newText(w io.Writer, o TextOptions) *text {
	if o.Width == 0 {
		o.Width = defaultWidth
	}
	o.Width = max(o.Width, minWidth)
	t := &text{out: bufio.NewWriter(w), o: o, g: unicode, width: o.Width}
	if lane := o.Width - defaultWidth - 2; o.Vars && lane >= minLane {
		t.lane = min(lane, o.Width/2)
		t.width -= t.lane + 2
	}
	if o.ASCII {
		t.g = ascii
	}
	return t
}

// A cell is what stands between the rails.
type cell struct {
	text  string
	style style
}

// ladder draws one connection.
func (t *text) ladder(l *Ladder) {
	t.left, t.right = l.Left.stateWidth(), l.Right.stateWidth()
	t.inner = t.width - aroundWidth - t.left - t.right
	if t.o.Filter != nil {
		l = l.Filtered(t.o.Filter)
	}
	if !t.o.Full {
		l = l.Folded()
	}
	t.header(l)
	vars := lane{ladder: l}
	for i := range l.Lines {
		line := &l.Lines[i]
		if !t.o.Full && line.Kind == KindCall && (line.Call == tcp.CallSend || line.Call == tcp.CallReceive) && len(line.Left)+len(line.Right) == 0 {
			continue
		}
		t.line(l, line, &vars)
	}
}

// header names the columns and gives the states before the first line.
func (t *text) header(l *Ladder) {
	t.unit, t.last = time.Millisecond, ""
	unit := "ms"
	if l.inSeconds() {
		t.unit, unit = time.Second, "s"
	}
	if l.Left.Name != "" || l.Right.Name != "" {
		t.ends(l.Left.Name, l.Right.Name, bold)
	}
	t.ends(l.Left.Addr.String(), l.Right.Addr.String(), plain)
	t.row(unit, l.Left.firstText(), cell{}, l.Right.firstText(), "")
}

// inSeconds reports whether times are given in seconds, and not in milliseconds.
func (l *Ladder) inSeconds() bool { return l.Until >= secondsFrom }

// firstText is the state before the first line, or "".
func (e *End) firstText() string {
	if !e.HasFirst {
		return ""
	}
	return e.stateText(e.First)
}

// stateText marks states that were inferred.
func (e *End) stateText(s tcp.State) string {
	if !e.Known {
		return "(" + s.String() + ")"
	}
	return s.String()
}

// stateWidth is how many columns the longest state takes.
func (e *End) stateWidth() int {
	if e.Known {
		return stateWidth
	}
	return stateWidth + 2
}

// ends writes a row with one text over each column, on two rows when they do not fit on one.
func (t *text) ends(left, right string, s style) {
	indent := strings.Repeat(" ", timeWidth+1)
	room := t.width - timeWidth - 1
	gap := room - utf8.RuneCountInString(left) - utf8.RuneCountInString(right)
	if gap < 2 {
		fmt.Fprintf(t.out, "%s%s\n", indent, t.paint(s, left))
		left, gap = "", max(room-utf8.RuneCountInString(right), 0)
	}
	row := indent + t.paint(s, left) + strings.Repeat(" ", gap) + t.paint(s, right)
	t.out.WriteString(strings.TrimRight(row, " ") + "\n")
}

// line draws one line of the model: a row, and more when there are several
// states or notes.
func (t *text) line(l *Ladder, line *Line, vars *lane) {
	cells := t.cells(l, line)
	var beside []string
	if t.o.Vars {
		words := t.varWords(l, line, vars)
		switch {
		case t.lane > 0:
			beside = words
		default:
			for _, w := range words {
				cells = append(cells, t.wrapped("  ", w, dim)...)
			}
		}
	}
	for i := range max(len(cells), len(line.Left), len(line.Right), len(beside)) {
		var at, left, right, lane string
		var c cell
		if i == 0 && line.Kind != KindState {
			at = t.time(line.At)
		}
		if i < len(line.Left) {
			left = l.Left.stateText(line.Left[i])
		}
		if i < len(line.Right) {
			right = l.Right.stateText(line.Right[i])
		}
		if i < len(cells) {
			c = cells[i]
		}
		if i < len(beside) {
			lane = beside[i]
		}
		t.row(at, left, c, right, lane)
	}
}

// varWords says what changes in the variables of each end, broken to the width of the lane when there is one.
func (t *text) varWords(l *Ladder, line *Line, vars *lane) []string {
	var words []string
	for _, s := range []Side{OnLeft, OnRight} {
		w := changeWords(vars.next(line, s))
		if w == "" {
			continue
		}
		if l.Left.Known && l.Right.Known {
			w = l.sideName(s) + ": " + w
		}
		if w = t.g.translate(w); t.lane > 0 {
			words = append(words, wrap(w, t.lane)...)
		} else {
			words = append(words, w)
		}
	}
	return words
}

// sideName is the name of an end, or its side.
func (l *Ladder) sideName(s Side) string {
	if name := l.End(s).Name; name != "" {
		return name
	}
	return s.String()
}

// time formats a time, or gives "" when it is the same as on the row before.
func (t *text) time(at time.Duration) string {
	s := fmt.Sprintf("%.3f", float64(at)/float64(t.unit))
	if s == t.last {
		return ""
	}
	t.last = s
	return s
}

// row writes one row.
func (t *text) row(at, left string, c cell, right, lane string) {
	fmt.Fprintf(t.out, "%*s %s%s %s%s%s", timeWidth, at,
		t.paint(bold, left), pad(left, t.left), t.g.rail, t.paint(c.style, c.text), pad(c.text, t.inner))
	t.out.WriteString(t.g.rail)
	switch {
	case lane != "":
		t.out.WriteString(pad(right, t.right) + " " + t.paint(dim, right) + "  " + t.paint(dim, lane))
	case right != "":
		t.out.WriteString(pad(right, t.right) + " " + t.paint(dim, right))
	}
	t.out.WriteByte('\n')
}

// pad returns the spaces that fill s up to n columns.
func pad(s string, n int) string {
	return strings.Repeat(" ", max(n-utf8.RuneCountInString(s), 0))
}
