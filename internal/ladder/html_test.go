package ladder

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// webPage draws ladders as HTML.
func webPage(t *testing.T, ladders []*Ladder, o HTMLOptions) string {
	t.Helper()
	var b strings.Builder
	if err := HTML(&b, ladders, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// dataOf returns what the script of a page knows.
func dataOf(t *testing.T, page string) pageData {
	t.Helper()
	_, rest, _ := strings.Cut(page, `<script type="application/json" id="data">`)
	text, _, ok := strings.Cut(rest, "</script>")
	if !ok {
		t.Fatal("the page has no data")
	}
	var d pageData
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		t.Fatalf("%v in %.200s", err, text)
	}
	return d
}

func TestHTMLNeedsNothingFromElsewhere(t *testing.T) {
	page := webPage(t, Build(allFates(), Options{}), HTMLOptions{})
	if found := outward.FindString(page); found != "" {
		t.Errorf("found %q", found)
	}
	if !strings.Contains(page, `content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"`) {
		t.Error("the page does not forbid itself the network")
	}
}

func TestHTMLEscapesNames(t *testing.T) {
	page := webPage(t, Build(exchange().events, hostile), HTMLOptions{Title: "<script>", Note: "<script>"})
	if got, want := strings.Count(page, "<script"), 2; got != want {
		t.Errorf("got %d script elements, want %d", got, want)
	}
	if got := dataOf(t, page).Connections[0].Left.Name; got != hostile.Left {
		t.Errorf("the script knows the end as %q, want %q", got, hostile.Left)
	}
}

func TestHTMLHasARowForEachLineOfItsData(t *testing.T) {
	for name, events := range map[string][]tcp.Event{"fates": allFates(), "download": download().events} {
		page := webPage(t, Build(events, Options{}), HTMLOptions{})
		lines := dataOf(t, page).Connections[0].Lines
		for i, l := range lines {
			row := `<g class="row[^"]*" data-line="` + itoa(i) + `">`
			if !regexp.MustCompile(row).MatchString(page) && !strings.HasPrefix(l.Title, "call: send") && !strings.HasPrefix(l.Title, "call: receive") {
				t.Errorf("%s: no row for line %d, %q", name, i, l.Title)
			}
		}
	}
}

func itoa(i int) string { return thousands(i) } // no page here has a thousand lines

func TestHTMLTellsReasonRuleAndVariables(t *testing.T) {
	lines := dataOf(t, webPage(t, Build(retransmissions().events, Options{}), HTMLOptions{})).Connections[0].Lines
	i := slices.IndexFunc(lines, func(l pageLine) bool { return l.Reason == "retransmit (RTO), 3rd time" })
	if i < 0 {
		t.Error("no line tells of the second retransmission")
	}
	last := slices.IndexFunc(lines, func(l pageLine) bool { return l.Note == "dropped: duplicate" })
	if last < 0 || len(lines[last].Rules) != 1 || lines[last].Rules[0].URL != rfcEditor+"9293#section-3.10.7.4" {
		t.Errorf("the drop has no rule with a link")
	}
	if got := lines[0].Changes[OnLeft]; !slices.Contains(got, [2]string{"cwnd", "14600"}) {
		t.Errorf("variables of the first line: got %v, want cwnd 14600 among them", got)
	}
}

// What arrives in a line of its own still has the reason that it left for.
func TestHTMLTellsTheReasonWhereASegmentArrives(t *testing.T) {
	lines := dataOf(t, webPage(t, Build(fateOf("late"), Options{}), HTMLOptions{})).Connections[0].Lines
	l := lines[len(lines)-1]
	if l.Reason != "data" || l.Note != "after 100ms" {
		t.Errorf("got reason %q and note %q, want data and after 100ms", l.Reason, l.Note)
	}
	if !strings.HasSuffix(l.Way, "100ms on the way") {
		t.Errorf("way: got %q", l.Way)
	}
}

func TestHTMLFoldsLongLaddersOnly(t *testing.T) {
	ladders := Build(download().events, Options{})
	folds := func(o HTMLOptions) int { return strings.Count(webPage(t, ladders, o), `class="fold"`) }
	if n := len(ladders[0].Lines); n <= foldAbove {
		t.Fatalf("the ladder has %d lines, want more than %d", n, foldAbove)
	}
	if folds(HTMLOptions{}) == 0 {
		t.Error("a long ladder is not folded")
	}
	if n := folds(HTMLOptions{Full: true}); n != 0 {
		t.Errorf("with Full: got %d folds", n)
	}
}

func TestHTMLHasRemarks(t *testing.T) {
	o := HTMLOptions{Remarks: []Remark{{0, "It begins.", "RFC 9293 §3.5"}, {2, "It goes <on>.", ""}}}
	page := webPage(t, Build(exchange().events, Options{}), o)
	for _, want := range []string{
		`<li data-line="0">It begins. (<a href="https://www.rfc-editor.org/rfc/rfc9293#section-3.5" target="_blank" rel="noopener">RFC 9293 §3.5</a>)</li>`,
		`<li data-line="2">It goes &lt;on&gt;.</li>`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("got no %s", want)
		}
	}
	if got := dataOf(t, page).Connections[0].Remarks; len(got) != 2 || got[1].Line != 2 || got[1].Text != "It goes <on>." {
		t.Errorf("the script knows %+v", got)
	}
	if page := webPage(t, Build(exchange().events, Options{}), HTMLOptions{}); strings.Contains(page, "<ol") {
		t.Error("without remarks there is a list of them")
	}
}

// The page hides its tools in print. Its style sheets share the classes of pictures, which must not go with them.
func TestStyleOfThePageLeavesPicturesAlone(t *testing.T) {
	page := webPage(t, Build(allFates(), Options{}), HTMLOptions{})
	_, hidden, _ := strings.Cut(pageCSS, "@media print {")
	for _, m := range regexp.MustCompile(`(?m)^ *([^{}]*)\{[^}]*display: none`).FindAllStringSubmatch(hidden, -1) {
		for _, class := range regexp.MustCompile(`\.([a-z]+)`).FindAllStringSubmatch(m[1], -1) {
			if regexp.MustCompile(`<(line|path|circle|rect|text|g|svg) class="[^"]*\b` + class[1] + `\b`).MatchString(page) {
				t.Errorf("print hides .%s, which pictures use", class[1])
			}
		}
	}
}

func TestHTMLOfNothing(t *testing.T) {
	if page := webPage(t, nil, HTMLOptions{}); !strings.Contains(page, "no connection to show") {
		t.Error("the page does not say that there is nothing")
	}
}

// titles returns the titles of the plots on a page.
func titles(page string) (list []string) {
	for _, m := range regexp.MustCompile(`(?s)class="plot".*?<title>(.*?)</title>`).FindAllStringSubmatch(page, -1) {
		list = append(list, m[1])
	}
	return list
}

func TestPlotsOfWhatWasSent(t *testing.T) {
	l := newLink(5, 0.1)
	l.closeAll(0, 4*oneWay)
	got := titles(webPage(t, Build(l.both, Options{Left: "client", Right: "server"}), HTMLOptions{}))
	want := []string{
		"Sequence numbers, client to server", "Congestion window of client", "Round-trip time seen by client",
		"Sequence numbers, server to client", "Congestion window of server", "Round-trip time seen by server",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := titles(webPage(t, Build(refused().events, Options{}), HTMLOptions{})); len(got) != 0 {
		t.Errorf("without data: got %q", got)
	}
}

func TestSequencePlot(t *testing.T) {
	l := newLink(5, 0.1)
	l.closeAll(0, 4*oneWay)
	ladder := Build(l.both, Options{})[0]
	counts := map[string]int{}
	for _, v := range ladder.sequencePlot(ToLeft).curves {
		counts[v.name] = len(v.points)
	}
	sent, again, lost := 0, 0, 0
	for _, e := range l.records[1] {
		switch {
		case e.Kind != tcp.EventSend || e.Len == 0:
		case e.Nth > 0:
			again++
		default:
			sent++
		}
	}
	for _, line := range ladder.Lines {
		if line.Kind == KindSegment && line.Dir == ToLeft && line.Segment.Len > 0 && line.Lost {
			lost++
		}
	}
	if lost == 0 || again == 0 {
		t.Fatalf("%d lost, %d sent again: the record shows too little", lost, again)
	}
	if counts["sent"] != sent || counts["sent again"] != again || counts["lost"] != lost || counts["acknowledged"] == 0 {
		t.Errorf("got %v points, want %d sent, %d again, %d lost", counts, sent, again, lost)
	}
}

func TestRTTPlotLeavesOutWhatWasSentTwice(t *testing.T) {
	samples := func(r *record) int {
		p := Build(r.events, Options{})[0].rttPlot(ToRight)
		if p == nil {
			return 0
		}
		for _, v := range p.curves {
			if v.name == "measured" {
				return len(v.points)
			}
		}
		return 0
	}
	if got := samples(exchange()); got != 2 {
		t.Errorf("SYN and data acknowledged at once: got %d samples, want 2", got)
	}
	if got := samples(retransmissions()); got != 0 {
		t.Errorf("SYN and data sent again: got %d samples, want none (Karn)", got)
	}
}

func TestTicks(t *testing.T) {
	for _, test := range []struct {
		low, high float64
		n         int
		want      []float64
	}{
		{0, 10, 5, []float64{0, 2, 4, 6, 8, 10}},
		{0, 20800, 5, []float64{0, 5000, 10000, 15000, 20000}},
		{3, 9, 6, []float64{3, 4, 5, 6, 7, 8, 9}},
		{0, 1.04, 5, []float64{0, 0.5, 1}},
	} {
		if got := ticks(test.low, test.high, test.n); !slices.Equal(got, test.want) {
			t.Errorf("%v to %v: got %v, want %v", test.low, test.high, got, test.want)
		}
	}
}
