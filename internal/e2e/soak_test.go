//go:build linux

package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/stack"
	"github.com/sockeye-tcp/sockeye/tcp"
	"github.com/sockeye-tcp/sockeye/tun"
)

// up opens a TUN in the client's namespace and puts a stack on it.
func (n *network) up(cfg stack.Config) *stack.Net {
	n.t.Helper()
	var link *tun.Link
	err := n.client.Do(func() (err error) {
		link, err = tun.Up(context.Background(), tun.UpConfig{})
		return err
	})
	if err != nil {
		n.t.Fatal(err)
	}
	cfg.Addrs = link.Addrs
	st, err := stack.New(link.Device, cfg)
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() {
		st.Close()
		if err := n.client.Do(link.Close); err != nil {
			n.t.Error(err)
		}
	})
	return st
}

// usage is what must not grow.
type usage struct {
	goroutines, files, connections int
	heap                           uint64
}

func measure(t *testing.T, st *stack.Net) usage {
	t.Helper()
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return usage{runtime.NumGoroutine(), len(files), st.Stats().Connections, m.HeapAlloc}
}

// settle waits until no connection is left, TIME-WAIT included, or the time is over.
func settle(st *stack.Net) {
	for deadline := time.Now().Add(20 * time.Second); st.Stats().Connections > 0 && time.Now().Before(deadline); {
		time.Sleep(50 * time.Millisecond)
	}
}

// TestManyFetchesLeakNothing fetches many times in a row and a hundred at once, each on a new connection.
func TestManyFetchesLeakNothing(t *testing.T) {
	n := newNetwork(t)
	root := makeRoot(t, n.dir)
	cert, key := makeCertificate(t, n.dir)
	s := n.serveGo(root, cert, key)
	st := n.up(stack.Config{TCP: tcp.Config{MSL: 250 * time.Millisecond}})
	url := fmt.Sprintf("http://%s:%d/64KiB", server4.Addr(), s.plain)
	get := func() error {
		client := http.Client{Transport: &http.Transport{DialContext: st.DialContext, DisableKeepAlives: true}}
		resp, err := client.Get(url)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if k, err := io.Copy(io.Discard, resp.Body); err != nil || k != 64<<10 {
			return fmt.Errorf("%d bytes, %w", k, err)
		}
		return nil
	}
	total := 500
	if full() {
		total = 10_000
	}
	inARow := func(count int) {
		for i := range count {
			if err := get(); err != nil {
				t.Fatalf("fetch %d: %v", i, err)
			}
		}
	}
	atOnce := func(count int) {
		var wg sync.WaitGroup
		for w := range 100 {
			wg.Go(func() {
				for i := w; i < count; i += 100 {
					if err := get(); err != nil {
						t.Errorf("fetch %d of 100 at once: %v", i, err)
						return
					}
				}
			})
		}
		wg.Wait()
	}
	inARow(50)
	atOnce(200)
	settle(st)
	before := measure(t, st)
	start := time.Now()
	inARow(total)
	row := time.Since(start)
	atOnce(total)
	settle(st)
	after := measure(t, st)
	t.Logf("%d fetches in a row: %v; %d, 100 at once: %v", total, row, total, time.Since(start)-row)
	t.Logf("before %+v, after %+v", before, after)
	if after.connections != 0 {
		t.Errorf("%d connections are left", after.connections)
	}
	if after.goroutines > before.goroutines+2 {
		t.Errorf("goroutines grew from %d to %d", before.goroutines, after.goroutines)
	}
	if after.files > before.files {
		t.Errorf("open files grew from %d to %d", before.files, after.files)
	}
	if after.heap > before.heap+2<<20 {
		t.Errorf("heap grew from %d to %d bytes", before.heap, after.heap)
	}
}
