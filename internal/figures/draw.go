package figures

import (
	"bytes"
	"fmt"
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/sockeye-tcp/sockeye/internal/chart"
)

// How the figures look: by dashes, widths and marks, so that colour only helps.

// All returns the figures as SVG by the names of their files.
func All() (map[string][]byte, error) {
	all := map[string][]byte{}
	for name, f := range map[string]func() ([]*plot.Plot, error){"cubic.svg": cubicFigure, "hystart.svg": hystartFigure} {
		plots, err := f()
		if err == nil {
			all[name], err = render(plots)
		}
		if err != nil {
			return nil, fmt.Errorf("draw %s: %w", name, err)
		}
	}
	return all, nil
}

// Size of a plot in points.
const (
	width  = 640
	height = 300
)

// render draws plots below each other.
func render(plots []*plot.Plot) ([]byte, error) {
	c := vgsvg.New(width, vg.Length(height*len(plots)))
	all := draw.New(c)
	all.SetColor(color.White)
	all.Fill(all.Rectangle.Path())
	for i, p := range plots {
		p.Draw(draw.Crop(all, margin, -margin, vg.Length(height*(len(plots)-1-i)), vg.Length(-height*i)))
	}
	var b bytes.Buffer
	_, err := c.WriteTo(&b)
	return b.Bytes(), err
}

// margin keeps labels within the picture.
const margin = 12

// A pen is how a line is drawn.
type pen struct {
	color  color.Color
	width  float64
	dashes []vg.Length
}

var (
	solid   = pen{color.RGBA{0x10, 0x3a, 0x5e, 0xff}, 1.6, nil}
	dashed  = pen{color.RGBA{0xb3, 0x52, 0x00, 0xff}, 2.4, []vg.Length{vg.Points(7), vg.Points(5)}}
	dotted  = pen{color.RGBA{0x2e, 0x7d, 0x4f, 0xff}, 1.4, []vg.Length{vg.Points(1.5), vg.Points(3)}}
	fine    = pen{color.Gray{0x50}, 0.8, nil}
	dashDot = pen{color.RGBA{0x5b, 0x4a, 0x9c, 0xff}, 1.4, []vg.Length{vg.Points(9), vg.Points(3), vg.Points(1.5), vg.Points(3)}}
)

// line adds a line, in the legend if it has a name.
func line(p *plot.Plot, name string, how pen, points plotter.XYs) error {
	l, err := plotter.NewLine(points)
	if err != nil {
		return err
	}
	l.LineStyle = draw.LineStyle{Color: how.color, Width: vg.Points(how.width), Dashes: how.dashes}
	p.Add(l)
	if name != "" {
		p.Legend.Add(name, l)
	}
	return nil
}

// marks adds single points.
func marks(p *plot.Plot, name string, how pen, shape draw.GlyphDrawer, points plotter.XYs) error {
	s, err := plotter.NewScatter(points)
	if err != nil {
		return err
	}
	s.GlyphStyle = draw.GlyphStyle{Color: how.color, Radius: vg.Points(2.2), Shape: shape}
	p.Add(s)
	p.Legend.Add(name, s)
	return nil
}

// thin are samples as points, no more than so many.
func thin(samples []sample, most int, scale float64) (points plotter.XYs) {
	every := max(1, len(samples)/most)
	for i, s := range samples {
		if i%every == 0 || i == len(samples)-1 {
			points = append(points, plotter.XY{X: s.seconds * scale, Y: s.segments})
		}
	}
	return points
}

// cubicFigure shows the window after two losses beside the closed form.
func cubicFigure() ([]*plot.Plot, error) {
	run := runCubic()
	p := chart.New("CUBIC in virtual time: round trip 100 ms, two losses", "time since the connection was opened (s)", "window (segments)")
	err := line(p, "congestion window, from the event record", solid, thin(run.window, width, 1))
	for i := range run.epochs {
		e := &run.epochs[i]
		name, plateau := "", ""
		if i == 0 {
			name, plateau = "closed form, C(t - K)³ + W_max", "W_max, where the curve is flat"
		}
		const steps = 100
		var curve plotter.XYs
		for j := range steps + 1 {
			at := e.begin + (e.end-e.begin)*float64(j)/steps
			curve = append(curve, plotter.XY{X: at, Y: e.at(at)})
		}
		if err == nil {
			err = line(p, name, dashed, curve)
		}
		if err == nil {
			err = line(p, plateau, dotted, plotter.XYs{{X: e.begin, Y: e.max}, {X: e.end, Y: e.max}})
		}
	}
	p.Y.Min, p.Y.Max = 0, p.Y.Max*1.1
	p.Legend.Left = true
	return []*plot.Plot{p}, err
}

// hystartFigure shows the window with and without HyStart++, and the round trips that it goes by.
func hystartFigure() ([]*plot.Plot, error) {
	with, without := runHystart(0), runHystart(4)
	const ms = 1000
	p := chart.New("Slow start into a bottleneck: 50 Mbit/s, 66 ms, queue of 2000 packets", "time since the connection was opened (ms)", "window (segments)")
	err := line(p, "without HyStart++", dashed, thin(without.window, width, ms))
	if err == nil {
		err = line(p, "with HyStart++", solid, thin(with.window, width, ms))
	}
	q := chart.New("Round trips with HyStart++", "time since the connection was opened (ms)", "round trip (ms)")
	if err == nil {
		err = marks(q, "round trip of each ACK", solid, draw.PlusGlyph{}, thin(with.rtts, width/3, ms))
	}
	var limits plotter.XYs
	for i := 1; i < len(with.rounds); i++ {
		r, last := with.rounds[i], with.rounds[i-1]
		end := hystartLength.Seconds()
		if i+1 < len(with.rounds) {
			end = with.rounds[i+1].begin
		}
		if r.begin >= with.exit {
			break
		}
		if last.min == 0 {
			continue
		}
		limits = append(limits, plotter.XY{X: r.begin * ms, Y: last.limit()}, plotter.XY{X: end * ms, Y: last.limit()})
	}
	if err == nil {
		err = line(q, "lastRoundMinRTT + RttThresh", dotted, limits)
	}
	for _, one := range []*plot.Plot{p, q} {
		one.X.Min, one.X.Max, one.Y.Min = 0, hystartLength.Seconds()*ms, 0
		one.Y.Max *= 1.3                                         // room for the legend
		one.Legend.Left, one.Legend.XOffs = true, vg.Points(190) // behind the line where conservative slow start begins
		top := one.Y.Max
		if err == nil {
			err = line(one, "conservative slow start begins", dashDot, plotter.XYs{{X: with.css * ms, Y: 0}, {X: with.css * ms, Y: top}})
		}
		if err == nil {
			err = line(one, "and ends", fine, plotter.XYs{{X: with.exit * ms, Y: 0}, {X: with.exit * ms, Y: top}})
		}
	}
	return []*plot.Plot{p, q}, err
}
