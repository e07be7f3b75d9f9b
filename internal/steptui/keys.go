package steptui

import (
	"slices"

	"github.com/sockeye-tcp/sockeye/internal/step"
)

// The keys, and what they do. The help overlay is made from this list.

// A binding is one command with its keys.
type binding struct {
	keys []string // as bubbletea names them; the first is shown
	show string   // how help shows them
	text string   // what it does
	do   func(*Model)
}

// bindings are the commands in the order of help: two columns, top to bottom.
var bindings []binding

func init() { // not a literal above, for help shows the list itself
	bindings = []binding{
		{[]string{"space", "right", "n"}, "space → n", "next step", (*Model).next},
		{[]string{"left", "p", "backspace"}, "← p", "back, exactly", (*Model).back},
		{[]string{"home", "g"}, "Home g", "to the start", (*Model).toStart},
		{[]string{"end", "G"}, "End G", "to the end", (*Model).toEnd},
		{[]string{"s"}, "s", "run to a state", (*Model).askState},
		{[]string{"t"}, "t", "run to a time", (*Model).askTime},
		{[]string{"f"}, "f", "fire the next timer", func(m *Model) { m.do(step.Move{Kind: step.Fire}) }},
		{[]string{"c"}, "c", "calls: connect, write, ...", (*Model).openMenu},
		{[]string{"i"}, "i", "inject a segment", (*Model).askInject},
		{[]string{"tab", "down"}, "Tab ↓ ↑", "choose a packet", func(m *Model) { m.turn(1) }},
		{[]string{"shift+tab", "up"}, "", "", func(m *Model) { m.turn(-1) }},
		{[]string{"d", "enter"}, "d", "deliver it now", func(m *Model) { m.onFlight(step.Deliver) }},
		{[]string{"x", "delete"}, "x", "drop it", func(m *Model) { m.onFlight(step.Drop) }},
		{[]string{"2"}, "2", "duplicate it", func(m *Model) { m.onFlight(step.Duplicate) }},
		{[]string{"l"}, "l", "delay it", (*Model).askDelay},
		{[]string{"m"}, "m", "mangle it: a bit flips", func(m *Model) { m.onFlight(step.Corrupt) }},
		{[]string{"a"}, "a", "absolute numbers", func(m *Model) { m.absolute = !m.absolute }},
		{[]string{"r"}, "r", "where an RFC decided", func(m *Model) { m.rules = !m.rules }},
		{[]string{"v"}, "v", "all variables and timers", func(m *Model) { m.vars = !m.vars }},
		{[]string{"/"}, "/", "filter the ladder", (*Model).askFilter},
		{[]string{"pgup"}, "PgUp PgDn", "scroll the ladder", func(m *Model) { m.scroll += m.page() }},
		{[]string{"pgdown"}, "", "", func(m *Model) { m.scroll = max(m.scroll-m.page(), 0) }},
		{[]string{"w"}, "w", "save as a script (.pkt)", (*Model).askSave},
		{[]string{"?", "h"}, "?", "this help", func(m *Model) { m.help = true }},
		{[]string{"q"}, "q", "quit", func(m *Model) { m.done = true }},
	}
}

// command does what a key is for.
func (m *Model) command(key string) {
	for i := range bindings {
		if slices.Contains(bindings[i].keys, key) {
			bindings[i].do(m)
			return
		}
	}
}

// next makes a step.
func (m *Model) next() {
	if !m.player.Next() {
		m.say("That is the end: nothing happens by itself any more.")
	}
	m.moved()
}

// back undoes a step.
func (m *Model) back() {
	if !m.player.Back() {
		m.say("That is the start.")
	}
	m.moved()
}

// toStart undoes everything.
func (m *Model) toStart() {
	if r, ok := m.player.(step.Rewinder); ok {
		r.Rewind()
	}
	for m.player.Back() {
	}
	m.moved()
}

// maxSteps bounds how many steps are made at once that nobody has counted: a world with keep-alives never ends.
const maxSteps = 10_000

// toEnd makes steps until nothing is left.
func (m *Model) toEnd() {
	v := m.player.View()
	limit := max(v.Steps-v.Step+1, maxSteps)
	for range limit {
		if !m.player.Next() {
			m.moved()
			return
		}
	}
	m.say("%d steps, and no end: stopped.", limit)
	m.moved()
}
