package compare

import (
	"fmt"
	"math"
	"strings"
)

// Conclusions in words.

// seriesWords are how sentences speak of the series.
var seriesWords = map[Series]string{
	User:    "our TCP",
	Twin:    "our TCP",
	Control: "the kernel's",
	Kernel:  "the kernel's TCP",
}

// wordsFor are seriesWords, or in a calibration, where all are the kernel, their names.
func (r *Report) wordsFor(s Series) string {
	if r.Amounts.Calibration {
		return fmt.Sprintf("series %q", s)
	}
	return seriesWords[s]
}

// verdicts writes one paragraph for each workload of each cell.
func (r *Report) verdicts() []string {
	var list []string
	for cell := range r.Cells {
		for _, w := range r.Workloads {
			x := r.Result(cell, w, w.Metrics()[0].Name)
			if x == nil || len(x.Comparisons) == 0 {
				continue
			}
			list = append(list, r.Subject(cell, w)+": "+r.sentence(x))
		}
	}
	return list
}

// Subject names a workload and, where there are several, its cell.
func (r *Report) Subject(cell int, w Workload) string {
	if name := r.Name(cell, w); name != "" {
		return string(w) + " (" + name + ")"
	}
	return string(w)
}

// sentence says what the comparisons of a result show.
func (r *Report) sentence(x *Result) string {
	var parts []string
	for i := range x.Comparisons {
		c := &x.Comparisons[i]
		switch c.B {
		case Control:
			parts = append(parts, "on one and the same path (twin, control), "+r.clause(x, c))
		case Kernel:
			if c.A == User { // control against kernel is about paths, and stands in JSON
				parts = append(parts, r.clause(x, c)+r.where(x))
			}
		}
	}
	return strings.Join(parts, "; ") + "."
}

// clause says what one comparison shows.
func (r *Report) clause(x *Result, c *Comparison) string {
	a, b := r.wordsFor(c.A), r.wordsFor(c.B)
	if c.Shown {
		return fmt.Sprintf("%s is %s than %s (%s)", a, faster(x.Higher, c), b, factorInterval(c))
	}
	text := fmt.Sprintf("no difference shown between %s and %s", a, b)
	if c.Ratio == 0 {
		return text
	}
	text += fmt.Sprintf(" (ratio %s, 95%% interval %s to %s", FormatRatio(c.Ratio), FormatRatio(c.Lo), FormatRatio(c.Hi))
	if c.Lo > 1 || c.Hi < 1 {
		text += ", which is not beyond chance among so many comparisons or with so few runs"
	}
	return text + ")"
}

// faster says by which factor a is faster or slower than b.
func faster(higher bool, c *Comparison) string {
	speed := c.Ratio // how many times as fast a is
	if !higher {
		speed = 1 / c.Ratio
	}
	switch {
	case c.Ratio == 0:
		return "different"
	case speed >= 1:
		return FormatRatio(speed) + " times faster"
	}
	return FormatRatio(1/speed) + " times slower"
}

// factorInterval is the interval of the factor that faster names, which is at least 1.
func factorInterval(c *Comparison) string {
	lo, hi := c.Lo, c.Hi
	if c.Ratio < 1 {
		lo, hi = 1/c.Hi, 1/c.Lo
	}
	return fmt.Sprintf("95%% interval %s to %s", FormatRatio(lo), FormatRatio(hi))
}

// where names the phase of a fetch in which most of the difference between user
// and kernel arises, if a difference was shown.
func (r *Report) where(x *Result) string {
	if c := x.Comparison(User, Kernel); x.Workload != Fetch || c == nil || !c.Shown {
		return ""
	}
	difference := func(m string) float64 {
		p := r.Result(x.Cell, Fetch, m)
		if p == nil || p.Summary(User) == nil || p.Summary(Kernel) == nil {
			return 0
		}
		return p.Summary(User).Median - p.Summary(Kernel).Median
	}
	whole := difference(MetricTotal)
	var most Metric
	for _, m := range phases {
		if d := difference(m.Name); d*whole > 0 && (most.Name == "" || math.Abs(d) > math.Abs(difference(most.Name))) {
			most = m
		}
	}
	if most.Name == "" || whole == 0 {
		return ""
	}
	return fmt.Sprintf(", most of it in %s (%s of %s)", most.Title, signed(difference(most.Name)), signed(whole))
}

func signed(seconds float64) string {
	if seconds < 0 {
		return "-" + FormatValue(-seconds, Seconds)
	}
	return "+" + FormatValue(seconds, Seconds)
}

// FormatRatio writes a factor with three digits.
func FormatRatio(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// unitSteps are the units for people, the largest first.
var unitSteps = map[Unit][]step{
	Seconds:        {{1, "s"}, {1e-3, "ms"}, {1e-6, "µs"}, {1e-9, "ns"}},
	BytesPerSecond: {{1 << 30, "GiB/s"}, {1 << 20, "MiB/s"}, {1 << 10, "KiB/s"}, {1, "B/s"}},
	Bytes:          {{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}, {1, "B"}},
	PerSecond:      {{1e6, "M/s"}, {1e3, "k/s"}, {1, "/s"}},
	Count:          {{1, ""}},
}

// FormatValue writes a value with three digits and a unit for people.
func FormatValue(v float64, u Unit) string {
	if u == Count {
		return fmt.Sprintf("%.3g", v)
	}
	s := pick(v, unitSteps[u])
	v /= s.size
	digits := 2
	for limit := 9.995; limit < math.Abs(v) && digits > 0; limit *= 10 {
		digits--
	}
	return fmt.Sprintf("%.*f %s", digits, v, s.name)
}

// A step is a unit for people and how much of the basic one it is.
type step struct {
	size float64
	name string
}

// pick returns the largest unit that a value holds at least once.
func pick(v float64, steps []step) step {
	for _, s := range steps {
		if math.Abs(v) >= s.size*0.9995 {
			return s
		}
	}
	return steps[len(steps)-1]
}

// Scale returns the unit for people in which values about v are best read, and
// by what to divide to get there.
func Scale(v float64, u Unit) (divisor float64, name string) {
	s := pick(v, unitSteps[u])
	return s.size, s.name
}
