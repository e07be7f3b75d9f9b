package steptui

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"

	"github.com/sockeye-tcp/sockeye/internal/step"
	"github.com/sockeye-tcp/sockeye/tcp"
)

var update = flag.Bool("update", false, "write the screens in testdata anew")

// styles are the escape sequences of colours and the like.
var styles = regexp.MustCompile("\x1b\\[[0-9;:]*m")

// newWorld returns the screen of two hosts, of which A is about to connect to B.
func newWorld(t *testing.T, o Options) *Model {
	t.Helper()
	p, err := step.New(step.Config{Ends: [2]step.EndConfig{{ISS: 100}, {ISS: 300}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, move := range []step.Move{{Kind: step.Listen, End: step.B}, {Kind: step.Connect, End: step.A}} {
		if err := p.Do(move); err != nil {
			t.Fatal(err)
		}
	}
	return New(p, o)
}

// named are the keys that are no letters.
var named = map[string]tea.KeyPressMsg{
	"space": {Code: tea.KeySpace, Text: " "}, "enter": {Code: tea.KeyEnter}, "esc": {Code: tea.KeyEscape}, "tab": {Code: tea.KeyTab},
	"left": {Code: tea.KeyLeft}, "right": {Code: tea.KeyRight}, "up": {Code: tea.KeyUp}, "down": {Code: tea.KeyDown},
	"home": {Code: tea.KeyHome}, "end": {Code: tea.KeyEnd}, "pgup": {Code: tea.KeyPgUp}, "pgdown": {Code: tea.KeyPgDown},
	"backspace": {Code: tea.KeyBackspace}, "delete": {Code: tea.KeyDelete},
	"ctrl+u": {Code: 'u', Mod: tea.ModCtrl}, "ctrl+k": {Code: 'k', Mod: tea.ModCtrl}, "ctrl+w": {Code: 'w', Mod: tea.ModCtrl}, "ctrl+c": {Code: 'c', Mod: tea.ModCtrl},
	"shift+tab": {Code: tea.KeyTab, Mod: tea.ModShift},
}

// press presses keys: names of keys, or texts to type.
func press(m *Model, keys ...string) {
	for _, key := range keys {
		if k, ok := named[key]; ok {
			m.Update(k)
			continue
		}
		for _, r := range key {
			m.Update(tea.KeyPressMsg{Code: r, Text: string(r)})
		}
	}
}

// screen is what a user without colours sees.
func screen(m *Model) string { return styles.ReplaceAllString(m.View().Content, "") }

// lastRow is the bottom of the screen.
func lastRow(m *Model) string {
	rows := strings.Split(screen(m), "\n")
	return strings.TrimRight(rows[len(rows)-1], " ")
}

// TestScreens compares whole screens with the files of testdata.
func TestScreens(t *testing.T) {
	for _, test := range []struct {
		name          string
		width, height int
		o             Options
		keys          []string
	}{
		{"text in flight", 80, 24, Options{}, nil},
		{"the other packet chosen", 80, 24, Options{}, []string{"down"}},
		{"all variables", 80, 24, Options{}, []string{"v"}},
		{"menu of calls", 80, 24, Options{}, []string{"c", "down"}},
		{"fault in an injected segment", 80, 24, Options{}, []string{"i", ". 1:1(0", "enter"}},
		{"filtered, in ASCII", 80, 24, Options{ASCII: true}, []string{"/", "syn", "enter"}},
		{"help", 80, 24, Options{}, []string{"?"}},
		{"wide", 160, 40, Options{}, nil},
		{"small", 64, 16, Options{}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := newFixed(test.o)
			m.Update(tea.WindowSizeMsg{Width: test.width, Height: test.height})
			press(m, test.keys...)
			got := screen(m)
			rows := strings.Split(got, "\n")
			if len(rows) != test.height {
				t.Errorf("got %d rows, want %d", len(rows), test.height)
			}
			for _, row := range rows {
				if n := utf8.RuneCountInString(row); n > test.width {
					t.Errorf("a row of %d columns, more than %d: %q", n, test.width, row)
				}
			}
			if i := strings.IndexFunc(got, func(r rune) bool { return r > 126 }); test.o.ASCII && i >= 0 {
				t.Errorf("beyond ASCII: %q", got[i:i+8])
			}
			compare(t, filepath.Join("testdata", strings.ReplaceAll(test.name, " ", "-")+".txt"), got)
		})
	}
}

// compare compares a screen with a file; spaces at the ends of rows do not count.
func compare(t *testing.T, path, got string) {
	t.Helper()
	rows := strings.Split(got, "\n")
	for i := range rows {
		rows[i] = strings.TrimRight(rows[i], " ")
	}
	got = strings.Join(rows, "\n") + "\n"
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the screen differs from %s (-update writes it anew):\n%s", path, got)
	}
}

func TestSteppingBackIsExact(t *testing.T) {
	m := newWorld(t, Options{})
	var screens []string
	for range 3 {
		screens = append(screens, screen(m))
		press(m, "space")
	}
	for i := len(screens) - 1; i >= 0; i-- {
		press(m, "left")
		if got := screen(m); got != fewerSteps(got, screens[i]) {
			t.Fatalf("step %d: got\n%s\nwant\n%s", i, got, screens[i])
		}
	}
}

// fewerSteps returns want with the title of got: how many steps are known differs on the way back.
func fewerSteps(got, want string) string {
	title, _, _ := strings.Cut(got, "\n")
	_, rest, _ := strings.Cut(want, "\n")
	return title + "\n" + rest
}

func TestKeysMakeMoves(t *testing.T) {
	for _, test := range []struct {
		name  string
		keys  []string
		check func(*step.View) bool
	}{
		{"deliver", []string{"d"}, func(v *step.View) bool { return v.Ends[1].State == tcp.SynReceived }},
		{"enter delivers as well", []string{"enter"}, func(v *step.View) bool { return v.Ends[1].State == tcp.SynReceived }},
		{"drop", []string{"x"}, func(v *step.View) bool { return len(v.InFlight) == 0 && v.Ends[1].State != tcp.SynReceived }},
		{"duplicate", []string{"2"}, func(v *step.View) bool { return len(v.InFlight) == 2 && v.InFlight[1].Copy == v.InFlight[0].ID }},
		{"delay", []string{"l", "ctrl+u", "0.5", "enter"}, func(v *step.View) bool { return v.InFlight[0].Arrives.Sub(v.InFlight[0].Sent).Milliseconds() == 550 }},
		{"mangle", []string{"m"}, func(v *step.View) bool { return v.InFlight[0].Corrupt }},
		{"fire the timer", []string{"f"}, func(v *step.View) bool { return len(v.InFlight) == 2 && v.InFlight[1].Nth == 1 }},
		{"run to a state", []string{"s", "b es", "enter"}, func(v *step.View) bool { return v.Ends[1].State == tcp.Established }},
		{"run to a state of A without its name", []string{"s", "establ", "tab", "enter"}, func(v *step.View) bool { return v.Ends[0].State == tcp.Established }},
		{"run to a time", []string{"t", "75ms", "enter"}, func(v *step.View) bool { return v.Elapsed().Milliseconds() == 75 }},
		{"run to a time from now", []string{"t", "+0.02", "enter", "t", "+.02", "enter"}, func(v *step.View) bool { return v.Elapsed().Milliseconds() == 40 }},
		{"inject", []string{"i", "tab", "R. 0:0(0) ack 1", "enter"}, func(v *step.View) bool {
			return v.Ends[0].State == tcp.Closed && v.Ends[0].Cause == tcp.CauseRefused
		}},
		{"call", []string{"s", "b established", "enter", "c", "enter", "backspace", "enter"}, func(v *step.View) bool { return v.Ends[0].Wrote == 100 }},
		{"to the end and to the start", []string{"G", "g", "space"}, func(v *step.View) bool { return v.Step == 1 }},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := newWorld(t, Options{})
			press(m, test.keys...)
			if m.prompt != nil {
				t.Fatalf("a prompt is open: %s", screen(m))
			}
			if !test.check(m.player.View()) {
				t.Errorf("got\n%s", screen(m))
			}
		})
	}
}

func TestWhatCannotBeIsSaid(t *testing.T) {
	for _, test := range []struct {
		name string
		keys []string
		want string // in the last two rows
	}{
		{"nothing to drop", []string{"x", "x"}, "Nothing is in flight."},
		{"before the start", []string{"g", "left"}, "That is the start."},
		{"a state that does not come", []string{"s", "a listen", "enter"}, "does not come to LISTEN"},
		{"an unknown state", []string{"s", "b nonsense", "enter"}, `"NONSENSE" is no state; Tab shows them`},
		{"a state in doubt", []string{"s", "syn", "enter"}, `"SYN" may be SYN-SENT or SYN-RECEIVED`},
		{"no time", []string{"t", "soon", "enter"}, `"soon" is no time: 1.5, 200ms`},
		{"a time that is past", []string{"space", "t", "0.01", "enter"}, "that is past"},
		{"a filter", []string{"/", "!", "enter"}, "! needs a word"},
		{"no number of bytes", []string{"space", "space", "c", "enter", "ctrl+u", "0", "enter"}, "a number from 1 to 1048576 is needed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := newWorld(t, Options{})
			press(m, test.keys...)
			rows := strings.Split(screen(m), "\n")
			if got := strings.Join(rows[len(rows)-2:], "\n"); !strings.Contains(got, test.want) {
				t.Errorf("got %q, want %q in it", got, test.want)
			}
		})
	}
}

func TestPromptEdits(t *testing.T) {
	for _, test := range []struct {
		name string
		keys []string
		want string
	}{
		{"insert in the middle", []string{"ac", "left", "b"}, "abc"},
		{"delete", []string{"abc", "home", "delete"}, "bc"},
		{"backspace at the start", []string{"abc", "home", "backspace"}, "abc"},
		{"kill to the end", []string{"abc", "left", "ctrl+k"}, "ab"},
		{"kill a word", []string{"one two ", "ctrl+w"}, "one "},
		{"kill all", []string{"abc", "ctrl+u", "d"}, "d"},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := newWorld(t, Options{})
			press(m, "/")
			press(m, test.keys...)
			if got := string(m.prompt.text); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	m := newWorld(t, Options{})
	press(m, "/")
	m.Update(tea.PasteMsg{Content: "syn\n,\x1bfin"})
	if got := string(m.prompt.text); got != "syn,fin" {
		t.Errorf("pasted: got %q", got)
	}
}

func TestFilterChoosesLines(t *testing.T) {
	m := newWorld(t, Options{})
	press(m, "s", "b established", "enter", "/", "syn", "enter")
	if got := screen(m); !strings.Contains(got, "SYN seq 0") || strings.Contains(got, "ACK seq 1 ack 1") || !strings.Contains(got, "showing only: syn") {
		t.Errorf("got\n%s", got)
	}
	press(m, "/", "ctrl+u", "enter")
	if got := screen(m); !strings.Contains(got, "ACK seq 1 ack 1") {
		t.Errorf("got\n%s", got)
	}
}

func TestNumbersCanBeAbsolute(t *testing.T) {
	m := newWorld(t, Options{})
	press(m, "a")
	if got := screen(m); !strings.Contains(got, "SYN seq 100") {
		t.Errorf("got\n%s", got)
	}
	press(m, "a")
	if got := screen(m); !strings.Contains(got, "SYN seq 0") {
		t.Errorf("got\n%s", got)
	}
}

func TestScrolling(t *testing.T) {
	m := newWorld(t, Options{})
	m.Update(tea.WindowSizeMsg{Width: 64, Height: 16})
	press(m, "G", "pgup", "pgup", "pgup", "pgup", "pgup", "pgup")
	if got := screen(m); !strings.Contains(got, "more rows, PgDn") {
		t.Errorf("got\n%s", got)
	}
	press(m, "pgdown", "pgdown", "pgdown", "pgdown", "pgdown", "pgdown", "pgdown")
	if got := screen(m); strings.Contains(got, "more rows, PgDn") {
		t.Errorf("got\n%s", got)
	}
}

func TestSavingNeverOverwritesUnasked(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x.pkt")
	m := newWorld(t, Options{SaveAs: name})
	press(m, "s", "b established", "enter", "w", "enter")
	if got := lastRow(m); !strings.Contains(got, "Saved as") {
		t.Fatalf("got %q", got)
	}
	saved, err := os.ReadFile(name)
	if err != nil || !strings.Contains(string(saved), "connect(") {
		t.Fatalf("got %q, %v", saved, err)
	}
	if err := os.WriteFile(name, []byte("precious"), 0o666); err != nil {
		t.Fatal(err)
	}
	press(m, "w", "enter")
	if got := lastRow(m); !strings.Contains(got, "exists. Overwrite it?") {
		t.Errorf("got %q", got)
	}
	press(m, "n", "enter")
	if now, _ := os.ReadFile(name); string(now) != "precious" || lastRow(m) != " Not saved." {
		t.Errorf("after no: got %q and %q", now, lastRow(m))
	}
	press(m, "w", "tab", "enter", "maybe", "enter", "ctrl+u", "y", "enter")
	if now, _ := os.ReadFile(name); !strings.Contains(string(now), "listen(") {
		t.Errorf("after yes, as B saw it: got %q", now)
	}
	press(m, "w", "ctrl+u", filepath.Join(name, "y"), "enter")
	if got := screen(m); !strings.Contains(got, "not a directory") {
		t.Errorf("got\n%s", got)
	}
}

func TestQuitting(t *testing.T) {
	for _, key := range []string{"q", "ctrl+c"} {
		m := newWorld(t, Options{})
		press(m, "x") // anything
		k := named[key]
		if key == "q" {
			k = tea.KeyPressMsg{Code: 'q', Text: "q"}
		}
		_, cmd := m.Update(k)
		if cmd == nil {
			t.Fatalf("%s: got no command, want to quit", key)
		}
		if _, quits := cmd().(tea.QuitMsg); !quits {
			t.Errorf("%s does not quit", key)
		}
	}
}

func TestATinyWindowSaysWhatItNeeds(t *testing.T) {
	m := newWorld(t, Options{})
	m.Update(tea.WindowSizeMsg{Width: 30, Height: 5})
	if got := screen(m); !strings.Contains(got, "at least 64x16 are needed") {
		t.Errorf("got %q", got)
	}
}
