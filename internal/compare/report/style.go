package report

import (
	"bytes"
	"fmt"
	"html"
	"html/template"
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/sockeye-tcp/sockeye/internal/compare"
)

// How the series look: by dashes, marks and lightness, so that colour only helps.
//
// The plots of package ladder are not shared: they show one connection by
// steps and marks with a cursor that follows the drawing, and that package keeps
// to the standard library; what is needed here are distributions.

// A look is that of one series.
type look struct {
	color  color.Color
	fill   color.Color
	dashes []vg.Length
	mark   draw.GlyphDrawer
}

var looks = map[compare.Series]look{
	compare.User:    {rgb(0x10, 0x3a, 0x5e), rgb(0x10, 0x3a, 0x5e), nil, draw.CircleGlyph{}},
	compare.Kernel:  {rgb(0x2e, 0x7d, 0x4f), rgb(0xff, 0xff, 0xff), points(1.5, 2), draw.TriangleGlyph{}},
	compare.Twin:    {rgb(0x5b, 0x4a, 0x9c), rgb(0x9a, 0x90, 0xc4), points(8, 2, 1.5, 2), draw.PlusGlyph{}},
	compare.Control: {rgb(0xb3, 0x52, 0x00), rgb(0xee, 0xc9, 0xa6), points(6, 3), draw.CrossGlyph{}},
}

func rgb(r, g, b uint8) color.Color { return color.RGBA{r, g, b, 0xff} }

func points(lengths ...float64) (list []vg.Length) {
	for _, l := range lengths {
		list = append(list, vg.Points(l))
	}
	return list
}

func lineStyle(s compare.Series) draw.LineStyle {
	return draw.LineStyle{Color: looks[s].color, Width: vg.Points(1.4), Dashes: looks[s].dashes}
}

func glyphStyle(s compare.Series) draw.GlyphStyle {
	return draw.GlyphStyle{Color: looks[s].color, Radius: vg.Points(1.8), Shape: looks[s].mark}
}

// Size of a plot.
const (
	plotWidth  = 400
	plotHeight = 250
	plotMargin = 14 // on the right, for the half of the last tick's label that sticks out
)

// named makes the axis below one of names, with half a place free at both ends.
func named(p *plot.Plot, names []string) {
	p.NominalX(names...)
	p.X.Min, p.X.Max = -0.6, float64(len(names))-0.4
}

// A picture is a plot as SVG.
type picture struct {
	Title string
	SVG   template.HTML
}

// render draws a plot. What screen readers say of it is its title.
func render(p *plot.Plot) (picture, error) {
	c := vgsvg.New(plotWidth, plotHeight)
	p.Draw(draw.Crop(draw.New(c), 0, -vg.Points(plotMargin), 0, 0))
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		return picture{}, fmt.Errorf("draw %q: %w", p.Title.Text, err)
	}
	_, svg, ok := bytes.Cut(b.Bytes(), []byte("<svg "))
	if !ok {
		return picture{}, fmt.Errorf("draw %q: no SVG came out", p.Title.Text)
	}
	name := html.EscapeString(p.Title.Text)
	// The drawing library escapes the texts in it.
	return picture{p.Title.Text, template.HTML(`<svg role="img" aria-label="` + name + `" ` + string(svg))}, nil
}
