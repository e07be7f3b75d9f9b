package campaign

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
)

// The samples: one line of JSON each, so that a campaign of hours survives an interruption.

// A Sample is one run.
type Sample struct {
	Case
	Stack   Stack   `json:"stack"`
	Run     int     `json:"run"`     // counts the runs of this case and stack, from 0
	Seconds float64 `json:"seconds"` // for which text was counted
	Goodput float64 `json:"goodput"` // bits of text a second, from the handshake on
	Steady  float64 `json:"steady"`  // the same in the second half of the time
	Counts
	RTOs    int64   `json:"rtos"`    // expiries of the sender's retransmission timer, as it counts them itself
	CPU     float64 `json:"cpu"`     // seconds that the process of the TCP under test used, user and system; ours moves the packets of its link, too
	Machine float64 `json:"machine"` // share of all processors that was busy meanwhile
	Build   string  `json:"build"`   // what was measured
}

// BusyMachine is the share of the processors' time above which a run says more about the machine than about the stacks.
const BusyMachine = 0.85

// Read reads the samples of a file. A last line that was cut off is left out.
func Read(r io.Reader) (list []Sample, err error) {
	lines := bufio.NewReader(r)
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return list, nil
		}
		if err != nil {
			return list, err
		}
		var s Sample
		if err := json.Unmarshal(line, &s); err != nil {
			return list, fmt.Errorf("line %d: %w", n, err)
		}
		list = append(list, s)
	}
}

// A Key says which samples are alike.
type Key struct {
	Case  Case
	Stack Stack
}

// Done counts the samples that there are.
func Done(list []Sample) map[Key]int {
	n := map[Key]int{}
	for i := range list {
		n[Key{list[i].Case, list[i].Stack}]++
	}
	return n
}

// Missing are the runs of a case that are to be made until there are so many of each stack, in the order
// A B B A, so that a drift of the machine falls on both.
func Missing(done map[Key]int, c Case, stacks []Stack, runs int) (order []Sample) {
	for n := range runs {
		for i := range stacks {
			s := stacks[i]
			if n%2 == 1 {
				s = stacks[len(stacks)-1-i]
			}
			if n >= done[Key{c, s}] {
				order = append(order, Sample{Case: c, Stack: s, Run: n})
			}
		}
	}
	return order
}
