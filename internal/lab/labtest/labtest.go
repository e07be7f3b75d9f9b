//go:build linux

// Package labtest gives tests network namespaces of their own.
package labtest

import (
	"os/exec"
	"testing"

	"github.com/sockeye-tcp/sockeye/internal/lab"
)

// New returns a namespace that is closed when the test ends. The test is
// skipped, with the reason, where namespaces cannot be made.
func New(tb testing.TB) *lab.Namespace {
	tb.Helper()
	n, err := lab.New()
	if err != nil {
		tb.Skipf("needs root or a user namespace: %v", err)
	}
	tb.Cleanup(func() {
		if err := n.Close(); err != nil {
			tb.Errorf("close the namespace: %v", err)
		}
	})
	return n
}

// Do runs f in the namespace and fails the test when it returns an error.
func Do(tb testing.TB, n *lab.Namespace, f func() error) {
	tb.Helper()
	if err := n.Do(f); err != nil {
		tb.Fatal(err)
	}
}

// Need skips the test when one of the programs is not installed.
func Need(tb testing.TB, programs ...string) {
	tb.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			tb.Skipf("needs %s, which is not installed", p)
		}
	}
}

// Output runs a command in the namespace, fails the test when it fails, and
// returns what it printed. The test is skipped when there is no such program.
func Output(tb testing.TB, n *lab.Namespace, name string, args ...string) string {
	tb.Helper()
	Need(tb, name)
	out, err := n.Output(name, args...)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}
