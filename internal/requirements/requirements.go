// Package requirements keeps account of the 119 numbered requirements of RFC 9293
// (its Appendix B): where the code names each of them, which test does, and what is
// done differently or not at all. Its generator writes that to docs/rfc9293.md; its tests
// fail when the page is stale, a requirement is unaccounted for, or one that shows in packets has no script.
//
// Code and tests name a requirement by its label alone, such as MUST-10, in a comment or a
// string. Each is named by itself: ranges are not understood.
package requirements

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"
)

//go:generate go run ./gen

// Page is the page that the generator writes, seen from the top of the module.
const Page = "docs/rfc9293.md"

// A Requirement is one of the numbered requirements.
type Requirement struct {
	ID      string // MUST-10
	Level   string // MUST, MUST NOT, SHOULD, SHOULD NOT, MAY, RECOMMENDED
	Section string // of RFC 9293: 3.10.7
	Wire    bool   // what it asks for shows in packets, so that a script can prove it
	Text    string // what it asks for, in our words
}

// A Kind says why a requirement is on the list of remarks.
type Kind string

// The kinds of remarks.
const (
	Departed Kind = "departed" // something else is done, for a reason
	NotDone  Kind = "not done"
	Untested Kind = "untested" // done, but no test can show it
	Note     Kind = "note"     // done, with something to add
)

// A Remark is what a person has to say about a requirement.
type Remark struct {
	Kind   Kind
	Reason string
}

var (
	//go:embed requirements.tsv
	requirementsTable string
	//go:embed remarks.tsv
	remarksTable string
	//go:embed noscript.tsv
	noScriptTable string
)

// label finds requirements that are named in a text.
var label = regexp.MustCompile(`\b(?:MUST|SHLD|MAY|REC)-[0-9]+\b`)

// All returns the requirements in the order of their labels. An error means that
// the tables of this package are malformed.
func All() ([]Requirement, error) {
	var all []Requirement
	err := eachLine(requirementsTable, 5, func(f []string) error {
		switch {
		case label.FindString(f[0]) != f[0]:
			return fmt.Errorf("%q is no label", f[0])
		case f[3] != "wire" && f[3] != "api":
			return fmt.Errorf("%s: where does it show: on the wire or in the api? Not in %q", f[0], f[3])
		}
		all = append(all, Requirement{f[0], f[1], f[2], f[3] == "wire", f[4]})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("requirements.tsv: %w", err)
	}
	return all, nil
}

// Remarks returns the remarks by the label of their requirement, at most one each.
func Remarks() (map[string]Remark, error) {
	remarks := map[string]Remark{}
	err := eachLine(remarksTable, 3, func(f []string) error {
		if _, twice := remarks[f[0]]; twice {
			return fmt.Errorf("%s is there twice", f[0])
		}
		switch k := Kind(f[1]); k {
		case Departed, NotDone, Untested, Note:
			remarks[f[0]] = Remark{k, f[2]}
			return nil
		}
		return fmt.Errorf("%s: unknown kind %q", f[0], f[1])
	})
	if err != nil {
		return nil, fmt.Errorf("remarks.tsv: %w", err)
	}
	return remarks, nil
}

// NoScript returns, by label, why no script proves a requirement although it shows on the wire.
func NoScript() (map[string]string, error) {
	reasons := map[string]string{}
	err := eachLine(noScriptTable, 2, func(f []string) error {
		if _, twice := reasons[f[0]]; twice {
			return fmt.Errorf("%s is there twice", f[0])
		}
		reasons[f[0]] = f[1]
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("noscript.tsv: %w", err)
	}
	return reasons, nil
}

// eachLine calls do with the fields of every line, of which there must be n, none empty.
func eachLine(table string, n int, do func(fields []string) error) error {
	for i, line := range strings.Split(strings.TrimSuffix(table, "\n"), "\n") {
		fields := strings.Split(line, "\t")
		for _, f := range fields {
			if strings.TrimSpace(f) == "" {
				return fmt.Errorf("line %d: an empty field", i+1)
			}
		}
		if len(fields) != n {
			return fmt.Errorf("line %d: %d fields, want %d", i+1, len(fields), n)
		}
		if err := do(fields); err != nil {
			return fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	return nil
}
