package requirements

import (
	"fmt"
	"io/fs"
	"strings"
)

// The page: every requirement with what became of it.

// Generate looks through a module and returns the page about it.
func Generate(module fs.FS) (string, error) {
	all, err := All()
	if err != nil {
		return "", err
	}
	remarks, err := Remarks()
	if err != nil {
		return "", err
	}
	noScript, err := NoScript()
	if err != nil {
		return "", err
	}
	found, err := Scan(module)
	if err != nil {
		return "", err
	}
	return page(all, remarks, found, noScript), nil
}

const head = `# RFC 9293, requirement by requirement

<!-- Written by "make docs" from the labels in code and tests, and from internal/requirements/*.tsv. Do not edit. -->

[RFC 9293](https://www.rfc-editor.org/rfc/rfc9293) numbers what it asks of a TCP. This page lists all of it, in our
own words; the wording that counts is the RFC's. What is done names the code and the tests that carry its label.

`

func page(all []Requirement, remarks map[string]Remark, found map[string]*Places, noScript map[string]string) string {
	var b strings.Builder
	b.WriteString(head)
	summary(&b, all, remarks)
	scripted(&b, all, remarks, found)
	for _, s := range []struct {
		title string
		kind  Kind
	}{{"Departed from", Departed}, {"Not done", NotDone}} {
		fmt.Fprintf(&b, "\n%s: %s.\n", s.title, listOf(all, remarks, s.kind))
	}
	b.WriteString("\n| id | level | section | requirement | status | where and why |\n|---|---|---|---|---|---|\n")
	for _, r := range all {
		remark, places := remarks[r.ID], found[r.ID]
		if places == nil {
			places = &Places{}
		}
		fmt.Fprintf(&b, "| %s | %s | [%s](https://www.rfc-editor.org/rfc/rfc9293#section-%s) | %s | %s | %s |\n",
			r.ID, r.Level, r.Section, r.Section, r.Text, status(remark), details(remark, places, noScript[r.ID]))
	}
	return b.String()
}

// status is the word for what became of a requirement.
func status(r Remark) Kind {
	if r.Kind == Departed || r.Kind == NotDone {
		return r.Kind
	}
	return "done"
}

// summary counts, by level.
func summary(b *strings.Builder, all []Requirement, remarks map[string]Remark) {
	type row struct{ done, departed, not int }
	var total row
	rows := map[string]*row{}
	var levels []string
	for _, r := range all {
		level := strings.TrimSuffix(r.Level, " NOT")
		if rows[level] == nil {
			rows[level] = &row{}
			levels = append(levels, level)
		}
		for _, n := range []*row{rows[level], &total} {
			switch status(remarks[r.ID]) {
			case Departed:
				n.departed++
			case NotDone:
				n.not++
			default:
				n.done++
			}
		}
	}
	b.WriteString("| level | done | departed | not done | of |\n|---|--:|--:|--:|--:|\n")
	for _, l := range levels {
		n := rows[l]
		fmt.Fprintf(b, "| %s | %d | %d | %d | %d |\n", l, n.done, n.departed, n.not, n.done+n.departed+n.not)
	}
	fmt.Fprintf(b, "| **all** | **%d** | **%d** | **%d** | **%d** |\n", total.done, total.departed, total.not, len(all))
}

// listOf names the requirements of one kind.
func listOf(all []Requirement, remarks map[string]Remark, kind Kind) string {
	var ids []string
	for _, r := range all {
		if remarks[r.ID].Kind == kind {
			ids = append(ids, r.ID)
		}
	}
	if ids == nil {
		return "none"
	}
	return strings.Join(ids, ", ")
}

// scripted counts what scripts prove.
func scripted(b *strings.Builder, all []Requirement, remarks map[string]Remark, found map[string]*Places) {
	wire, scripts := 0, 0
	for _, r := range all {
		if !r.Wire || status(remarks[r.ID]) != "done" {
			continue
		}
		wire++
		if hasScript(found[r.ID]) {
			scripts++
		}
	}
	fmt.Fprintf(b, "\n%d of those that are done show on the wire, and %d of them are proven by a script of their own in\n"+
		"[%s](../%s): packets and system calls with their times, in the language of packetdrill. For the others\n"+
		"the table says why a script cannot show them.\n", wire, scripts, Scripts, Scripts)
}

// details says why, then where.
func details(r Remark, p *Places, noScript string) string {
	var parts []string
	if r.Reason != "" {
		parts = append(parts, r.Reason)
	}
	if len(p.Code) > 0 {
		parts = append(parts, "Code: "+links(p.Code)+".")
	}
	if len(p.Tests) > 0 {
		parts = append(parts, "Tests: "+links(p.Tests)+".")
	}
	if noScript != "" {
		parts = append(parts, "No script: "+strings.ToLower(noScript[:1])+noScript[1:])
	}
	return strings.Join(parts, " ")
}

// links writes places, with one link for each file.
func links(places []Place) string {
	var b strings.Builder
	last := ""
	for _, p := range places {
		switch {
		case p.File != last && last != "":
			b.WriteString("; ")
		case p.File == last:
			b.WriteString(",")
		}
		if p.File != last {
			fmt.Fprintf(&b, "[%s](../%s)", p.File, p.File)
		}
		if p.Name != "" {
			fmt.Fprintf(&b, " `%s`", p.Name)
		}
		last = p.File
	}
	return b.String()
}
