// Package report writes a comparison down: as text, Markdown, CSV, JSON, Go
// benchmark results and as one page of HTML with pictures.
package report
