package bench

import (
	"bytes"
	"testing"

	"github.com/sockeye-tcp/sockeye/internal/compare/campaign"
)

func TestRecover(t *testing.T) {
	if testing.Short() {
		t.Skip("measures for seconds")
	}
	program := testConfig(t).Program
	var cases []campaign.Case
	for _, role := range []campaign.Role{campaign.Sender, campaign.Receiver} {
		cases = append(cases, campaign.Case{Cell: campaign.Cell{Loss: 0.01, DelayMs: 10, Mbit: 10}, Role: role, Congestion: "cubic"})
	}
	var out bytes.Buffer
	have := []campaign.Sample{{Case: cases[0], Stack: campaign.Kernel}}
	err := Recover(t.Context(), Recovery{
		Cases: cases, Stacks: campaign.Stacks(), Runs: 1, Have: have, Out: &out, Seed: 1, Build: "test", Budget: 1,
		Program: program, Tell: func(s string) { t.Log(s) },
	})
	if err != nil {
		t.Fatal(err)
	}
	list, err := campaign.Read(&out)
	if err != nil || len(list) != 3 {
		t.Fatalf("got %d samples, %v, want those 3 that were missing", len(list), err)
	}
	for _, s := range list {
		t.Logf("%+v", s)
		if s.Build != "test" || s.Seconds != 2.25 || s.Goodput <= 0 || s.Goodput > 10e6 || s.CPU <= 0 || s.Machine <= 0 {
			t.Errorf("%s, %s: %+v", s.Case, s.Stack, s)
		}
		if seen := float64(s.Segments-s.Retransmits) * 1448 * 8 / s.Seconds; s.Goodput > seen || s.Goodput < 0.5*seen {
			t.Errorf("%s, %s: a goodput of %g, and new text of %g was seen", s.Case, s.Stack, s.Goodput, seen)
		}
		if s.Lost == 0 || s.Retransmits < s.Lost/2 || s.Acks == 0 || s.Spurious > s.Retransmits {
			t.Errorf("%s, %s: the observer counted %+v", s.Case, s.Stack, s.Counts)
		}
	}
}
