//go:build linux

// Package labtest gives tests network namespaces of their own.
package labtest

import (
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

// Output runs a command in the namespace, fails the test when it fails, and
// returns what it printed.
func Output(tb testing.TB, n *lab.Namespace, name string, args ...string) string {
	tb.Helper()
	out, err := n.Output(name, args...)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}
