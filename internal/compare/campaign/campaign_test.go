package campaign

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestDefaultGrid(t *testing.T) {
	cases := DefaultGrid().Cases()
	if want := 180 * 2 * 2; len(cases) != want {
		t.Errorf("got %d cases, want %d", len(cases), want)
	}
	seen := map[Case]bool{}
	for _, c := range cases {
		if seen[c] {
			t.Errorf("%s is there twice", c)
		}
		seen[c] = true
		if err := c.Check(); err != nil {
			t.Errorf("%s: %v", c, err)
		}
		if l := c.Load(); l <= 0 || l > 2 {
			t.Errorf("%s: a load of %g", c, l)
		}
	}
}

func TestCell(t *testing.T) {
	for _, tt := range []struct {
		c        Cell
		queue    int
		duration time.Duration
	}{
		{Cell{0, 0, 0, 10}, 100, 2 * time.Second},
		{Cell{0, 50, 0, 100}, 417 + 100, 3250 * time.Millisecond},
		{Cell{0, 10, 0, 1000}, 834 + 416, 2250 * time.Millisecond},
		{Cell{0, 200, 0, 1000}, 16384, 7 * time.Second},
	} {
		if q, d := tt.c.Queue(), tt.c.Duration(); q != tt.queue || d != tt.duration {
			t.Errorf("%+v: got a queue of %d and %v, want %d and %v", tt.c, q, d, tt.queue, tt.duration)
		}
	}
	data, back := Cell{0.01, 50, 0.1, 100}.Faults()
	if data.Loss != 0.01 || data.Reorder != 0.1 || back.Loss != 0 || back.Reorder != 0 || data.Delay+back.Delay != 50*time.Millisecond {
		t.Errorf("got %+v and %+v", data, back)
	}
}

func TestLoadOfLossesIsBounded(t *testing.T) {
	c := Case{Cell{0.01, 50, 0, 1000}, Sender, "cubic"}
	if got := c.carried(); got < 5 || got > 20 {
		t.Errorf("CUBIC with 1%% and 50 ms: got %g Mbit/s", got)
	}
	c.Congestion = "bbr"
	if got := c.carried(); got != 1000 {
		t.Errorf("BBR: got %g Mbit/s", got)
	}
}

func TestReadLeavesOutALineThatWasCutOff(t *testing.T) {
	list, err := Read(strings.NewReader(`{"loss":0.01,"stack":"ours","goodput":5}` + "\n" + `{"loss":0.0`))
	if err != nil || len(list) != 1 || list[0].Loss != 0.01 || list[0].Goodput != 5 {
		t.Errorf("got %+v, %v", list, err)
	}
	if _, err := Read(strings.NewReader("{}\nx\n{}\n")); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("got %v, want it to name line 2", err)
	}
}

func TestMissingAlternatesAndResumes(t *testing.T) {
	c := Case{Role: Sender}
	names := func(list []Sample) (s string) {
		for _, x := range list {
			s += string(x.Stack[0])
		}
		return s
	}
	if got := names(Missing(nil, c, Stacks(), 4)); got != "okkookko" {
		t.Errorf("got %s", got)
	}
	done := Done([]Sample{{Case: c, Stack: Ours}, {Case: c, Stack: Kernel}, {Case: c, Stack: Kernel, Run: 1}})
	if got := names(Missing(done, c, Stacks(), 3)); got != "ook" {
		t.Errorf("with some done: got %s", got)
	}
	if got := Missing(done, c, []Stack{Kernel}, 2); len(got) != 0 {
		t.Errorf("got %v, want nothing", got)
	}
}

func samples(c Case, s Stack, spurious int64, goodput ...float64) (list []Sample) {
	for i, g := range goodput {
		list = append(list, Sample{Case: c, Stack: s, Run: i, Goodput: g * 1e6, Counts: Counts{Segments: 1000, Spurious: spurious}})
	}
	return list
}

func TestMarkdown(t *testing.T) {
	a := Case{Cell{0.01, 50, 0, 10}, Sender, "cubic"}
	b, c := a, a
	b.Mbit, c.Role = 100, Receiver
	list := slices.Concat(
		samples(a, Ours, 0, 9, 9.5, 7), samples(a, Kernel, 2, 8, 9, 10),
		samples(b, Ours, 4, 8), samples(b, Kernel, 2, 10), samples(c, Ours, 0, 10))
	list[0].Machine = 0.9
	var out strings.Builder
	if err := Markdown(&out, list); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"### CUBIC, the one under test sends to a kernel\n",
		"Of 2 cells, our goodput is at least 0.95 of the kernel's in 1 and above it in 0; in 1 we send no more for nothing than the kernel; in 1 the machine was the limit",
		"| loss | delay | reorder | 10 Mbit/s | 100 Mbit/s |\n",
		"| 1% | 50 ms | 0% | 1.00† (9 / 9; 0 / 2) | **0.80** (8 / 10.0; 4 / 2) |\n",
		"### CUBIC, the one under test receives from a kernel\n",
		"| 1% | 50 ms | 0% | – |\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the tables lack %q:\n%s", want, out.String())
		}
	}
}
