package steptui

import (
	"strings"
	"testing"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"

	"github.com/sockeye-tcp/sockeye/internal/step"
)

// TestEveryLessonFits steps through all lessons in windows of several sizes: no row is too long, and none too many.
func TestEveryLessonFits(t *testing.T) {
	for _, l := range step.Lessons() {
		t.Run(l.Name, func(t *testing.T) {
			p, err := l.Play(1)
			if err != nil {
				t.Fatal(err)
			}
			m := New(p, Options{})
			for range len(l.Steps) + 1 {
				for _, size := range [][2]int{{80, 24}, {64, 16}, {100, 30}, {132, 40}} {
					m.Update(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
					checkSize(t, m, size[0], size[1])
				}
				press(m, "space")
			}
		})
	}
}

// checkSize fails when the screen does not fit its window.
func checkSize(t *testing.T, m *Model, width, height int) {
	t.Helper()
	rows := strings.Split(screen(m), "\n")
	if len(rows) != height {
		t.Fatalf("%d rows in a window of %d:\n%s", len(rows), height, strings.Join(rows, "\n"))
	}
	for _, row := range rows {
		if n := utf8.RuneCountInString(row); n > width {
			t.Fatalf("a row of %d columns in a window of %d: %q", n, width, row)
		}
	}
}
