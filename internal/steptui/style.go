package steptui

import (
	"slices"
	"strings"

	"charm.land/lipgloss/v2"
)

// Letters, colours and lengths.

// glyphs are the characters beside letters, one column each.
type glyphs struct {
	rule, chosen, right, left, more, dot, bar, cursor string
	ascii                                             bool
}

func glyphsFor(ascii bool) *glyphs {
	if ascii {
		return &glyphs{rule: "-", chosen: ">", right: "->", left: "<-", more: "~", dot: "*", bar: "|", cursor: "_", ascii: true}
	}
	return &glyphs{rule: "─", chosen: "▶", right: "─▶", left: "◀─", more: "…", dot: "•", bar: "│", cursor: "█"}
}

// text replaces what is beyond ASCII where it must be.
func (g *glyphs) text(s string) string {
	if g.ascii {
		return asciiOnly.Replace(s)
	}
	return s
}

var asciiOnly = strings.NewReplacer("§", "section ", "µ", "u", "→", "->", "←", "<-", "↓", "down", "↑", "up", "–", "-", "…", "...", "’", "'", "“", `"`, "”", `"`, "×", "x")

// The styles. Under NO_COLOR the colours go and the rest stays.
var (
	titleStyle  = lipgloss.NewStyle().Bold(true).Reverse(true)
	strongStyle = lipgloss.NewStyle().Bold(true)
	dimStyle    = lipgloss.NewStyle().Faint(true)
	errorStyle  = lipgloss.NewStyle().Bold(true).Foreground(lipgloss.Red)
	keyStyle    = lipgloss.NewStyle().Bold(true)
	chosenStyle = lipgloss.NewStyle().Reverse(true)
)

// width is how many columns a text takes.
func width(s string) int { return lipgloss.Width(s) }

// fit cuts a text to n columns, or fills it up with spaces.
func (g *glyphs) fit(s string, n int) string {
	if n <= 0 {
		return ""
	}
	w := width(s)
	if w > n {
		return lipgloss.NewStyle().Inline(true).MaxWidth(n-1).Render(s) + g.more
	}
	return s + strings.Repeat(" ", n-w)
}

// fitPlain is fit without filling up.
func (g *glyphs) fitPlain(s string, n int) string { return strings.TrimRight(g.fit(s, n), " ") }

// ends puts one text to the left and one to the right of n columns; the left one is cut.
func (g *glyphs) ends(left, right string, n int) string {
	room := n - width(right) - 1
	if room < 8 {
		return g.fit(left, n)
	}
	return g.fit(left, room) + " " + right
}

// heading is a rule with a text in it.
func (m *Model) heading(text, right string, n int) string {
	s := strings.Repeat(m.g.rule, 2) + " " + text + " "
	if right != "" {
		right = " " + right + " " + strings.Repeat(m.g.rule, 2)
	}
	fill := n - width(s) - width(right)
	if fill < 1 {
		return m.g.fit(s, n)
	}
	return s + dimStyle.Render(strings.Repeat(m.g.rule, fill)) + right
}

// keyRow shows some keys: as many as there is room for, and always the last two.
func keyRow(g *glyphs, w int, keys []string) string {
	plain := func(keys []string) string { return " " + strings.Join(keys, "  ") }
	for len(keys) > 3 && width(g.text(plain(keys))) > w {
		keys = slices.Delete(keys, len(keys)-3, len(keys)-2)
	}
	shown := make([]string, len(keys))
	for i, k := range keys {
		at := strings.IndexByte(k, ' ')
		shown[i] = keyStyle.Render(g.text(k[:at])) + dimStyle.Render(g.text(k[at:]))
	}
	return plain(shown)
}

// wrap breaks a text at spaces to n columns. Line ends in it stay.
func wrap(s string, n int) []string {
	var rows []string
	for line := range strings.Lines(s) {
		row := ""
		for word := range strings.FieldsSeq(line) {
			for width(word) > n { // a word that fits no row
				r := []rune(word)
				if row != "" {
					rows, row = append(rows, row), ""
				}
				rows, word = append(rows, string(r[:n])), string(r[n:])
			}
			if row != "" && width(row)+1+width(word) > n {
				rows, row = append(rows, row), ""
			}
			if row != "" {
				row += " "
			}
			row += word
		}
		rows = append(rows, row)
	}
	return rows
}
