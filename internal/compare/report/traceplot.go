package report

import (
	"fmt"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/sockeye-tcp/sockeye/internal/chart"
	"github.com/sockeye-tcp/sockeye/internal/compare"
)

// The pictures of one upload: time and sequence number, congestion window, round-trip time.

// tracePictures draws the traces of a report, if it has any.
func tracePictures(r *compare.Report) (list []picture, err error) {
	if len(r.Traces) == 0 {
		return nil, nil
	}
	for _, of := range []struct {
		title, what string
		unit        compare.Unit
		value       func(*compare.Point) float64
	}{
		{"Time and sequence number", "bytes sent", compare.Bytes, func(p *compare.Point) float64 { return p.Sent }},
		{"Time and acknowledgment", "bytes acknowledged", compare.Bytes, func(p *compare.Point) float64 { return p.Acked }},
		{"Congestion window", "window", compare.Bytes, func(p *compare.Point) float64 { return p.Cwnd }},
		{"Round-trip time, smoothed", "time", compare.Seconds, func(p *compare.Point) float64 { return p.RTT }},
	} {
		p, err := tracePlot(r.Traces, of.title, of.what, of.unit, of.value)
		if err != nil {
			return nil, fmt.Errorf("trace: %w", err)
		}
		one, err := render(p)
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, nil
}

// tracePlot draws one value of the points over time, and a cross where something was sent again.
func tracePlot(traces []compare.Trace, title, what string, unit compare.Unit, value func(*compare.Point) float64) (*plot.Plot, error) {
	end, high := 0.0, 0.0
	for _, t := range traces {
		for i := range t.Points {
			end, high = max(end, t.Points[i].Time), max(high, value(&t.Points[i]))
		}
	}
	timeDivisor, timeUnit := compare.Scale(end, compare.Seconds)
	divisor, name := compare.Scale(high, unit)
	p := chart.New(title, "time ("+timeUnit+")", what+" ("+name+")")
	var again plotter.XYs
	for _, t := range traces {
		var points plotter.XYs
		for i := range t.Points {
			q := &t.Points[i]
			at := plotter.XY{X: q.Time / timeDivisor, Y: value(q) / divisor}
			if q.Again {
				again = append(again, at)
			}
			if value(q) > 0 && (i%every(len(t.Points)) == 0 || i == len(t.Points)-1) {
				points = append(points, at)
			}
		}
		if len(points) == 0 {
			continue
		}
		l, err := plotter.NewLine(points)
		if err != nil {
			return nil, err
		}
		l.LineStyle = lineStyle(t.Series)
		p.Add(l)
		p.Legend.Add(string(t.Series), l)
	}
	if len(again) > 0 {
		marks, err := plotter.NewScatter(again)
		if err != nil {
			return nil, err
		}
		marks.GlyphStyle = draw.GlyphStyle{Color: looks[compare.User].color, Radius: vg.Points(3), Shape: draw.PlusGlyph{}}
		p.Add(marks)
		p.Legend.Add("sent again (user)", marks)
	}
	p.Y.Min, p.Y.Max = 0, 1.3*high/divisor // room for the legend
	p.Legend.Left = true
	return p, nil
}
