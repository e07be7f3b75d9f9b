package main

import (
	"slices"
	"testing"

	"github.com/sockeye-tcp/sockeye/internal/ladder"
)

// A note is about the lines that its step adds, or about the last one when it adds none.
func TestRemarksStandBesideTheirLines(t *testing.T) {
	s := &story{chapters: []chapter{{"opens", "RFC 9293 §3.5", 3}, {"waits", "", 3}, {"answers", "", 5}, {"less is drawn of it now", "", 4}}}
	want := []ladder.Remark{
		{Line: 0, Text: "opens", Rule: "RFC 9293 §3.5"}, {Line: 2, Text: "waits"}, {Line: 3, Text: "answers"}, {Line: 4, Text: "less is drawn of it now"},
	}
	if got := s.remarks(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
