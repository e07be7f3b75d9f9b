package steptui

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sockeye-tcp/sockeye/internal/ladder"
)

// The screen: what stands where.

const (
	// minWidth and minHeight are the smallest window in which anything makes sense.
	minWidth  = 64
	minHeight = 16
	// wideFrom is the width from which the ends and the packets stand beside the ladder.
	wideFrom = 132
	// sideWidth is how wide they are then.
	sideWidth = 50
	// minLadder is how many rows of the ladder there are at least.
	minLadder = 4
)

// Screen returns the rows of the screen, with ANSI styles, as many as the window has.
func (m *Model) Screen() string {
	if m.width < minWidth || m.height < minHeight {
		return fmt.Sprintf("This window has %dx%d characters;\nat least %dx%d are needed.\n(q quits)", m.width, m.height, minWidth, minHeight)
	}
	bottom := m.bottom()
	n := m.height - 1 - len(bottom)
	var rows []string
	switch {
	case m.help:
		rows = m.helpRows(n)
	case m.width >= wideFrom:
		rows = m.wide(n)
	default:
		rows = m.narrow(n)
	}
	for len(rows) < n {
		rows = append(rows, "")
	}
	rows = append(append([]string{m.title()}, rows[:n]...), bottom...)
	return strings.Join(rows, "\n")
}

// title says what this is, which step, and the time.
func (m *Model) title() string {
	v := m.player.View()
	right := fmt.Sprintf("step %d of %d   %s ", v.Step, max(v.Steps, v.Step), seconds(v.Elapsed()))
	return titleStyle.Render(m.g.ends(" "+m.g.text(v.Title), right, m.width))
}

// seconds writes a time as the ladder does when it is long: with milliseconds, or finer when it must be.
func seconds(d time.Duration) string {
	if d%time.Millisecond != 0 {
		return fmt.Sprintf("%.6f s", d.Seconds())
	}
	return fmt.Sprintf("%.3f s", d.Seconds())
}

// narrow puts everything below each other, in n rows: the ladder has what the others leave, and they leave it something.
func (m *Model) narrow(n int) []string {
	ends := upTo(m.endRows(m.width), n-minLadder)
	menu := upTo(m.menuRows(m.width), n-minLadder-len(ends))
	left := n - minLadder - len(ends) - len(menu)
	var note []string
	if m.menu == nil {
		note = m.noteRows(m.width, 5)
	}
	flights := m.flightRows(m.width, 4)
	for len(note)+len(flights) > left && len(note) > 3 {
		note = m.noteRows(m.width, len(note)-2)
	}
	for len(note)+len(flights) > left && len(flights) > 2 {
		flights = m.flightRows(m.width, len(flights)-2)
	}
	flights = upTo(flights, left)
	note = upTo(note, left-len(flights))
	rows := m.ladderRows(m.width, n-len(ends)-len(menu)-len(note)-len(flights))
	rows = append(rows, ends...)
	rows = append(rows, flights...)
	rows = append(rows, menu...)
	return append(rows, note...)
}

// upTo returns at most n rows.
func upTo(rows []string, n int) []string { return rows[:max(min(len(rows), n), 0)] }

// wide puts the ladder on the left, the ends and the packets on the right, and the note below the ladder.
func (m *Model) wide(n int) []string {
	inner := m.width - sideWidth - 3
	below := m.noteRows(inner, max(n/5, 4))
	if menu := m.menuRows(inner); menu != nil {
		below = menu
	}
	below = upTo(below, n-minLadder)
	left := append(m.ladderRows(inner, n-len(below)), below...)
	right := m.sideRows(sideWidth, n)
	rows := make([]string, n)
	for i := range rows {
		var l, r string
		if i < len(left) {
			l = left[i]
		}
		if i < len(right) {
			r = right[i]
		}
		rows[i] = m.g.fit(l, inner) + " " + dimStyle.Render(m.g.bar) + " " + m.g.fitPlain(r, sideWidth)
	}
	return rows
}

// page is how far PgUp scrolls.
func (m *Model) page() int { return max(m.height/3, 3) }

// ladderRows draws the ladder in exactly n rows. Its head stays, and below it the end shows unless one has scrolled.
func (m *Model) ladderRows(w, n int) []string {
	head, body := m.ladderText(w, n)
	room := max(n-len(head), 0)
	if m.filter != nil {
		head = append(head, dimStyle.Render(m.g.fit("showing only: "+m.filterText+"   (/ changes it)", w)))
		room = max(room-1, 0)
	}
	m.scroll = max(min(m.scroll, len(body)-room), 0)
	end := len(body) - m.scroll
	shown := body[max(end-room, 0):end]
	rows := append(head, shown...)
	if m.scroll > 0 && len(rows) > 0 {
		rows[len(rows)-1] = dimStyle.Render(fmt.Sprintf("%*s (%d more rows, PgDn)", 9, m.g.more, m.scroll+1))
	}
	for len(rows) < n {
		rows = append(rows, "")
	}
	return rows[:n]
}

// newest returns a ladder of which only the last n lines are left, when there is one: a line has a row at least,
// and a long ladder takes its time.
func (m *Model) newest(ladders []*ladder.Ladder, n int) []*ladder.Ladder {
	if len(ladders) != 1 {
		return ladders
	}
	l := *ladders[0]
	if m.filter != nil {
		l = *l.Filtered(m.filter)
	}
	l.Lines = l.Lines[max(len(l.Lines)-n-m.page(), 0):]
	return []*ladder.Ladder{&l}
}

// ladderText draws what of the ladder may show in n rows, and parts its head, names and addresses, from the rest.
func (m *Model) ladderText(w, n int) (head, body []string) {
	ladders := m.newest(m.player.View().Ladder, n+m.scroll)
	var b strings.Builder
	o := ladder.TextOptions{
		Width: w, ASCII: m.o.ASCII, Color: m.o.Color, Absolute: m.absolute, Full: true, Rules: m.rules, Filter: m.filter,
	}
	// A strings.Builder takes everything.
	_ = m.draw(&b, ladders, o)
	rows := strings.Split(strings.TrimRight(b.String(), "\n"), "\n")
	for len(rows) > 0 && !strings.Contains(rows[len(rows)-1], m.g.bar) { // what Text explains, help explains
		rows = rows[:len(rows)-1]
	}
	rows = slices.DeleteFunc(rows, m.repeats)
	if len(ladders) == 0 {
		v := m.player.View()
		names := m.g.ends(strings.Repeat(" ", 10)+m.endName(0), m.endName(1), w)
		return []string{strongStyle.Render(names)}, []string{"", dimStyle.Render(m.g.fitPlain(m.g.text("          Nothing has happened yet. "+ahead(v.Ahead)), w))}
	}
	top := 1
	if l := ladders[0]; len(ladders) == 1 && (l.Left.Name != "" || l.Right.Name != "") {
		top = 2 // names, then addresses, which stand with the ends as well
	}
	if top >= len(rows) {
		return nil, rows
	}
	return rows[:1], rows[top:]
}

// repeats reports whether a row says only that a segment is on its way, which the packets in flight say as well.
func (m *Model) repeats(row string) bool {
	return strings.Contains(row, "on its way") && !strings.Contains(row, m.g.rule)
}

// ahead says what the next step will be.
func ahead(s string) string {
	if s == "" {
		return "c lists the calls."
	}
	return "Space: " + s + "."
}

// bottom is the last row, or two: a prompt with what is wrong, a message, or the keys.
func (m *Model) bottom() []string {
	if m.prompt == nil {
		return []string{m.lastRow()}
	}
	if m.prompt.fault != "" {
		return []string{errorStyle.Render(m.g.fitPlain(" ! "+m.g.text(m.prompt.fault), m.width)), m.promptRow()}
	}
	return []string{m.promptRow()}
}

// lastRow is a message or the keys.
func (m *Model) lastRow() string {
	switch {
	case m.message != "" && m.failed:
		return errorStyle.Render(m.g.fitPlain(" ! "+m.g.text(m.message), m.width))
	case m.message != "":
		return strongStyle.Render(m.g.fitPlain(" "+m.g.text(m.message), m.width))
	case m.help:
		return dimStyle.Render(" any key goes back")
	case m.menu != nil:
		return keyRow(m.g, m.width, []string{"↑↓ choose", "Enter do it", "Esc never mind"})
	case len(m.player.View().InFlight) > 0:
		return keyRow(m.g, m.width, []string{"space next", "← back", "d deliver", "x drop", "2 copy", "l delay", "c calls", "? help", "q quit"})
	}
	return keyRow(m.g, m.width, []string{"space next", "← back", "s state", "t time", "c calls", "w save", "v vars", "? help", "q quit"})
}

// promptRow shows the prompt, and what is wrong with its text.
func (m *Model) promptRow() string {
	p := m.prompt
	label := p.label
	if p.ends {
		label = fmt.Sprintf(label, m.endName(p.end))
	}
	label = " " + m.g.text(label) + " "
	before, under, after := string(p.text[:p.at]), " ", ""
	if p.at < len(p.text) {
		under, after = string(p.text[p.at]), string(p.text[p.at+1:])
	}
	row := strongStyle.Render(label) + before + chosenStyle.Render(under) + after
	switch {
	case len(p.text) == 0 && p.hint != "":
		row += " " + dimStyle.Render(m.g.text(p.hint))
	case p.complete != nil:
		row += "   " + dimStyle.Render(candidates(p.complete(string(p.text))))
	}
	return m.g.fitPlain(row, m.width)
}

// candidates names what a text may be completed to.
func candidates(found []string) string {
	if len(found) < 2 {
		return ""
	}
	return strings.Join(found, ", ")
}
