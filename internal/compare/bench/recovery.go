package bench

import (
	"io"

	"github.com/sockeye-tcp/sockeye/internal/compare/campaign"
)

// A Recovery says what Recover does.
type Recovery struct {
	Cases  []campaign.Case
	Stacks []campaign.Stack
	Runs   int               // of each stack in each case, with those that there are
	Have   []campaign.Sample // from an earlier time
	Out    io.Writer         // gets a line of JSON for each run
	Seed   uint64
	Build  string // what is measured
	// Budget is how many processors the cases that are measured side by side may keep busy, by their Load.
	Budget float64

	// Program is how to start this program so that it plays a part, as for Run.
	Program []string
	// Progress is called with which share of all is done and what was done last. Nil is allowed.
	Progress func(share float64, what string)
	// Tell says what went wrong with one run.
	Tell func(string)
}
