package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/sockeye-tcp/sockeye/internal/ladder"
	"github.com/sockeye-tcp/sockeye/internal/step"
)

// A lesson as text: its notes, and below each the part of the ladder that it is about.

// A chapter is a step of a lesson.
type chapter struct {
	note, rule string
	lines      int // of the ladder, after it
}

// A story is a lesson that has been played.
type story struct {
	title, rule, about string
	chapters           []chapter
	ladder             *ladder.Ladder // nil when nothing was sent
}

// tell plays a lesson to its end and keeps its notes.
func tell(l *step.Lesson, p step.Player) *story {
	s := &story{title: l.Title, rule: l.Rule, about: l.About}
	for range l.Steps {
		if !p.Next() {
			break
		}
		v := p.View()
		c := chapter{note: v.Note, rule: v.Rule}
		if len(v.Ladder) > 0 {
			s.ladder = v.Ladder[0]
			c.lines = len(s.ladder.Lines)
		}
		s.chapters = append(s.chapters, c)
	}
	return s
}

// write writes the story.
func (s *story) write(w io.Writer, o ladder.TextOptions) error {
	width := o.Width
	if width == 0 {
		width = 80
	}
	out := &storyWriter{w: w, width: width, ascii: o.ASCII}
	out.printf("%s (%s)\n\n", s.title, s.rule)
	out.paragraph("", s.about)
	if s.ladder == nil {
		return out.err
	}
	from := 0
	for i, c := range s.chapters {
		out.printf("\n")
		note := c.note
		if c.rule != "" {
			note += " (" + c.rule + ")"
		}
		out.paragraph(fmt.Sprintf("%2d. ", i+1), note)
		to := min(c.lines, len(s.ladder.Lines))
		if i == len(s.chapters)-1 {
			to = len(s.ladder.Lines)
		}
		if to > from {
			out.rungs(s.ladder, from, to, o)
		}
		from = max(to, from)
	}
	return out.err
}

// remarks are the notes beside the lines that they are about: for pages.
func (s *story) remarks() []ladder.Remark {
	var list []ladder.Remark
	from := 0
	for _, c := range s.chapters {
		line := from
		if c.lines <= from { // nothing new is drawn: it is about what has been
			line = max(from-1, 0)
		}
		list = append(list, ladder.Remark{Line: line, Text: c.note, Rule: c.rule})
		from = max(from, c.lines)
	}
	return list
}

// A storyWriter writes until the first error.
type storyWriter struct {
	w     io.Writer
	width int
	ascii bool
	err   error
}

func (s *storyWriter) printf(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if s.ascii {
		text = strings.ReplaceAll(text, "§", "section ")
	}
	if s.err == nil {
		_, s.err = io.WriteString(s.w, text)
	}
}

// paragraph writes a text broken to the width, indented behind its lead.
func (s *storyWriter) paragraph(lead, text string) {
	row, indent := lead, strings.Repeat(" ", len(lead))
	empty := true
	for word := range strings.FieldsSeq(text) {
		if !empty && len([]rune(row))+1+len([]rune(word)) > s.width {
			s.printf("%s\n", row)
			row, empty = indent, true
		}
		if !empty {
			row += " "
		}
		row += word
		empty = false
	}
	s.printf("%s\n", row)
}

// rungs draws some lines of a ladder: with its head for the first, without it for later ones.
func (s *storyWriter) rungs(l *ladder.Ladder, from, to int, o ladder.TextOptions) {
	text := s.draw(l, 0, to, o)
	if from > 0 {
		var goesOn bool
		// What is drawn of the lines before is taken away, for a line may show what has changed since.
		if text, goesOn = strings.CutPrefix(text, s.draw(l, 0, from, o)); !goesOn {
			text = withoutHead(s.draw(l, from, to, o), l) // a run of segments is folded across the border
		}
	}
	s.printf("\n%s", text)
}

// draw draws the lines of a ladder from one to another.
func (s *storyWriter) draw(l *ladder.Ladder, from, to int, o ladder.TextOptions) string {
	part := *l
	part.Lines = l.Lines[from:to]
	var b strings.Builder
	if err := ladder.Text(&b, []*ladder.Ladder{&part}, o); err != nil && s.err == nil {
		s.err = err
	}
	return b.String()
}

// withoutHead takes the rows away that stand above the first line: the names, the addresses and the first states.
func withoutHead(text string, l *ladder.Ladder) string {
	rows := 2
	if l.Left.Name != "" || l.Right.Name != "" {
		rows++
	}
	for range rows {
		_, text, _ = strings.Cut(text, "\n")
	}
	return text
}
