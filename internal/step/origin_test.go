package step

import (
	"testing"

	"github.com/sockeye-tcp/sockeye/internal/ladder"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// TestTheLadderKnowsWhichCopyArrives: in the lesson the first SYN is late and its copy, which looks alike, is lost.
func TestTheLadderKnowsWhichCopyArrives(t *testing.T) {
	p, err := Find("old-duplicate-syn").Play(1)
	if err != nil {
		t.Fatal(err)
	}
	for p.Next() {
	}
	var lost []int
	for _, l := range p.View().Ladder[0].Lines {
		if l.Kind == ladder.KindSegment && l.Dir == ladder.ToRight && l.Part == ladder.Departs && l.Segment.Header.Flags == tcp.SYN {
			lost = append(lost, l.Nth)
			if l.Lost != (l.Nth > 0) {
				t.Errorf("SYN sent %d times before: lost is %v", l.Nth, l.Lost)
			}
		}
	}
	if len(lost) != 2 {
		t.Errorf("got %d SYNs that leave and do not arrive at once, want 2", len(lost))
	}
}
