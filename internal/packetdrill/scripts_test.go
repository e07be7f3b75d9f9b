package packetdrill

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestScripts runs the scripts of package tcp over both IP versions, except those that name one.
func TestScripts(t *testing.T) {
	paths, err := filepath.Glob("../../tcp/testdata/*.pkt")
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) < 20 {
		t.Fatalf("found %d scripts, want at least 20", len(paths))
	}
	for _, path := range paths {
		s, err := ParseFile(path)
		if err != nil {
			t.Error(err)
			continue
		}
		versions := []string{"ipv4", "ipv6"}
		if i := slices.IndexFunc(s.Options, func(o Option) bool { return o.Name == "ip_version" }); i >= 0 {
			versions = []string{s.Options[i].Value}
		}
		for _, version := range versions {
			t.Run(strings.TrimSuffix(filepath.Base(path), ".pkt")+" over "+version, func(t *testing.T) {
				if err := s.Run(Options{Flags: []string{"--ip_version=" + version}}); err != nil {
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
