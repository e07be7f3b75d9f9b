package purity

import (
	"slices"
	"strings"
	"testing"
)

func TestCheckFindsEveryViolation(t *testing.T) {
	found, err := Check("testdata/impure")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"depends on github.com/sockeye-tcp/sockeye/internal/purity",
		"depends on net",
		"impure.go:17: starts a goroutine",
		"impure.go:18: uses time.Sleep",
		"impure.go:19: uses time.Now",
		"impure.go:19: uses time.Since",
		"impure.go:6: imports os",
		"impure.go:7: imports sync/atomic",
	}
	for _, w := range want {
		if !slices.Contains(found, w) {
			t.Errorf("not found: %s", w)
		}
	}
	if len(found) != len(want) {
		t.Errorf("got\n%s\nwant %d violations", strings.Join(found, "\n"), len(want))
	}
}

func TestCheckAllowsWhatLiesBelow(t *testing.T) {
	found, err := Check("testdata/impure", "github.com/sockeye-tcp/sockeye/internal/purity")
	if err != nil {
		t.Fatal(err)
	}
	if slices.ContainsFunc(found, func(s string) bool { return strings.Contains(s, "internal/purity") }) {
		t.Errorf("an allowed package was reported: %s", found)
	}
}

func TestCheckPassesPurePackage(t *testing.T) {
	found, err := Check("testdata/pure")
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 0 {
		t.Errorf("got %s, want no violations", found)
	}
}

func TestCheckSaysThatItCouldNot(t *testing.T) {
	if _, err := Check("testdata/absent"); err == nil {
		t.Error("checking a directory that does not exist succeeded")
	}
}
