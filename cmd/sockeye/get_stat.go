package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/sockeye-tcp/sockeye/httpget"
)

// --stat: the picture that httpstat made popular, one for each hop.

// A frame is the letters that boxes are drawn with.
type frame struct{ top, bottom, across, down string }

var (
	unicodeFrame = frame{"┌┬┐", "└┴┘", "─", "│"}
	asciiFrame   = frame{"+++", "+++", "-", "|"}
)

// statWidth is the width of one box inside: five of them fit 80 columns.
const statWidth = 14

// drawStat draws the phases of each hop on standard error.
func (g *getRun) drawStat(res *httpget.Result) {
	f := unicodeFrame
	if g.o.ascii || !utf8Locale() {
		f = asciiFrame
	}
	for _, h := range res.Hops {
		writeStat(g.stderr, f, &h)
	}
}

// writeStat draws one hop: a box for each phase with its length, and below
// the borders the time since the start. A standard error that is gone is nobody's loss.
func writeStat(w io.Writer, f frame, h *httpget.Hop) {
	title := fmt.Sprintf("%s %s", h.Method, h.URL)
	if h.Status != 0 {
		title = fmt.Sprintf("%d %s", h.Status, title)
	}
	if h.Reused {
		title += " (on the same connection)"
	}
	fmt.Fprintln(w, title)
	var names, lengths, sums strings.Builder
	var sum time.Duration
	for _, p := range h.Times.Phases() {
		sum += p.Length
		names.WriteString(f.down + center(p.Name))
		lengths.WriteString(f.down + center(short(p.Length)))
		fmt.Fprintf(&sums, "%*s", statWidth+1, short(sum))
	}
	border := func(corners string) string {
		c := []rune(corners)
		line := strings.Repeat(f.across, statWidth)
		return string(c[0]) + strings.Join([]string{line, line, line, line, line}, string(c[1])) + string(c[2])
	}
	fmt.Fprintf(w, "%s\n%s%s\n%s%s\n%s\n%s\n",
		border(f.top), names.String(), f.down, lengths.String(), f.down, border(f.bottom), sums.String())
}

// center puts a text into the middle of a box.
func center(s string) string {
	left := (statWidth - len(s)) / 2
	return fmt.Sprintf("%*s%s%*s", left, "", s, statWidth-len(s)-left, "")
}

// short writes a time in nine letters at most.
func short(d time.Duration) string {
	switch ms := float64(d) / 1e6; {
	case ms < 1000:
		return fmt.Sprintf("%.2f ms", ms)
	case ms < 100_000:
		return fmt.Sprintf("%.2f s", ms/1000)
	default:
		return fmt.Sprintf("%.0f s", ms/1000)
	}
}
