package main

import (
	"image/color"
	"io"
	"os"
	"path/filepath"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/sockeye-tcp/sockeye/internal/chart"
)

// The report as a picture: a panel for each of the main figures, a bar for each system.

// Sizes of the picture.
const (
	panelWidth  = 3.2 * vg.Inch
	panelHeight = 2.4 * vg.Inch
	columns     = 3
)

// colors are those of the systems: the kernel grey, gVisor blue, ours red.
var colors = map[system]color.Color{
	kernel: color.Gray{0x60}, kernelTUN: color.Gray{0xa8},
	gvisorPlain: color.RGBA{0x9e, 0xc5, 0xe8, 0xff}, gvisorWire: color.RGBA{0x2f, 0x74, 0xb5, 0xff},
	ours: color.RGBA{0xc8, 0x3c, 0x32, 0xff}, oursPlain: color.RGBA{0xec, 0xa8, 0xa0, 0xff},
}

// picture writes the picture to a file, whose name says in which form: SVG, PNG or PDF.
func (r *report) picture(name string) error {
	var panels []*plot.Plot
	var failed error
	r.eachMetric(func(w work, m metric) {
		if !m.pictured || failed != nil {
			return
		}
		p, err := r.panel(w, m)
		if err != nil {
			failed = err
			return
		}
		panels = append(panels, p)
	})
	if failed != nil || len(panels) == 0 {
		return failed
	}
	rows := (len(panels) + columns - 1) / columns
	canvas, err := draw.NewFormattedCanvas(columns*panelWidth, vg.Length(rows)*panelHeight, strings.TrimPrefix(filepath.Ext(name), "."))
	if err != nil {
		return err
	}
	tiles := draw.Tiles{Rows: rows, Cols: columns, PadX: vg.Points(8), PadY: vg.Points(8), PadTop: vg.Points(4), PadRight: vg.Points(4)}
	whole := draw.New(canvas)
	for i, p := range panels {
		p.Draw(tiles.At(whole, i%columns, i/columns))
	}
	return toFile(name, canvas)
}

func toFile(name string, content io.WriterTo) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	if _, err := content.WriteTo(f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// panel draws one figure: medians with their intervals.
func (r *report) panel(w work, m metric) (*plot.Plot, error) {
	p := chart.New(w.title(m), "", m.unit)
	var names []string
	var spread errorBars
	for _, s := range r.Systems {
		x := r.median(w, m, s)
		if x == nil {
			continue
		}
		at, median := float64(len(names)), x.Median*m.scale
		bar, err := plotter.NewBarChart(plotter.Values{median}, vg.Points(22))
		if err != nil {
			return nil, err
		}
		bar.XMin, bar.Color, bar.LineStyle.Width = at, colors[s], 0
		p.Add(bar)
		spread.XYs = append(spread.XYs, plotter.XY{X: at, Y: median})
		spread.YErrors = append(spread.YErrors, struct{ Low, High float64 }{median - x.Lo*m.scale, x.Hi*m.scale - median})
		names = append(names, string(s))
	}
	if len(names) == 0 {
		return p, nil
	}
	bars, err := plotter.NewYErrorBars(spread)
	if err != nil {
		return nil, err
	}
	p.Add(bars)
	p.NominalX(names...)
	p.Y.Min, p.Y.Max = 0, p.Y.Max*1.05 // room below the title
	return p, nil
}

// errorBars are points with the ends of their intervals.
type errorBars struct {
	plotter.XYs
	plotter.YErrors
}
