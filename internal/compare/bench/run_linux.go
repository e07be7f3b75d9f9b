package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/sockeye-tcp/sockeye/internal/compare"
)

// The runs, in turns.

// Run makes a comparison. When ctx ends early, the report holds what there is
// until then, is marked incomplete, and comes with the error of ctx.
func Run(ctx context.Context, cfg Config) (*compare.Report, error) {
	r := &compare.Report{
		Schema: compare.Schema, Title: cfg.URL, Seed: cfg.Seed, Amounts: cfg.Amounts,
		Workloads: cfg.Workloads, Cells: cfg.Cells, Conditions: append(slices.Clone(cfg.Conditions), conditions()...),
	}
	if cfg.URL == "" {
		r.Title = "laboratory"
	}
	d := &director{cfg: &cfg, report: r, begun: time.Now()}
	err := d.all(ctx)
	if err != nil && ctx.Err() == nil {
		return nil, err
	}
	r.Incomplete = err != nil
	r.Analyze()
	return r, ctx.Err()
}

// A director goes through the plan.
type director struct {
	cfg    *Config
	report *compare.Report
	begun  time.Time
	scene  *scene
	done   int  // bouts of one round that are over, of all
	named  bool // our congestion control is among the conditions
}

// all runs every workload of every cell. Cells with the same path share a scene.
func (d *director) all(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, d.leave()) }()
	cells := d.cfg.Cells
	for i := 0; i < len(cells); {
		next := i + 1
		for next < len(cells) && cells[next].MTU == cells[i].MTU && cells[next].Link == cells[i].Link {
			next++
		}
		if err := d.path(ctx, i, next); err != nil {
			return err
		}
		i = next
	}
	if d.cfg.Traces {
		return d.traces(ctx)
	}
	return nil
}

// rounds is how often the processes of the series are started anew on each path.
// Where a process happens to lie, in memory and on which core, stays with it
// and makes it faster or slower than its like by more than chance between runs.
func (d *director) rounds() int {
	if n := d.cfg.Amounts.Runs; n > 0 {
		return min(compare.Rounds, (n+1)/2) // whole blocks, as far as possible
	}
	return compare.Rounds
}

// path takes the samples of the cells from first on, which have the same path.
func (d *director) path(ctx context.Context, first, next int) error {
	if err := d.enter(ctx, d.cfg.Cells[first]); err != nil {
		return err
	}
	var bouts []*bout
	for cell := first; cell < next; cell++ {
		for _, w := range d.cfg.Workloads {
			if !d.report.IsRepeated(cell, w) {
				bouts = append(bouts, d.newBout(cell, w))
			}
		}
	}
	for round := range d.rounds() {
		if round > 0 {
			if err := d.scene.restart(ctx, rand.New(rand.NewPCG(d.cfg.Seed, uint64(round)))); err != nil {
				return err
			}
		}
		for _, b := range bouts {
			if err := b.play(ctx, round); err != nil {
				return fmt.Errorf("%s: %w", d.report.Subject(b.cell, b.workload), err)
			}
			d.done++
		}
		for cell := first; cell < next; cell++ {
			if err := d.scene.command(ctx, d.cfg.Cells[cell], round, bulkOf(bouts, cell, compare.Download), bulkOf(bouts, cell, compare.Upload)); err != nil {
				return err
			}
		}
	}
	for _, b := range bouts {
		b.tellFailures()
	}
	return nil
}

// bulkOf returns how many bytes one run of Download or Upload moves in a cell, 0 when there are none.
func bulkOf(bouts []*bout, cell int, w compare.Workload) int64 {
	for _, b := range bouts {
		if b.cell == cell && b.workload == w {
			return b.amount
		}
	}
	return 0
}

// enter builds the scene for a cell in place of the one before.
func (d *director) enter(ctx context.Context, cell compare.Cell) error {
	d.progress(0, "setting up")
	if err := d.leave(); err != nil {
		return err
	}
	s, err := d.cfg.open(ctx, cell)
	if err != nil {
		return err
	}
	if d.scene = s; d.report.Paths == nil {
		d.report.Paths = s.paths
		d.report.Conditions = append(d.report.Conditions, s.conditions()...)
	}
	return nil
}

func (d *director) leave() error {
	if d.scene == nil {
		return nil
	}
	s := d.scene
	d.scene = nil
	return s.close()
}

// progress tells how far we are, given the share of the present bout's round that is done.
func (d *director) progress(share float64, what string) {
	if d.cfg.Progress != nil {
		all := len(d.cfg.Cells) * len(d.cfg.Workloads) * d.rounds()
		d.cfg.Progress(min(1, (float64(d.done)+share)/float64(all)), what)
	}
}

// A bout is the samples of one workload in one cell, over all rounds.
type bout struct {
	*director
	cell     int
	workload compare.Workload
	round    int
	order    *compare.Order
	amount   int64
	took     time.Duration // in former rounds
	begun    time.Time     // of this round
	count    map[compare.Series]int
	failed   map[compare.Series]int
	failure  map[compare.Series]error // the first one
}

func (d *director) newBout(cell int, w compare.Workload) *bout {
	stream := uint64(cell)<<8 | uint64(slices.Index(compare.AllWorkloads(), w))
	return &bout{
		director: d, cell: cell, workload: w, order: compare.NewOrder(d.cfg.Seed, stream, compare.AllSeries()),
		count: map[compare.Series]int{}, failed: map[compare.Series]int{}, failure: map[compare.Series]error{},
	}
}

// play takes the samples of one round.
func (b *bout) play(ctx context.Context, round int) error {
	b.round = round
	if err := b.warmUp(ctx); err != nil {
		return err
	}
	b.begun = time.Now()
	for !b.isEnough() {
		b.progress(b.share(), b.report.Subject(b.cell, b.workload))
		for _, s := range b.order.Block() {
			if n := b.cfg.Amounts.Runs; n > 0 && b.count[s] >= b.wanted() {
				continue // a number that is no multiple ends in part of a block
			}
			if err := b.once(ctx, s); err != nil {
				return err
			}
		}
	}
	b.took += time.Since(b.begun)
	return nil
}

// tellFailures warns of runs that do not count.
func (b *bout) tellFailures() {
	for _, s := range compare.AllSeries() {
		if b.failed[s] > 0 {
			b.report.Warnings = append(b.report.Warnings, fmt.Sprintf("%s, %s: %d runs failed and do not count: %v",
				b.report.Subject(b.cell, b.workload), s, b.failed[s], b.failure[s]))
		}
	}
}

// once takes one sample. Failures are borne a few times.
func (b *bout) once(ctx context.Context, s compare.Series) error {
	if l := b.scene.link; l != nil {
		// The n-th run of each series meets the same chances.
		l.Reseed(b.cfg.Seed ^ uint64(b.count[s]+1))
	}
	began := time.Since(b.director.begun).Seconds()
	a, err := b.scene.clients[s].do(ctx, b.scene.order(b.workload, b.report.Cells[b.cell], b.amount))
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		if b.failed[s]++; b.failed[s] > mostFailed {
			return fmt.Errorf("%s: %w", s, err)
		}
		if b.failure[s] == nil {
			b.failure[s] = err
		}
		return nil
	}
	order := 0
	for _, n := range b.count {
		order += n
	}
	b.report.Samples = append(b.report.Samples, compare.Sample{
		Cell: b.cell, Workload: b.workload, Series: s, Round: b.round, Run: b.count[s], Order: order,
		Start: began, Amount: b.amount, Values: a.Values, Remote: a.Remote,
	})
	if a.Congestion != "" && !b.named {
		b.named = true
		b.report.Conditions = append(b.report.Conditions, compare.Condition{Name: "congestion control of our TCP", Value: a.Congestion})
	}
	b.count[s]++
	return nil
}

// warmUp runs each series before anything counts, and in the first round finds
// out how much one run may do.
func (b *bout) warmUp(ctx context.Context) error {
	b.progress(0, b.report.Subject(b.cell, b.workload)+", warming up")
	most, least := b.bounds()
	slowest, err := b.try(ctx, least, max(b.cfg.Amounts.Warmup, 1))
	if err != nil || b.round > 0 {
		return err
	}
	// Bulk data begins slowly, so that a run of little tells too little of how long one of more will take.
	b.amount = scaleAmount(least, most, slowest, b.runLength())
	for range rescale {
		if b.amount == least || b.amount == most {
			return nil
		}
		if slowest, err = b.try(ctx, b.amount, 1); err != nil {
			return err
		}
		b.amount = scaleAmount(b.amount, most, slowest, b.runLength())
	}
	return nil
}

// try runs each series and returns how long the slowest run took.
func (b *bout) try(ctx context.Context, amount int64, times int) (slowest time.Duration, err error) {
	for range times {
		for _, s := range compare.AllSeries() {
			begun := time.Now()
			if _, err := b.scene.clients[s].do(ctx, b.scene.order(b.workload, b.report.Cells[b.cell], amount)); err != nil {
				return 0, fmt.Errorf("%s: %w", s, err)
			}
			slowest = max(slowest, time.Since(begun))
		}
	}
	return slowest, nil
}

// runLength is how long one run should take at most, so that MinRuns fit into the
// time; with a given number of runs, what nobody minds.
func (b *bout) runLength() time.Duration {
	if b.cfg.Amounts.Runs > 0 {
		return time.Second
	}
	runs := max(b.cfg.Amounts.MinRuns, 1) * len(compare.AllSeries())
	return time.Duration(b.cfg.Amounts.Seconds / float64(runs) * float64(time.Second))
}

// scaleAmount extrapolates from a run that did the least.
func scaleAmount(least, most int64, took, wanted time.Duration) int64 {
	if took <= 0 || most <= least {
		return most
	}
	factor := float64(wanted) / float64(took)
	return int64(min(max(float64(least)*factor, float64(least)), float64(most)))
}

// bounds are how much one run of the workload does at most and at least.
func (b *bout) bounds() (most, least int64) {
	a, c := b.cfg.Amounts, int64(max(b.report.Cells[b.cell].Concurrency, 1))
	switch b.workload {
	case compare.Requests:
		return a.Requests, min(a.Requests, 2*c)
	case compare.Connections:
		return a.Connections, min(a.Connections, 2*c)
	case compare.Download, compare.Upload:
		return a.BulkBytes, max(a.BulkBytes/64, c)
	case compare.PingPong:
		return a.RoundTrips, min(a.RoundTrips, 5)
	}
	return 1, 1
}

// wanted is how many runs of each there should be at the end of this round.
func (b *bout) wanted() int {
	n := b.cfg.Amounts.MinRuns
	if b.cfg.Amounts.Runs > 0 {
		n = min(b.cfg.Amounts.Runs, mostRuns)
	}
	return n * (b.round + 1) / b.rounds()
}

// isEnough decides when a round is over. It never looks at the values: a rule
// that did would find differences where there are none.
func (b *bout) isEnough() bool {
	n := mostRuns
	for _, s := range compare.AllSeries() {
		n = min(n, b.count[s])
	}
	if b.cfg.Amounts.Runs > 0 {
		return n >= b.wanted()
	}
	share := b.share()
	switch {
	case n >= mostRuns*(b.round+1)/b.rounds():
		return true
	case n >= b.wanted():
		return share >= 1
	}
	return share >= overtime && n > b.round // at least one block in each round
}

// share is which part of the time until the end of this round is over. With a
// given number of runs it is that of the runs.
func (b *bout) share() float64 {
	if b.cfg.Amounts.Runs > 0 {
		return float64(b.count[compare.User]) / float64(max(b.wanted(), 1))
	}
	wanted := b.cfg.Amounts.Seconds * float64(b.round+1) / float64(b.rounds())
	return (b.took + time.Since(b.begun)).Seconds() / max(wanted, 1e-3)
}

// traces follows one upload over each TCP. It comes last, since tracing costs time.
func (d *director) traces(ctx context.Context) error {
	cell := d.report.Cells[len(d.report.Cells)-1]
	d.progress(0, "tracing an upload")
	bytes := int64(tracedBytes)
	for i := range d.report.Samples {
		if m := &d.report.Samples[i]; m.Workload == compare.Upload {
			bytes = min(4*m.Amount, tracedBytes)
		}
	}
	o := d.scene.order(compare.Upload, cell, bytes)
	o.Trace = true
	sp := spec{Role: roleUser, Network: d.cfg.Network, MTU: cell.MTU, Trace: true}
	user, _, err := start(ctx, d.cfg.Program, sp, d.scene.host)
	if err != nil {
		return err
	}
	defer user.end() // it has nothing to say that would change the result
	for _, t := range []struct {
		series compare.Series
		part   *part
		source string
	}{
		{compare.User, user, "event record"},
		{compare.Control, d.scene.clients[compare.Control], "TCP_INFO, five times a millisecond"},
		{compare.Kernel, d.scene.clients[compare.Kernel], "TCP_INFO, five times a millisecond"},
	} {
		if d.scene.link != nil {
			d.scene.link.Reseed(d.cfg.Seed)
		}
		a, err := t.part.do(ctx, o)
		if err != nil {
			return fmt.Errorf("trace an upload, %s: %w", t.series, err)
		}
		d.report.Traces = append(d.report.Traces, compare.Trace{Series: t.series, Source: t.source, Points: a.Points})
	}
	return nil
}
