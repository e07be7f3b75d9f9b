package packetdrill

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// ownOptions are what our scripts are run with.
var ownOptions = Options{Flags: []string{"-D", "COOKIE=0123456789abcdef"}}

// ownScripts returns the scripts of package tcp and those that show the language.
func ownScripts(t testing.TB) []string {
	t.Helper()
	paths, err := filepath.Glob("../../tcp/testdata/*.pkt")
	more, err2 := filepath.Glob("testdata/*.pkt")
	if err != nil || err2 != nil || len(paths) < 20 || len(more) < 4 {
		t.Fatalf("found %d and %d scripts: %v, %v", len(paths), len(more), err, err2)
	}
	return append(paths, more...)
}

// TestScripts runs our scripts over both IP versions, except those that name one.
func TestScripts(t *testing.T) {
	for _, path := range ownScripts(t) {
		s, err := ParseFile(path)
		if err != nil {
			t.Error(err)
			continue
		}
		versions := []string{"ipv4", "ipv6", "ipv4-mapped-ipv6"}
		if i := slices.IndexFunc(s.Options, func(o Option) bool { return o.Name == "ip_version" }); i >= 0 {
			versions = []string{s.Options[i].Value}
		}
		for _, version := range versions {
			t.Run(strings.TrimSuffix(filepath.Base(path), ".pkt")+" over "+version, func(t *testing.T) {
				o := ownOptions
				o.Flags = append(slices.Clone(o.Flags), "--ip_version="+version)
				if err := s.Run(o); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// A script that Linux cannot pass says so, and why, where scripts/kernel-check looks for it.
func TestScriptsSayWhyTheKernelCannotPass(t *testing.T) {
	paths, err := filepath.Glob("../../tcp/testdata/*.pkt")
	if err != nil {
		t.Fatal(err)
	}
	tag := regexp.MustCompile(`^// kernel: no, because \w.{20,}[^.]$`)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		header := true
		for i, line := range strings.Split(string(text), "\n") {
			header = header && strings.HasPrefix(line, "//")
			if strings.Contains(line, "kernel:") && (!header || !tag.MatchString(line)) {
				t.Errorf("%s:%d: got %q, want \"// kernel: no, because ...\" in the header", path, i+1, line)
			}
		}
	}
}
