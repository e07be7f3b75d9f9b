package report

import (
	"fmt"

	"github.com/sockeye-tcp/sockeye/internal/compare"
)

// The tables that text, Markdown and HTML have in common.

// A table has a head and rows of the same length.
type table struct {
	Head []string
	Rows [][]string
}

// A section is what there is to say about one workload of one cell.
type section struct {
	Cell     int
	Workload compare.Workload
	Title    string
	Verdict  string
	Spread   table // of the main metric
	Measures table // medians of all metrics, and ratios
	Note     string
}

// sections returns those that have samples, in the order of the report.
func sections(r *compare.Report) (list []section) {
	verdicts := r.Verdicts
	for cell := range r.Cells {
		for _, w := range r.Workloads {
			main := r.Result(cell, w, w.Metrics()[0].Name)
			if main == nil {
				continue
			}
			s := section{Cell: cell, Workload: w, Title: r.Subject(cell, w), Spread: spread(main), Measures: measures(r, cell, w), Note: note(r, cell, w)}
			if len(main.Comparisons) > 0 && len(verdicts) > 0 {
				s.Verdict, verdicts = verdicts[0], verdicts[1:]
			}
			list = append(list, s)
		}
	}
	return list
}

// about says what one run of a workload is.
var about = map[compare.Workload]string{
	compare.Fetch:       "one page over a new connection",
	compare.Requests:    "requests in a row over connections that stay open",
	compare.Connections: "requests in a row, each over a new connection",
	compare.Download:    "bytes to the client over bare TCP",
	compare.Upload:      "bytes from the client over bare TCP",
	compare.PingPong:    "round trips of one byte over bare TCP",
}

// note says what one run was.
func note(r *compare.Report, cell int, w compare.Workload) string {
	c := r.Cells[cell]
	text := about[w]
	for i := range r.Samples {
		if m := &r.Samples[i]; m.Cell == cell && m.Workload == w {
			switch w {
			case compare.Download, compare.Upload:
				text = fmt.Sprintf("%s over bare TCP", compare.FormatValue(float64(m.Amount), compare.Bytes))
			case compare.Fetch:
			default:
				text = fmt.Sprintf("%d %s", m.Amount, text)
			}
			break
		}
	}
	if c.Size > 0 && (w == compare.Fetch || w == compare.Requests || w == compare.Connections) {
		text += ", " + compare.FormatSize(c.Size) + " each"
	}
	if c.Concurrency > 1 && w != compare.Fetch && w != compare.PingPong {
		text += fmt.Sprintf(", %d connections at once", c.Concurrency)
	}
	return text
}

// spread describes the main metric of each series.
func spread(x *compare.Result) table {
	t := table{Head: []string{title(x), "n", "median", "95% interval", "p90", "p99", "min", "max"}}
	f := func(v float64) string { return compare.FormatValue(v, x.Unit) }
	for i := range x.Summaries {
		s := &x.Summaries[i]
		t.Rows = append(t.Rows, []string{
			string(s.Series), fmt.Sprint(s.N), f(s.Median), f(s.Lo) + " to " + f(s.Hi), f(s.P90), f(s.P99), f(s.Min), f(s.Max),
		})
	}
	return t
}

// metric returns that of a result.
func metric(x *compare.Result) compare.Metric {
	for _, m := range x.Workload.Metrics() {
		if m.Name == x.Metric {
			return m
		}
	}
	panic("BUG: result of a metric " + x.Metric + " that does not exist")
}

func title(x *compare.Result) string { return metric(x).Title }

// measures sets the medians of all metrics side by side.
func measures(r *compare.Report, cell int, w compare.Workload) table {
	t := table{Head: []string{"median of", "user", "kernel", "twin", "control", "user/kernel", "twin/control"}}
	for _, m := range w.Metrics() {
		x := r.Result(cell, w, m.Name)
		if x == nil {
			continue
		}
		row := []string{m.Title}
		for _, s := range compare.AllSeries() {
			text := "-"
			if sum := x.Summary(s); sum != nil {
				text = compare.FormatValue(sum.Median, m.Unit)
			}
			row = append(row, text)
		}
		row = append(row, ratio(x.Comparison(compare.User, compare.Kernel)), ratio(x.Comparison(compare.Twin, compare.Control)))
		t.Rows = append(t.Rows, row)
	}
	return t
}

// ratio writes a ratio with its interval, or ~ where no difference was shown.
func ratio(c *compare.Comparison) string {
	switch {
	case c == nil:
		return ""
	case !c.Shown:
		return "~"
	case c.Ratio == 0:
		return "differs"
	}
	return fmt.Sprintf("%s (%s to %s)", compare.FormatRatio(c.Ratio), compare.FormatRatio(c.Lo), compare.FormatRatio(c.Hi))
}

// legend explains the tables.
const legend = "user: our TCP over TUN and NAT; kernel: the kernel's TCP, directly; twin and control: ours and the kernel's " +
	"on one and the same path, a forwarder before TUN and NAT. " +
	"Ratios are Hodges-Lehmann estimates with 95% intervals, from the medians of rounds with new processes; ~ means that no difference was shown " +
	"(Mann-Whitney, after Holm's correction: at 5% for all main measures together, and for all others). " +
	"Intervals hold one at a time."
