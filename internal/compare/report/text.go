package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/sockeye-tcp/sockeye/internal/compare"
)

// Text for the terminal. What counts stands at its end, where one looks first.

// textWidth is where prose is broken.
const textWidth = 100

// Text writes a report for people.
func Text(w io.Writer, r *compare.Report) error {
	var b strings.Builder
	for _, p := range r.Paths {
		fmt.Fprintf(&b, "%-8s %s\n", p.Series, p.Path)
	}
	conditions := fmt.Sprintf("seed %d", r.Seed)
	for _, c := range r.Conditions {
		conditions += "; " + c.Name + " " + c.Value
	}
	wrap(&b, "", conditions)
	for _, s := range sections(r) {
		fmt.Fprintf(&b, "\n%s: %s\n", s.Title, s.Note)
		writeTable(&b, s.Spread)
		b.WriteString("\n")
		writeTable(&b, s.Measures)
	}
	b.WriteString("\n")
	wrap(&b, "", legend)
	if len(r.Warnings) > 0 {
		b.WriteString("\nWarnings:\n")
		for _, text := range r.Warnings {
			wrap(&b, "  ", text)
		}
	}
	b.WriteString("\n")
	if r.Incomplete {
		b.WriteString("Interrupted: this is what was measured until then.\n")
	}
	for _, text := range r.Verdicts {
		wrap(&b, "", text)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// writeTable aligns the columns, the first to the left.
func writeTable(b *strings.Builder, t table) {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{t.Head}, t.Rows...) {
		// The writer's errors are those of the builder, which has none.
		fmt.Fprintf(w, "  %s\n", strings.Join(row, "\t"))
	}
	w.Flush()
	for line := range strings.Lines(text.String()) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
}

// wrap writes a paragraph; its further lines are indented.
func wrap(b *strings.Builder, indent, text string) {
	at := 0
	for i, word := range strings.Fields(text) {
		n := len([]rune(word))
		switch {
		case i == 0:
			b.WriteString(indent)
			at = len(indent)
		case at+1+n > textWidth:
			b.WriteString("\n" + indent + "  ")
			at = len(indent) + 2
		default:
			b.WriteString(" ")
			at++
		}
		b.WriteString(word)
		at += n
	}
	b.WriteString("\n")
}
