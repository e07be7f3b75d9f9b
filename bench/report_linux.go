package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/sockeye-tcp/sockeye/internal/compare"
)

// What the runs amount to.

// A report is everything that was measured, and what follows from it.
type report struct {
	Schema     int                 `json:"schema"`
	Conditions []compare.Condition `json:"conditions"`
	Systems    []system            `json:"systems"`
	Works      []work              `json:"works"`
	Notes      map[system]string   `json:"notes,omitempty"` // what the systems said of themselves
	Medians    []summary           `json:"medians"`
	Ratios     []ratio             `json:"ratios"`
	Samples    []sample            `json:"samples"`
	Failures   []failure           `json:"failures,omitempty"`
	Incomplete bool                `json:"incomplete,omitempty"` // it was interrupted
}

// A summary describes a figure of a work over one system.
type summary struct {
	Work   work   `json:"work"`
	Metric string `json:"metric"`
	compare.Summary
}

// A ratio says how a figure of a system compares with that of another in the same round.
type ratio struct {
	Work   work   `json:"work"`
	Metric string `json:"metric"`
	System system `json:"system"`
	Base   system `json:"base"`
	// Median is that of the quotients of the rounds, with its interval (the range below six rounds).
	Median float64 `json:"median"`
	Lo     float64 `json:"lo"`
	Hi     float64 `json:"hi"`
	Rounds int     `json:"rounds"`
}

// bases are the systems that others are divided by.
var bases = []system{kernel, gvisorWire, gvisorPlain}

func newReport(c *config) *report {
	return &report{
		Schema: 1, Systems: c.systems, Works: c.works, Notes: map[system]string{}, Conditions: conditions(c),
	}
}

// conditions are what may explain the figures.
func conditions(c *config) []compare.Condition {
	awake := "in pingpong-awake only"
	if c.awake {
		awake = "always"
	}
	var u unix.Utsname
	release := "unknown"
	if unix.Uname(&u) == nil {
		release = unix.ByteSliceToString(u.Release[:])
	}
	return []compare.Condition{
		{Name: "kernel", Value: release},
		{Name: "processors", Value: fmt.Sprintf("%d", runtime.NumCPU())},
		{Name: "Go", Value: runtime.Version() + " " + runtime.GOARCH},
		{Name: "gVisor", Value: moduleVersion("gvisor.dev/gvisor")},
		{Name: "wireguard", Value: moduleVersion("golang.zx2c4.com/wireguard")},
		{Name: "MTU", Value: fmt.Sprintf("%d", c.order.MTU)},
		{Name: "bulk", Value: fmt.Sprintf("%d bytes, %d at once", c.order.Bytes, c.order.Chunk)},
		{Name: "at most", Value: fmt.Sprintf("%d times or %s", c.order.Count, c.order.Duration)},
		{Name: "idle connections", Value: fmt.Sprintf("%d", c.order.Idle)},
		{Name: "processors kept awake", Value: awake},
		{Name: "seed", Value: fmt.Sprintf("%d", c.seed)},
	}
}

// analyze works out medians and ratios.
func (r *report) analyze() {
	for _, w := range r.Works {
		for _, m := range w.metrics() {
			for _, s := range r.Systems {
				if v := values(r.rounds(w, m, s)); len(v) > 0 {
					r.Medians = append(r.Medians, summary{w, m.name, compare.Summarize(compare.Series(s), v)})
				}
			}
			for _, base := range bases {
				for _, s := range r.Systems {
					if x, ok := r.ratio(w, m, s, base); ok {
						r.Ratios = append(r.Ratios, x)
					}
				}
			}
		}
	}
}

// rounds returns the values of a figure by round.
func (r *report) rounds(w work, m metric, s system) map[int]float64 {
	v := map[int]float64{}
	for _, x := range r.Samples {
		if x.Work == w && x.System == s {
			v[x.Round] = x.Values[m.name]
		}
	}
	return v
}

// values are those of all rounds, in their order.
func values(rounds map[int]float64) (v []float64) {
	for _, round := range slices.Sorted(maps.Keys(rounds)) {
		v = append(v, rounds[round])
	}
	return v
}

// ratio divides the figures of a system by those of another, round by round.
func (r *report) ratio(w work, m metric, s, base system) (ratio, bool) {
	if s == base {
		return ratio{}, false
	}
	mine, theirs := r.rounds(w, m, s), r.rounds(w, m, base)
	var quotients []float64
	for round, v := range mine {
		if b := theirs[round]; b > 0 {
			quotients = append(quotients, v/b)
		}
	}
	if len(quotients) == 0 {
		return ratio{}, false
	}
	sum := compare.Summarize(compare.Series(s), quotients)
	return ratio{w, m.name, s, base, sum.Median, sum.Lo, sum.Hi, len(quotients)}, true
}

// median returns the summary of a figure, or nil.
func (r *report) median(w work, m metric, s system) *summary {
	for i := range r.Medians {
		if x := &r.Medians[i]; x.Work == w && x.Metric == m.name && x.Series == compare.Series(s) {
			return x
		}
	}
	return nil
}

// json writes the whole report.
func (r *report) json(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(r)
}

// benchmark writes the samples as results of Go benchmarks, one line each, for
//
//	benchstat -col /system FILE
func (r *report) benchmark(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "goos: %s\ngoarch: %s\npkg: github.com/sockeye-tcp/sockeye/bench\n", runtime.GOOS, runtime.GOARCH)
	for _, c := range r.Conditions {
		fmt.Fprintf(&b, "%s: %s\n", strings.ToLower(strings.ReplaceAll(c.Name, " ", "-")), c.Value)
	}
	for _, x := range r.Samples {
		name := strings.ToUpper(string(x.Work[:1])) + strings.ReplaceAll(string(x.Work[1:]), "-", "_")
		fmt.Fprintf(&b, "Benchmark%s/system=%s 1", name, x.System)
		for _, m := range x.Work.metrics() {
			if v := x.Values[m.name]; v > 0 {
				fmt.Fprintf(&b, "\t%g %s", v, m.bench)
			}
		}
		b.WriteString("\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}
