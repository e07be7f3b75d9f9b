package netsim

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/internal/ladder"
	"github.com/sockeye-tcp/sockeye/internal/pcap"
	"github.com/sockeye-tcp/sockeye/ip"
)

var (
	oneSeed   = flag.Int64("seed", -1, "run this one simulation, and tell about it")
	numSeeds  = flag.Int("seeds", 0, "how many simulations; 0: NETSIM_SEEDS, or a few seconds' worth")
	firstSeed = flag.Uint64("first", 0, "the first seed")
	capture   = flag.String("pcap", "", "with -seed: write what host A sends and gets to this file (pcapng)")
	full      = flag.Bool("full", false, "with -seed: draw every segment of the ladder, with the variables")
)

// defaultSeeds take a few seconds.
const defaultSeeds = 5_000

func TestSeeds(t *testing.T) {
	if *oneSeed >= 0 {
		replay(t, uint64(*oneSeed))
		return
	}
	count := *numSeeds
	if count == 0 {
		count, _ = strconv.Atoi(os.Getenv("NETSIM_SEEDS"))
	}
	if count == 0 {
		count = defaultSeeds
		if testing.Short() {
			count /= 10
		}
	}
	defer debug.SetGCPercent(debug.SetGCPercent(800)) // little is alive at a time
	began := time.Now()
	var next, events, failures atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			spare := new(Spare)
			for failures.Load() < 20 {
				i := next.Add(1) - 1
				if i >= int64(count) {
					return
				}
				seed := *firstSeed + uint64(i)
				s := Random(seed)
				s.Spare = spare
				r := s.Run()
				events.Add(int64(r.Events))
				if r.Err != nil {
					spare = new(Spare)
					failures.Add(1)
					t.Errorf("seed %d: %v\nreplay: go test ./internal/netsim -run TestSeeds -v -seed %d", seed, r.Err, seed)
				}
			}
		})
	}
	wg.Wait()
	took := time.Since(began)
	t.Logf("%d simulations, %d events, %.0f simulations a second", count, events.Load(), float64(count)/took.Seconds())
}

// replay runs one simulation, and shows it.
func replay(t *testing.T, seed uint64) {
	s := Random(seed)
	t.Logf("%v", s)
	rec := ladder.NewRecorder(1 << 16)
	s.Trace = rec.Record
	var file bytes.Buffer
	w, err := pcap.NewWriter(&file, "A", fmt.Sprintf("netsim, seed %d", seed))
	if err != nil {
		t.Fatal(err)
	}
	s.Tap = func(at ip.Time, h *Host, packet []byte) {
		if h.Name == "A" {
			w.Write(time.Unix(0, int64(at)), packet)
		}
	}
	r := s.Run()
	var b bytes.Buffer
	if err := ladder.Text(&b, rec.Ladders(ladder.Options{}), ladder.TextOptions{Width: 120, Full: *full, Vars: *full, Rules: *full}); err != nil {
		t.Fatal(err)
	}
	t.Logf("digest %016x, %d events, %s\n%s", r.Digest, r.Events, r.Elapsed, b.Bytes())
	if *capture != "" {
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(*capture, file.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if r.Err != nil {
		t.Error(r.Err)
	}
}

func TestReplayIsExact(t *testing.T) {
	for seed := range uint64(200) {
		one, two := Random(seed).Run(), Random(seed).Run()
		if one.Digest != two.Digest || one.Events != two.Events {
			t.Fatalf("seed %d: digests %x and %x", seed, one.Digest, two.Digest)
		}
	}
}
