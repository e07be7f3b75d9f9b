package steptui

import (
	"errors"
	"fmt"
	"io"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/sockeye-tcp/sockeye/internal/ladder"
	"github.com/sockeye-tcp/sockeye/internal/packetdrill"
	"github.com/sockeye-tcp/sockeye/internal/step"
)

// The model: what the screen shows, and what a message does to it.

// Options say how a screen looks and where it writes.
type Options struct {
	// ASCII keeps to ASCII.
	ASCII bool
	// Color adds colours.
	Color bool
	// Absolute shows sequence numbers as on the wire, Rules where an RFC decided, Vars all variables, from the start.
	Absolute, Rules, Vars bool
	// SaveAs is the file name that saving suggests.
	SaveAs string
}

// A Model is the screen. Its methods are not safe for concurrent use.
type Model struct {
	player step.Player
	o      Options
	g      *glyphs
	draw   func(io.Writer, []*ladder.Ladder, ladder.TextOptions) error

	width, height int
	selected      int // Flight.ID of the chosen packet; 0: none
	absolute      bool
	rules         bool
	vars          bool
	filter        *ladder.Filter
	filterText    string
	scroll        int // rows of the ladder below the screen

	prompt  *prompt // nil: keys are commands
	menu    *menu
	help    bool
	message string // until the next key
	failed  bool   // the message is an error
	done    bool
}

// New returns the screen of a player, 80 columns by 24 rows until it is told otherwise.
func New(p step.Player, o Options) *Model {
	m := &Model{player: p, o: o, g: glyphsFor(o.ASCII), draw: ladder.Text, width: 80, height: 24, absolute: o.Absolute, rules: o.Rules, vars: o.Vars}
	m.choose()
	return m
}

// Init does nothing: there is no clock but that of the player.
func (m *Model) Init() tea.Cmd { return nil }

// Update takes a message: a key, pasted text or the size of the window.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		if msg.Width > 0 && msg.Height > 0 { // some terminals do not know their size
			m.width, m.height = msg.Width, msg.Height
		}
	case tea.PasteMsg:
		if m.prompt != nil {
			m.prompt.insert(msg.Content)
		}
	case tea.KeyPressMsg:
		if msg.String() == "ctrl+z" {
			return m, tea.Suspend
		}
		m.key(msg)
	}
	if m.done {
		return m, tea.Quit
	}
	return m, nil
}

// View gives the screen.
func (m *Model) View() tea.View {
	v := tea.NewView(m.Screen())
	v.AltScreen = true
	v.WindowTitle = "sockeye: " + m.player.View().Title
	return v
}

// key takes a key where it belongs.
func (m *Model) key(k tea.KeyPressMsg) {
	if s := k.String(); s == "ctrl+c" {
		m.done = true
		return
	}
	m.message, m.failed = "", false
	switch {
	case m.help:
		m.help = false // any key
	case m.prompt != nil:
		m.promptKey(k)
	case m.menu != nil:
		m.menuKey(k)
	default:
		m.command(k.String())
	}
}

// say shows a message until the next key.
func (m *Model) say(format string, args ...any) { m.message = fmt.Sprintf(format, args...) }

// try shows an error, if it is one.
func (m *Model) try(err error) {
	if err != nil {
		m.message, m.failed = reason(err), true
	}
	m.moved()
}

// reason is an error in a user's words.
func reason(err error) string {
	if errors.Is(err, step.ErrRecording) {
		return "This is a recording: it can be stepped through, not changed."
	}
	var syntax *packetdrill.SyntaxError
	if errors.As(err, &syntax) {
		return syntax.Message // the place is that of a line made around what was typed
	}
	text, _, _ := strings.Cut(err.Error(), "\n")
	return text
}

// moved keeps everything in place after a step: the ladder shows its end, and a packet is chosen.
func (m *Model) moved() {
	m.scroll = 0
	m.choose()
}

// choose keeps the chosen packet, or chooses the next to arrive.
func (m *Model) choose() {
	flights := m.player.View().InFlight
	for i := range flights {
		if flights[i].ID == m.selected {
			return
		}
	}
	m.selected = 0
	if len(flights) > 0 {
		m.selected = flights[0].ID
	}
}

// turn chooses the packet n further down.
func (m *Model) turn(n int) {
	flights := m.player.View().InFlight
	if len(flights) == 0 {
		m.say("Nothing is in flight.")
		return
	}
	for i := range flights {
		if flights[i].ID == m.selected {
			m.selected = flights[(i+n+len(flights))%len(flights)].ID
			return
		}
	}
}

// flight returns the chosen packet, nil when nothing is in flight.
func (m *Model) flight() *step.Flight {
	flights := m.player.View().InFlight
	for i := range flights {
		if flights[i].ID == m.selected {
			return &flights[i]
		}
	}
	return nil
}

// onFlight makes a move on the chosen packet.
func (m *Model) onFlight(kind step.MoveKind) {
	f := m.flight()
	if f == nil {
		if len(m.player.Moves()) == 0 && m.player.View().Ahead != "" {
			m.try(step.ErrRecording)
			return
		}
		m.message, m.failed = "Nothing is in flight.", true
		return
	}
	m.do(step.Move{Kind: kind, Packet: f.ID})
}

// do makes a move.
func (m *Model) do(move step.Move) { m.try(m.player.Do(move)) }

// endName is the name of an end.
func (m *Model) endName(end int) string {
	if end != step.A && end != step.B {
		return "nobody"
	}
	if name := m.player.View().Ends[end].Name; name != "" {
		return name
	}
	return [...]string{"A", "B"}[end]
}
