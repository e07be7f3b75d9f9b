package ladder

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// The Mermaid renderer: sequence diagrams for pages that draw them, such as READMEs.

// Mermaid writes each ladder, folded, as a sequenceDiagram, with an empty line between them. It returns the first error of w.
func Mermaid(w io.Writer, ladders []*Ladder) error {
	m := mermaid{out: bufio.NewWriter(w)}
	for i, l := range ladders {
		if i > 0 {
			m.out.WriteByte('\n')
		}
		m.ladder(l.Folded())
	}
	return m.out.Flush()
}

type mermaid struct{ out *bufio.Writer }

// ladder writes one diagram.
func (m *mermaid) ladder(l *Ladder) {
	m.out.WriteString("sequenceDiagram\n")
	for _, s := range []Side{OnLeft, OnRight} {
		e := l.End(s)
		label := e.Addr.String()
		if e.Name != "" {
			label = e.Name + "<br/>" + label
		}
		fmt.Fprintf(m.out, "    participant %s as %s\n", actor(s), mermaidText(label))
	}
	for _, s := range []Side{OnLeft, OnRight} {
		m.note(s, l.End(s).firstText())
	}
	for i := range l.Lines {
		m.line(l, &l.Lines[i])
	}
	if note := inferredNote(l.infers()); note != "" {
		m.over(note)
	}
}

// actor is the name of a side in the diagram.
func actor(s Side) string { return [...]string{"L", "R"}[s] }

// line writes one line: the arrow, then a note for each end with what happened there and the states it enters.
func (m *mermaid) line(l *Ladder, line *Line) {
	var notes [2][]string
	switch line.Kind {
	case KindSegment:
		m.message(line)
	case KindFold, KindGap:
		m.over("... " + line.Note() + " ...")
	default:
		text := line.Kind == KindCall && (line.Call == tcp.CallSend || line.Call == tcp.CallReceive)
		if note := line.Note(); note != "" && !text {
			notes[line.Side] = append(notes[line.Side], note)
		}
	}
	for s, list := range notes {
		for _, state := range line.Entered(Side(s)) {
			list = append(list, l.End(Side(s)).stateText(state))
		}
		m.note(Side(s), strings.Join(list, "<br/>"))
	}
}

// message writes a segment. Of one that takes two lines the second is a note where it arrives.
func (m *mermaid) message(line *Line) {
	words := line.Segment.Words(false)
	if line.Part == Arrives && !line.Duplicate && !line.Injected {
		m.note(line.Dir.Receiver(), "arrives: "+joinWords(words, line.Reason(), line.Note()))
		return
	}
	arrow := "->>"
	switch {
	case line.Lost, line.Drop != ip.NoDrop && !line.TextOnly:
		arrow = "-x"
	case line.Duplicate, line.Injected:
		arrow = "-->>"
	case line.Part == Departs:
		arrow = "-)"
	}
	fmt.Fprintf(m.out, "    %s%s%s: %s\n", actor(line.Dir.Sender()), arrow, actor(line.Dir.Receiver()),
		mermaidText(joinWords(words, line.Reason(), line.Note())))
}

// joinWords puts what a segment is, its reason and its note onto one line.
func joinWords(words, reason, note string) string {
	if reason != "" {
		words += " (" + reason + ")"
	}
	if note != "" {
		words += ", " + note
	}
	return words
}

// note writes a note beside a side, if there is something to say.
func (m *mermaid) note(s Side, text string) {
	if text != "" {
		fmt.Fprintf(m.out, "    Note %s of %s: %s\n", s, actor(s), mermaidText(text))
	}
}

// over writes a note across both sides.
func (m *mermaid) over(text string) { fmt.Fprintf(m.out, "    Note over L,R: %s\n", mermaidText(text)) }

// mermaidText writes what would end a statement, begin a comment or be taken for markup as character entities.
// The line break <br/> stays.
func mermaidText(s string) string { return mermaidEscapes.Replace(s) }

var mermaidEscapes = strings.NewReplacer("<br/>", "<br/>", "#", "#35;", ";", "#59;", "<", "#lt;", ">", "#gt;", "&", "#amp;",
	"%", "#37;", "\n", " ", "\r", " ", "{", "#123;", "}", "#125;", "\\", "#92;", "`", "#96;", "$", "#36;", `"`, "#quot;")
