package bench

import (
	"context"
	"errors"
	"fmt"
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
	stage  int  // of cells times workloads
	named  bool // our congestion control is among the conditions
}

// all runs every workload of every cell. Cells with the same path share a scene.
func (d *director) all(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, d.leave()) }()
	for i, cell := range d.cfg.Cells {
		if i == 0 || cell.MTU != d.cfg.Cells[i-1].MTU || cell.Link != d.cfg.Cells[i-1].Link {
			if err := d.enter(ctx, cell); err != nil {
				return err
			}
		}
		for _, w := range d.cfg.Workloads {
			if d.report.IsRepeated(i, w) {
				d.stage++
				continue
			}
			if err := d.workload(ctx, i, w); err != nil {
				return fmt.Errorf("%s: %w", d.report.Subject(i, w), err)
			}
			d.stage++
		}
	}
	if d.cfg.Traces {
		return d.traces(ctx)
	}
	return nil
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

// progress tells how far we are, given the share of this stage that is done.
func (d *director) progress(share float64, what string) {
	if d.cfg.Progress != nil {
		stages := len(d.cfg.Cells) * len(d.cfg.Workloads)
		d.cfg.Progress((float64(d.stage)+share)/float64(stages), what)
	}
}

// A bout is the samples of one workload in one cell.
type bout struct {
	*director
	cell     int
	workload compare.Workload
	amount   int64
	begun    time.Time
	count    map[compare.Series]int
	failed   map[compare.Series]int
	failure  map[compare.Series]error // the first one
	main     map[compare.Series][]float64
}

// workload takes the samples of one workload in one cell.
func (d *director) workload(ctx context.Context, cell int, w compare.Workload) error {
	b := &bout{
		director: d, cell: cell, workload: w,
		count: map[compare.Series]int{}, failed: map[compare.Series]int{},
		failure: map[compare.Series]error{}, main: map[compare.Series][]float64{},
	}
	if err := b.warmUp(ctx); err != nil {
		return err
	}
	b.begun = time.Now()
	// Each workload of each cell has an order of its own.
	order := compare.NewOrder(d.cfg.Seed, uint64(d.stage), compare.AllSeries())
	for !b.isEnough() {
		b.progress(b.share(), d.report.Subject(cell, w))
		for _, s := range order.Block() {
			if n := d.cfg.Amounts.Runs; n > 0 && b.count[s] >= n {
				continue // an odd number of runs ends in half a block
			}
			if err := b.once(ctx, s); err != nil {
				return err
			}
		}
	}
	for _, s := range compare.AllSeries() {
		if b.failed[s] > 0 {
			d.report.Warnings = append(d.report.Warnings, fmt.Sprintf("%s, %s: %d runs failed and do not count: %v",
				d.report.Subject(cell, w), s, b.failed[s], b.failure[s]))
		}
	}
	return nil
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
		Cell: b.cell, Workload: b.workload, Series: s, Run: b.count[s], Order: order,
		Start: began, Amount: b.amount, Values: a.Values, Remote: a.Remote,
	})
	if a.Congestion != "" && !b.named {
		b.named = true
		b.report.Conditions = append(b.report.Conditions, compare.Condition{Name: "congestion control of our TCP", Value: a.Congestion})
	}
	b.count[s]++
	b.main[s] = append(b.main[s], a.Values[b.workload.Metrics()[0].Name])
	return nil
}

// warmUp runs each series before anything counts, and finds out how much one
// run may do, if that is ours to choose.
func (b *bout) warmUp(ctx context.Context) error {
	b.progress(0, b.report.Subject(b.cell, b.workload)+", warming up")
	most, least := b.bounds()
	b.amount = least
	var slowest time.Duration
	for range max(b.cfg.Amounts.Warmup, 1) {
		for _, s := range compare.AllSeries() {
			begun := time.Now()
			if _, err := b.scene.clients[s].do(ctx, b.scene.order(b.workload, b.report.Cells[b.cell], b.amount)); err != nil {
				return fmt.Errorf("%s: %w", s, err)
			}
			slowest = max(slowest, time.Since(begun))
		}
	}
	b.amount = scaleAmount(least, most, slowest, b.runLength())
	return nil
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

// isEnough decides when to stop. It never looks at a p-value.
func (b *bout) isEnough() bool {
	n := mostRuns
	for _, s := range compare.AllSeries() {
		n = min(n, b.count[s])
	}
	a := b.cfg.Amounts
	if a.Runs > 0 {
		return n >= min(a.Runs, mostRuns)
	}
	each, took := a.Seconds, time.Since(b.begun).Seconds()
	switch {
	case n >= mostRuns:
		return true
	case n >= a.MinRuns:
		return took >= each || compare.IsPrecise(b.main[compare.User], b.main[compare.Kernel], b.cfg.Precision)
	}
	return n >= min(leastRuns, a.MinRuns) && took >= overtime*each
}

// share is how much of the bout is done, roughly.
func (b *bout) share() float64 {
	a := b.cfg.Amounts
	if a.Runs > 0 {
		return min(1, float64(b.count[compare.User])/float64(a.Runs))
	}
	return min(1, time.Since(b.begun).Seconds()/max(a.Seconds, 1e-3))
}

// traces follows one upload over each TCP. It comes last, since tracing costs time.
func (d *director) traces(ctx context.Context) error {
	cell := d.report.Cells[len(d.report.Cells)-1]
	d.stage--
	d.progress(1, "tracing an upload")
	d.stage++
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
