package requirements

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Check returns what is wrong with the account, a sentence each: labels that do not exist, and
// requirements that are neither named by code and a test nor on the list of remarks, or on it wrongly.
func Check(all []Requirement, remarks map[string]Remark, found map[string]*Places) []string {
	var wrong []string
	known := map[string]bool{}
	for _, r := range all {
		known[r.ID] = true
		if w := checkOne(remarks[r.ID].Kind, found[r.ID]); w != "" {
			wrong = append(wrong, r.ID+": "+w)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(found)) {
		if !known[id] {
			p := found[id]
			wrong = append(wrong, fmt.Sprintf("%s does not exist; it is named in %v", id, append(p.Code, p.Tests...)))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(remarks)) {
		if !known[id] {
			wrong = append(wrong, id+" does not exist; it is named in remarks.tsv")
		}
	}
	return wrong
}

// checkOne says what is wrong with one requirement, or "".
func checkOne(kind Kind, p *Places) string {
	if p == nil {
		p = &Places{}
	}
	switch {
	case kind == Departed:
		return ""
	case kind == NotDone:
		if len(p.Code) > 0 {
			return fmt.Sprintf("remarks.tsv says that it is not done, but %v names it", p.Code)
		}
		return ""
	case len(p.Code) == 0 && len(p.Tests) == 0:
		return "neither code nor test names it, and remarks.tsv does not say why"
	case len(p.Code) == 0:
		return fmt.Sprintf("%v names it, but no code does", p.Tests)
	case kind == Untested && len(p.Tests) > 0:
		return fmt.Sprintf("remarks.tsv says that no test can show it, but %v names it", p.Tests)
	case kind != Untested && len(p.Tests) == 0:
		return fmt.Sprintf("%v names it, but no test does", p.Code)
	}
	return ""
}

// Scripts is the directory of the scripts that prove what shows on the wire.
const Scripts = "tcp/testdata/"

// CheckScripts returns what is wrong with the scripts, a sentence each: every requirement that is done
// and shows on the wire needs one, or else a reason why there is none.
func CheckScripts(all []Requirement, remarks map[string]Remark, found map[string]*Places, noScript map[string]string) []string {
	var wrong []string
	known := map[string]bool{}
	for _, r := range all {
		known[r.ID] = true
		_, excused := noScript[r.ID]
		switch has := hasScript(found[r.ID]); {
		case excused && !r.Wire:
			wrong = append(wrong, r.ID+": noscript.tsv excuses it, but it does not show on the wire anyway")
		case excused && has:
			wrong = append(wrong, r.ID+": noscript.tsv says that no script can prove it, but one names it")
		case r.Wire && status(remarks[r.ID]) == "done" && !has && !excused:
			wrong = append(wrong, r.ID+": it shows on the wire, but no script names it, and noscript.tsv does not say why")
		}
	}
	for _, id := range slices.Sorted(maps.Keys(noScript)) {
		if !known[id] {
			wrong = append(wrong, id+" does not exist; it is named in noscript.tsv")
		}
	}
	return wrong
}

// hasScript reports whether a script is among the tests.
func hasScript(p *Places) bool {
	return p != nil && slices.ContainsFunc(p.Tests, func(t Place) bool {
		return strings.HasPrefix(t.File, Scripts) && strings.HasSuffix(t.File, ".pkt")
	})
}
