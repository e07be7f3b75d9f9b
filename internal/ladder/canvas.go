package ladder

import (
	"bufio"
	"fmt"
	"html"
	"math"
	"strconv"
	"strings"
)

// The elements of an SVG document.

// A canvas writes SVG elements. Coordinates are pixels.
type canvas struct{ out *bufio.Writer }

// markup writes what is markup already.
func (c *canvas) markup(format string, args ...any) { fmt.Fprintf(c.out, format, args...) }

// escape makes a text safe between tags and in attributes; what XML does not allow goes.
func escape(s string) string {
	return html.EscapeString(strings.Map(func(r rune) rune {
		if r < ' ' || r == '\ufffe' || r == '\uffff' {
			return -1
		}
		return r
	}, s))
}

// px writes a coordinate with at most one digit behind the point.
func px(f float64) string { return strconv.FormatFloat(math.Round(f*10)/10, 'f', -1, 64) }

// An anchor says which part of a text lies at its coordinate.
type anchor string

// The anchors.
const (
	atStart  anchor = "start"
	atMiddle anchor = "middle"
	atEnd    anchor = "end"
)

// text writes one row of text; runs may be several, each with its class.
func (c *canvas) text(x, y float64, a anchor, runs ...run) {
	c.markup(`<text x="%s" y="%s"`, px(x), px(y))
	if a != atStart {
		c.markup(` text-anchor="%s"`, a)
	}
	if len(runs) == 1 {
		c.markup(` class="%s">%s</text>`+"\n", runs[0].class, escape(runs[0].text))
		return
	}
	c.markup(">")
	for i, r := range runs {
		dx := ""
		if i > 0 {
			dx = ` dx="9"`
		}
		c.markup(`<tspan class="%s"%s>%s</tspan>`, r.class, dx, escape(r.text))
	}
	c.markup("</text>\n")
}

// A run is a piece of text in one class of the style sheet.
type run struct{ class, text string }

// link writes one row of text that leads to an address; none, and it is plain.
func (c *canvas) link(x, y float64, url, text string) {
	if url == "" {
		c.text(x, y, atStart, run{"note", text})
		return
	}
	c.markup(`<a href="%s" target="_blank" rel="noopener"><text x="%s" y="%s">%s</text></a>`+"\n", escape(url), px(x), px(y), escape(text))
}

func (c *canvas) line(class string, x1, y1, x2, y2 float64) {
	c.markup(`<line class="%s" x1="%s" y1="%s" x2="%s" y2="%s"/>`+"\n", class, px(x1), px(y1), px(x2), px(y2))
}

func (c *canvas) rect(class string, x, y, w, h float64) {
	c.markup(`<rect class="%s" x="%s" y="%s" width="%s" height="%s"/>`+"\n", class, px(x), px(y), px(w), px(h))
}

func (c *canvas) circle(class string, x, y, r float64) {
	c.markup(`<circle class="%s" cx="%s" cy="%s" r="%s"/>`+"\n", class, px(x), px(y), px(r))
}

// tip draws an arrowhead at (x, y) of a line that comes from (fromX, fromY).
func (c *canvas) tip(fromX, fromY, x, y float64) {
	const length, half = 9, 4
	d := math.Hypot(x-fromX, y-fromY)
	if d == 0 {
		return
	}
	ux, uy := (x-fromX)/d, (y-fromY)/d
	bx, by := x-length*ux, y-length*uy
	c.markup(`<path class="tip" d="M%s %sL%s %sL%s %sZ"/>`+"\n", px(x), px(y),
		px(bx-half*uy), px(by+half*ux), px(bx+half*uy), px(by-half*ux))
}

// cross draws an x.
func (c *canvas) cross(x, y float64) {
	const r = 5
	c.markup(`<path class="cross" d="M%s %sL%s %sM%s %sL%s %s"/>`+"\n", px(x-r), px(y-r), px(x+r), px(y+r), px(x-r), px(y+r), px(x+r), px(y-r))
}
