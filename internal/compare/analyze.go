package compare

import "slices"

// From samples to results.

// A Result is what the samples say about one metric of one workload of one cell.
type Result struct {
	Cell        int          `json:"cell"`
	Workload    Workload     `json:"workload"`
	Metric      string       `json:"metric"`
	Unit        Unit         `json:"unit"`
	Higher      bool         `json:"higher_is_better"`
	Summaries   []Summary    `json:"summaries"`
	Comparisons []Comparison `json:"comparisons,omitempty"`
}

// Analyze fills in what follows from the samples: results, verdicts and
// warnings.
func (r *Report) Analyze() {
	r.Results, r.Verdicts = nil, nil
	for cell := range r.Cells {
		for _, w := range r.Workloads {
			for _, m := range w.Metrics() {
				if x, ok := r.result(cell, w, m); ok {
					r.Results = append(r.Results, x)
				}
			}
		}
	}
	r.correct()
	r.Verdicts = r.verdicts()
	r.Warnings = append(r.Warnings, r.noise()...)
}

// pairs are the comparisons that are made: the whole difference, that of the
// stacks on the same path, and that of the paths with the same stack.
var pairs = [][2]Series{{User, Kernel}, {Twin, Control}, {Control, Kernel}}

// result returns false when there are no samples, or none that is not 0: plain
// HTTP has no TLS phase.
func (r *Report) result(cell int, w Workload, m Metric) (Result, bool) {
	x := Result{Cell: cell, Workload: w, Metric: m.Name, Unit: m.Unit, Higher: m.Higher}
	units := map[Series][]float64{}
	something := false
	for _, s := range AllSeries() {
		v := r.Of(cell, w, s, m.Name)
		if len(v) == 0 {
			continue
		}
		units[s] = r.units(cell, w, s, m.Name)
		something = something || slices.Max(v) > 0
		sum, of := Summarize(s, v), Summarize(s, units[s])
		sum.Lo, sum.Hi = min(of.Lo, sum.Median), max(of.Hi, sum.Median)
		x.Summaries = append(x.Summaries, sum)
	}
	if !something && m.Name != MetricRetransmits {
		return x, false
	}
	for _, p := range pairs {
		if a, b := units[p[0]], units[p[1]]; !m.Plain && len(a) > 0 && len(b) > 0 {
			x.Comparisons = append(x.Comparisons, Compare(p[0], p[1], a, b))
		}
	}
	return x, len(x.Summaries) > 0
}

// units are the values that count as independent of each other: the medians of
// the rounds, or where there are too few rounds the runs.
func (r *Report) units(cell int, w Workload, s Series, metric string) []float64 {
	if medians := r.Medians(cell, w, s, metric); len(medians) >= leastRounds {
		return medians
	}
	return r.Of(cell, w, s, metric)
}

// correct applies Holm's correction: once over the comparisons that the verdicts
// speak of, and once over all others, so that many details do not drown them.
func (r *Report) correct() {
	var families [2][]*Comparison
	for i := range r.Results {
		x := &r.Results[i]
		for k := range x.Comparisons {
			c, family := &x.Comparisons[k], 1
			if x.isMain() && (c.A == User || c.A == Twin) {
				family = 0
			}
			families[family] = append(families[family], c)
		}
	}
	for _, family := range families {
		var p []float64
		for _, c := range family {
			p = append(p, c.P)
		}
		for i, adjusted := range holm(p) {
			family[i].Adjusted, family[i].Shown = adjusted, adjusted < Alpha
		}
	}
}

// isMain reports whether the result is about the main metric of its workload.
func (x *Result) isMain() bool { return x.Metric == x.Workload.Metrics()[0].Name }

// Summary returns that of a series, or nil.
func (x *Result) Summary(s Series) *Summary {
	for i := range x.Summaries {
		if x.Summaries[i].Series == s {
			return &x.Summaries[i]
		}
	}
	return nil
}

// Comparison returns that of two series, in this order, or nil.
func (x *Result) Comparison(a, b Series) *Comparison {
	for i := range x.Comparisons {
		if c := &x.Comparisons[i]; c.A == a && c.B == b {
			return c
		}
	}
	return nil
}
