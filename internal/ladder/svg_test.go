package ladder

import (
	"encoding/xml"
	"errors"
	"io"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sockeye-tcp/sockeye/tcp"
)

func TestRuleURL(t *testing.T) {
	for _, test := range []struct{ rule, want string }{
		{"RFC 9293 §3.10.7.4, fifth", "https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4"},
		{"RFC 9293 §3.10.7.4, fourth; RFC 5961 §4.2", "https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4"},
		{"challenge ack (RFC 5961)", "https://www.rfc-editor.org/rfc/rfc5961"},
		{"RFC 6298 §5.4 to §5.7", "https://www.rfc-editor.org/rfc/rfc6298#section-5.4"},
		{"RFC 9293, section 3.5", "https://www.rfc-editor.org/rfc/rfc9293#section-3.5"},
		{"RFC 9293 §3.4.", "https://www.rfc-editor.org/rfc/rfc9293#section-3.4"},
		{"as Linux does", ""},
		{"", ""},
	} {
		if got := RuleURL(test.rule); got != test.want {
			t.Errorf("%q: got %q, want %q", test.rule, got, test.want)
		}
	}
}

func TestRulesOfALine(t *testing.T) {
	l := Line{Rule: "RFC 9293 §3.10.7.4, fourth; RFC 5961 §4.2", RuleThere: "RFC 5961 §4.2"}
	if got, want := l.Rules(), []string{"RFC 9293 §3.10.7.4, fourth", "RFC 5961 §4.2"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := new(Line).Rules(); len(got) != 0 {
		t.Errorf("without a rule: got %q", got)
	}
}

// picture draws ladders as SVG.
func picture(t *testing.T, ladders []*Ladder, o SVGOptions) string {
	t.Helper()
	var b strings.Builder
	if err := SVG(&b, ladders, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// allFates is a record in which everything happens that may happen to a segment.
func allFates() []tcp.Event {
	d := newDuet().handshake()
	for i, f := range fates {
		first := len(d.events)
		f.play(d.after(4 * oneWay))
		for k := range d.events[first:] { // each takes place in a range of its own
			h := &d.events[first+k].Header
			h.Seq = h.Seq.Add(tcp.Size(100 * i))
		}
	}
	return d.events
}

func TestSVGGolden(t *testing.T) {
	ladders := append(Build(allFates(), Options{Left: "A", Right: "B"}), Build(retransmissions().events, Options{Left: "sockeye", Right: "kernel"})...)
	golden(t, "fates.svg", picture(t, ladders, SVGOptions{Full: true}))
	golden(t, "exchange-vars.svg", picture(t, Build(exchange().events, Options{Left: "sockeye", Right: "kernel"}), SVGOptions{Vars: true, Absolute: true}))
}

// wellFormed reports the first error in an XML document.
func wellFormed(doc string) error {
	d := xml.NewDecoder(strings.NewReader(doc))
	for {
		if _, err := d.Token(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// hostile names what breaks out of markup that is not escaped.
var hostile = Options{Left: `"><script>alert(1)</script>`, Right: "a & b \x00 </svg> ; # %%{init}%%"}

func TestSVGIsWellFormed(t *testing.T) {
	for name, events := range map[string][]tcp.Event{"none": nil, "fates": allFates(), "download": download().events, "simultaneous": simultaneousOpen().events} {
		for _, o := range []SVGOptions{{}, {Full: true, Vars: true, Absolute: true}, {Width: 1}} {
			doc := picture(t, Build(events, hostile), o)
			if err := wellFormed(doc); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if strings.Contains(doc, "<script") {
				t.Errorf("%s: a name became an element", name)
			}
		}
	}
}

// outward matches what a document would load from elsewhere. Links are none of it, nor are names of namespaces.
var outward = regexp.MustCompile(`(?i)(src=|<link|@import|url\(|<img|<iframe|fetch\(|XMLHttpRequest|<use |xlink:href)`)

func TestSVGNeedsNothingFromElsewhere(t *testing.T) {
	doc := picture(t, Build(allFates(), Options{}), SVGOptions{Full: true})
	if found := outward.FindString(doc); found != "" {
		t.Errorf("found %q", found)
	}
	for _, address := range regexp.MustCompile(`https?://[^"]*`).FindAllString(doc, -1) {
		if !strings.HasPrefix(address, rfcEditor) && address != "http://www.w3.org/2000/svg" {
			t.Errorf("names %s", address)
		}
	}
}

func TestSVGLinksRules(t *testing.T) {
	doc := picture(t, Build(retransmissions().events, Options{}), SVGOptions{})
	if want := `<a href="https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4"`; !strings.Contains(doc, want) {
		t.Errorf("got no %s", want)
	}
}

// Each arrow that does not simply arrive looks different, without colour: dashed, with an x, or with a circle.
func TestSVGTellsFatesApartByShape(t *testing.T) {
	for _, test := range []struct{ fate, want string }{
		{"lost", `class="cross"`}, {"arrives twice", `class="arrow dup"`}, {"injected", `class="open"`},
	} {
		t.Run(test.fate, func(t *testing.T) {
			doc := picture(t, Build(fateOf(test.fate), Options{}), SVGOptions{})
			plain := picture(t, Build(fateOf("arrives"), Options{}), SVGOptions{})
			if !strings.Contains(doc, test.want) || strings.Contains(plain, test.want) {
				t.Errorf("%s: in the picture %v, in one of a segment that arrives %v; want it in the first only",
					test.want, strings.Contains(doc, test.want), strings.Contains(plain, test.want))
			}
		})
	}
}

// fateOf plays one of the fates after a handshake.
func fateOf(name string) []tcp.Event {
	d := newDuet().handshake().after(oneWay)
	for _, f := range fates {
		if f.name == name {
			f.play(d)
		}
	}
	return d.events
}

func TestArrowsOfFoldedRowsEndInTheOpen(t *testing.T) {
	f, err := ParseFilter("departs")
	if err != nil {
		t.Fatal(err)
	}
	doc := picture(t, Build(fateOf("late"), Options{}), SVGOptions{Filter: f})
	if !strings.Contains(doc, `class="open"`) {
		t.Error("an arrow whose arrival is not shown has no open end")
	}
}

func TestRenderersReportWriteErrors(t *testing.T) {
	full := errors.New("disk full")
	ladders := Build(exchange().events, Options{})
	for name, render := range map[string]func(io.Writer) error{
		"SVG":     func(w io.Writer) error { return SVG(w, ladders, SVGOptions{}) },
		"HTML":    func(w io.Writer) error { return HTML(w, ladders, HTMLOptions{}) },
		"JSON":    func(w io.Writer) error { return JSON(w, ladders) },
		"Mermaid": func(w io.Writer) error { return Mermaid(w, ladders) },
	} {
		if err := render(failing{full}); !errors.Is(err, full) {
			t.Errorf("%s: got %v, want %v", name, err, full)
		}
	}
}

func TestNamesOfEndsByAddress(t *testing.T) {
	l := Build(newDuet().handshake().events, Options{Right: "B", Names: map[netip.AddrPort]string{us: "browser"}})[0]
	if got, want := title([]*Ladder{l, l, l}), "browser (10.98.0.2:49152) and B (10.98.0.1:80), and 2 more connections"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
