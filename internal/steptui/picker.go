package steptui

import (
	"context"
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// A list to choose from: the lessons, or the connections of a capture.

// An Item is one of the things to choose from.
type Item struct {
	Name, Title string // both on its row
	About       string // below the list while it is chosen
}

// A Picker is the screen of a list. Its methods are not safe for concurrent use.
type Picker struct {
	title         string
	items         []Item
	at            int
	g             *glyphs
	width, height int
	picked, done  bool
}

// NewPicker returns the screen of a list with one of its items chosen. There must be items.
func NewPicker(title string, items []Item, at int, o Options) *Picker {
	return &Picker{title: title, items: items, at: at, g: glyphsFor(o.ASCII), width: 80, height: 24}
}

// Init does nothing.
func (p *Picker) Init() tea.Cmd { return nil }

// Update takes a key or the size of the window.
func (p *Picker) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		if msg.Width > 0 && msg.Height > 0 {
			p.width, p.height = msg.Width, msg.Height
		}
	case tea.KeyPressMsg:
		p.key(msg.String())
	}
	if p.done {
		return p, tea.Quit
	}
	return p, nil
}

// key moves in the list, or ends it.
func (p *Picker) key(key string) {
	last := len(p.items) - 1
	switch key {
	case "up", "k", "shift+tab":
		p.at = (p.at + last) % len(p.items)
	case "down", "j", "tab":
		p.at = (p.at + 1) % len(p.items)
	case "pgup":
		p.at = max(p.at-p.rows(), 0)
	case "pgdown":
		p.at = min(p.at+p.rows(), last)
	case "home", "g":
		p.at = 0
	case "end", "G":
		p.at = last
	case "enter", "space", "right":
		p.picked, p.done = true, true
	case "q", "esc", "ctrl+c":
		p.done = true
	}
}

// aboutRows is how many rows below the list are for the text about the chosen item, with the rule above it.
const aboutRows = 5

// rows is how many items fit.
func (p *Picker) rows() int { return max(p.height-aboutRows-2, 1) }

// View gives the screen.
func (p *Picker) View() tea.View {
	v := tea.NewView(p.Screen())
	v.AltScreen = true
	v.WindowTitle = "sockeye: " + p.title
	return v
}

// Screen returns the rows of the screen, as many as the window has.
func (p *Picker) Screen() string {
	if p.width < 40 || p.height < aboutRows+4 {
		return "This window is too small.\n(q quits)"
	}
	title := p.g.ends(" "+p.g.text(p.title), fmt.Sprintf("%d of %d ", p.at+1, len(p.items)), p.width)
	rows := []string{titleStyle.Render(title)}
	longest := slices.MaxFunc(p.items, func(a, b Item) int { return width(a.Name) - width(b.Name) })
	n := p.rows()
	from := max(min(p.at-n/2, len(p.items)-n), 0)
	for i := from; i < min(from+n, len(p.items)); i++ {
		rows = append(rows, p.row(i, width(longest.Name)))
	}
	for len(rows) <= n {
		rows = append(rows, "")
	}
	rows = append(rows, dimStyle.Render(strings.Repeat(p.g.rule, p.width)))
	about := wrap(p.g.text(p.items[p.at].About), p.width-2)
	for i := range aboutRows - 1 {
		row := ""
		if i < len(about) {
			row = " " + about[i]
		}
		rows = append(rows, row)
	}
	keys := []string{"↑↓ choose", "Enter step through it", "q quit"}
	return strings.Join(append(rows, keyRow(p.g, p.width, keys)), "\n")
}

// row is one item.
func (p *Picker) row(i, name int) string {
	item := &p.items[i]
	mark := "  "
	if i == p.at {
		mark = p.g.chosen + " "
	}
	row := p.g.fit(fmt.Sprintf("%s%s  %s", mark, p.g.fit(item.Name, name), p.g.text(item.Title)), p.width)
	if i == p.at {
		return chosenStyle.Render(row)
	}
	return row
}

// Pick lets the user choose. It returns -1 when nothing was chosen.
func Pick(ctx context.Context, title string, items []Item, at int, o Options, t Terminal) (int, error) {
	p := NewPicker(title, items, at, o)
	if err := run(ctx, p, t); err != nil {
		return -1, err
	}
	if !p.picked {
		return -1, nil
	}
	return p.at, nil
}
