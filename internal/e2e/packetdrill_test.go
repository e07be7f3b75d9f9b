//go:build linux

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The shared object for the packetdrill tool, loaded by a C program.

// buildLibrary writes the shared object and returns its path.
func buildLibrary(t *testing.T) (library, compiler string) {
	t.Helper()
	compiler = os.Getenv("CC")
	if compiler == "" {
		compiler = "cc"
	}
	if _, err := exec.LookPath(compiler); err != nil {
		t.Skip("needs a C compiler")
	}
	library = filepath.Join(t.TempDir(), "packetdrill.so")
	build := exec.Command("go", "build", "-buildvcs=false", "-buildmode=c-shared", "-o", library, "../packetdrillso")
	build.Env = append(os.Environ(), "CGO_ENABLED=1")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return library, compiler
}

func TestLibraryServesAProgram(t *testing.T) {
	library, compiler := buildLibrary(t)
	driver := filepath.Join(t.TempDir(), "driver")
	out, err := exec.Command(compiler, "-Wall", "-Werror", "-I../packetdrillso", "-o", driver, "testdata/driver.c", "-ldl", "-lpthread").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for range 10 { // threads are scheduled as they like, and the answer is the same
		out, err := exec.Command(driver, library).CombinedOutput()
		if err != nil || string(out) != "ok\n" {
			t.Fatalf("%v: %s", err, out)
		}
	}
}

// TestLibraryUnderThePacketdrillTool runs our scripts on the library with the tool itself.
func TestLibraryUnderThePacketdrillTool(t *testing.T) {
	switch {
	case os.Getenv("PACKETDRILL") == "":
		t.Skip("needs the packetdrill tool: set PACKETDRILL to its path")
	case os.Getuid() != 0:
		t.Skip("needs root")
	}
	library, _ := buildLibrary(t)
	check := exec.Command("../../scripts/kernel-check")
	check.Env = append(os.Environ(), "SO="+library, "ALLOW_CUBIC=1")
	out, err := check.CombinedOutput()
	if err != nil {
		var failures []string
		for line := range strings.Lines(string(out)) {
			if !strings.HasPrefix(line, "pass ") {
				failures = append(failures, line)
			}
		}
		t.Errorf("%v:\n%s", err, strings.Join(failures, ""))
	}
}
