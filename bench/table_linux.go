package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// The report as tables, in Markdown that lines up.

// text writes the tables.
func (r *report) text(w io.Writer) error {
	var b strings.Builder
	for _, s := range systems {
		if !slices.Contains(r.Systems, s.name) {
			continue
		}
		fmt.Fprintf(&b, "- %s: %s", s.name, s.title)
		if note := r.Notes[s.name]; note != "" {
			fmt.Fprintf(&b, " (%s)", note)
		}
		b.WriteString("\n")
	}
	b.WriteString("\nMedians:\n\n")
	writeTable(&b, r.medianRows())
	for _, base := range bases {
		if rows := r.ratioRows(base); len(rows) > 1 {
			fmt.Fprintf(&b, "\nDivided by %s in the same round, medians with 95%% intervals (the range with fewer than 6 rounds):\n\n", base)
			writeTable(&b, rows)
		}
	}
	b.WriteString("\nWhere a title has a +, more is better. ")
	for i, c := range r.Conditions {
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "%s: %s", c.Name, c.Value)
	}
	b.WriteString(".\n")
	if r.Incomplete {
		b.WriteString("It was interrupted.\n")
	}
	for _, f := range r.Failures {
		fmt.Fprintf(&b, "Failed in round %d: %s over %s: %s\n", f.Round+1, f.Work, f.System, f.Error)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// label names the row of a figure.
func label(w work, m metric) string {
	if m.more {
		return w.title(m) + " +"
	}
	return w.title(m)
}

func (r *report) medianRows() [][]string {
	head := []string{"work", "unit"}
	for _, s := range r.Systems {
		head = append(head, string(s))
	}
	rows := [][]string{head}
	r.eachMetric(func(w work, m metric) {
		row := []string{label(w, m), m.unit}
		for _, s := range r.Systems {
			cell := ""
			if x := r.median(w, m, s); x != nil {
				cell = fmt.Sprintf("%.*f", m.digits, x.Median*m.scale)
			}
			row = append(row, cell)
		}
		rows = append(rows, row)
	})
	return rows
}

// ratioRows is the table of what is divided by one system; it has no rows but the head when that was not measured.
func (r *report) ratioRows(base system) [][]string {
	head := []string{"work"}
	for _, s := range r.Systems {
		if s != base {
			head = append(head, string(s)+"/"+string(base))
		}
	}
	rows := [][]string{head}
	r.eachMetric(func(w work, m metric) {
		row, something := []string{label(w, m)}, false
		for _, s := range r.Systems {
			if s == base {
				continue
			}
			cell := ""
			for _, x := range r.Ratios {
				if x.Work == w && x.Metric == m.name && x.System == s && x.Base == base {
					cell, something = fmt.Sprintf("%.2f (%.2f–%.2f)", x.Median, x.Lo, x.Hi), true
				}
			}
			row = append(row, cell)
		}
		if something {
			rows = append(rows, row)
		}
	})
	return rows
}

// eachMetric calls f for each row of a table.
func (r *report) eachMetric(f func(work, metric)) {
	for _, w := range r.Works {
		for _, m := range w.metrics() {
			f(w, m)
		}
	}
}

// writeTable writes rows, the head first, with columns as wide as their widest cell.
func writeTable(b *strings.Builder, rows [][]string) {
	width := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	rule := make([]string, len(width))
	for i, n := range width {
		rule[i] = strings.Repeat("-", max(n, 3))
		if i > 0 {
			rule[i] = rule[i][1:] + ":"
		}
	}
	for _, row := range slices.Insert(slices.Clone(rows), 1, rule) {
		for k, cell := range row {
			pad := strings.Repeat(" ", max(max(width[k], 3)-utf8.RuneCountInString(cell), 0))
			if k == 0 {
				fmt.Fprintf(b, "| %s%s ", cell, pad)
			} else {
				fmt.Fprintf(b, "| %s%s ", pad, cell)
			}
		}
		b.WriteString("|\n")
	}
}
