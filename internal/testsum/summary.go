package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"sort"
	"strings"
)

// The reading of go test's JSON stream (go doc test2json).

// An event is one line of the stream.
type event struct {
	Action     string
	Package    string
	ImportPath string // of build output
	Test       string
	Output     string
}

// A summary prints what go test without -v would print, and counts.
type summary struct {
	w       io.Writer
	output  map[string][]string // lines of tests and packages that still run, by name
	passed  int
	failed  []string
	skipped map[string][]string // test names by reason
}

func newSummary(w io.Writer) *summary {
	return &summary{w: w, output: map[string][]string{}, skipped: map[string][]string{}}
}

// read takes the whole stream.
func (s *summary) read(r io.Reader) error {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			s.take(line)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// take handles one line. What is not JSON is printed as it is.
func (s *summary) take(line []byte) {
	var e event
	if json.Unmarshal(line, &e) != nil {
		s.w.Write(line)
		return
	}
	key := e.Package + " " + e.Test
	switch e.Action {
	case "build-output":
		io.WriteString(s.w, e.Output)
	case "output":
		s.output[key] = append(s.output[key], e.Output)
	case "pass", "skip", "fail":
		lines := s.output[key]
		delete(s.output, key)
		if e.Test == "" {
			s.endPackage(e, lines)
		} else {
			s.endTest(e, lines)
		}
	}
}

// endTest counts a test and prints the lines of one that failed.
func (s *summary) endTest(e event, lines []string) {
	switch e.Action {
	case "pass":
		s.passed++
	case "skip":
		why := skipReason(lines)
		s.skipped[why] = append(s.skipped[why], e.Test)
	case "fail":
		s.failed = append(s.failed, e.Test)
		s.print(lines)
	}
}

// endPackage prints all that a failed package wrote, and the result line of a good one.
func (s *summary) endPackage(e event, lines []string) {
	if e.Action == "fail" {
		s.print(lines)
		return
	}
	for _, l := range lines {
		if strings.HasPrefix(l, "ok ") {
			io.WriteString(s.w, l)
		}
	}
}

func (s *summary) print(lines []string) {
	for _, l := range lines {
		if !strings.HasPrefix(l, "=== ") {
			io.WriteString(s.w, l)
		}
	}
}

// location is what t.Skip puts before the reason.
var location = regexp.MustCompile(`^\s*\S+\.go:\d+: `)

// skipReason finds the reason in the lines of a skipped test: the last that t.Skip or t.Log wrote.
func skipReason(lines []string) string {
	why := "no reason given"
	for _, l := range lines {
		if location.MatchString(l) {
			why = strings.TrimSpace(location.ReplaceAllString(l, ""))
		}
	}
	return why
}

// line is the sum of it all.
func (s *summary) line() string {
	skipped, reasons := 0, make([]string, 0, len(s.skipped))
	for why, tests := range s.skipped {
		skipped += len(tests)
		reasons = append(reasons, fmt.Sprintf("%d: %s (%s)", len(tests), why, firstFew(tests)))
	}
	sort.Strings(reasons)
	text := fmt.Sprintf("%d tests passed, %d failed, ", s.passed, len(s.failed))
	if skipped == 0 {
		return text + "none skipped"
	}
	return text + fmt.Sprintf("%d skipped: %s", skipped, strings.Join(reasons, "; "))
}

// firstFew names up to three tests.
func firstFew(tests []string) string {
	const most = 3
	sort.Strings(tests)
	if len(tests) > most {
		return strings.Join(tests[:most], ", ") + ", ..."
	}
	return strings.Join(tests, ", ")
}
