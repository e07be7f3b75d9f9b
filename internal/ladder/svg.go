package ladder

import (
	"bufio"
	_ "embed"
	"fmt"
	"io"
)

// The SVG renderer: a picture for pages and paper. It needs nothing from elsewhere.

// SVGOptions say how a picture looks. The zero value gives 1000 pixels.
type SVGOptions struct {
	// Width is in pixels. Default 1000, at least 760. Vars adds 280 to it.
	Width int
	// Absolute shows sequence numbers as they are on the wire.
	Absolute bool
	// Full shows every segment and every call: runs are not folded.
	Full bool
	// Vars adds a lane with what changes in the variables and timers of the ends.
	Vars bool
	// Filter, when not nil, chooses the lines that are shown.
	Filter *Filter
}

var (
	//go:embed assets/colors.css
	colorsCSS string
	//go:embed assets/ladder.css
	ladderCSS string
)

const (
	defaultPixels = 1000
	minPixels     = 760
	lanePixels    = 280
	margin        = 16
	// between is the space from one ladder to the next.
	between = 40
)

// SVG writes ladders as one SVG document, one below the other. The rule of each line is a link to
// the RFC. It returns the first error of w.
func SVG(w io.Writer, ladders []*Ladder, o SVGOptions) error {
	var sketches []*sketch
	width, height := o.pixels(), float64(margin)
	for _, l := range ladders {
		s := newSketch(l, o)
		s.top = height
		sketches = append(sketches, s)
		height += s.height + between
	}
	c := &canvas{bufio.NewWriter(w)}
	c.markup(`<svg xmlns="http://www.w3.org/2000/svg" class="ladder" width="%d" height="%s" viewBox="0 0 %d %s" role="img">`+"\n",
		width, px(height), width, px(height))
	c.markup("<title>%s</title>\n<style>\n%s%s</style>\n", escape(title(ladders)), colorsCSS, ladderCSS)
	c.rect("paper", 0, 0, float64(width), height)
	for _, s := range sketches {
		c.markup(`<g transform="translate(0 %s)">`+"\n", px(s.top))
		s.draw(c)
		c.markup("</g>\n")
	}
	c.markup("</svg>\n")
	return c.out.Flush()
}

// pixels returns the width of the picture.
func (o *SVGOptions) pixels() int {
	if o.Width == 0 {
		o.Width = defaultPixels
	}
	width := max(o.Width, minPixels)
	if o.Vars {
		width += lanePixels
	}
	return width
}

// title says what the ladders are of.
func title(ladders []*Ladder) string {
	if len(ladders) == 0 {
		return "no connection"
	}
	l := ladders[0]
	s := fmt.Sprintf("%s and %s", l.longName(OnLeft), l.longName(OnRight))
	if len(ladders) > 1 {
		s += fmt.Sprintf(", and %s", plural(len(ladders)-1, "more connection"))
	}
	return s
}

// longName is an end's name and address.
func (l *Ladder) longName(s Side) string {
	e := l.End(s)
	if e.Name == "" {
		return e.Addr.String()
	}
	return e.Name + " (" + e.Addr.String() + ")"
}
