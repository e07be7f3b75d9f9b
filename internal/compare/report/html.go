package report

import (
	_ "embed"
	"html/template"
	"io"

	"github.com/sockeye-tcp/sockeye/internal/compare"
)

// One page of HTML: nothing is loaded from anywhere.

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

// An illustrated section.
type illustrated struct {
	section
	Pictures []picture
}

// HTML writes a report as one page with its pictures in it.
func HTML(w io.Writer, r *compare.Report) error {
	data := struct {
		Report   *compare.Report
		Sections []illustrated
		Traces   []picture
		Legend   string
	}{Report: r, Legend: legend}
	for _, s := range sections(r) {
		p, err := pictures(r, &s)
		if err != nil {
			return err
		}
		data.Sections = append(data.Sections, illustrated{s, p})
	}
	var err error
	if data.Traces, err = tracePictures(r); err != nil {
		return err
	}
	return page.Execute(w, data)
}
