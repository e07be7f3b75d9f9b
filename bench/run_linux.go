package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"time"
)

// The rounds.

// A config says what to do.
type config struct {
	program  program
	systems  []system
	works    []work
	rounds   int
	seed     uint64
	awake    bool   // in all works
	profiles string // directory for CPU profiles; "": none
	order    spec   // what all clients are told
	progress io.Writer
}

// A sample is one run.
type sample struct {
	Round  int                `json:"round"`
	Order  int                `json:"order"` // counts all runs
	System system             `json:"system"`
	Work   work               `json:"work"`
	Values map[string]float64 `json:"values"` // seconds, bytes, bytes or connections a second
}

// A failure is a run that had no result.
type failure struct {
	Round  int    `json:"round"`
	System system `json:"system"`
	Work   work   `json:"work"`
	Error  string `json:"error"`
}

// measure makes all runs: in each round each work once over each system, one right after the other in an order that
// chance decides, so that what changes on the machine meets all of them. What was measured before ctx ended is kept.
func (c *config) measure(ctx context.Context) *report {
	r := newReport(c)
	rng := rand.New(rand.NewPCG(c.seed, 0))
	for round := range c.rounds {
		for _, w := range c.works {
			order := append([]system(nil), c.systems...)
			rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
			for _, s := range order {
				if ctx.Err() != nil {
					r.Incomplete = true
					return r
				}
				c.one(ctx, r, round, w, s)
			}
		}
	}
	return r
}

// one makes one run and notes what came of it.
func (c *config) one(ctx context.Context, r *report, round int, w work, s system) {
	order := c.order
	order.System, order.Work = s, w
	if c.profiles != "" {
		order.Profile = filepath.Join(c.profiles, fmt.Sprintf("%s-%s-%d.pprof", w, s, round))
	}
	start := time.Now()
	got, err := c.program.play(ctx, order, c.awake || w == pingPongAwake)
	if err != nil {
		if ctx.Err() == nil {
			r.Failures = append(r.Failures, failure{round, s, w, err.Error()})
			fmt.Fprintf(c.progress, "round %d, %s over %s: %v\n", round+1, w, s, err)
		}
		return
	}
	if got.Note != "" {
		r.Notes[s] = got.Note
	}
	r.Samples = append(r.Samples, sample{round, len(r.Samples), s, w, got.Values})
	m := w.metrics()[0]
	fmt.Fprintf(c.progress, "round %d of %d, %s over %s: %.*f %s (%.1f s in all)\n",
		round+1, c.rounds, w, s, m.digits, got.Values[m.name]*m.scale, m.unit, time.Since(start).Seconds())
}
