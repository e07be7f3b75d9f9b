package ip

import (
	"testing"

	"github.com/sockeye-tcp/sockeye/internal/purity"
)

// The package is a machine and lies below all others.
func TestPackageIsPure(t *testing.T) {
	found, err := purity.Check(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, violation := range found {
		t.Error(violation)
	}
}
