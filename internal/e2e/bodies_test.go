//go:build linux

package e2e

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/sockeye-tcp/sockeye/internal/lab/labtest"
)

// sum returns the SHA-256 of a file and its size.
func sum(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x (%d bytes)", h.Sum(nil), n)
}

// A fetch is one cell of the matrix: server, scheme, IP version, body.
type fetch struct {
	name, url string
	args      []string
}

// matrix returns every cell for some bodies.
func matrix(sites []site, cert string, bodies []body) []fetch {
	var all []fetch
	for _, s := range sites {
		for _, scheme := range []string{"http", "https"} {
			for i, host := range []string{server4.Addr().String(), "[" + server6.Addr().String() + "]"} {
				for _, b := range bodies {
					port := s.plain
					if scheme == "https" {
						port = s.tls
					}
					all = append(all, fetch{
						name: fmt.Sprintf("%s/%s/IPv%d/%s", s.name, scheme, 4+2*i, b.name),
						url:  fmt.Sprintf("%s://%s:%d/%s", scheme, host, port, b.name),
						args: []string{"--cacert", cert},
					})
				}
			}
		}
	}
	return all
}

// TestBodiesEqualCurls fetches every body from every server over our TCP and with curl over the kernel's.
func TestBodiesEqualCurls(t *testing.T) {
	labtest.Need(t, "curl")
	n := newNetwork(t)
	sites, cert := n.serve()
	ours, theirs := filepath.Join(n.dir, "ours"), filepath.Join(n.dir, "theirs")
	for _, f := range matrix(sites, cert, bodies()) {
		t.Run(f.name, func(t *testing.T) {
			if code, diag := n.get(append(f.args, "-o", ours, f.url)...); code != 0 {
				t.Fatalf("sockeye get %s: exit %d: %s", f.url, code, diag)
			}
			if code, diag := n.curl(append(f.args, "-o", theirs, f.url)...); code != 0 {
				t.Fatalf("curl %s: exit %d: %s", f.url, code, diag)
			}
			if got, want := sum(t, ours), sum(t, theirs); got != want {
				t.Errorf("got %s, curl got %s", got, want)
			}
		})
	}
}

const faults = "loss=5%,reorder=10%,duplicate=2%,corrupt=1%,delay=20ms"

// TestBodiesOverABadLink fetches over a link with every fault, for many seeds. With SOCKEYE_E2E=full the largest body
// comes once a seed, from the servers in turn; with SOCKEYE_E2E=all from every server for every seed, which takes hours.
func TestBodiesOverABadLink(t *testing.T) {
	n := newNetwork(t)
	sites, cert := n.serve()
	seeds, sizes, workers := 2, []body{{"0B", 0}, {"1B", 1}, {"64KiB", 64 << 10}}, 6
	if full() {
		seeds, sizes, workers = 20, bodies()[:4], 8
	}
	if all() {
		sizes = bodies()
	}
	want := n.sums(t)
	jobs := make(chan badFetch)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for j := range jobs {
				j.run(t, n, filepath.Join(n.dir, fmt.Sprintf("bad%d", w)), want)
			}
		})
	}
	for seed := range seeds {
		if full() && !all() {
			big := matrix(sites, cert, bodies()[4:])
			jobs <- badFetch{big[seed%len(big)], seed + 1}
		}
		for _, f := range matrix(sites, cert, sizes) {
			jobs <- badFetch{f, seed + 1}
		}
	}
	close(jobs)
	wg.Wait()
}

// A badFetch is a fetch over a link with faults.
type badFetch struct {
	fetch
	seed int
}

func (j badFetch) run(t *testing.T, n *network, file string, want map[string]string) {
	spec := fmt.Sprintf("%s,seed=%d", faults, j.seed)
	code, diag := n.get(append(j.args, "-m", "3000", "--impair", spec, "-o", file, j.url)...)
	if code != 0 {
		t.Errorf("%s with %s: exit %d: %s", j.name, spec, code, diag)
		return
	}
	if got, want := sum(t, file), want[filepath.Base(j.url)]; got != want {
		t.Errorf("%s with %s: got %s, want %s", j.name, spec, got, want)
	}
}

// sums returns the sums of the bodies as the servers have them, by name.
func (n *network) sums(t *testing.T) map[string]string {
	all := map[string]string{}
	for _, b := range bodies() {
		all[b.name] = sum(t, filepath.Join(n.dir, "root", b.name))
	}
	return all
}
