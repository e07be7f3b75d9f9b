package ladder

import (
	"math"
	"strconv"
)

// Plots: curves over the time of a connection.

// A plot is one picture: what is drawn over time.
type plot struct {
	title  string
	unit   string  // of the upright axis
	until  float64 // the end of the time axis, in seconds; it begins at 0
	curves []curve
}

// A curve is one of the things that a plot shows.
type curve struct {
	name   string
	class  string // of the style sheet: how it looks, with and without colour
	shape  shape
	points []point
}

// A shape says how points are joined.
type shape uint8

const (
	steps shape = iota // the value holds until the next point
	dots               // on their own
	bars               // from y to top
	marks              // a cross each
)

// A point has a time in seconds and a value; of a bar, the value at its other end.
type point struct{ x, y, top float64 }

const (
	plotWidth  = 560.0
	plotHeight = 250.0
	plotLeft   = 64.0
	plotRight  = 14.0
	plotTop    = 40.0
	plotBottom = 34.0
)

// scale maps values to pixels.
type scale struct{ from, to, low, high float64 }

func (s scale) px(v float64) float64 {
	return s.from + (v-s.low)/(s.high-s.low)*(s.to-s.from)
}

// draw writes the plot as an SVG element. Scripts find the time axis in its data attributes.
func (p *plot) draw(c *canvas) {
	x, y := p.scales()
	c.markup(`<svg class="plot" viewBox="0 0 %s %s" role="img" data-from="%s" data-to="%s" data-low="%g" data-high="%g">`+"\n",
		px(plotWidth), px(plotHeight), px(x.from), px(x.to), x.low, x.high)
	c.markup("<title>%s</title>\n", escape(p.title))
	c.text(plotLeft, 14, atStart, run{"name", p.title})
	p.axes(c, x, y)
	at := plotLeft
	for i := range p.curves {
		v := &p.curves[i]
		v.draw(c, x, y)
		v.key(c, at)
		at += 34 + 6.2*float64(len(v.name))
	}
	c.line("cursor", x.from, y.from, x.from, y.to)
	c.markup("</svg>\n")
}

// scales fits the upright axis to all points; both begin at zero.
func (p *plot) scales() (x, y scale) {
	x = scale{from: plotLeft, to: plotWidth - plotRight, high: max(p.until, 1e-6)}
	y = scale{from: plotHeight - plotBottom, to: plotTop}
	for _, v := range p.curves {
		for _, q := range v.points {
			y.high = max(y.high, q.y, q.top)
		}
	}
	if y.high == 0 {
		y.high = 1
	}
	y.high *= 1.04
	return x, y
}

// axes draws the grid with its numbers.
func (p *plot) axes(c *canvas, x, y scale) {
	factor, unit := 1e3, "ms"
	if x.high >= secondsFrom.Seconds() {
		factor, unit = 1, "s"
	}
	for _, v := range ticks(x.low*factor, x.high*factor, 6) {
		at := x.px(v / factor)
		c.line("grid", at, y.from, at, y.to)
		c.text(at, y.from+14, atMiddle, run{"tick", tickText(v)})
	}
	for _, v := range ticks(0, y.high, 5) {
		c.line("grid", x.from, y.px(v), x.to, y.px(v))
		c.text(x.from-6, y.px(v)+4, atEnd, run{"tick", tickText(v)})
	}
	c.text(x.to, plotHeight-4, atEnd, run{"tick", unit})
	c.text(x.from-6, plotTop-8, atEnd, run{"tick", p.unit})
}

// ticks returns about n round values from low to high.
func ticks(low, high float64, n int) []float64 {
	step := math.Pow(10, math.Floor(math.Log10((high-low)/float64(n))))
	for _, f := range []float64{1, 2, 5, 10} {
		if (high-low)/(step*f) <= float64(n) {
			step *= f
			break
		}
	}
	var list []float64
	for i := math.Ceil(low / step); i*step <= high; i++ {
		list = append(list, i*step)
	}
	return list
}

// tickText writes a number on an axis: 1448, 20k, 1.5M.
func tickText(v float64) string {
	v = math.Round(v*1e6) / 1e6
	switch a := math.Abs(v); {
	case a >= 1e6:
		return strconv.FormatFloat(v/1e6, 'f', -1, 64) + "M"
	case a >= 1e4:
		return strconv.FormatFloat(v/1e3, 'f', -1, 64) + "k"
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// draw draws the points.
func (v *curve) draw(c *canvas, x, y scale) {
	c.markup(`<g class="%s">`+"\n", v.class)
	if v.shape == steps {
		v.steps(c, x, y)
	}
	for _, q := range v.points {
		switch px, py := x.px(q.x), y.px(q.y); v.shape {
		case dots:
			c.circle("dot", px, py, 2.2)
		case bars:
			c.line("bar", px, py, px, min(y.px(q.top), py-1.5))
		case marks:
			c.cross(px, py)
		}
	}
	c.markup("</g>\n")
}

// steps draws a line that holds each value until the next point, and to the end of the axis.
func (v *curve) steps(c *canvas, x, y scale) {
	if len(v.points) == 0 {
		return
	}
	c.markup(`<path class="curve" d="M%s %s`, px(x.px(v.points[0].x)), px(y.px(v.points[0].y)))
	for _, q := range v.points[1:] {
		c.markup("H%sV%s", px(x.px(q.x)), px(y.px(q.y)))
	}
	c.markup(`H%s"/>`+"\n", px(x.to))
}

// key explains the curve above the plot.
func (v *curve) key(c *canvas, at float64) {
	const y = 30.0
	c.markup(`<g class="%s">`+"\n", v.class)
	switch v.shape {
	case steps:
		c.line("curve", at, y-4, at+18, y-4)
	case dots:
		c.circle("dot", at+9, y-4, 2.5)
	case bars:
		c.line("bar", at+9, y, at+9, y-9)
	case marks:
		c.cross(at+9, y-4)
	}
	c.markup("</g>\n")
	c.text(at+23, y, atStart, run{"tick", v.name})
}
