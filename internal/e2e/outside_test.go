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
	t.Run("cable", func(t *testing.T) { outside(t, "", "2G") })
	t.Run("link", func(t *testing.T) { outside(t, "delay=5ms,rate=200Mbit", "64M") })
}

// outside compares on one link, with so many bytes a run of bulk data at most. Two sets of values agree when the one's median lies between the other's extremes of rounds, or the medians are within a fifth of each other.
func outside(t *testing.T, link, bulk string) {
	dir := t.TempDir()
	short := compared(t, dir, link, "--mode", "fetch,requests,connections", "--duration", "12", "--min-runs", "20")
	agree(t, dir, short, "connect", compare.Fetch, "connect", compare.Seconds)
	agree(t, dir, short, "first_byte", compare.Fetch, "first_byte", compare.Seconds)
	agree(t, dir, short, "requests", compare.Requests, compare.MetricRate, compare.PerSecond)
	agree(t, dir, short, "connections", compare.Connections, compare.MetricRate, compare.PerSecond)

	// A run must last long beside the beginning of iperf3's, in which its two processes agree on what to do.
	long := compared(t, dir, link, "--mode", "download,upload", "--duration", "30", "--min-runs", "20", "--bulk", bulk)
	agree(t, dir, long, "download", compare.Download, compare.MetricRate, compare.BytesPerSecond)
	agree(t, dir, long, "upload", compare.Upload, compare.MetricRate, compare.BytesPerSecond)
}

// compared runs sockeye compare with the outside tools in turns with its series.
func compared(t *testing.T, dir, link string, args ...string) *compare.Report {
	t.Helper()
	path, err := sockeye()
	if err != nil {
		t.Fatal(err)
	}
	script, err := filepath.Abs("testdata/outside.sh")
	if err != nil {
		t.Fatal(err)
	}
	args = append([]string{"compare", "--lab", "--json", "--no-progress", "--exec", "sh " + script}, args...)
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
	r := new(compare.Report)
	if err := json.Unmarshal(out, r); err != nil {
		t.Fatal(err)
	}
	return r
}

// agree sets a metric of the series kernel beside the values of a tool in a file.
func agree(t *testing.T, dir string, r *compare.Report, file string, w compare.Workload, metric string, unit compare.Unit) {
	t.Helper()
	theirs := values(t, filepath.Join(dir, file))
	ours := r.Of(0, w, compare.Kernel, metric)
	slices.Sort(ours)
	lo, a, hi := ours[len(ours)/10], ours[len(ours)/2], ours[len(ours)-1-len(ours)/10]
	lo2, b, hi2 := theirs[len(theirs)/10], theirs[len(theirs)/2], theirs[len(theirs)-1-len(theirs)/10]
	f := func(v float64) string { return compare.FormatValue(v, unit) }
	t.Logf("%-11s compare %s (%s to %s), outside %s (%s to %s), ratio %s",
		file, f(a), f(lo), f(hi), f(b), f(lo2), f(hi2), compare.FormatRatio(a/b))
	if (b < lo || b > hi) && (a < lo2 || a > hi2) && (a/b < 0.8 || a/b > 1.25) {
		t.Errorf("%s: compare and the outside tool do not agree", file)
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
