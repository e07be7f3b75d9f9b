package compare

import (
	"fmt"
	"strings"
)

// What is measured, and the document that holds it.

// Schema numbers the form of a Report as JSON.
const Schema = 1

// A Cell is one combination of the parameters that are swept.
type Cell struct {
	// Size is how many bytes the page of a request is long; 0 with a URL, which has its own.
	Size int64 `json:"size_bytes"`
	// Concurrency is how many connections Requests and Connections use at once.
	Concurrency int `json:"concurrency"`
	// MTU is that of the TUN devices in bytes, and of the link in a laboratory.
	MTU int `json:"mtu"`
	// Link is what is wrong with the path, as tun.ParseImpairment reads it; "none" for nothing.
	Link string `json:"link"`
}

// A Sample is one run of a workload over one series.
type Sample struct {
	Cell     int      `json:"cell"` // index into Report.Cells
	Workload Workload `json:"workload"`
	Series   Series   `json:"series"`
	Round    int      `json:"round"`  // the processes were started anew for each round
	Run      int      `json:"run"`    // counts the samples of this series, cell and workload, from 0
	Order    int      `json:"order"`  // counts all samples of this cell and workload, from 0
	Start    float64  `json:"start"`  // seconds since the comparison began
	Amount   int64    `json:"amount"` // of work in this run: bytes, requests, round trips or pages
	Values   Values   `json:"values"` // by the names of the workload's metrics
	Remote   string   `json:"remote,omitempty"`
}

// Values are the measures of a sample by the name of their metric.
type Values map[string]float64

// Amounts say how much is done. Those of one run are bounds: on a slow path each
// run does less, all series the same; Sample.Amount says how much it was.
type Amounts struct {
	BulkBytes   int64   `json:"bulk_bytes"`   // of one Download or Upload
	Requests    int64   `json:"requests"`     // of one run of Requests
	Connections int64   `json:"connections"`  // of one run of Connections
	RoundTrips  int64   `json:"round_trips"`  // of one run of PingPong
	Warmup      int     `json:"warmup_runs"`  // of each series before the first sample
	Runs        int     `json:"runs"`         // wanted of each series; 0: chosen by precision
	MinRuns     int     `json:"min_runs"`     // when Runs is 0
	TLS         bool    `json:"tls"`          // of the laboratory's server
	Calibration bool    `json:"calibration"`  // the kernel's TCP stands in the place of ours
	Seconds     float64 `json:"seconds_each"` // for a workload of a cell, when Runs is 0
}

// A Path says how the packets of a series travel.
type Path struct {
	Series Series `json:"series"`
	Path   string `json:"path"`
}

// A Report is a whole comparison: conditions, samples and conclusions.
type Report struct {
	Schema     int         `json:"schema"`
	Title      string      `json:"title"` // what was compared: a URL, or the laboratory
	Conditions []Condition `json:"conditions"`
	Seed       uint64      `json:"seed"`
	Amounts    Amounts     `json:"amounts"`
	Paths      []Path      `json:"paths"`
	Workloads  []Workload  `json:"workloads"`
	Cells      []Cell      `json:"cells"`
	Results    []Result    `json:"results"`
	Verdicts   []string    `json:"verdicts"`
	Warnings   []string    `json:"warnings"`
	Samples    []Sample    `json:"samples"`
	Traces     []Trace     `json:"traces,omitempty"`
	Incomplete bool        `json:"incomplete,omitempty"` // it was interrupted
}

// A Condition is something about the machine that may matter.
type Condition struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// A Trace is the course of one upload: what the sender knew over time.
type Trace struct {
	Series Series  `json:"series"`
	Source string  `json:"source"` // where the points come from
	Points []Point `json:"points"`
}

// A Point of a Trace.
type Point struct {
	Time  float64 `json:"t"`               // seconds since the connection was opened
	Sent  float64 `json:"sent"`            // bytes sent, the last of them
	Acked float64 `json:"acked"`           // bytes that the peer has acknowledged
	Cwnd  float64 `json:"cwnd"`            // bytes
	RTT   float64 `json:"rtt"`             // seconds, smoothed; 0: not measured yet
	Again bool    `json:"again,omitempty"` // this segment was sent before
}

// For returns the cell as a workload sees it: without what makes no difference to it.
func (c Cell) For(w Workload) Cell {
	switch w {
	case Fetch:
		c.Concurrency = 1
	case Download, Upload:
		c.Size = 0
	case PingPong:
		c.Concurrency, c.Size = 1, 0
	}
	return c
}

// IsRepeated reports whether an earlier cell is the same to a workload, so that
// there is nothing new to measure.
func (r *Report) IsRepeated(cell int, w Workload) bool {
	for _, earlier := range r.Cells[:cell] {
		if earlier.For(w) == r.Cells[cell].For(w) {
			return true
		}
	}
	return false
}

// Name names a cell for a workload by what it differs in from others of the report.
func (r *Report) Name(cell int, w Workload) string {
	c := r.Cells[cell].For(w)
	var parts []string
	add := func(differs func(Cell) bool, text string) {
		for _, other := range r.Cells {
			if differs(other.For(w)) {
				parts = append(parts, text)
				return
			}
		}
	}
	add(func(o Cell) bool { return o.Size != c.Size }, FormatSize(c.Size))
	add(func(o Cell) bool { return o.Concurrency != c.Concurrency }, fmt.Sprintf("concurrency %d", c.Concurrency))
	add(func(o Cell) bool { return o.MTU != c.MTU }, fmt.Sprintf("MTU %d", c.MTU))
	add(func(o Cell) bool { return o.Link != c.Link }, "link "+c.Link)
	return strings.Join(parts, ", ")
}

// Of returns the values of a metric, in the order in which they were measured.
func (r *Report) Of(cell int, w Workload, s Series, metric string) []float64 {
	var values []float64
	for i := range r.Samples {
		m := &r.Samples[i]
		if v, ok := m.Values[metric]; ok && m.Cell == cell && m.Workload == w && m.Series == s {
			values = append(values, v)
		}
	}
	return values
}

// Medians returns the medians of a metric in each round, in their order.
func (r *Report) Medians(cell int, w Workload, s Series, metric string) []float64 {
	var rounds [][]float64
	for i := range r.Samples {
		m := &r.Samples[i]
		v, ok := m.Values[metric]
		if !ok || m.Cell != cell || m.Workload != w || m.Series != s {
			continue
		}
		for len(rounds) <= m.Round {
			rounds = append(rounds, nil)
		}
		rounds[m.Round] = append(rounds[m.Round], v)
	}
	var medians []float64
	for _, values := range rounds {
		if len(values) > 0 {
			medians = append(medians, center(values))
		}
	}
	return medians
}

// Result returns the result for a metric, or nil.
func (r *Report) Result(cell int, w Workload, metric string) *Result {
	for i := range r.Results {
		if x := &r.Results[i]; x.Cell == cell && x.Workload == w && x.Metric == metric {
			return x
		}
	}
	return nil
}

// FormatSize writes a number of bytes with a unit that is a power of 1024.
func FormatSize(n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB"}
	i := 0
	for ; i+1 < len(units) && n >= 1024 && n%1024 == 0; i++ {
		n /= 1024
	}
	return fmt.Sprintf("%d %s", n, units[i])
}
