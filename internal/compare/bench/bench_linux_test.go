package bench

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/internal/compare"
	"github.com/sockeye-tcp/sockeye/internal/lab"
)

// TestMain lets the test program play parts, and start in a namespace.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "part" {
		if err := Part(os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func testConfig(t *testing.T, workloads ...compare.Workload) Config {
	t.Helper()
	if err := lab.CanNamespace(); err != nil || os.Getuid() != 0 {
		t.Skipf("needs root: %v", err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Config{
		Workloads: workloads,
		Cells:     []compare.Cell{{Size: 1000, Concurrency: 1, Link: "none"}},
		Amounts:   compare.Amounts{BulkBytes: 1 << 20, Requests: 6, Connections: 6, RoundTrips: 6, Warmup: 1, Runs: 3},
		Network:   "tcp4",
		Seed:      1,
		Program:   []string{exe, "part"},
	}
}

func TestLaboratory(t *testing.T) {
	cfg := testConfig(t, compare.AllWorkloads()...)
	cfg.Traces = true
	cfg.Amounts.TLS = true
	r, err := Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range cfg.Workloads {
		for _, s := range compare.AllSeries() {
			for _, m := range w.Metrics() {
				if m.Name == compare.MetricForwarder && s != compare.Control && s != compare.Twin {
					continue
				}
				if n := len(r.Of(0, w, s, m.Name)); n != 3 {
					t.Errorf("%s %s %s: %d values, want 3", w, s, m.Name, n)
				}
			}
			for _, v := range r.Of(0, w, s, w.Metrics()[0].Name) {
				if v <= 0 {
					t.Errorf("%s %s: %s is %g", w, s, w.Metrics()[0].Name, v)
				}
			}
		}
	}
	for _, v := range r.Of(0, compare.Fetch, compare.User, "tls") {
		if v <= 0 {
			t.Error("TLS took no time")
		}
	}
	for _, tr := range r.Traces {
		last := tr.Points[len(tr.Points)-1]
		if last.Sent < 1<<20 || last.Time <= 0 {
			t.Errorf("the trace of %s ends at %+v", tr.Series, last)
		}
	}
	if len(r.Traces) != 3 || len(r.Paths) != 4 || len(r.Conditions) < 5 || len(r.Verdicts) != len(cfg.Workloads) {
		t.Errorf("%d traces, %d paths, %d conditions, %d verdicts", len(r.Traces), len(r.Paths), len(r.Conditions), len(r.Verdicts))
	}
	for _, v := range r.Verdicts {
		t.Log(v)
	}
}

func TestEveryoneMeetsTheImpairedLink(t *testing.T) {
	cfg := testConfig(t, compare.Fetch)
	cfg.Cells = []compare.Cell{
		{Size: 1000, Concurrency: 1, Link: "none"},
		{Size: 1000, Concurrency: 1, MTU: 1280, Link: "delay=20ms"},
	}
	r, err := Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range compare.AllSeries() {
		for _, v := range r.Of(1, compare.Fetch, s, "connect") {
			// There and back again.
			if v < 0.040 {
				t.Errorf("%s connected in %g s over a link that takes 40 ms", s, v)
			}
		}
	}
}

func TestScaleAmount(t *testing.T) {
	for _, tt := range []struct {
		least, most, want int64
		took, wanted      time.Duration
	}{
		{10, 1000, 100, time.Millisecond, 10 * time.Millisecond},
		{10, 1000, 1000, time.Millisecond, time.Second},
		{10, 1000, 10, time.Second, time.Millisecond},
		{1, 1, 1, time.Millisecond, time.Second},
	} {
		if got := scaleAmount(tt.least, tt.most, tt.took, tt.wanted); got != tt.want {
			t.Errorf("%d to %d, %s of %s: %d, want %d", tt.least, tt.most, tt.took, tt.wanted, got, tt.want)
		}
	}
}

// A calibration compares the kernel's TCP with itself, on both paths.
func TestCalibration(t *testing.T) {
	cfg := testConfig(t, compare.Fetch)
	cfg.Amounts.Calibration = true
	r, err := Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range compare.AllSeries() {
		want := 0
		if s == compare.Twin || s == compare.Control {
			want = cfg.Amounts.Runs
		}
		if n := len(r.Of(0, compare.Fetch, s, compare.MetricForwarder)); n != want {
			t.Errorf("%s has %d times of a forwarder, want %d", s, n, want)
		}
	}
}

// Another program has its turn once a round, where the series begin.
func TestCommandRunsOnTheSamePath(t *testing.T) {
	cfg := testConfig(t, compare.Fetch)
	var out strings.Builder
	cfg.CommandOutput = &out
	cfg.Command = `echo $SOCKEYE_ROUND $SOCKEYE_URL $SOCKEYE_SERVER $(readlink $SOCKEYE_SERVER_NETNS | cut -c-4)`
	if _, err := Run(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	want := "0 http://192.0.2.1/1000 192.0.2.1 net:\n1 http://192.0.2.1/1000 192.0.2.1 net:\n"
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
	cfg.Command = "exit 3"
	if _, err := Run(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "exit 3") {
		t.Errorf("got %v from a command that fails", err)
	}
}
