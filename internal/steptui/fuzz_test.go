package steptui

import (
	"testing"

	tea "charm.land/bubbletea/v2"

	"github.com/sockeye-tcp/sockeye/internal/step"
)

// fuzzKeys are the keys that a fuzzer presses: all but w, which writes files.
var fuzzKeys = []string{
	"space", "space", "left", "home", "end", "s", "t", "f", "c", "i", "tab", "up", "down", "enter", "esc", "d", "x", "2", "l", "m", "a", "r", "v",
	"/", "pgup", "pgdown", "?", "backspace", "ctrl+u", "shift+tab", "1", "0", "5", ".", "!", "R", "S", ":", "(", ")", "b", "e", "y", "n", "-", "+",
}

// FuzzKeys presses keys in lessons and elsewhere: nothing panics, and the screen always fits its window.
func FuzzKeys(f *testing.F) {
	f.Add(uint8(0), uint8(0), []byte{0, 0, 0, 8, 13, 13})
	f.Add(uint8(3), uint8(1), []byte{15, 0, 16, 17, 18, 13, 1, 2})
	f.Add(uint8(200), uint8(2), []byte{0, 4, 3, 23, 36, 13})
	f.Fuzz(func(t *testing.T, which, size uint8, keys []byte) {
		if len(keys) > 40 {
			return // long enough to get anywhere, and short enough to be quick
		}
		lessons := step.Lessons()
		var p step.Player = Observed("x.pcap", twoConnections(), "")
		if int(which) < len(lessons) {
			var err error
			if p, err = lessons[which].Play(1); err != nil {
				t.Fatal(err)
			}
		}
		m := New(p, Options{ASCII: size&4 != 0})
		window := [][2]int{{80, 24}, {64, 16}, {132, 40}, {200, 60}}[size&3]
		m.Update(tea.WindowSizeMsg{Width: window[0], Height: window[1]})
		for _, key := range keys {
			press(m, fuzzKeys[int(key)%len(fuzzKeys)])
			checkSize(t, m, window[0], window[1])
		}
	})
}
