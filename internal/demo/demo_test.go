package demo

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/sockeye-tcp/sockeye/internal/lab"
	"github.com/sockeye-tcp/sockeye/internal/ladder"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// TestMain runs the tests in a network namespace of their own where that is possible.
func TestMain(m *testing.M) {
	if lab.Inside() {
		if err := lab.SetUp(); err != nil {
			panic(err)
		}
		os.Exit(m.Run())
	}
	if lab.CanNamespace() == nil {
		if code, err := lab.Reexec(); err == nil {
			os.Exit(code)
		}
	}
	os.Exit(m.Run())
}

func TestRunInANamespace(t *testing.T) {
	if !lab.Inside() {
		t.Skipf("needs a network namespace: %v", lab.CanNamespace())
	}
	if f, err := os.OpenFile("/dev/net/tun", os.O_RDWR, 0); err != nil {
		t.Skipf("needs /dev/net/tun: %v", err)
	} else {
		f.Close()
	}
	r, err := Run(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	checkResult(t, r, 2)
}

func TestRunInMemory(t *testing.T) {
	r, err := RunInMemory(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	checkResult(t, r, 2)
}

// checkResult checks what every demonstration must show.
func checkResult(t *testing.T, r *Result, runs int) {
	t.Helper()
	if r.Status != 200 || string(r.Body) != Page {
		t.Errorf("got status %d and %q, want 200 and the page", r.Status, r.Body)
	}
	if len(r.User) != runs || len(r.Kernel) != runs {
		t.Errorf("got %d and %d timed fetches, want %d of each", len(r.User), len(r.Kernel), runs)
	}
	for _, times := range append(r.User, r.Kernel...) {
		if times.Connect <= 0 || times.StartTransfer < times.Connect || times.Total < times.StartTransfer {
			t.Errorf("times are not in order: %+v", times)
		}
	}
	if len(r.Ladders) != 1 {
		t.Fatalf("got %d ladders, want 1", len(r.Ladders))
	}
	ours, theirs := paths(r.Ladders[0])
	if want := "CLOSED SYN-SENT ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT"; ours != want {
		t.Errorf("our states: got %s, want %s", ours, want)
	}
	if want := "LISTEN SYN-RECEIVED ESTABLISHED CLOSE-WAIT LAST-ACK CLOSED"; theirs != want {
		t.Errorf("the peer's states: got %s, want %s", theirs, want)
	}
	var b strings.Builder
	if err := ladder.Text(&b, r.Ladders, ladder.TextOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + b.String())
}

// paths returns the states of both ends in order.
func paths(l *ladder.Ladder) (ours, theirs string) {
	left, right := []tcp.State{l.Left.First}, []tcp.State{l.Right.First}
	for _, line := range l.Lines {
		left, right = append(left, line.Left...), append(right, line.Right...)
	}
	return names(left), names(right)
}

func names(states []tcp.State) string {
	list := make([]string, 0, len(states))
	for _, s := range states {
		list = append(list, s.String())
	}
	return strings.Join(list, " ")
}

func TestRunInMemoryEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := RunInMemory(ctx, 1); err == nil {
		t.Error("got no error from a demonstration that was cancelled")
	}
}
