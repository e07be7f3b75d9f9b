package report

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/sockeye-tcp/sockeye/internal/compare"
)

func page1(t *testing.T, r *compare.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := HTML(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// drawing matches the inside of a picture, which is the drawing library's affair.
var drawing = regexp.MustCompile(`(?s)(<svg [^>]*>).*?(</svg>)`)

func TestHTMLIsGolden(t *testing.T) {
	text := drawing.ReplaceAllString(page1(t, example()), "$1$2")
	golden(t, "report.html", []byte(text))
}

func TestHTMLStandsAlone(t *testing.T) {
	text := page1(t, example())
	doc, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	pictures := 0
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "svg":
			pictures++
			if !strings.Contains(content(n), "(") && !strings.Contains(content(n), "share of runs") {
				t.Errorf("a picture without units: %q", content(n))
			}
		case "script", "link", "iframe", "img", "object":
			t.Errorf("the page has a %s element", n.Data)
		}
		for _, a := range n.Attr {
			if (a.Key == "href" || a.Key == "src" || a.Key == "xlink:href") && !strings.HasPrefix(a.Val, "#") {
				t.Errorf("%s refers to %q", n.Data, a.Val)
			}
		}
	}
	// Two cells: fetch with four pictures, download with three; and four of the upload.
	if pictures != 2*(4+3)+4 {
		t.Errorf("%d pictures, want %d", pictures, 2*(4+3)+4)
	}
	if strings.Contains(text, "url(") || strings.Contains(text, "@import") {
		t.Error("the style sheet loads something")
	}
}

// content is the text in an element.
func content(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data + " ")
		}
	}
	return b.String()
}

func TestHTMLIsTheSameTwice(t *testing.T) {
	first, second := page1(t, example()), page1(t, example())
	if first != second {
		t.Error("the same report gives another page")
	}
}

func TestHTMLEscapes(t *testing.T) {
	r := example()
	r.Title, r.Warnings = "<script>alert(1)</script>", []string{"<b>"}
	if text := page1(t, r); strings.Contains(text, "<script>") || strings.Contains(text, "<b>") {
		t.Error("text of others becomes markup")
	}
}

func TestLegendsNameAllSeries(t *testing.T) {
	text := page1(t, example())
	for _, m := range drawing.FindAllString(text, -1) {
		for _, s := range compare.AllSeries() {
			if !strings.Contains(m, ">"+string(s)+"<") {
				t.Errorf("a picture does not name %s: %.200s", s, m)
			}
		}
	}
}
