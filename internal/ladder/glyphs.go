package ladder

import (
	"strings"
	"unicode/utf8"

	"github.com/sockeye-tcp/sockeye/ip"
)

// Characters, colours and line breaks of the text renderer.

// Glyphs are the characters that a drawing is made of, one column each.
type glyphs struct {
	rail, line, left, right, lost, bullet, dots, dash string
	ascii                                             bool
}

var (
	unicode = &glyphs{rail: "│", line: "─", left: "◀", right: "▶", lost: "×", bullet: "•", dots: "⋮", dash: "╌"}
	ascii   = &glyphs{rail: "|", line: "-", left: "<", right: ">", lost: "x", bullet: "*", dots: ":", dash: "- ", ascii: true}
)

// translate replaces the characters beyond ASCII that rules and durations contain.
func (g *glyphs) translate(s string) string {
	if g.ascii {
		return asciiOnly.Replace(s)
	}
	return s
}

// shaft draws n columns of an arrow: dashed for a copy.
func (g *glyphs) shaft(n int, dashed bool) string {
	n = max(n, 0)
	if !dashed {
		return strings.Repeat(g.line, n)
	}
	return string([]rune(strings.Repeat(g.dash, n))[:n])
}

var asciiOnly = strings.NewReplacer("§", "section ", "µ", "u")

// A style is an ANSI SGR code, or plain.
type style string

const (
	plain  style = ""
	bold   style = "1"
	dim    style = "2"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
	cyan   style = "36"
)

// paint puts a text into a style when colours are on.
func (t *text) paint(s style, text string) string {
	if !t.o.Color || s == plain || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

// lineStyle tells directions, retransmissions and drops apart.
func lineStyle(l *Line) style {
	switch {
	case l.Drop != ip.NoDrop, l.Lost, l.Injected:
		return red
	case l.Nth > 0, l.Duplicate, l.Overtaken:
		return yellow
	case l.Dir == ToLeft:
		return green
	}
	return cyan
}

// wrap breaks s at spaces into parts of at most n columns; a longer word stays whole.
func wrap(s string, n int) []string {
	var parts []string
	part := ""
	for word := range strings.FieldsSeq(s) {
		if part != "" && utf8.RuneCountInString(part)+1+utf8.RuneCountInString(word) > n {
			parts, part = append(parts, part), ""
		}
		if part != "" {
			part += " "
		}
		part += word
	}
	if part != "" {
		parts = append(parts, part)
	}
	return parts
}
