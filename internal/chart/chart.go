// Package chart holds how the plots of sockeye look, whatever they show.
package chart

import (
	"image/color"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// New returns an empty plot with its texts and a grid, and room for a legend at its top right.
func New(title, x, y string) *plot.Plot {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	sans := font.Font{Typeface: "Liberation", Variant: "Sans"}
	p.Title.TextStyle.Font = font.From(sans, 11)
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Label.TextStyle.Font = font.From(sans, 10)
		axis.Tick.Label.Font = font.From(sans, 9)
		axis.Padding = vg.Points(2)
		axis.Tick.Marker = plainTicks{}
	}
	p.Legend.TextStyle.Font = font.From(sans, 9)
	p.Legend.Top = true
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = color.Gray{0xe4}, color.Gray{0xe4}
	p.Add(grid)
	return p
}

// plainTicks are the library's, with labels as short as they can be.
type plainTicks struct{}

// Ticks returns the ticks of an axis.
func (plainTicks) Ticks(low, high float64) []plot.Tick {
	ticks := plot.DefaultTicks{}.Ticks(low, high)
	for i := range ticks {
		if ticks[i].Label != "" {
			ticks[i].Label = strconv.FormatFloat(ticks[i].Value, 'g', 5, 64)
		}
	}
	return ticks
}
