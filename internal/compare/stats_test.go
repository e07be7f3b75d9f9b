package compare

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func close4(got, want float64) bool { return math.Abs(got-want) < 5e-5*max(1, math.Abs(want)) }

// The data of R's help page of wilcox.test (permeability constants of the human
// chorioamnion, Hollander and Wolfe 1973), with R's answer.
var (
	atTerm    = []float64{0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46}
	midTerm   = []float64{1.15, 0.88, 0.90, 0.74, 1.21}
	oneToTen  = []float64{10, 3, 1, 2, 9, 4, 8, 5, 7, 6}
	oneTo100  = func() []float64 { return sequence(1, 100) }()
	identical = []float64{2, 2, 2, 2, 2, 2, 2, 2}
)

func sequence(from, to int) (v []float64) {
	for i := from; i <= to; i++ {
		v = append(v, float64(i))
	}
	return v
}

func TestMannWhitneyAgreesWithR(t *testing.T) {
	for _, tt := range []struct {
		name string
		a, b []float64
		want float64
	}{
		{"R's example", atTerm, midTerm, 0.2544}, // half of it is R's one-sided 0.1272
		{"apart", sequence(1, 5), sequence(6, 10), 2.0 / 252},
		{"one and the same value", identical, identical, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := mannWhitney(tt.a, tt.b); math.Abs(got-tt.want) > 5e-4 {
				t.Errorf("p = %.4f, want %.4f", got, tt.want)
			}
		})
	}
}

func TestSummarizeGivesTheIntervalOfOrderStatistics(t *testing.T) {
	for _, tt := range []struct {
		name   string
		values []float64
		want   Summary
	}{
		// Of ten values the second and the ninth enclose the median in 97.9% of cases, the third and the eighth in 89.1%.
		{"ten", oneToTen, Summary{N: 10, Median: 5.5, Lo: 2, Hi: 9, P90: 9.1, P99: 9.91, Min: 1, Max: 10}},
		{"a hundred", oneTo100, Summary{N: 100, Median: 50.5, Lo: 41, Hi: 61, P90: 90.1, P99: 99.01, Min: 1, Max: 100}},
		{"one alone", []float64{3}, Summary{N: 1, Median: 3, Lo: 3, Hi: 3, P90: 3, P99: 3, Min: 3, Max: 3}},
		{"three: their range", []float64{3, 1, 2}, Summary{N: 3, Median: 2, Lo: 1, Hi: 3, P90: 2.8, P99: 2.98, Min: 1, Max: 3}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := Summarize(User, tt.values)
			for _, f := range []struct {
				name      string
				got, want float64
			}{
				{"n", float64(got.N), float64(tt.want.N)}, {"median", got.Median, tt.want.Median},
				{"p90", got.P90, tt.want.P90}, {"p99", got.P99, tt.want.P99},
				{"min", got.Min, tt.want.Min}, {"max", got.Max, tt.want.Max},
			} {
				if !close4(f.got, f.want) {
					t.Errorf("%s = %g, want %g", f.name, f.got, f.want)
				}
			}
			// The neighbour is right as well: implementations differ by one where two intervals suffice.
			if math.Abs(got.Lo-tt.want.Lo) > 1 || math.Abs(got.Hi-tt.want.Hi) > 1 {
				t.Errorf("interval %g to %g, want %g to %g", got.Lo, got.Hi, tt.want.Lo, tt.want.Hi)
			}
		})
	}
}

func TestRatioOfScaledSamples(t *testing.T) {
	double := slices.Clone(oneTo100)
	for i := range double {
		double[i] *= 2
	}
	got, lo, hi := ratio(double, oneTo100)
	if !close4(got, 2) {
		t.Errorf("ratio %g, want 2", got)
	}
	// R: exp(wilcox.test(log(2*(1:100)), log(1:100), conf.int=TRUE)$conf.int) lies about 2 and excludes 1.
	if !(lo > 1.4 && lo < 2 && hi > 2 && hi < 2.6) || !close4(lo*hi, 4) {
		t.Errorf("interval %g to %g, want one that is symmetric about 2 by factors", lo, hi)
	}
	if got, lo, hi := ratio([]float64{0, 1}, []float64{1, 2}); got != 0 || lo != 0 || hi != 0 {
		t.Errorf("with a zero among the values: %g, %g to %g, want none", got, lo, hi)
	}
}

// The interval holds the truth as often as it promises.
func TestRatioIntervalCovers(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	draw := func(scale float64) []float64 {
		v := make([]float64, 25)
		for i := range v {
			v[i] = scale * math.Exp(0.3*rng.NormFloat64())
		}
		return v
	}
	const trials = 1000
	covered := 0
	for range trials {
		if _, lo, hi := ratio(draw(1.3), draw(1)); lo <= 1.3 && 1.3 <= hi {
			covered++
		}
	}
	if share := float64(covered) / trials; share < 0.93 || share > 0.97 {
		t.Errorf("the interval holds the true ratio in %.1f%% of %d trials, want 95%%", 100*share, trials)
	}
}

func TestHolm(t *testing.T) {
	// R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")
	got := holm([]float64{0.01, 0.04, 0.03, 0.005})
	for i, want := range []float64{0.03, 0.06, 0.06, 0.02} {
		if !close4(got[i], want) {
			t.Errorf("adjusted %d = %g, want %g", i, got[i], want)
		}
	}
}

// Runs of one process share its luck. Where processes differ and stacks do not,
// single runs find differences and medians of rounds do not.
func TestRoundsSeeThroughTheLuckOfProcesses(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	const reports = 100
	shown := 0
	for range reports {
		r := &Report{Workloads: []Workload{PingPong}, Cells: []Cell{{Link: "none"}}}
		for round := range Rounds {
			for _, s := range AllSeries() {
				luck := math.Exp(0.1 * rng.NormFloat64())
				for range 8 {
					r.Samples = append(r.Samples, Sample{Workload: PingPong, Series: s, Round: round, Values: Values{
						MetricRTT: luck * math.Exp(0.05*rng.NormFloat64()),
					}})
				}
			}
		}
		r.Analyze()
		if c := r.Result(0, PingPong, MetricRTT).Comparison(User, Kernel); c.Shown {
			shown++
		}
		a, b := r.Of(0, PingPong, User, MetricRTT), r.Of(0, PingPong, Kernel, MetricRTT)
		if len(a) != 8*Rounds || len(b) != len(a) {
			t.Fatalf("%d and %d values", len(a), len(b))
		}
	}
	if shown > reports/20 {
		t.Errorf("a difference was shown in %d of %d reports, want at most %d", shown, reports, reports/20)
	}
}
