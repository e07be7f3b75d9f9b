package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Several scripts: a line for each and their sum, as go test has it.

// A suite is several scripts on their way.
type suite struct {
	app                   *app
	f                     *stepFlags
	results               []suiteResult
	passed, failed, wrong int
	err                   error // of writing
}

// A suiteResult is what became of one script, as JSON has it.
type suiteResult struct {
	File    string   `json:"file"`
	Result  string   `json:"result"` // "pass", "fail", "invalid"
	Seconds float64  `json:"seconds"`
	Message string   `json:"message,omitempty"`
	Details []string `json:"details,omitempty"`
}

// run runs one script and prints its line.
func (s *suite) run(name string) {
	run := s.app.runScript(name, false)
	code, lines := verdict(run.err)
	r := suiteResult{File: name, Result: "pass", Seconds: run.took().Seconds()}
	mark := "ok  "
	switch code {
	case 0:
		s.passed++
	case exitUsage:
		s.wrong++
		r.Result, mark = "invalid", "??  "
	default:
		s.failed++
		r.Result, mark = "fail", "FAIL"
	}
	if len(lines) > 0 {
		r.Message, r.Details = lines[0], lines[1:]
	}
	s.results = append(s.results, r)
	if s.f.format == "json" {
		return
	}
	if code == 0 {
		s.printf("%s  %s  (%.3f s)\n", mark, name, r.Seconds)
		return
	}
	s.printf("%s  %s\n", mark, r.Message)
	for _, line := range r.Details {
		s.printf("        %s\n", line)
	}
	if ladders := run.events.Ladders(scriptEnds); s.f.verbose && len(ladders) > 0 {
		s.err = errors.Join(s.err, s.app.drawText(s.app.stdout, s.f, &drawing{ladders: ladders}))
	}
}

func (s *suite) printf(format string, args ...any) {
	if _, err := fmt.Fprintf(s.app.stdout, format, args...); err != nil && s.err == nil {
		s.err = err
	}
}

// finish prints the sum and returns what the exit code is made of.
func (s *suite) finish(took time.Duration) error {
	if s.f.format == "json" {
		s.err = json.NewEncoder(s.app.stdout).Encode(struct {
			Schema  int           `json:"schema"`
			Passed  int           `json:"passed"`
			Failed  int           `json:"failed"`
			Invalid int           `json:"invalid"`
			Scripts []suiteResult `json:"scripts"`
		}{1, s.passed, s.failed, s.wrong, s.results})
	} else {
		s.printf("%s, %.2f s\n", s.sum(), took.Seconds())
	}
	switch {
	case s.err != nil:
		return s.err
	case s.failed > 0:
		return &exitError{code: exitFailure, shown: true}
	case s.wrong > 0:
		return &exitError{code: exitUsage, shown: true}
	}
	return nil
}

// sum says how many scripts came to what.
func (s *suite) sum() string {
	text := fmt.Sprintf("%d passed", s.passed)
	if s.failed > 0 {
		text += fmt.Sprintf(", %d failed", s.failed)
	}
	if s.wrong > 0 {
		text += fmt.Sprintf(", %d cannot be read", s.wrong)
	}
	return text
}
