package bench

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/sockeye-tcp/sockeye/internal/compare/campaign"
)

// A recovery campaign: the cases, as many side by side as leave most of the machine idle.

// mostMissed is how many runs of a case may fail.
const mostMissed = 2

// Recover makes the runs that are missing in a campaign and writes each down as it is done. When ctx ends, the runs in
// progress are lost and the error is that of ctx.
func Recover(ctx context.Context, cfg Recovery) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	c := &tour{cfg: cfg, done: campaign.Done(cfg.Have)}
	c.room.L = &c.mu
	var cases []campaign.Case
	for _, one := range cfg.Cases {
		if n := len(campaign.Missing(c.done, one, cfg.Stacks, cfg.Runs)); n > 0 {
			cases = append(cases, one)
			c.missing += n
		}
	}
	// The heaviest first, which want the machine for themselves.
	slices.SortStableFunc(cases, func(a, b campaign.Case) int { return -cmp.Compare(a.Load(), b.Load()) })
	var playing sync.WaitGroup
	for _, one := range cases {
		load := one.Load()
		c.take(load)
		if ctx.Err() != nil {
			break
		}
		playing.Go(func() {
			defer c.give(load)
			if err := c.play(ctx, one); err != nil {
				cancel(fmt.Errorf("%s: %w", one, err))
			}
		})
	}
	playing.Wait()
	return context.Cause(ctx)
}

// A tour is what its cases share.
type tour struct {
	cfg  Recovery
	done map[campaign.Key]int // when it began

	mu      sync.Mutex
	room    sync.Cond
	load    float64 // of the cases in progress
	playing int
	missing int // runs, when it began
	made    int
}

// take waits until there is room for a load. One case may always play.
func (c *tour) take(load float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.playing > 0 && c.load+load > c.cfg.Budget {
		c.room.Wait()
	}
	c.load += load
	c.playing++
}

func (c *tour) give(load float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.load -= load
	c.playing--
	c.room.Signal()
}

// play makes the runs of a case.
func (c *tour) play(ctx context.Context, one campaign.Case) (err error) {
	d, err := openDuel(ctx, c.cfg.Program, one, c.cfg.Stacks)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	missed := 0
	for _, s := range campaign.Missing(c.done, one, c.cfg.Stacks, c.cfg.Runs) {
		s.Build = c.cfg.Build
		// The n-th run of each stack meets the same chances.
		err := d.run(ctx, &s, c.cfg.Seed^uint64(s.Run+1))
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil:
			err = c.write(&s)
			missed = 0
		case missed < mostMissed:
			missed++
			c.cfg.Tell(fmt.Sprintf("%s, %s: a run failed: %v", one, s.Stack, err))
			err = nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// write appends a sample to the file.
func (c *tour) write(s *campaign.Sample) error {
	line, err := json.Marshal(s)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.made++
	if c.cfg.Progress != nil {
		c.cfg.Progress(float64(c.made)/float64(c.missing), s.Case.String())
	}
	_, err = c.cfg.Out.Write(append(line, '\n'))
	return err
}
