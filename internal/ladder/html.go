package ladder

import (
	"bufio"
	_ "embed"
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// The HTML renderer: one file that needs nothing from elsewhere, to step through, to search and to print.

// HTMLOptions say what a page shows. The zero value works.
type HTMLOptions struct {
	// Title is the heading; without it the ends are named. Note is a paragraph below.
	Title, Note string
	// Remarks explain the first ladder, in its order. They stand beside its lines as these are
	// stepped through, and as a list below.
	Remarks []Remark
	// Absolute shows sequence numbers as they are on the wire.
	Absolute bool
	// Full shows every segment of a long ladder, too: those of more than some hundred lines are folded.
	Full bool
	// Filter, when not nil, chooses the lines that are shown.
	Filter *Filter
}

// A Remark explains a line of a ladder and those after it, up to the next remark.
type Remark struct {
	Line int // index in Ladder.Lines
	Text string
	Rule string // the place in an RFC, or ""
}

// foldAbove is how many lines a page shows without folding: some twenty screens.
const foldAbove = 600

//go:embed assets/page.html
var pageHTML string

var (
	//go:embed assets/page.css
	pageCSS string
	//go:embed assets/plot.css
	plotCSS string
	//go:embed assets/page.js
	pageJS string
)

var pageTemplate = template.Must(template.New("page").Parse(pageHTML))

// A page is what the template fills in.
type page struct {
	Title, Note string
	Remarks     []pageRemark
	Style       template.CSS
	Script      template.JS
	Connections []pageConnection
	Data        pageData
}

type pageConnection struct {
	Name   string
	Ladder template.HTML
	Plots  []template.HTML
}

// pageData is what the script knows.
type pageData struct {
	Connections []pageLadder `json:"connections"`
	Variables   []string     `json:"variables"` // the names, in order
	Tags        []string     `json:"tags"`      // the words that are tags in filters
}

type pageLadder struct {
	Left  pageEnd    `json:"left"`
	Right pageEnd    `json:"right"`
	Lines []pageLine `json:"lines"` // by the number that a row has in data-line

	Remarks []pageRemark `json:"remarks,omitempty"`
}

type pageEnd struct {
	Name  string `json:"name"`
	State string `json:"state,omitempty"` // before the first line
}

// A pageLine is a line as the script shows it.
type pageLine struct {
	Time    float64       `json:"time"` // in seconds, for the plots
	At      string        `json:"at"`
	Title   string        `json:"title"`
	Reason  string        `json:"reason,omitempty"`
	Note    string        `json:"note,omitempty"`
	Rules   []pageRule    `json:"rules,omitempty"`
	Way     string        `json:"way,omitempty"`  // of a segment: when it left and arrived
	Wire    string        `json:"wire,omitempty"` // of a segment: the header, as packetdrill writes it
	IDs     []int         `json:"ids,omitempty"`
	Left    []string      `json:"left,omitempty"` // states entered
	Right   []string      `json:"right,omitempty"`
	Changes [][][2]string `json:"changes,omitempty"` // left and right: names of variables and their values
	Tags    []string      `json:"tags"`
	Says    string        `json:"says"`
}

type pageRemark struct {
	Line int      `json:"line"`
	Text string   `json:"text"`
	Rule pageRule `json:"rule"`
}

type pageRule struct {
	Text string `json:"text"`
	URL  string `json:"url,omitempty"`
}

// HTML writes ladders as one page. It returns the first error of w.
func HTML(w io.Writer, ladders []*Ladder, o HTMLOptions) error {
	p := page{
		Title: o.Title, Note: o.Note, Style: template.CSS(colorsCSS + ladderCSS + plotCSS + pageCSS), Script: template.JS(pageJS),
		Data: pageData{Connections: []pageLadder{}, Variables: variableNames(), Tags: allTags},
	}
	if p.Title == "" {
		p.Title = title(ladders)
	}
	for _, l := range ladders {
		s := newSketch(l, SVGOptions{Absolute: o.Absolute, Full: o.Full || len(l.Lines) <= foldAbove, Filter: o.Filter, Width: pagePixels})
		p.Connections = append(p.Connections, pageConnection{l.longName(OnLeft) + " – " + l.longName(OnRight), inline(s), l.plotsInline()})
		p.Data.Connections = append(p.Data.Connections, s.l.page())
		if len(s.l.Lines) == len(l.Lines) && len(p.Connections) == 1 {
			p.Remarks = remarks(o.Remarks)
			p.Data.Connections[0].Remarks = p.Remarks
		}
	}
	return pageTemplate.Execute(w, p)
}

// remarks makes what the page knows of remarks.
func remarks(list []Remark) []pageRemark {
	var made []pageRemark
	for _, r := range list {
		made = append(made, pageRemark{r.Line, r.Text, pageRule{r.Rule, RuleURL(r.Rule)}})
	}
	return made
}

// pagePixels is the width of a ladder beside the details.
const pagePixels = 940

// inline draws a sketch as a part of the page, whose style sheet it shares.
func inline(s *sketch) template.HTML {
	return drawn(func(c *canvas) {
		c.markup(`<svg class="ladder" width="%s" height="%s" viewBox="0 0 %s %s" role="img" aria-label="ladder">`+"\n", px(s.width), px(s.height), px(s.width), px(s.height))
		s.draw(c)
		c.markup("</svg>")
	})
}

// plotsInline draws the plots of a ladder.
func (l *Ladder) plotsInline() []template.HTML {
	var list []template.HTML
	for _, p := range l.plots() {
		list = append(list, drawn(p.draw))
	}
	return list
}

// drawn returns what a function draws; the canvas escapes every text.
func drawn(draw func(*canvas)) template.HTML {
	var b strings.Builder
	c := &canvas{bufio.NewWriter(&b)}
	draw(c)
	c.out.Flush()
	return template.HTML(b.String())
}

// variableNames returns the names of variables and timers, in the order in which they are shown.
func variableNames() []string {
	var names []string
	for i := range variables {
		names = append(names, variables[i].name)
	}
	for t := range (tcp.Vars{}).Timers {
		names = append(names, timerName(tcp.Timer(t)))
	}
	return names
}

// page makes what the script knows of a ladder.
func (l *Ladder) page() pageLadder {
	p := pageLadder{Left: l.pageEnd(OnLeft), Right: l.pageEnd(OnRight), Lines: make([]pageLine, 0, len(l.Lines))}
	vars, reasons := lane{ladder: l}, map[int]string{}
	for i := range l.Lines {
		line := &l.Lines[i]
		j := l.pageLine(line, &vars)
		if line.Part == Arrives {
			j.Reason, j.Note = "", joinNotes(line.came(), j.Note)
		}
		for _, id := range line.IDs {
			if line.Part == Arrives {
				j.Reason = reasons[id]
			} else {
				reasons[id] = j.Reason
			}
		}
		p.Lines = append(p.Lines, j)
	}
	return p
}

// joinNotes puts two notes into one.
func joinNotes(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}

func (l *Ladder) pageEnd(s Side) pageEnd {
	return pageEnd{l.sideName(s), l.End(s).firstText()}
}

// pageLine makes what the script knows of a line.
func (l *Ladder) pageLine(line *Line, vars *lane) pageLine {
	p := pageLine{
		Time: line.At.Seconds(), At: span(line.At) + " at " + l.sideName(line.Side), Reason: line.Reason(), Note: line.Note(), IDs: line.IDs,
		Left: l.stateTexts(line, OnLeft), Right: l.stateTexts(line, OnRight), Tags: line.Tags(), Says: strings.ToLower(line.String()),
	}
	for _, r := range line.Rules() {
		p.Rules = append(p.Rules, pageRule{r, RuleURL(r)})
	}
	for _, s := range []Side{OnLeft, OnRight} {
		list := [][2]string{}
		for _, c := range vars.next(line, s) {
			list = append(list, [2]string{c.Name, c.lasting(line.timeAt(s))})
		}
		p.Changes = append(p.Changes, list)
	}
	if len(p.Changes[OnLeft])+len(p.Changes[OnRight]) == 0 {
		p.Changes = nil
	}
	if line.Kind != KindSegment {
		p.Title, p.Note = p.Note, ""
		return p
	}
	from, to := l.End(line.Dir.Sender()), l.End(line.Dir.Receiver())
	p.Title = line.Segment.Words(false)
	p.Way = l.way(line)
	p.Wire = tcp.FormatSegment(&line.Segment.Header, line.Segment.Len, from.ISN, to.ISN)
	return p
}

// lasting is the value as it may stand for a while: of a timer that runs, when it expires, and not how long that takes.
func (c *Change) lasting(now time.Duration) string {
	if strings.HasSuffix(c.Name, timerSuffix) && !c.None {
		return "at " + span(now+time.Duration(c.Number*float64(time.Second)))
	}
	return c.Value
}

// stateTexts returns the states that an end enters, in words.
func (l *Ladder) stateTexts(line *Line, s Side) []string {
	var list []string
	for _, state := range line.Entered(s) {
		list = append(list, l.End(s).stateText(state))
	}
	return list
}

// way says when a segment left and when it arrived.
func (l *Ladder) way(line *Line) string {
	var parts []string
	if line.Sent != Unknown {
		parts = append(parts, "left "+l.sideName(line.Dir.Sender())+" at "+span(line.Sent))
	}
	if line.Arrived != Unknown {
		parts = append(parts, "arrived at "+l.sideName(line.Dir.Receiver())+" at "+span(line.Arrived))
	}
	if line.Sent != Unknown && line.Arrived >= line.Sent { // clocks may differ
		parts = append(parts, span(line.Arrived-line.Sent)+" on the way")
	}
	return strings.Join(parts, ", ")
}
