package steptui

import (
	"strings"
	"unicode"

	tea "charm.land/bubbletea/v2"
)

// A prompt: one line to type into, at the bottom of the screen.

// A prompt asks for a line of text.
type prompt struct {
	label string // what is asked; ends names the end in it
	hint  string // an example, shown while nothing is typed
	text  []rune
	at    int    // of the cursor
	fault string // what is wrong with the text; until it changes

	end      int // A or B, when ends is set: Tab changes it
	ends     bool
	complete func(typed string) []string // what Tab may complete to

	// accept uses the text. An error stays on the screen, with the prompt.
	accept func(text string) error
}

// ask opens a prompt.
func (m *Model) ask(p *prompt) {
	p.at = len(p.text)
	m.prompt = p
}

// promptKey edits the line.
func (m *Model) promptKey(k tea.KeyPressMsg) {
	p := m.prompt
	switch k.String() {
	case "esc", "ctrl+g":
		m.prompt = nil
	case "enter":
		m.accept()
	case "tab":
		p.tab()
	default:
		p.edit(k)
	}
}

// accept hands the text over; the prompt stays open while it is wrong. accept may open another prompt.
func (m *Model) accept() {
	p := m.prompt
	if err := p.accept(strings.TrimSpace(string(p.text))); err != nil {
		p.fault = reason(err)
		return
	}
	if m.prompt == p {
		m.prompt = nil
	}
}

// edit moves in the line or changes it.
func (p *prompt) edit(k tea.KeyPressMsg) {
	switch k.String() {
	case "left", "ctrl+b":
		p.at = max(p.at-1, 0)
	case "right", "ctrl+f":
		p.at = min(p.at+1, len(p.text))
	case "home", "ctrl+a":
		p.at = 0
	case "end", "ctrl+e":
		p.at = len(p.text)
	case "backspace", "ctrl+h":
		p.cut(max(p.at-1, 0), p.at)
	case "delete", "ctrl+d":
		p.cut(p.at, min(p.at+1, len(p.text)))
	case "ctrl+u":
		p.cut(0, p.at)
	case "ctrl+k":
		p.cut(p.at, len(p.text))
	case "ctrl+w":
		from := p.at
		for from > 0 && p.text[from-1] == ' ' {
			from--
		}
		for from > 0 && p.text[from-1] != ' ' {
			from--
		}
		p.cut(from, p.at)
	default:
		p.insert(k.Text)
	}
}

// insert puts text at the cursor. Line ends and other controls are left out.
func (p *prompt) insert(s string) {
	var add []rune
	for _, r := range s {
		if unicode.IsPrint(r) {
			add = append(add, r)
		}
	}
	p.text = append(p.text[:p.at:p.at], append(add, p.text[p.at:]...)...)
	p.at += len(add)
	p.fault = ""
}

// cut takes a range out.
func (p *prompt) cut(from, to int) {
	p.text = append(p.text[:from:from], p.text[to:]...)
	p.at = from
	p.fault = ""
}

// tab completes the text as far as is sure, then goes through what it may be; without
// anything to complete it changes the end.
func (p *prompt) tab() {
	if p.complete == nil {
		if p.ends {
			p.end = 1 - p.end
		}
		return
	}
	found := p.complete(string(p.text))
	switch len(found) {
	case 0:
	case 1:
		p.set(found[0])
	default:
		if prefix := common(found); len(prefix) > len(p.text) {
			p.set(prefix)
		}
	}
}

// set replaces the text.
func (p *prompt) set(s string) {
	p.text = []rune(s)
	p.at, p.fault = len(p.text), ""
}

// common returns the longest prefix of all.
func common(all []string) string {
	prefix := all[0]
	for _, s := range all[1:] {
		for !strings.HasPrefix(s, prefix) {
			prefix = prefix[:len(prefix)-1]
		}
	}
	return prefix
}
