package bench

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sockeye-tcp/sockeye/internal/compare"
)

// Many requests, one after the other on each of some connections.

// requests makes o.Count requests with net/http, over o.Concurrency connections
// that stay open, or each over a connection of its own. The unit is a request.
// Connections that stay are opened before the clock starts.
func (c *client) requests(ctx context.Context, o order) (compare.Values, float64, error) {
	t := &http.Transport{
		DialContext:         c.dial,
		DisableCompression:  true,
		DisableKeepAlives:   o.Workload == compare.Connections,
		MaxIdleConnsPerHost: o.Concurrency,
		MaxConnsPerHost:     o.Concurrency,
	}
	if c.spec.Insecure {
		t.TLSClientConfig = &tls.Config{InsecureSkipVerify: true} // as the user said
	}
	defer t.CloseIdleConnections()
	h := &http.Client{Transport: t}
	if o.Workload == compare.Requests {
		if err := spread(o.Concurrency, o.Concurrency, func(int) error { return get(ctx, h, o.URL) }); err != nil {
			return nil, 0, err
		}
	}
	latencies := make([]float64, o.Count)
	start := time.Now()
	err := spread(o.Count, o.Concurrency, func(i int) error {
		begun := time.Now()
		err := get(ctx, h, o.URL)
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

// get makes one request and reads the answer to its end.
func get(ctx context.Context, h *http.Client, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := h.Do(req)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	resp.Body.Close() // has been read
	if err == nil && resp.StatusCode >= 400 {
		err = fmt.Errorf("%s answered %s", url, resp.Status)
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
