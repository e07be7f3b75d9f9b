package main

import (
	"strings"
	"testing"
)

const stream = `{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"TestGood"}
{"Action":"output","Package":"p","Test":"TestGood","Output":"=== RUN   TestGood\n"}
{"Action":"output","Package":"p","Test":"TestGood","Output":"    a_test.go:3: chatter\n"}
{"Action":"pass","Package":"p","Test":"TestGood"}
{"Action":"output","Package":"p","Test":"TestRoot","Output":"    a_test.go:9: needs root\n"}
{"Action":"skip","Package":"p","Test":"TestRoot"}
{"Action":"output","Package":"p","Test":"TestTUN","Output":"    a_test.go:12: needs root\n"}
{"Action":"skip","Package":"p","Test":"TestTUN"}
{"Action":"skip","Package":"p","Test":"TestMute"}
{"Action":"output","Package":"p","Output":"ok  \tp\t0.1s\n"}
{"Action":"pass","Package":"p"}
{"Action":"output","Package":"q","Test":"TestBad","Output":"    q_test.go:1: got 1, want 2\n"}
{"Action":"fail","Package":"q","Test":"TestBad"}
{"Action":"output","Package":"q","Output":"FAIL\tq\t0.1s\n"}
{"Action":"fail","Package":"q"}
{"ImportPath":"r","Action":"build-output","Output":"r.go:1: syntax error\n"}
{"Action":"skip","Package":"nothing-to-test"}
`

func TestSummaryLine(t *testing.T) {
	var out strings.Builder
	s := newSummary(&out)
	if err := s.read(strings.NewReader(stream)); err != nil {
		t.Fatal(err)
	}
	want := "1 tests passed, 1 failed, 3 skipped: 1: no reason given (TestMute); 2: needs root (TestRoot, TestTUN)"
	if got := s.line(); got != want {
		t.Errorf("line:\n got %s\nwant %s", got, want)
	}
}

func TestSummaryPrintsOnlyWhatMatters(t *testing.T) {
	var out strings.Builder
	if err := newSummary(&out).read(strings.NewReader(stream)); err != nil {
		t.Fatal(err)
	}
	want := "ok  \tp\t0.1s\n    q_test.go:1: got 1, want 2\nFAIL\tq\t0.1s\nr.go:1: syntax error\n"
	if got := out.String(); got != want {
		t.Errorf("printed:\n got %q\nwant %q", got, want)
	}
}

func TestSummaryWithoutSkips(t *testing.T) {
	s := newSummary(&strings.Builder{})
	s.take([]byte(`{"Action":"pass","Package":"p","Test":"TestGood"}`))
	if got, want := s.line(), "1 tests passed, 0 failed, none skipped"; got != want {
		t.Errorf("line: got %q, want %q", got, want)
	}
}
