package steptui

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	tea "charm.land/bubbletea/v2"

	"github.com/sockeye-tcp/sockeye/internal/step"
)

// The menu of calls.

// A menu is a list to choose from.
type menu struct {
	moves []step.Move
	at    int
}

// openMenu lists what the applications could call here.
func (m *Model) openMenu() {
	var moves []step.Move
	all := m.player.Moves()
	for _, move := range all {
		asks := func(other step.Move) bool { return move.Kind == other.Kind && move.End == other.End && hasCount(move) }
		switch i := slices.IndexFunc(moves, asks); {
		case i >= 0: // one line for all numbers of bytes, which the prompt asks for
			moves[i].N = suggested(moves[i], move)
		case move.Kind.Call() || move.Kind == step.Crash:
			moves = append(moves, move)
		}
	}
	switch {
	case len(moves) > 0:
		m.menu = &menu{moves: moves}
	case len(all) == 0:
		m.try(step.ErrRecording)
	default:
		m.say("Neither end can call anything here.")
	}
}

// hasCount reports whether a move is about a number of bytes.
func hasCount(m step.Move) bool { return m.Kind == step.Write || m.Kind == step.Read }

// suggested is the number to begin with: a segment's worth of writing, and all there is to read.
func suggested(a, b step.Move) int {
	if a.Kind == step.Read {
		return max(a.N, b.N)
	}
	return min(max(a.N, b.N), 1000)
}

// menuKey moves in the menu: arrows, a letter or digit, Enter.
func (m *Model) menuKey(k tea.KeyPressMsg) {
	n := len(m.menu.moves)
	switch s := k.String(); s {
	case "esc", "q", "c":
		m.menu = nil
	case "up", "shift+tab", "k":
		m.menu.at = (m.menu.at + n - 1) % n
	case "down", "tab", "j":
		m.menu.at = (m.menu.at + 1) % n
	case "home":
		m.menu.at = 0
	case "end":
		m.menu.at = n - 1
	case "enter", "space":
		m.call(m.menu.moves[m.menu.at])
	default:
		if i, err := strconv.Atoi(s); err == nil && i >= 1 && i <= n {
			m.call(m.menu.moves[i-1])
		}
	}
}

// call makes a call, and asks first how many bytes where that matters.
func (m *Model) call(move step.Move) {
	m.menu = nil
	if !hasCount(move) {
		m.do(move)
		return
	}
	label := fmt.Sprintf("%s: %v how many bytes?", m.endName(move.End), move.Kind)
	m.ask(&prompt{label: label, text: []rune(strconv.Itoa(move.N)), accept: func(text string) error {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 1<<20 {
			return errors.New("a number from 1 to 1048576 is needed")
		}
		move.N = n
		err = m.player.Do(move)
		m.moved()
		return err
	}})
}
