package compare

import (
	"fmt"
	"math"
	"slices"
)

// Warnings about noise, in the manner of hyperfine: what was seen, what probably
// caused it, what helps.

const (
	// outlierScore is from which modified Z-score on a value is an outlier:
	// hyperfine's threshold, far beyond what skew alone makes.
	outlierScore = 14.826
	// madToSigma makes the median absolute deviation comparable with a standard deviation.
	madToSigma = 1.4826
	// driftP is the p-value below which the first half of the runs differs from the second.
	driftP = 1e-3
	// wideInterval is from which half-width on, relative to the ratio, an interval says little.
	wideInterval = 0.15
	// fewRuns is below what medians have no 95% interval.
	fewRuns = 6
)

// noise looks at the main metric of each workload and cell.
func (r *Report) noise() []string {
	var list []string
	for cell := range r.Cells {
		for _, w := range r.Workloads {
			x := r.Result(cell, w, w.Metrics()[0].Name)
			if x == nil {
				continue
			}
			for _, s := range AllSeries() {
				if text := remark(r.Of(cell, w, s, x.Metric)); text != "" {
					list = append(list, fmt.Sprintf("%s, %s: %s", r.Subject(cell, w), s, text))
				}
			}
			if c := x.Comparison(User, Kernel); c != nil && c.Ratio > 0 && (c.Hi-c.Lo)/2 > wideInterval*c.Ratio {
				list = append(list, fmt.Sprintf("%s: the interval of user/kernel is wide; more runs (--runs, --duration) or a quieter machine narrow it", r.Subject(cell, w)))
			}
		}
	}
	return append(list, r.detours()...)
}

// remark says what is odd about the runs of one series, in their order.
func remark(values []float64) string {
	switch n := outliers(values); {
	case len(values) == 0:
		return ""
	case len(values) < fewRuns:
		return fmt.Sprintf("%d runs are too few for a 95%% interval of the median; use --runs %d or more", len(values), fewRuns)
	case n == 1 && isOutlier(values, values[0]):
		return "the first run was far off the others: something was not warm yet; --warmup makes more runs before the first that counts"
	case n*20 > len(values):
		return fmt.Sprintf("%d of %d runs are outliers: other programs or interrupts got in between; a quieter machine or more runs help", n, len(values))
	case hasDrift(values):
		return "the second half of the runs differs from the first: the machine changed its speed (clock, heat, other programs); the order of the runs spreads this over all series"
	}
	return ""
}

// outliers counts the values far off the median.
func outliers(values []float64) (n int) {
	for _, v := range values {
		if isOutlier(values, v) {
			n++
		}
	}
	return n
}

func isOutlier(values []float64, v float64) bool {
	if len(values) < 3 {
		return false
	}
	median := center(values)
	deviations := make([]float64, len(values))
	for i, x := range values {
		deviations[i] = math.Abs(x - median)
	}
	mad := center(deviations)
	return mad > 0 && math.Abs(v-median)/(madToSigma*mad) > outlierScore
}

func center(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return Quantile(sorted, 0.5)
}

// hasDrift compares the first half of the runs with the second.
func hasDrift(values []float64) bool {
	half := len(values) / 2
	return half >= 5 && mannWhitney(values[:half], values[half:]) < driftP
}

// detours warns when the series did not reach the same address.
func (r *Report) detours() []string {
	reached := map[Series]map[string]bool{}
	for i := range r.Samples {
		m := &r.Samples[i]
		if m.Remote == "" {
			continue
		}
		if reached[m.Series] == nil {
			reached[m.Series] = map[string]bool{}
		}
		reached[m.Series][m.Remote] = true
	}
	for _, s := range AllSeries() {
		for _, other := range AllSeries() {
			for addr := range reached[s] {
				if reached[other] != nil && !reached[other][addr] {
					return []string{fmt.Sprintf("%s reached %s and %s did not: the name has several addresses, which may differ in distance; --connect-to one of them", s, addr, other)}
				}
			}
		}
	}
	return nil
}
