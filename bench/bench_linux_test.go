package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/internal/lab"
)

// TestMain lets the test program play parts.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == partFlag {
		exit(playPart(os.Args[2]))
	}
	os.Exit(m.Run())
}

// small is a configuration whose runs take no time.
func small(t *testing.T) *config {
	t.Helper()
	if err := lab.CanNamespace(); err != nil || os.Getuid() != 0 {
		t.Skipf("needs root: %v", err)
	}
	c, _, err := parse([]string{"-rounds", "1", "-bytes", "1048576", "-count", "5", "-idle", "5", "-verify"})
	if err != nil {
		t.Fatal(err)
	}
	c.progress = io.Discard
	return c
}

// Every system does every work, and every byte comes: a client says so only after it has compared them.
func TestEverySystemDoesEveryWork(t *testing.T) {
	c := small(t)
	r := c.measure(t.Context())
	for _, f := range r.Failures {
		t.Errorf("%s over %s: %s", f.Work, f.System, f.Error)
	}
	r.analyze()
	for _, w := range works {
		for _, m := range w.metrics() {
			for _, s := range systemNames() {
				x := r.median(w, m, s)
				if x == nil {
					t.Errorf("%s over %s: no %s", w, s, m.name)
				} else if w != idle && x.Median <= 0 { // five connections weigh less than what varies
					t.Errorf("%s over %s: %s is %g", w, s, m.name, x.Median)
				}
			}
		}
	}
}

func TestProfilesAreWritten(t *testing.T) {
	c := small(t)
	c.systems, c.works, c.profiles = []system{ours}, []work{upload}, t.TempDir()
	if r := c.measure(t.Context()); len(r.Failures) > 0 {
		t.Fatal(r.Failures)
	}
	if info, err := os.Stat(filepath.Join(c.profiles, "upload-S-0.pprof")); err != nil || info.Size() == 0 {
		t.Errorf("got %v, %v", info, err)
	}
}

// A client that cannot do its work says why, and the others go on.
func TestFailuresAreTold(t *testing.T) {
	c := small(t)
	c.systems, c.works = []system{"none", kernel}, []work{connect}
	r := c.measure(t.Context())
	if len(r.Failures) != 1 || !strings.Contains(r.Failures[0].Error, "no such system") || len(r.Samples) != 1 {
		t.Errorf("got failures %v and samples %v", r.Failures, r.Samples)
	}
}

func TestReceiveNoticesOtherBytes(t *testing.T) {
	const n = 3 * period / 2
	h := bulkHeader{Bytes: n, Chunk: 1000, Verify: true}
	var sent bytes.Buffer
	if err := send(&sent, h); err != nil || sent.Len() != n {
		t.Fatalf("sent %d bytes, %v", sent.Len(), err)
	}
	whole := sent.Bytes()
	for name, tt := range map[string]struct {
		bytes []byte
		want  error
	}{
		"all":              {whole, nil},
		"one changed":      {changed(whole, n-1), errOther},
		"a segment absent": {append(slices.Clone(whole[:1460]), whole[2920:]...), errOther},
		"the end absent":   {whole[:n-1], io.EOF},
	} {
		if err := receive(bytes.NewReader(tt.bytes), h); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", name, err, tt.want)
		}
	}
}

func changed(b []byte, i int) []byte {
	b = slices.Clone(b)
	b[i] ^= 1
	return b
}

// made is a report of two rounds in which ours is a quarter faster than the kernel, on a machine that slows down.
func made() *report {
	c := &config{systems: []system{kernel, gvisorWire, ours}, works: []work{download, connect}, order: spec{Duration: time.Second}}
	r := newReport(c)
	r.Conditions = r.Conditions[:0]
	for round, speed := range []float64{1, 0.5} {
		for k, s := range c.systems {
			rate := []float64{4e9, 1e9, 5e9}[k] * speed
			r.Samples = append(r.Samples,
				sample{round, 0, s, download, map[string]float64{"rate": rate, "cpu": 1 / speed, "cpu_all": 2 / speed}},
				sample{round, 0, s, connect, map[string]float64{"p50": 1e5 / rate, "p99": 2e5 / rate}})
		}
	}
	r.analyze()
	return r
}

func TestRatiosAreThoseWithinRounds(t *testing.T) {
	r := made()
	for _, tt := range []struct {
		work         work
		metric       string
		system, base system
		want         float64
	}{
		{download, "rate", ours, kernel, 1.25}, {download, "rate", ours, gvisorWire, 5}, {download, "cpu", ours, kernel, 1},
		{connect, "p50", ours, kernel, 0.8}, {connect, "p99", kernel, gvisorWire, 0.25},
	} {
		i := slices.IndexFunc(r.Ratios, func(x ratio) bool {
			return x.Work == tt.work && x.Metric == tt.metric && x.System == tt.system && x.Base == tt.base
		})
		if i < 0 {
			t.Errorf("%+v: not there", tt)
		} else if x := r.Ratios[i]; fmt.Sprintf("%.6f %.6f %.6f %d", x.Median, x.Lo, x.Hi, x.Rounds) != fmt.Sprintf("%.6f %[1]f %[1]f 2", tt.want) {
			t.Errorf("%+v: got %+v", tt, x)
		}
	}
}

func TestForms(t *testing.T) {
	r := made()
	r.Failures = []failure{{1, ours, upload, "lost"}}
	var text, bench, all strings.Builder
	if err := errors.Join(r.text(&text), r.benchmark(&bench), r.json(&all)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| download +                     |  GB/s |  3.00 |  0.75 |  3.75 |\n",
		"| connect, median                |    µs |  37.5 | 150.0 |  30.0 |\n",
		"| download +                     | 4.00 (4.00–4.00) | 5.00 (5.00–5.00) |\n",
		"Failed in round 2: upload over S: lost\n",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("there is no %q in\n%s", want, &text)
		}
	}
	if want := "BenchmarkDownload/system=S 1\t2.5e+09 B/s\t2 cpu-sec/GiB\t4 all-cpu-sec/GiB\n"; !strings.Contains(bench.String(), want) {
		t.Errorf("there is no %q in\n%s", want, &bench)
	}
	if want := `"base": "K"`; !strings.Contains(all.String(), want) {
		t.Errorf("there is no %q in\n%s", want, &all)
	}
}

func TestPicture(t *testing.T) {
	name := filepath.Join(t.TempDir(), "bench.svg")
	if err := made().picture(name); err != nil {
		t.Fatal(err)
	}
	svg, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"download", "connect, median", ">G2<"} {
		if !bytes.Contains(svg, []byte(want)) {
			t.Errorf("the picture has no %q", want)
		}
	}
	if err := made().picture("bench.gif2"); err == nil {
		t.Error("a picture of no known form was drawn")
	}
}

func TestCommandLine(t *testing.T) {
	c, _, err := parse([]string{"--systems", "S,K", "--work", "idle"})
	if err != nil || !slices.Equal(c.systems, []system{kernel, ours}) || !slices.Equal(c.works, []work{idle}) {
		t.Errorf("got %v of %v, %v", c.works, c.systems, err)
	}
	for _, args := range []string{"--systems K,X", "--work run", "--rounds 0", "--bytes 0", "--duration 0s", "--mtu 100", "more"} {
		if _, _, err := parse(strings.Fields(args)); err == nil {
			t.Errorf("%s: no error", args)
		}
	}
}
