package ladder

import (
	"slices"

	"github.com/sockeye-tcp/sockeye/ip"
)

// Drawing a sketch: columns, rows, arrows.

// draw writes the ladder; its upper left corner is (0, 0).
func (s *sketch) draw(c *canvas) {
	s.head(c)
	foot := s.height - 6
	if s.foot != "" {
		foot -= footHeight
		c.text(s.left, s.height-8, atStart, run{"foot", s.foot})
	}
	for i := range s.rows {
		r := &s.rows[i]
		c.markup(`<rect class="hit" data-line="%d" x="%s" y="%s" width="%s" height="%s"/>`+"\n", r.index, px(margin/2), px(r.y), px(s.width-margin), px(r.h))
	}
	for side, x := range []float64{s.left, s.right} {
		class := "rail"
		if !s.l.End(Side(side)).Known {
			class = "rail guess"
		}
		c.line(class, x, headHeight-8, x, foot)
	}
	for i := range s.rows {
		s.drawRow(c, &s.rows[i])
	}
}

// head names the columns and gives the states before the first line.
func (s *sketch) head(c *canvas) {
	unit := "ms"
	if s.unit > 1e6 {
		unit = "s"
	}
	for side, x := range []float64{s.left, s.right} {
		e := s.l.End(Side(side))
		c.text(x, 16, atMiddle, run{"name", e.Name})
		c.text(x, 32, atMiddle, run{"addr", e.Addr.String()})
		s.state(c, Side(side), e.firstText(), headHeight-12)
	}
	c.text(margin+timePixels-12, headHeight-12, atEnd, run{"time", unit})
}

// state writes the name of a state beside a rail.
func (s *sketch) state(c *canvas, side Side, text string, y float64) {
	class := "state"
	if !s.l.End(side).Known {
		class = "state inferred"
	}
	switch {
	case text == "":
	case side == OnLeft:
		c.text(s.left-10, y, atEnd, run{class, text})
	default:
		c.text(s.right+10, y, atStart, run{class, text})
	}
}

// drawRow writes one row as a group, which a script may find by its number, as it may the ground below it.
func (s *sketch) drawRow(c *canvas, r *row) {
	l := r.line
	class := "row"
	if l.Kind == KindSegment {
		class += " to-" + l.Dir.String()
	}
	if l.Nth > 0 {
		class += " again"
	}
	c.markup(`<g class="%s" data-line="%d">`+"\n", class, r.index)
	if r.time != "" {
		c.text(margin+timePixels-12, r.y+14, atEnd, run{"time", r.time})
	}
	switch l.Kind {
	case KindSegment:
		s.arrow(c, r)
		s.label(c, r)
	case KindFold, KindGap:
		c.rect("fold", s.left+1, r.y+2, s.right-s.left-2, r.h-4)
		c.text((s.left+s.right)/2, r.y+15, atMiddle, run{"why", r.words})
	default:
		s.event(c, r)
	}
	s.states(c, r)
	for i, rule := range r.rules {
		c.link(s.rules, r.y+14+float64(i)*noteHeight, RuleURL(rule), rule)
	}
	for i, w := range r.lane {
		c.text(s.lane, r.y+14+float64(i)*laneHeight, atStart, run{"lane", w})
	}
	c.markup("</g>\n")
}

// states writes the states that the ends enter in a row, with a dot on the rail.
func (s *sketch) states(c *canvas, r *row) {
	for side, x := range []float64{s.left, s.right} {
		for i, state := range r.line.Entered(Side(side)) {
			y := r.y + 14 + float64(i)*noteHeight
			if i == 0 {
				c.circle("dot", x, y-4, 4)
			}
			s.state(c, Side(side), s.l.End(Side(side)).stateText(state), y)
		}
	}
}

// event writes what happened at one end, beside its rail.
func (s *sketch) event(c *canvas, r *row) {
	if r.words == "" {
		return
	}
	y := r.y + 14
	if r.line.Side == OnLeft {
		c.circle("dot event", s.left, y-4, 3.5)
		c.text(s.left+12, y, atStart, run{"event", r.words})
	} else {
		c.circle("dot event", s.right, y-4, 3.5)
		c.text(s.right-12, y, atEnd, run{"event", r.words})
	}
}

// label writes what a segment is over its arrow: in the middle, or at the end of the line that this row is about.
func (s *sketch) label(c *canvas, r *row) {
	l := r.line
	x, y, a := (s.left+s.right)/2, r.y+14, atMiddle
	if l.Part != Whole {
		side := l.Dir.Sender()
		if l.Part == Arrives {
			side, y = side.Other(), y+tipDown
		}
		x, a = s.left+16, atStart
		if side == OnRight {
			x, a = s.right-16, atEnd
		}
	}
	runs := []run{{"seg", r.words}}
	if r.why != "" {
		class := "why"
		if l.Lost || l.Injected {
			class = "why bad"
		}
		runs = append(runs, run{class, r.why})
	}
	c.text(x, y, a, runs...)
	for i, note := range r.notes {
		class := "note"
		if l.bad() && i == len(r.notes)-1 {
			class = "note bad"
		}
		c.text(x, r.y+segHeight+9+float64(i)*noteHeight, a, run{class, note})
	}
}

const (
	// arrowDown is where an arrow begins below the upper edge of its row, arrowFall how much lower it ends.
	arrowDown = 20.0
	arrowFall = 6.0
	// tipDown is where an arrow ends that comes from another row: over the words, as it comes from above.
	tipDown = 8.0
	// reach is how far an arrow comes that does not arrive.
	reach = 0.62
)

// arrow draws the way of a segment from the row in which it leaves, so that the words of later rows lie over it.
func (s *sketch) arrow(c *canvas, r *row) {
	l := r.line
	from, to := s.left, s.right
	if l.Dir == ToLeft {
		from, to = to, from
	}
	y1, y2 := r.y+arrowDown, r.y+arrowDown+arrowFall
	some := from + (to-from)*reach
	if l.Part == Arrives {
		if !s.cameFrom(l) {
			start := from + to - some
			s.shaft(c, l, start, r.y+tipDown-3, to, r.y+tipDown)
			c.circle("open", start, r.y+tipDown-3, 4)
		}
		return
	}
	switch {
	case l.Lost:
		c.line("arrow", from, y1, some, y2)
		c.cross(some, y2)
	case l.Flying, l.Part == Departs && len(s.arrives[l.IDs[0]]) == 0: // or arrives in a row that is folded or filtered away
		c.line("arrow", from, y1, some, y2)
		c.circle("open", some, y2, 4)
	case l.Part == Whole:
		s.shaft(c, l, from, y1, to, y2)
	}
	for _, id := range l.IDs {
		for _, i := range s.arrives[id] {
			s.shaft(c, s.rows[i].line, from, y1, to, s.rows[i].y+tipDown)
		}
	}
}

// cameFrom reports whether a row shows how a segment that arrives left.
func (s *sketch) cameFrom(l *Line) bool {
	return slices.ContainsFunc(l.IDs, func(id int) bool { return s.departs[id] })
}

// shaft draws a line with its head, or with an x where the receiver threw the segment away.
func (s *sketch) shaft(c *canvas, l *Line, x1, y1, x2, y2 float64) {
	class := "arrow"
	if l.Duplicate {
		class = "arrow dup"
	}
	dropped := l.Drop != ip.NoDrop && !l.TextOnly
	if dropped {
		x2 += 9 * float64(2*int(l.Dir)-1) // beside the rail
	}
	c.line(class, x1, y1, x2, y2)
	if dropped {
		c.cross(x2, y2)
	} else {
		c.tip(x1, y1, x2, y2)
	}
}
