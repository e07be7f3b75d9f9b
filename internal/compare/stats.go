package compare

import (
	"math"
	"slices"

	"golang.org/x/perf/benchmath"
)

// Statistics. Times of networks are skewed and have tails, so nothing here
// assumes a distribution: medians with intervals from order statistics, the
// Mann-Whitney test, and the Hodges-Lehmann estimate that belongs to it.

// Confidence is that of all intervals.
const Confidence = 0.95

// Alpha is how probable it may be that the verdicts of a report show any
// difference at all where there is none; and, apart from that, its details.
const Alpha = 0.05

// Rounds is how many rounds a comparison has: in each, the processes of all
// series are started anew. Runs of one process share its luck, with memory
// and cores, and are not independent of each other; medians of rounds are. So
// they are what intervals and tests are made of. Ten rounds let the test reach p = 1e-5.
const Rounds = 10

// leastRounds is below what single runs are taken for want of rounds.
const leastRounds = 6

// A Summary describes the samples of one series.
type Summary struct {
	Series Series  `json:"series"`
	N      int     `json:"n"`
	Median float64 `json:"median"`
	Lo     float64 `json:"median_lo"` // of the median's interval, which comes from the rounds
	Hi     float64 `json:"median_hi"`
	P90    float64 `json:"p90"`
	P99    float64 `json:"p99"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

// Summarize describes values, of which there must be at least one. With fewer
// than six of them the interval is their range, and less sure than Confidence.
func Summarize(s Series, values []float64) Summary {
	sample := benchmath.NewSample(slices.Clone(values), &benchmath.DefaultThresholds)
	sum := benchmath.AssumeNothing.Summary(sample, Confidence)
	sorted := sample.Values
	lo, hi := sum.Lo, sum.Hi
	if math.IsInf(lo, 0) || math.IsInf(hi, 0) || math.IsNaN(lo) || math.IsNaN(hi) {
		lo, hi = sorted[0], sorted[len(sorted)-1]
	}
	return Summary{
		Series: s, N: len(sorted), Median: sum.Center, Lo: lo, Hi: hi,
		P90: Quantile(sorted, 0.9), P99: Quantile(sorted, 0.99),
		Min: sorted[0], Max: sorted[len(sorted)-1],
	}
}

// Quantile returns the q-quantile of sorted values, interpolated between
// neighbours (type 7 of Hyndman and Fan, which R and NumPy use).
func Quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// A Comparison sets one series against another.
type Comparison struct {
	A Series `json:"a"`
	B Series `json:"b"`
	// Ratio is by which factor values of A are typically larger than those of
	// B, with its interval. All three are 0 when some value is not positive.
	Ratio float64 `json:"ratio"`
	Lo    float64 `json:"ratio_lo"`
	Hi    float64 `json:"ratio_hi"`
	// P is the Mann-Whitney test's: how probable so large a difference is when there is none.
	P float64 `json:"p"`
	// Adjusted is P after Holm's correction for the comparisons of its family: those
	// that verdicts speak of, or all others of the report.
	Adjusted float64 `json:"p_adjusted"`
	// Shown says that a difference was shown: Adjusted is below Alpha.
	Shown bool `json:"shown"`
}

// Compare sets the values of a against those of b. Both must have values.
func Compare(a, b Series, va, vb []float64) Comparison {
	c := Comparison{A: a, B: b, P: mannWhitney(va, vb)}
	c.Ratio, c.Lo, c.Hi = ratio(va, vb)
	return c
}

// mannWhitney returns the two-sided p-value, 1 when all values are the same.
func mannWhitney(va, vb []float64) float64 {
	t := &benchmath.DefaultThresholds
	p := benchmath.AssumeNothing.Compare(
		benchmath.NewSample(slices.Clone(va), t), benchmath.NewSample(slices.Clone(vb), t)).P
	if math.IsNaN(p) {
		return 1
	}
	return min(p, 1)
}

// ratio is the Hodges-Lehmann estimate on logarithms: the median of all
// quotients of a value of a and one of b. Its interval holds the factors that
// the Mann-Whitney test would not reject (normal approximation; Hollander and
// Wolfe, Nonparametric Statistical Methods, §4.3).
func ratio(va, vb []float64) (estimate, lo, hi float64) {
	quotients := make([]float64, 0, len(va)*len(vb))
	for _, x := range va {
		for _, y := range vb {
			if x <= 0 || y <= 0 {
				return 0, 0, 0
			}
			quotients = append(quotients, math.Log(x)-math.Log(y))
		}
	}
	slices.Sort(quotients)
	n, m := float64(len(va)), float64(len(vb))
	z := math.Sqrt2 * math.Erfinv(Confidence)
	k := int(math.Floor(n*m/2 - z*math.Sqrt(n*m*(n+m+1)/12)))
	k = min(max(k, 1), len(quotients))
	return math.Exp(Quantile(quotients, 0.5)), math.Exp(quotients[k-1]), math.Exp(quotients[len(quotients)-k])
}

// holm adjusts p-values so that the chance of calling any of them significant
// without reason is at most the level that they are compared with (S. Holm, 1979).
func holm(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		switch {
		case p[i] < p[j]:
			return -1
		case p[i] > p[j]:
			return 1
		}
		return 0
	})
	adjusted, highest := make([]float64, len(p)), 0.0
	for rank, i := range order {
		highest = max(highest, min(1, p[i]*float64(len(p)-rank)))
		adjusted[i] = highest
	}
	return adjusted
}
