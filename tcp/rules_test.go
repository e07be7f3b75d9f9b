package tcp_test

import (
	"testing"

	"github.com/sockeye-tcp/sockeye/internal/purity"
)

// The package is a machine: no I/O, goroutines, locks, clock or chance of its own, and ip alone below it.
func TestPackageIsPure(t *testing.T) {
	found, err := purity.Check(".", "github.com/sockeye-tcp/sockeye/ip")
	if err != nil {
		t.Fatal(err)
	}
	for _, violation := range found {
		t.Error(violation)
	}
}
