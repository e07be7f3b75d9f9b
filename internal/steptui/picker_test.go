package steptui

import (
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
)

// items are a list that is longer than the screen.
func items(n int) []Item {
	var list []Item
	for i := range n {
		list = append(list, Item{fmt.Sprintf("item-%d", i+1), fmt.Sprintf("The item with number %d", i+1), strings.Repeat("What is to be said about it. ", 5)})
	}
	return list
}

func TestPickerScreen(t *testing.T) {
	p := NewPicker("Lessons", items(30), 0, Options{})
	for range 3 {
		p.Update(named["down"])
	}
	got := styles.ReplaceAllString(p.View().Content, "")
	if rows := strings.Count(got, "\n") + 1; rows != 24 {
		t.Errorf("got %d rows, want 24", rows)
	}
	compare(t, "testdata/picker.txt", got)
}

func TestPickerKeys(t *testing.T) {
	for _, test := range []struct {
		name   string
		keys   []string
		at     int
		picked bool
	}{
		{"down and enter", []string{"down", "down", "enter"}, 2, true},
		{"up from the first", []string{"up", "enter"}, 29, true},
		{"down from the last", []string{"end", "down", "enter"}, 0, true},
		{"pages", []string{"pgdown", "pgdown", "pgup", "enter"}, 12, true},
		{"quit", []string{"down", "q"}, 1, false},
		{"escape", []string{"esc"}, 0, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := NewPicker("Lessons", items(30), 0, Options{})
			var cmd tea.Cmd
			for _, key := range test.keys {
				k, ok := named[key]
				if !ok {
					k = tea.KeyPressMsg{Code: rune(key[0]), Text: key}
				}
				_, cmd = p.Update(k)
			}
			if p.at != test.at || p.picked != test.picked || cmd == nil {
				t.Errorf("got item %d, picked %v, ends %v; want %d, %v, true", p.at, p.picked, cmd != nil, test.at, test.picked)
			}
		})
	}
}

func TestPickerInATinyWindow(t *testing.T) {
	p := NewPicker("Lessons", items(3), 0, Options{})
	p.Update(tea.WindowSizeMsg{Width: 20, Height: 5})
	if got := p.Screen(); !strings.Contains(got, "too small") {
		t.Errorf("got %q", got)
	}
}
