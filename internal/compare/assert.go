package compare

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Assertions: a limit for continuous integration.

// An Assertion is a limit on the ratio of two series, such as
//
//	user/kernel < 1.5
//	fetch.connect twin/control <= 1.2
//	download.rate user/kernel > 0.5
//
// It is about the main metric of the first workload unless it names another.
// In a sweep it must hold for every cell.
type Assertion struct {
	text     string
	workload Workload // "": the first of the report
	metric   string   // "": the main one
	a, b     Series
	op       string
	limit    float64
}

// ParseAssertion reads an assertion. The error says what is allowed.
func ParseAssertion(s string) (Assertion, error) {
	bad := func(what string) (Assertion, error) {
		return Assertion{}, fmt.Errorf("%q: %s; write for example 'user/kernel < 1.5' or 'download.rate twin/control >= 0.8'", s, what)
	}
	at := strings.IndexAny(s, "<>")
	if at < 0 {
		return bad("there is no <, <=, > or >=")
	}
	x := Assertion{text: strings.TrimSpace(s), op: s[at : at+1]}
	rest := s[at+1:]
	if strings.HasPrefix(rest, "=") {
		x.op, rest = x.op+"=", rest[1:]
	}
	var err error
	if x.limit, err = strconv.ParseFloat(strings.TrimSpace(rest), 64); err != nil || !(x.limit > 0) {
		return bad("the limit is no number above 0")
	}
	words := strings.Fields(s[:at])
	if len(words) == 2 {
		w, m, _ := strings.Cut(words[0], ".")
		x.workload, x.metric, words = Workload(w), m, words[1:]
		if !x.workload.IsValid() {
			return bad(fmt.Sprintf("there is no workload %q", w))
		}
		if m != "" && !slices.ContainsFunc(x.workload.Metrics(), func(y Metric) bool { return y.Name == m && !y.Plain }) {
			return bad(fmt.Sprintf("%s has no metric %q", w, m))
		}
	}
	if len(words) != 1 {
		return bad("the left side is no ratio")
	}
	a, b, _ := strings.Cut(words[0], "/")
	x.a, x.b = Series(a), Series(b)
	if !slices.Contains(AllSeries(), x.a) || !slices.Contains(AllSeries(), x.b) || x.a == x.b {
		return bad("a ratio is of two of user, kernel, twin and control")
	}
	return x, nil
}

// Check returns nil when the assertion holds in every cell, and otherwise an
// error that says what the ratio is. It judges the estimate, not its interval.
// It also fails when there is nothing to judge.
func (x Assertion) Check(r *Report) error {
	w := x.workload
	if w == "" && len(r.Workloads) > 0 {
		w = r.Workloads[0]
	}
	judged := false
	for cell := range r.Cells {
		if !slices.Contains(r.Workloads, w) {
			break
		}
		metric := x.metric
		if metric == "" {
			metric = w.Metrics()[0].Name
		}
		a, b := r.units(cell, w, x.a, metric), r.units(cell, w, x.b, metric)
		if len(a) == 0 || len(b) == 0 {
			continue
		}
		c := Compare(x.a, x.b, a, b)
		if c.Ratio == 0 {
			continue
		}
		judged = true
		if !x.holds(c.Ratio) {
			return fmt.Errorf("assertion failed: %s: %s %s %s/%s is %s (95%% interval %s to %s)",
				x.text, r.Subject(cell, w), metric, x.a, x.b, FormatRatio(c.Ratio), FormatRatio(c.Lo), FormatRatio(c.Hi))
		}
	}
	if !judged {
		return fmt.Errorf("assertion failed: %s: nothing was measured that it speaks of", x.text)
	}
	return nil
}

func (x Assertion) holds(ratio float64) bool {
	switch x.op {
	case "<":
		return ratio < x.limit
	case "<=":
		return ratio <= x.limit
	case ">":
		return ratio > x.limit
	case ">=":
		return ratio >= x.limit
	}
	panic("BUG: operator " + x.op)
}
