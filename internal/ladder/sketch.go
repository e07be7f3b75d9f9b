package ladder

import (
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Where everything of a ladder lies in a picture.

// A sketch is the picture of one ladder in the making: the size of everything is known before any of it is drawn.
type sketch struct {
	l           *Ladder
	o           SVGOptions
	width       float64
	left, right float64 // the rails
	rules, lane float64 // the columns
	top         float64
	height      float64
	rows        []row
	departs     map[int]bool  // whether a row shows how a segment leaves, by its number
	arrives     map[int][]int // the other rows in which it arrives
	unit        time.Duration
	foot        string
}

// A row is a line of the model with what it says.
type row struct {
	line  *Line
	index int // in Ladder.Lines
	y, h  float64
	time  string
	words string
	why   string
	notes []string
	rules []string
	lane  []string
}

const (
	headHeight = 66.0
	segHeight  = 32.0
	lineHeight = 22.0
	noteHeight = 14.0
	laneHeight = 13.0
	// laneColumns is how many characters the lane has room for.
	laneColumns = 40
	footHeight  = 26.0

	timePixels  = 66.0
	statePixels = 112.0
	rulePixels  = 168.0
	// monoPixels is the width of a character of a segment, notePixels that of one of a note.
	monoPixels = 6.95
	notePixels = 5.9
)

// newSketch lays a ladder out.
func newSketch(l *Ladder, o SVGOptions) *sketch {
	if o.Filter != nil {
		l = l.Filtered(o.Filter)
	}
	if !o.Full {
		l = l.Folded()
	}
	s := &sketch{l: l, o: o, width: float64(o.pixels()), unit: time.Millisecond, departs: map[int]bool{}, arrives: map[int][]int{}}
	if l.inSeconds() {
		s.unit = time.Second
	}
	s.left = margin + timePixels + statePixels
	s.right = s.width - margin - rulePixels - statePixels
	if o.Vars {
		s.right -= lanePixels
	}
	s.rules = s.right + statePixels + 12
	s.lane = s.rules + rulePixels
	s.foot = inferredNote(l.infers())
	s.layOut()
	return s
}

// layOut makes the rows and their places.
func (s *sketch) layOut() {
	y, last := headHeight, ""
	vars := lane{ladder: s.l}
	for i := range s.l.Lines {
		line := &s.l.Lines[i]
		if s.hides(line) {
			continue
		}
		r := s.row(line, &vars)
		r.index, r.y = i, y
		if r.time == last {
			r.time = ""
		} else {
			last = r.time
		}
		for _, id := range line.IDs {
			if line.Part == Arrives {
				s.arrives[id] = append(s.arrives[id], len(s.rows))
			} else {
				s.departs[id] = true
			}
		}
		y += r.h
		s.rows = append(s.rows, r)
	}
	s.height = y + 12
	if s.foot != "" {
		s.height += footHeight
	}
}

// hides reports whether a line is left out: a call that does nothing but move text, unless all is wanted.
func (s *sketch) hides(l *Line) bool {
	return !s.o.Full && l.Kind == KindCall && (l.Call == tcp.CallSend || l.Call == tcp.CallReceive) && len(l.Left)+len(l.Right) == 0
}

// row works out what a line says and how high it is.
func (s *sketch) row(l *Line, vars *lane) row {
	r := row{line: l, rules: l.Rules()}
	if l.Kind != KindState {
		r.time = fmt.Sprintf("%.3f", float64(l.At)/float64(s.unit))
	}
	r.h = lineHeight
	note := l.Note()
	if l.Kind == KindSegment {
		r.h = segHeight
		s.segmentRow(&r)
		if note != "" {
			r.notes = append(r.notes, note)
		}
	} else {
		r.words = note
	}
	if s.o.Vars {
		for _, side := range []Side{OnLeft, OnRight} {
			if w := changeWords(vars.next(l, side)); w != "" {
				r.lane = append(r.lane, wrap(s.l.sideName(side)+": "+w, laneColumns)...)
			}
		}
	}
	r.h = max(r.h+float64(len(r.notes))*noteHeight, float64(max(len(l.Left), len(l.Right), len(r.rules)))*noteHeight+8,
		float64(len(r.lane))*laneHeight+9)
	return r
}

// segmentRow fills in what a segment's row says: the reason stands behind the words when there is room.
func (s *sketch) segmentRow(r *row) {
	l := r.line
	room := int((s.right - s.left - 50) / monoPixels)
	words, more := fit(l.Segment.wordList(s.o.Absolute), room)
	r.words, r.why = words, l.Reason()
	if more != "" {
		r.notes = append(r.notes, more)
	}
	if options := l.Segment.OptionWords(s.o.Absolute); options != "" {
		r.notes = append(r.notes, wrap(options, int((s.right-s.left-50)/notePixels))...)
	}
	if r.why != "" && utf8.RuneCountInString(words)+2+utf8.RuneCountInString(r.why) > room {
		r.notes = append(r.notes, r.why)
		r.why = ""
	}
}

// bad reports whether a line tells of something that did not get through.
func (l *Line) bad() bool { return l.Drop != ip.NoDrop || l.Lost || l.Injected || l.Missing > 0 }
