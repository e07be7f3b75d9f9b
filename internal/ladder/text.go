package ladder

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sockeye-tcp/sockeye/ip"
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
	// Vars adds the left end's variables after each line.
	Vars bool
}

const (
	defaultWidth = 80
	minWidth     = 64
	timeWidth    = 9
	leftWidth    = 12 // SYN-RECEIVED
	rightWidth   = 14 // (SYN-RECEIVED)
	// railsWidth is what stands around the space between the rails.
	railsWidth = timeWidth + 1 + leftWidth + 1 + 1 + 1 + 1 + rightWidth
	// secondsFrom is the length of a ladder from which times are given in
	// seconds: milliseconds would not fit the column.
	secondsFrom = 99 * time.Second
)

// Text writes ladders as text. It returns the first error of w.
func Text(w io.Writer, ladders []*Ladder, o TextOptions) error {
	if o.Width == 0 {
		o.Width = defaultWidth
	}
	o.Width = max(o.Width, minWidth)
	t := text{out: bufio.NewWriter(w), o: o, g: unicode, inner: o.Width - railsWidth}
	if o.ASCII {
		t.g = ascii
	}
	inferred := false
	for i, l := range ladders {
		if i > 0 {
			t.out.WriteByte('\n')
		}
		if len(ladders) > 1 {
			fmt.Fprintf(t.out, "Connection %d of %d\n", i+1, len(ladders))
		}
		t.ladder(l)
		inferred = inferred || l.Right.Inferred && l.Right.HasFirst
	}
	if inferred {
		t.row("", "", cell{}, "")
		t.out.WriteString(t.paint(dim, "States in parentheses are inferred from the segments.") + "\n")
	}
	return t.out.Flush()
}

// A text is one drawing in the making.
type text struct {
	out   *bufio.Writer
	o     TextOptions
	g     *glyphs
	inner int // columns between the rails
	unit  time.Duration
	last  string // the time last shown
}

// A cell is what stands between the rails.
type cell struct {
	text  string
	style style
}

// ladder draws one connection.
func (t *text) ladder(l *Ladder) {
	if !t.o.Full {
		l = l.Folded()
	}
	t.header(l)
	for i := range l.Lines {
		line := &l.Lines[i]
		if !t.o.Full && line.Kind == KindCall && (line.Call == tcp.CallSend || line.Call == tcp.CallReceive) && len(line.Left) == 0 {
			continue
		}
		t.line(l, line)
	}
}

// header names the columns and gives the states before the first line.
func (t *text) header(l *Ladder) {
	t.unit, t.last = time.Millisecond, ""
	unit := "ms"
	if n := len(l.Lines); n > 0 && l.Lines[n-1].At >= secondsFrom {
		t.unit, unit = time.Second, "s"
	}
	if l.Left.Name != "" || l.Right.Name != "" {
		t.ends(l.Left.Name, l.Right.Name, bold)
	}
	t.ends(l.Left.Addr.String(), l.Right.Addr.String(), plain)
	left, right := "", ""
	if l.Left.HasFirst {
		left = l.Left.First.String()
	}
	if l.Right.HasFirst {
		right = stateText(&l.Right, l.Right.First)
	}
	t.row(unit, left, cell{}, right)
}

// ends writes a row with one text over each column, on two rows when they do not fit on one.
func (t *text) ends(left, right string, s style) {
	indent := strings.Repeat(" ", timeWidth+1)
	room := t.o.Width - timeWidth - 1
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
func (t *text) line(l *Ladder, line *Line) {
	cells := t.cells(l, line)
	for i := range max(len(cells), len(line.Left), len(line.Right)) {
		var at, left, right string
		var c cell
		if i == 0 && line.Kind != KindState {
			at = t.time(line.At)
		}
		if i < len(line.Left) {
			left = line.Left[i].String()
		}
		if i < len(line.Right) {
			right = stateText(&l.Right, line.Right[i])
		}
		if i < len(cells) {
			c = cells[i]
		}
		t.row(at, left, c, right)
	}
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

// stateText marks states that were inferred.
func stateText(e *End, s tcp.State) string {
	if e.Inferred {
		return "(" + s.String() + ")"
	}
	return s.String()
}

// row writes one row.
func (t *text) row(at, left string, c cell, right string) {
	if at == "" && left == "" && right == "" && c.text == "" {
		t.out.WriteByte('\n')
		return
	}
	fmt.Fprintf(t.out, "%*s %s%s %s%s%s", timeWidth, at,
		t.paint(bold, left), pad(left, leftWidth), t.g.rail, t.paint(c.style, c.text), pad(c.text, t.inner))
	t.out.WriteString(t.g.rail)
	if right != "" {
		t.out.WriteString(pad(right, rightWidth) + " " + t.paint(dim, right))
	}
	t.out.WriteByte('\n')
}

// pad returns the spaces that fill s up to n columns.
func pad(s string, n int) string {
	return strings.Repeat(" ", max(n-utf8.RuneCountInString(s), 0))
}

// cells returns what stands between the rails for a line, row by row.
func (t *text) cells(l *Ladder, line *Line) []cell {
	var cells []cell
	var notes []string
	switch line.Kind {
	case KindSegment:
		var arrow string
		arrow, notes = t.arrow(l, line)
		cells = append(cells, cell{arrow, lineStyle(line)})
	case KindFold:
		for _, w := range line.Fold.Words() {
			cells = append(cells, t.wrapped(t.g.dots+" ", w, dim)...)
		}
	case KindGap:
		cells = t.wrapped(t.g.dots+" ", line.Note(), dim)
	default:
		if note := line.Note(); note != "" {
			cells = t.wrapped(t.g.bullet+" ", note, plain)
		}
	}
	if t.o.Rules && line.Rule != "" {
		notes = append(notes, line.Rule)
	}
	if t.o.Vars {
		notes = append(notes, varsText(&line.Vars))
	}
	for _, n := range notes {
		cells = append(cells, t.wrapped("  ", n, dim)...)
	}
	return cells
}

// wrapped breaks a text into cells that fit between the rails.
func (t *text) wrapped(lead, s string, st style) []cell {
	indent := strings.Repeat(" ", utf8.RuneCountInString(lead))
	var cells []cell
	for _, part := range wrap(t.g.translate(s), t.inner-len(indent)) {
		cells = append(cells, cell{lead + part, st})
		lead = indent
	}
	return cells
}

// arrow draws a segment's arrow with what fits into it: what the segment is,
// then its options, then the reason. The rest comes back as notes.
func (t *text) arrow(l *Ladder, line *Line) (arrow string, notes []string) {
	s := &line.Segment
	isn := l.Right.ISN // SACK blocks speak of what the other end sent
	if line.Dir == ToLeft {
		isn = l.Left.ISN
	}
	words, more := t.fit(s.wordList(t.o.Absolute))
	options, reason := s.OptionWords(isn, t.o.Absolute), t.g.translate(line.Reason())
	if options != "" && more == "" && len(words)+2+len(options) <= t.room() {
		words, options = words+"  "+options, ""
	}
	late := ""
	if len(words)+3+len(reason) > t.room() {
		late, reason = reason, ""
	}
	note := line.Note()
	if line.Drop != ip.NoDrop && line.Rule != "" && !t.o.Rules {
		note += " (" + line.Rule + ")"
	}
	for _, n := range []string{more, options, late, note} {
		if n != "" {
			notes = append(notes, n)
		}
	}
	return t.shaft(line, words, reason), notes
}

// room returns how many columns of an arrow are free for words: two at either
// end are the arrow's own, with a space beside them.
func (t *text) room() int { return t.inner - 6 }

// fit divides a list of words into those that an arrow has room for and the rest.
func (t *text) fit(list []string) (words, rest string) {
	words = list[0]
	for i, w := range list[1:] {
		if len(words)+1+len(w) > t.room() {
			return words, strings.Join(list[1+i:], " ")
		}
		words += " " + w
	}
	return words, ""
}

// shaft lays the words and the reason onto an arrow that fills the space between the rails.
func (t *text) shaft(line *Line, words, reason string) string {
	if reason != "" {
		reason = " " + reason + " "
	}
	words = " " + words + " "
	used := utf8.RuneCountInString(words) + utf8.RuneCountInString(reason)
	fill := strings.Repeat(t.g.line, max(t.inner-used-4, 0))
	switch {
	case line.Drop != ip.NoDrop && !line.TextOnly:
		return t.g.lost + t.g.line + words + fill + reason + t.g.line + t.g.line
	case line.Dir == ToLeft:
		return t.g.left + t.g.line + words + fill + reason + t.g.line + t.g.line
	}
	return t.g.line + t.g.line + words + fill + reason + t.g.line + t.g.right
}

// varsText writes the variables under their RFC names, relative to the initial sequence numbers.
func varsText(v *tcp.Vars) string {
	s := fmt.Sprintf("snd.una %d nxt %d wnd %d; rcv.nxt %d wnd %d; cwnd %d flight %d",
		v.SndUna.Sub(v.ISS), v.SndNxt.Sub(v.ISS), v.SndWnd, v.RcvNxt.Sub(v.IRS), v.RcvWnd, v.Cwnd, v.Flight)
	if v.SRTT > 0 {
		s += fmt.Sprintf("; srtt %v rto %v", v.SRTT.Round(time.Microsecond), v.RTO.Round(time.Millisecond))
	}
	return s
}
