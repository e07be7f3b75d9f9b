package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sockeye-tcp/sockeye/internal/compare"
)

var update = flag.Bool("update", false, "write the golden files anew")

// example is a report of made-up samples, always the same.
func example() *compare.Report {
	r := &compare.Report{
		Schema: compare.Schema, Title: "laboratory", Seed: 7,
		Amounts:    compare.Amounts{BulkBytes: 16 << 20, Warmup: 3, MinRuns: 30, Seconds: 5},
		Conditions: []compare.Condition{{Name: "kernel", Value: "Linux 6.18"}, {Name: "Go", Value: "go1.26"}},
		Paths:      []compare.Path{{Series: compare.User, Path: "our TCP, TUN"}, {Series: compare.Kernel, Path: "the kernel's TCP"}, {Series: compare.Twin, Path: "our TCP, forwarder"}, {Series: compare.Control, Path: "the kernel's TCP, forwarder"}},
		Workloads:  []compare.Workload{compare.Fetch, compare.Download},
		Cells:      []compare.Cell{{Size: 16 << 10, Concurrency: 1, MTU: 1500, Link: "none"}, {Size: 16 << 10, Concurrency: 1, MTU: 1500, Link: "loss=1%"}},
	}
	rng := rand.New(rand.NewPCG(1, 2))
	slower := map[compare.Series]float64{compare.User: 1.6, compare.Kernel: 1, compare.Twin: 2.1, compare.Control: 2}
	for cell := range r.Cells {
		for _, w := range r.Workloads {
			order := compare.NewOrder(r.Seed, uint64(cell), compare.AllSeries())
			count, n := map[compare.Series]int{}, 0
			for turn := range compare.Rounds {
				for _, s := range order.Block() {
					r.Samples = append(r.Samples, compare.Sample{
						Cell: cell, Workload: w, Series: s, Round: turn, Run: count[s], Order: n, Amount: 1 << 20, Remote: "192.0.2.1:80",
						Start: round(float64(len(r.Samples)) / 100), Values: values(w, slower[s]*math.Exp(0.05*rng.NormFloat64())),
					})
					count[s]++
					n++
				}
			}
		}
	}
	r.Warnings = []string{"fetch, user: this is only an example"}
	for _, s := range compare.AllSeries() {
		tr := compare.Trace{Series: s, Source: "made up"}
		for i := range 50 {
			t := float64(i) / 1000
			tr.Points = append(tr.Points, compare.Point{Time: t, Sent: 1e6 * t, Acked: 0.9e6 * t, Cwnd: 14600 * (1 + t), RTT: 1e-3, Again: i == 25})
		}
		r.Traces = append(r.Traces, tr)
	}
	r.Analyze()
	return r
}

// round keeps golden files short.
func round(v float64) float64 { return math.Round(v*1e6) / 1e6 }

func values(w compare.Workload, factor float64) compare.Values {
	v := compare.Values{compare.MetricCPU: round(0.0002 * factor), compare.MetricMemory: 20 << 20, compare.MetricRetransmits: 0}
	if w == compare.Download {
		v[compare.MetricRate] = math.Round(500e6 / factor)
		return v
	}
	for name, t := range map[string]float64{"total": 0.001, "dns": 0.0002, "connect": 0.0001, "tls": 0, "first_byte": 0.0005, "body": 0.0002} {
		v[name] = round(t * factor)
	}
	return v
}

func TestGoldenReports(t *testing.T) {
	for name, write := range map[string]func(io.Writer, *compare.Report) error{
		"report.txt": Text, "report.md": Markdown, "report.csv": CSV, "report.bench": Benchmark,
	} {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			if err := write(&got, example()); err != nil {
				t.Fatal(err)
			}
			here := []byte("goos: " + runtime.GOOS + "\ngoarch: " + runtime.GOARCH + "\n")
			golden(t, name, bytes.Replace(got.Bytes(), here, []byte("goos: linux\ngoarch: amd64\n"), 1))
		})
	}
}

// golden compares with a file, or writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("differs from %s (go test -update writes it anew):\n%s", path, d)
	}
}

func TestJSONHoldsEverySample(t *testing.T) {
	r := example()
	var b bytes.Buffer
	if err := JSON(&b, r); err != nil {
		t.Fatal(err)
	}
	var got compare.Report
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(r, &got); d != "" {
		t.Errorf("JSON and back is not the same:\n%s", d)
	}
}
