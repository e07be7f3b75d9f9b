package report

import (
	"fmt"
	"image/color"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/sockeye-tcp/sockeye/internal/chart"
	"github.com/sockeye-tcp/sockeye/internal/compare"
)

// The pictures of one workload: phases, distribution, boxes, course.

// mostMarks bounds the points that a picture shows of one series.
const mostMarks = 300

// pictures draws what there is to draw of a section.
func pictures(r *compare.Report, s *section) (list []picture, err error) {
	x := r.Result(s.Cell, s.Workload, s.Workload.Metrics()[0].Name)
	draws := []func(*compare.Report, *compare.Result) (*plot.Plot, error){ecdf, boxes, course}
	if s.Workload == compare.Fetch {
		draws = slices.Insert(draws, 0, phaseBars)
	}
	for _, d := range draws {
		p, err := d(r, x)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.Title, err)
		}
		one, err := render(p)
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, nil
}

// axis says how the axis of a metric is labelled, and what its values are divided by.
func axis(x *compare.Result) (label string, divisor float64) {
	divisor, unit := compare.Scale(x.Summaries[0].Median, x.Unit)
	return fmt.Sprintf("%s (%s)", title(x), unit), divisor
}

// scaled are the values of a series in the unit of the axis.
func scaled(r *compare.Report, x *compare.Result, s compare.Series, divisor float64) []float64 {
	values := r.Of(x.Cell, x.Workload, s, x.Metric)
	for i := range values {
		values[i] /= divisor
	}
	return values
}

// ecdf draws which share of the runs was below each value, up to the 95% quantile.
func ecdf(r *compare.Report, x *compare.Result) (*plot.Plot, error) {
	label, divisor := axis(x)
	p := chart.New("Distribution (ECDF), to the largest 95% quantile", label, "share of runs")
	end := 0.0
	for _, s := range compare.AllSeries() {
		values := scaled(r, x, s, divisor)
		if len(values) == 0 {
			continue
		}
		slices.Sort(values)
		end = max(end, compare.Quantile(values, 0.95))
		points := plotter.XYs{{X: values[0], Y: 0}}
		for i, v := range values {
			if i%every(len(values)) == 0 || i == len(values)-1 {
				points = append(points, plotter.XY{X: v, Y: float64(i+1) / float64(len(values))})
			}
		}
		l, err := plotter.NewLine(points)
		if err != nil {
			return nil, err
		}
		l.StepStyle, l.LineStyle = plotter.PreStep, lineStyle(s)
		p.Add(l)
		p.Legend.Add(string(s), l)
	}
	p.Legend.Top = false // that corner is empty: the curves have risen by then
	p.Y.Min, p.Y.Max, p.X.Max = 0, 1, end
	return p, nil
}

// every is which point of n is shown, so that there are no more than mostMarks.
func every(n int) int { return max(1, (n+mostMarks-1)/mostMarks) }

// boxes draws medians, quartiles and whiskers.
func boxes(r *compare.Report, x *compare.Result) (*plot.Plot, error) {
	label, divisor := axis(x)
	p := chart.New("Median, quartiles, 1.5 times their distance, outliers", "series", label)
	var names []string
	end := 0.0
	for _, s := range compare.AllSeries() {
		values := scaled(r, x, s, divisor)
		if len(values) == 0 {
			continue
		}
		b, err := plotter.NewBoxPlot(vg.Points(36), float64(len(names)), plotter.Values(values))
		if err != nil {
			return nil, err
		}
		b.FillColor = color.Gray{0xf0}
		b.BoxStyle.Color, b.MedianStyle.Color, b.MedianStyle.Width = looks[s].color, looks[s].color, vg.Points(2.5)
		b.WhiskerStyle.Color, b.WhiskerStyle.Dashes, b.GlyphStyle = looks[s].color, nil, glyphStyle(s)
		p.Add(b)
		names = append(names, string(s))
		slices.Sort(values)
		end = max(end, compare.Quantile(values, 0.99))
	}
	named(p, names)
	p.Y.Min, p.Y.Max = 0, end*1.05
	return p, nil
}

// course draws the runs in the order in which they were made.
func course(r *compare.Report, x *compare.Result) (*plot.Plot, error) {
	label, divisor := axis(x)
	p := chart.New("In the order of the runs", "run (all series)", label)
	end := 0.0
	for _, s := range compare.AllSeries() {
		var points plotter.XYs
		for i := range r.Samples {
			if m := &r.Samples[i]; m.Cell == x.Cell && m.Workload == x.Workload && m.Series == s {
				points = append(points, plotter.XY{X: float64(m.Order), Y: m.Values[x.Metric] / divisor})
			}
		}
		if len(points) == 0 {
			continue
		}
		values := scaled(r, x, s, divisor)
		slices.Sort(values)
		end = max(end, compare.Quantile(values, 0.99))
		step := every(len(points))
		var shown plotter.XYs
		for i := 0; i < len(points); i += step {
			shown = append(shown, points[i])
		}
		dots, err := plotter.NewScatter(shown)
		if err != nil {
			return nil, err
		}
		dots.GlyphStyle = glyphStyle(s)
		p.Add(dots)
		p.Legend.Add(string(s), dots)
	}
	p.Y.Min, p.Y.Max = 0, end*1.35 // room for the legend
	return p, nil
}

// phaseBars sets the medians of the phases of a fetch side by side.
func phaseBars(r *compare.Report, x *compare.Result) (*plot.Plot, error) {
	divisor, unit := compare.Scale(x.Summaries[0].Median, compare.Seconds)
	p := chart.New("Phases, medians", "phase", "time ("+unit+")")
	const width = 12
	var names []string
	for i, s := range compare.AllSeries() {
		var heights plotter.Values
		names = names[:0]
		for _, m := range compare.Phases() {
			ph := r.Result(x.Cell, x.Workload, m.Name)
			if ph == nil || ph.Summary(s) == nil {
				continue
			}
			names = append(names, m.Title)
			heights = append(heights, ph.Summary(s).Median/divisor)
		}
		if len(heights) == 0 {
			continue
		}
		b, err := plotter.NewBarChart(heights, vg.Points(width))
		if err != nil {
			return nil, err
		}
		b.Color, b.LineStyle.Color, b.LineStyle.Width = looks[s].fill, looks[s].color, vg.Points(1)
		b.Offset = vg.Points(width * (float64(i) - 1.5))
		p.Add(b)
		p.Legend.Add(string(s), b)
	}
	named(p, names)
	p.Y.Min = 0
	p.Y.Max *= 1.4 // room for the legend
	return p, nil
}
