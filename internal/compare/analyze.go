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
	values := map[Series][]float64{}
	something := false
	for _, s := range AllSeries() {
		v := r.Of(cell, w, s, m.Name)
		if len(v) == 0 {
			continue
		}
		values[s] = v
		something = something || slices.Max(v) > 0
		x.Summaries = append(x.Summaries, Summarize(s, v))
	}
	if !something && m.Name != MetricRetransmits {
		return x, false
	}
	for _, p := range pairs {
		if a, b := values[p[0]], values[p[1]]; !m.Plain && len(a) > 0 && len(b) > 0 {
			x.Comparisons = append(x.Comparisons, Compare(p[0], p[1], a, b))
		}
	}
	return x, len(x.Summaries) > 0
}

// correct applies Holm's correction over all comparisons.
func (r *Report) correct() {
	var all []*Comparison
	var p []float64
	for i := range r.Results {
		for k := range r.Results[i].Comparisons {
			c := &r.Results[i].Comparisons[k]
			all, p = append(all, c), append(p, c.P)
		}
	}
	for i, adjusted := range holm(p) {
		all[i].Adjusted, all[i].Shown = adjusted, adjusted < Alpha
	}
}

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

// IsPrecise reports whether the interval of user against kernel is within the
// given share of the ratio on both sides. It is a rule for stopping that looks
// at the width alone: one that looked at the p-value would find differences
// where there are none.
func IsPrecise(user, kernel []float64, share float64) bool {
	if len(user) == 0 || len(kernel) == 0 {
		return false
	}
	estimate, lo, hi := ratio(user, kernel)
	return estimate > 0 && lo >= estimate*(1-share) && hi <= estimate*(1+share)
}
