package bench

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sockeye-tcp/sockeye/internal/compare"
)

// Many requests, one after the other on each of some connections.

// requests makes o.Count requests over o.Concurrency connections that stay open, or each over a connection of its own. The unit is
// a request. What stays is opened before the clock starts, and the name is looked up before that.
//
// The client is as small as one can be, so that TCP is what is timed: net/http hands each request and each answer from one
// goroutine to another, which takes as long as all the rest on a short path.
func (c *client) requests(ctx context.Context, o order) (compare.Values, float64, error) {
	b, err := c.newBrowser(o.URL)
	if err != nil {
		return nil, 0, err
	}
	lines := make(chan *line, o.Concurrency) // those that nobody uses
	defer func() {
		for len(lines) > 0 {
			(<-lines).conn.Close() // all has been read
		}
	}()
	if err := spread(o.Concurrency, o.Concurrency, func(int) error {
		l, err := b.open(ctx)
		if err == nil {
			lines <- l
			err = l.get()
		}
		return err
	}); err != nil {
		return nil, 0, err
	}
	latencies := make([]float64, o.Count)
	start := time.Now()
	err = spread(o.Count, o.Concurrency, func(i int) error {
		begun := time.Now()
		err := b.once(ctx, o.Workload, lines)
		latencies[i] = time.Since(begun).Seconds()
		return err
	})
	elapsed := time.Since(start).Seconds()
	if err != nil {
		return nil, 0, err
	}
	median, p99 := quantiles(latencies)
	return compare.Values{
		compare.MetricRate: float64(o.Count) / elapsed, "latency_p50": median, "latency_p99": p99,
	}, float64(o.Count), nil
}

// once makes a request over a line that stands, or over a new one.
func (b *browser) once(ctx context.Context, w compare.Workload, lines chan *line) error {
	if w == compare.Connections {
		l, err := b.open(ctx)
		if err != nil {
			return err
		}
		defer l.conn.Close() // the answer has been read
		return l.get()
	}
	l := <-lines
	err := l.get()
	if err == nil && l.over {
		l.conn.Close() // the server wants it so
		l, err = b.open(ctx)
	}
	if err == nil {
		lines <- l
	}
	return err
}

// spread calls f with 0 to n-1 from a number of goroutines. It returns the first
// error of each.
func spread(n, goroutines int, f func(i int) error) error {
	var (
		next atomic.Int64
		wg   sync.WaitGroup
		mu   sync.Mutex
		all  error
	)
	for range goroutines {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if err := f(i); err != nil {
					mu.Lock()
					all = errors.Join(all, err)
					mu.Unlock()
					return
				}
			}
		})
	}
	wg.Wait()
	return all
}
