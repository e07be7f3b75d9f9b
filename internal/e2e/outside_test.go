//go:build linux

package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sockeye-tcp/sockeye/internal/compare"
	"github.com/sockeye-tcp/sockeye/internal/lab/labtest"
)

// TestOutsideToolsAgree sets what compare measures of the kernel's TCP beside what curl, wrk and iperf3 measure in the same minute
// on the same path. It depends on a quiet machine: only with SOCKEYE_E2E=outside.
func TestOutsideToolsAgree(t *testing.T) {
	if os.Getenv("SOCKEYE_E2E") != "outside" {
		t.Skip("measures time: only with SOCKEYE_E2E=outside, on a quiet machine")
	}
	labtest.Need(t, "curl", "wrk", "iperf3", "nsenter")
	for _, link := range []string{"", "delay=5ms,rate=200Mbit"} {
		name := link
		if name == "" {
			name = "cable"
		}
		t.Run(name, func(t *testing.T) { outside(t, link) })
	}
}

// outside compares on one link. Two sets of values agree when the one's median lies between the other's extremes of rounds, or the
// medians are within a fifth of each other.
func outside(t *testing.T, link string) {
	path, err := sockeye()
	if err != nil {
		t.Fatal(err)
	}
	script, err := filepath.Abs("testdata/outside.sh")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	args := []string{"compare", "--lab", "--mode", "fetch,requests,connections,download,upload", "--duration", "12", "--min-runs", "20", "--json", "--no-progress", "--exec", "sh " + script}
	if link != "" {
		args = append(args, "--impair", link)
	}
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), "OUT="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var r compare.Report
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatal(err)
	}
	for _, m := range []struct {
		file     string
		workload compare.Workload
		metric   string
		unit     compare.Unit
	}{
		{"connect", compare.Fetch, "connect", compare.Seconds},
		{"first_byte", compare.Fetch, "first_byte", compare.Seconds},
		{"requests", compare.Requests, compare.MetricRate, compare.PerSecond},
		{"connections", compare.Connections, compare.MetricRate, compare.PerSecond},
		{"download", compare.Download, compare.MetricRate, compare.BytesPerSecond},
		{"upload", compare.Upload, compare.MetricRate, compare.BytesPerSecond},
	} {
		theirs := values(t, filepath.Join(dir, m.file))
		ours := r.Of(0, m.workload, compare.Kernel, m.metric)
		slices.Sort(ours)
		lo, a, hi := ours[len(ours)/10], ours[len(ours)/2], ours[len(ours)-1-len(ours)/10]
		lo2, b, hi2 := theirs[len(theirs)/10], theirs[len(theirs)/2], theirs[len(theirs)-1-len(theirs)/10]
		f := func(v float64) string { return compare.FormatValue(v, m.unit) }
		t.Logf("%-11s compare %s (%s to %s), outside %s (%s to %s), ratio %s",
			m.file, f(a), f(lo), f(hi), f(b), f(lo2), f(hi2), compare.FormatRatio(a/b))
		if (b < lo || b > hi) && (a < lo2 || a > hi2) && (a/b < 0.8 || a/b > 1.25) {
			t.Errorf("%s: compare and the outside tool do not agree", m.file)
		}
	}
}

// values reads a sorted list of numbers.
func values(t *testing.T, file string) []float64 {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var list []float64
	for _, word := range strings.Fields(string(text)) {
		v, err := strconv.ParseFloat(word, 64)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, v)
	}
	if len(list) == 0 {
		t.Fatalf("%s is empty", file)
	}
	slices.Sort(list)
	return list
}
