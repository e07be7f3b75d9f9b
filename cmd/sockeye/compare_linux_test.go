package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sockeye-tcp/sockeye/internal/compare"
	"github.com/sockeye-tcp/sockeye/internal/lab"
)

// compareProgram builds a program that is this one, since compare starts itself.
func compareProgram(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("builds the program and measures")
	}
	if err := lab.CanNamespace(); err != nil {
		t.Skip(err)
	}
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		t.Skip(err)
	}
	exe := filepath.Join(t.TempDir(), "sockeye")
	if out, err := exec.Command("go", "build", "-o", exe, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return exe
}

func TestCompareInALaboratory(t *testing.T) {
	exe := compareProgram(t)
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	var out, diag bytes.Buffer
	cmd := exec.Command(exe, "compare", "--lab", "--mode", "fetch,upload", "--runs", "4", "--warmup", "1", "--bulk", "64K", "--json",
		"--seed", "3", "--csv", file("a.csv"), "--markdown", file("a.md"), "--bench", file("a.bench"), "--html", file("a.html"))
	cmd.Stdout, cmd.Stderr = &out, &diag
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, diag.String())
	}
	var r compare.Report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if r.Schema != compare.Schema || r.Seed != 3 || len(r.Samples) != 2*4*4 || len(r.Verdicts) != 2 || len(r.Traces) != 3 {
		t.Errorf("schema %d, seed %d, %d samples, %d verdicts, %d traces", r.Schema, r.Seed, len(r.Samples), len(r.Verdicts), len(r.Traces))
	}
	for name, want := range map[string]string{"a.csv": "cell,size_bytes", "a.md": "# Our TCP", "a.html": "<svg", "a.bench": "BenchmarkUpload/series=user"} {
		if b, err := os.ReadFile(file(name)); err != nil || !strings.Contains(string(b), want) {
			t.Errorf("%s lacks %q (%v)", name, want, err)
		}
	}
}

func TestCompareAsserts(t *testing.T) {
	exe := compareProgram(t)
	for _, tt := range []struct {
		assertion string
		code      int
	}{{"user/kernel < 1000", 0}, {"user/kernel > 1000", 1}} {
		cmd := exec.Command(exe, "compare", "--lab", "--mode", "pingpong", "--runs", "2", "--assert", tt.assertion)
		out, err := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != tt.code {
			t.Errorf("%s: exit code %d, want %d (%v)\n%s", tt.assertion, code, tt.code, err, out)
		}
	}
}
