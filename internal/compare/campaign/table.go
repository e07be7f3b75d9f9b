package campaign

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/sockeye-tcp/sockeye/internal/compare"
)

// The table that a campaign ends in.

// A Result is what the samples of a case say.
type Result struct {
	Case
	Runs     map[Stack]int
	Goodput  map[Stack]float64 // median
	Spurious map[Stack]float64 // a run, mean
	Segments map[Stack]float64 // a run, mean
	Busy     bool              // the machine was the limit in some run
}

// Least is the share of the kernel's goodput that ours must reach.
const Least = 0.95

// Ratio is ours by the kernel's, or 0 when one is missing.
func (r *Result) Ratio() float64 {
	if r.Goodput[Kernel] == 0 {
		return 0
	}
	return r.Goodput[Ours] / r.Goodput[Kernel]
}

// isWhole reports whether both stacks were measured.
func (r *Result) isWhole() bool { return r.Runs[Ours] > 0 && r.Runs[Kernel] > 0 }

// perMille is how many of a thousand segments were sent for nothing.
func (r *Result) perMille(s Stack) float64 { return 1000 * r.Spurious[s] / max(r.Segments[s], 1) }

// noMoreSpurious reports whether ours sent no more for nothing than the kernel: a run, up to half a segment, or of as many segments.
func (r *Result) noMoreSpurious() bool {
	return r.Spurious[Ours] <= r.Spurious[Kernel]+0.5 || r.perMille(Ours) <= r.perMille(Kernel)
}

// Results are those of all cases that have samples, in the order of the grid.
func Results(list []Sample) (results []*Result) {
	goodput, at := map[Key][]float64{}, map[Case]*Result{}
	for i := range list {
		s := &list[i]
		r := at[s.Case]
		if r == nil {
			r = &Result{Case: s.Case, Runs: map[Stack]int{}, Goodput: map[Stack]float64{}, Spurious: map[Stack]float64{}, Segments: map[Stack]float64{}}
			at[s.Case] = r
			results = append(results, r)
		}
		k := Key{s.Case, s.Stack}
		goodput[k] = append(goodput[k], s.Goodput)
		r.Runs[s.Stack]++
		r.Spurious[s.Stack] += float64(s.Spurious)
		r.Segments[s.Stack] += float64(s.Segments)
		r.Busy = r.Busy || s.Machine > BusyMachine
	}
	for _, r := range results {
		for s, n := range r.Runs {
			values := goodput[Key{r.Case, s}]
			slices.Sort(values)
			r.Goodput[s] = compare.Quantile(values, 0.5)
			r.Spurious[s] /= float64(n)
			r.Segments[s] /= float64(n)
		}
	}
	slices.SortFunc(results, func(a, b *Result) int {
		return cmp.Or(-cmp.Compare(a.Congestion, b.Congestion), -cmp.Compare(a.Role, b.Role), cmp.Compare(a.Loss, b.Loss),
			cmp.Compare(a.DelayMs, b.DelayMs), cmp.Compare(a.Reorder, b.Reorder), cmp.Compare(a.Mbit, b.Mbit))
	})
	return results
}

// Markdown writes the tables: one for each congestion control and role, a row for each loss, delay and reordering, and a
// column for each rate.
func Markdown(w io.Writer, list []Sample) error {
	var b strings.Builder
	results := Results(list)
	for len(results) > 0 {
		first := results[0]
		n := slices.IndexFunc(results, func(r *Result) bool { return r.Congestion != first.Congestion || r.Role != first.Role })
		if n < 0 {
			n = len(results)
		}
		section(&b, results[:n])
		results = results[n:]
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func section(b *strings.Builder, results []*Result) {
	verb := "sends to"
	if results[0].Role == Receiver {
		verb = "receives from"
	}
	fmt.Fprintf(b, "### %s, the one under test %s a kernel\n\n%s\n\n", strings.ToUpper(results[0].Congestion), verb, Verdict(results))
	rates := []float64{}
	for _, r := range results {
		if !slices.Contains(rates, r.Mbit) {
			rates = append(rates, r.Mbit)
		}
	}
	slices.Sort(rates)
	b.WriteString("| loss | delay | reorder |")
	for _, rate := range rates {
		fmt.Fprintf(b, " %g Mbit/s |", rate)
	}
	b.WriteString("\n|---:|---:|---:|" + strings.Repeat("---|", len(rates)) + "\n")
	for i := 0; i < len(results); {
		c := results[i].Cell
		fmt.Fprintf(b, "| %g%% | %g ms | %g%% |", 100*c.Loss, c.DelayMs, 100*c.Reorder)
		for _, rate := range rates {
			c.Mbit = rate
			if i < len(results) && results[i].Cell == c {
				b.WriteString(" " + results[i].text() + " |")
				i++
			} else {
				b.WriteString(" |")
			}
		}
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
}

// text is what stands in a table for a case.
func (r *Result) text() string {
	if !r.isWhole() {
		return "–"
	}
	ratio := fmt.Sprintf("%.2f", r.Ratio())
	if r.Ratio() < Least {
		ratio = "**" + ratio + "**"
	}
	if r.Busy {
		ratio += "†"
	}
	return fmt.Sprintf("%s (%s / %s; %s / %s)", ratio, short(r.Goodput[Ours]/1e6), short(r.Goodput[Kernel]/1e6),
		short(r.perMille(Ours)), short(r.perMille(Kernel)))
}

// short writes a number with about three digits.
func short(v float64) string {
	switch {
	case v >= 99.95:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 9.995:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strings.TrimSuffix(strconv.FormatFloat(v, 'f', 2, 64), ".00")
}

// Verdict counts in how many cells what was hoped for holds.
func Verdict(results []*Result) string {
	var whole, least, above, spurious, busy int
	for _, r := range results {
		if !r.isWhole() {
			continue
		}
		whole++
		for n, holds := range map[*int]bool{&least: r.Ratio() >= Least, &above: r.Ratio() > 1, &spurious: r.noMoreSpurious(), &busy: r.Busy} {
			if holds {
				*n++
			}
		}
	}
	return fmt.Sprintf("Of %d cells, our goodput is at least %g of the kernel's in %d and above it in %d; in %d we send no more for nothing than the kernel; in %d the machine was the limit (†).",
		whole, Least, least, above, spurious, busy)
}
