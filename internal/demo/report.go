package demo

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/sockeye-tcp/sockeye/httpget"
	"github.com/sockeye-tcp/sockeye/internal/ladder"
)

// What a demonstration looks like, as text and as JSON.

// WriteText writes the whole story. Skipped is what could not be shown and why; it may be empty.
func (r *Result) WriteText(w io.Writer, skipped string, o ladder.TextOptions) error {
	var b strings.Builder
	if skipped != "" {
		paragraph(&b, "Skipped: ", skipped)
	}
	paragraph(&b, "Place:   ", r.Place)
	paragraph(&b, "Server:  ", r.Server+", at "+r.URL)
	fmt.Fprintf(&b, "\nFetched over our TCP: status %d, %d bytes.\n\n", r.Status, len(r.Body))
	for line := range strings.Lines(string(r.Body)) {
		b.WriteString("    " + line)
	}
	b.WriteString("\nEvery segment of it, from SYN to TIME-WAIT:\n\n")
	if err := ladder.Text(&b, r.Ladders, o); err != nil {
		return err
	}
	r.writePhases(&b)
	b.WriteByte('\n')
	paragraph(&b, "", r.closing())
	_, err := io.WriteString(w, b.String())
	return err
}

// paragraph writes a heading and text beside it, broken at textWidth columns.
func paragraph(b *strings.Builder, head, text string) {
	const textWidth = 79
	line := head
	for word := range strings.FieldsSeq(text) {
		if len(line)+len(word) > textWidth {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line = strings.Repeat(" ", len(head))
		}
		line += word + " "
	}
	b.WriteString(strings.TrimRight(line, " ") + "\n")
}

// A phase is one row of the table.
type phase struct {
	name         string
	user, kernel time.Duration // medians
}

// phases returns the medians, the total last. No name is looked up: the URL has an address.
func (r *Result) phases() []phase {
	lengths := []struct {
		name string
		of   func(httpget.Times) time.Duration
	}{
		{"connect", func(t httpget.Times) time.Duration { return t.Connect }},
		{"first byte", func(t httpget.Times) time.Duration { return t.StartTransfer - t.Connect }},
		{"body", func(t httpget.Times) time.Duration { return t.Total - t.StartTransfer }},
		{"total", func(t httpget.Times) time.Duration { return t.Total }},
	}
	rows := make([]phase, 0, len(lengths))
	for _, l := range lengths {
		rows = append(rows, phase{l.name, median(r.User, l.of), median(r.Kernel, l.of)})
	}
	return rows
}

// median returns the median of a phase, 0 when nothing was timed.
func median(times []httpget.Times, length func(httpget.Times) time.Duration) time.Duration {
	if len(times) == 0 {
		return 0
	}
	all := make([]time.Duration, 0, len(times))
	for _, t := range times {
		all = append(all, length(t))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

func (r *Result) writePhases(b *strings.Builder) {
	fmt.Fprintf(b, "\nPhases of a fetch, median of %d over each TCP, each on a new connection:\n\n", len(r.User))
	if r.KernelPath == "" {
		fmt.Fprintf(b, "    %-14s %12s\n", "", "sockeye")
		for _, p := range r.phases() {
			fmt.Fprintf(b, "    %-14s %12s\n", p.name, ms(p.user))
		}
		return
	}
	fmt.Fprintf(b, "    %-14s %12s %12s\n", "", "sockeye", "kernel")
	for _, p := range r.phases() {
		fmt.Fprintf(b, "    %-14s %12s %12s\n", p.name, ms(p.user), ms(p.kernel))
	}
	b.WriteByte('\n')
	paragraph(b, "", fmt.Sprintf("Ours cross %s, the kernel's the %s: different paths, not a race.", r.UserPath, r.KernelPath))
}

// ms writes a time in milliseconds.
func ms(d time.Duration) string { return fmt.Sprintf("%.3f ms", float64(d)/float64(time.Millisecond)) }

// closing is the last sentence.
func (r *Result) closing() string {
	rows := r.phases()
	total := rows[len(rows)-1]
	if total.kernel == 0 {
		return fmt.Sprintf("The page took %s. Nothing on the host has changed.", ms(total.user))
	}
	return fmt.Sprintf("The page took %s over our TCP and %s over the kernel's. Nothing on the host has changed.",
		ms(total.user), ms(total.kernel))
}

// schema numbers the form of the JSON.
const schema = 1

// WriteJSON writes the same as JSON, with every sample, times in seconds.
func (r *Result) WriteJSON(w io.Writer, skipped string) error {
	type row struct {
		Name   string   `json:"name"`
		User   float64  `json:"user_seconds"`
		Kernel *float64 `json:"kernel_seconds,omitempty"`
	}
	var rows []row
	for _, p := range r.phases() {
		next := row{Name: p.name, User: p.user.Seconds()}
		if k := p.kernel.Seconds(); r.KernelPath != "" {
			next.Kernel = &k
		}
		rows = append(rows, next)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(struct {
		Schema     int              `json:"schema"`
		Skipped    string           `json:"skipped,omitempty"`
		Place      string           `json:"place"`
		Server     string           `json:"server"`
		URL        string           `json:"url"`
		Status     int              `json:"status"`
		Body       string           `json:"body"`
		UserPath   string           `json:"user_path"`
		KernelPath string           `json:"kernel_path,omitempty"`
		Runs       int              `json:"runs"`
		Phases     []row            `json:"phases"` // medians
		Totals     [2][]float64     `json:"totals_seconds"`
		Ladders    []*ladder.Ladder `json:"ladders"`
	}{
		schema, skipped, r.Place, r.Server, r.URL, r.Status, string(r.Body), r.UserPath, r.KernelPath,
		len(r.User), rows, [2][]float64{totals(r.User), totals(r.Kernel)}, r.Ladders,
	})
}

// totals returns the total times in seconds.
func totals(times []httpget.Times) []float64 {
	s := make([]float64, 0, len(times))
	for _, t := range times {
		s = append(s, t.Total.Seconds())
	}
	return s
}
