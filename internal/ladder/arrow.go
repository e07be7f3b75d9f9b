package ladder

import (
	"strings"
	"unicode/utf8"

	"github.com/sockeye-tcp/sockeye/ip"
)

// What stands between the rails of the text renderer.

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
	if t.o.Rules {
		notes = append(notes, line.Rules()...)
	}
	for _, n := range notes {
		cells = append(cells, t.wrapped("  ", n, dim)...)
	}
	if line.Kind != KindSegment && line.Side == OnRight {
		t.alignRight(cells)
	}
	return cells
}

// alignRight moves what happened at the right end to its rail.
func (t *text) alignRight(cells []cell) {
	for i, c := range cells {
		s := c.text
		if rest, ok := strings.CutPrefix(s, t.g.bullet+" "); ok {
			s = rest + " " + t.g.bullet
		} else {
			s = strings.TrimLeft(s, " ") + "  "
		}
		cells[i].text = pad(s, t.inner) + s
	}
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
	start, end := t.tips(line)
	room := t.inner - utf8.RuneCountInString(start) - utf8.RuneCountInString(end) - 2
	words, more := fit(s.wordList(t.o.Absolute), room)
	options, reason := s.OptionWords(t.o.Absolute), t.g.translate(line.Reason())
	if options != "" && more == "" && len(words)+2+len(options) <= room {
		words, options = words+"  "+options, ""
	}
	late := ""
	if len(words)+3+utf8.RuneCountInString(reason) > room {
		late, reason = reason, ""
	}
	note := line.Note()
	if line.Drop != ip.NoDrop && line.dropRule() != "" && !t.o.Rules {
		note += " (" + line.dropRule() + ")"
	}
	for _, n := range []string{more, options, late, note} {
		if n != "" {
			notes = append(notes, n)
		}
	}
	if reason != "" {
		reason = " " + reason + " "
	}
	words = " " + words + " "
	fill := room + 2 - utf8.RuneCountInString(words) - utf8.RuneCountInString(reason)
	return start + words + t.g.shaft(fill, line.Duplicate) + reason + end, notes
}

// tips returns the two ends of an arrow, left and right.
func (t *text) tips(line *Line) (left, right string) {
	g, shaft := t.g, t.g.shaft(1, line.Duplicate)
	tail, head := shaft+shaft, shaft+g.right
	switch {
	case line.Injected:
		tail = "?" + shaft
	case line.Part == Arrives:
		tail = "..." + shaft
	}
	switch {
	case line.Lost:
		head = shaft + g.lost + "   "
	case line.Flying, line.Part == Departs:
		head = shaft + "..."
	case line.Drop != ip.NoDrop && !line.TextOnly:
		head = shaft + g.lost
	}
	if line.Dir == ToRight {
		return tail, head
	}
	return reversed(strings.ReplaceAll(head, g.right, g.left)), reversed(tail)
}

// reversed returns a text from its end to its start.
func reversed(s string) string {
	r := []rune(s)
	for i, j := 0, len(r)-1; i < j; i, j = i+1, j-1 {
		r[i], r[j] = r[j], r[i]
	}
	return string(r)
}

// fit divides a list of words into those that an arrow has room for and the rest.
func fit(list []string, room int) (words, rest string) {
	words = list[0]
	for i, w := range list[1:] {
		if len(words)+1+len(w) > room {
			return words, strings.Join(list[1+i:], " ")
		}
		words += " " + w
	}
	return words, ""
}
