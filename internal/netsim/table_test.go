package netsim

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
	"github.com/sockeye-tcp/sockeye/tun/impair"
)

// What transfers come to, as golden tables: a regression is a diff.

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares with a file of testdata, or writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n")); diff != "" {
		t.Errorf("what transfers come to has changed; make golden writes it anew (-want +got):\n%s", diff)
	}
}

// A table is written in columns.
type table struct {
	b bytes.Buffer
	w *tabwriter.Writer
}

func newTable(comment string, columns ...string) *table {
	t := new(table)
	fmt.Fprintln(&t.b, comment)
	t.w = tabwriter.NewWriter(&t.b, 0, 0, 2, ' ', tabwriter.AlignRight)
	t.row(columns...)
	return t
}

func (t *table) row(cells ...string) { fmt.Fprintln(t.w, strings.Join(cells, "\t")+"\t") }

func (t *table) bytes() []byte {
	t.w.Flush()
	return t.b.Bytes()
}

// A path is a row of the table of transfers, for each algorithm.
type path struct {
	name  string
	fault impair.Fault // of the way there; the way back has its delay
	size  int
}

func paths() (all []path) {
	for _, rate := range []int64{10e6, 100e6} {
		for _, delay := range []time.Duration{5 * time.Millisecond, 50 * time.Millisecond} {
			f := impair.Fault{Rate: rate, Delay: delay}
			f.Queue = max(20, int(2*delay.Seconds()*float64(rate)/8/1500)) // what fits into the path
			size := 1 << 20
			if rate > 10e6 {
				size = 6 << 20
			}
			for _, loss := range []float64{0, 0.001, 0.01, 0.03} {
				f.Loss = loss
				all = append(all, path{fmt.Sprintf("loss %g%%", loss*100), f, size})
			}
		}
	}
	f := impair.Fault{Rate: 10e6, Delay: 20 * time.Millisecond, Queue: 40}
	with := func(name string, size int, change func(*impair.Fault)) {
		g := f
		change(&g)
		all = append(all, path{name, g, size})
	}
	with("reorder 1%", 1<<20, func(f *impair.Fault) { f.Reorder = 0.01 })
	with("reorder 10%", 1<<20, func(f *impair.Fault) { f.Reorder = 0.1 })
	with("reorder 10%, loss 1%", 1<<20, func(f *impair.Fault) { f.Reorder, f.Loss = 0.1, 0.01 })
	with("jitter 15ms", 1<<20, func(f *impair.Fault) { f.Jitter = 15 * time.Millisecond })
	with("loss 1% in bursts of 4", 1<<20, func(f *impair.Fault) { f.Loss, f.Burst = 0.01, 4 })
	with("30 KB, loss 0%", 30_000, func(*impair.Fault) {})
	with("30 KB, loss 3%", 30_000, func(f *impair.Fault) { f.Loss = 0.03 })
	with("queue 10", 1<<20, func(f *impair.Fault) { f.Queue = 10 })
	with("queue 400", 1<<20, func(f *impair.Fault) { f.Queue = 400 })
	with("queue 400, RED, marks", 1<<20, func(f *impair.Fault) { f.Queue, f.AQM = 400, impair.RED })
	with("queue 400, CoDel, marks", 1<<20, func(f *impair.Fault) { f.Queue, f.AQM = 400, impair.CoDel })
	return all
}

// An outcome is what transfers have come to, added up.
type outcome struct {
	runs, retransmits, needless, timeouts, marks int
	took                                         time.Duration
}

// transfer sends from A to B.
func (o *outcome) transfer(t *testing.T, p *path, algorithm string, seed uint64) {
	cfg := tcp.Config{Congestion: tcp.CongestionByName(algorithm), ECN: tcp.ECNOffer}
	n, a, b := pair(seed, Link{There: p.fault, Back: impair.Fault{Delay: p.fault.Delay}}, cfg)
	n.Trace = func(e *tcp.Event) {
		if e.Kind == tcp.EventTimer && e.Timer.String() == "retransmission" {
			o.timeouts++
		}
	}
	v := Serve(b, 80, Script{})
	Dial(a, port(b, 80), Script{Send: p.size})
	n.RunUntil(n.Now().Add(time.Hour), func() bool { return len(v.Agents) > 0 && v.Agents[0].EOF })
	must(t, n, n.Err())
	if got := v.Agents[0].Got; got != p.size {
		t.Fatalf("%s, %s, seed %d: %d of %d bytes arrived", p.name, algorithm, seed, got, p.size)
	}
	needless, _ := b.Needless()
	o.runs++
	o.took += n.Elapsed()
	o.needless += needless
	o.retransmits += int(a.Stack.Stats().RetransSegs)
	o.marks += int(a.out.Stats().Marked)
}

// mean writes a mean with as many digits as mean something.
func (o *outcome) mean(sum int) string { return fmt.Sprintf("%.1f", float64(sum)/float64(o.runs)) }

// runsEach is over how many seeds the table takes the mean.
const runsEach = 3

func TestTableOfTransfers(t *testing.T) {
	out := newTable("What one transfer comes to, as the mean of several seeds: the share of the link's rate that is text which arrived,\n"+
		"how long it takes from the SYN to the last byte, segments sent again, of those the ones that arrived though they were\n"+
		"there already, timeouts, and marks of congestion.",
		"path", "rate", "RTT", "algorithm", "goodput", "time", "again", "needless", "timeouts", "marks")
	for _, p := range paths() {
		for _, algorithm := range algorithms {
			var o outcome
			for seed := range uint64(runsEach) {
				o.transfer(t, &p, algorithm, seed+1)
			}
			took := o.took / runsEach
			out.row(p.name, fmt.Sprintf("%d Mbit", p.fault.Rate/1e6), (2 * p.fault.Delay).String(), algorithm,
				fmt.Sprintf("%.0f%%", 100*8*float64(p.size)/float64(p.fault.Rate)/took.Seconds()), took.Round(time.Millisecond).String(),
				o.mean(o.retransmits), o.mean(o.needless), o.mean(o.timeouts), o.mean(o.marks))
		}
	}
	golden(t, "transfers", out.bytes())
}

// A contest is a row of the table of fairness: flows that share a queue.
type contest struct {
	name  string
	flows int
	of    func(i int) string // the algorithm of flow i
	aqm   impair.AQM
}

func contests() (all []contest) {
	for i, name := range algorithms {
		same := func(int) string { return name }
		for _, k := range []int{2, 4, 8, 16} {
			all = append(all, contest{name, k, same, impair.DropTail})
		}
		all = append(all, contest{name, 4, same, impair.CoDel}, contest{name, 4, same, impair.RED})
		for _, other := range algorithms[:i] {
			mixed := func(i int) string { return []string{name, other}[i%2] }
			all = append(all, contest{name + " and " + other, 4, mixed, impair.DropTail}, contest{name + " and " + other, 4, mixed, impair.CoDel})
		}
	}
	return all
}

// The link that contests are about, and for how long: the second half counts.
const (
	contestRate = 20e6
	contestTime = 20 * time.Second
)

// run returns how many bytes of each flow arrived in the second half, and how full the link was.
func (c *contest) run(t *testing.T) (got []float64, use float64) {
	f := impair.Fault{Rate: contestRate, Delay: 18 * time.Millisecond, Queue: 66, AQM: c.aqm}
	n, left, right, _ := dumbbell(1, c.flows, Link{There: f, Back: impair.Fault{Delay: 18 * time.Millisecond}}, func(i int) tcp.Config {
		return tcp.Config{Congestion: tcp.CongestionByName(c.of(i)), ECN: tcp.ECNOffer}
	})
	var servers []*Server
	for i := range left {
		servers = append(servers, Serve(right[i], 80, Script{}))
		n.At(start+ip.Time(time.Duration(i)*100*time.Millisecond), func() { Dial(left[i], port(right[i], 80), Script{Send: 1 << 30}) })
	}
	must(t, n, n.Run(contestTime/2))
	for _, v := range servers {
		got = append(got, -float64(v.Agents[0].Got))
	}
	must(t, n, n.Run(contestTime/2))
	for i, v := range servers {
		got[i] += float64(v.Agents[0].Got)
		use += got[i] * 8 / contestRate / (contestTime / 2).Seconds()
	}
	return got, use
}

// jain is Jain's index of fairness: 1 when all have the same, 1/n when one has everything.
func jain(x []float64) float64 {
	var sum, squares float64
	for _, v := range x {
		sum += v
		squares += v * v
	}
	return sum * sum / (float64(len(x)) * squares)
}

// share returns the mean share of the flows with an algorithm, in parts of what would be fair.
func (c *contest) share(got []float64, algorithm string) string {
	var own, all, flows float64
	for i, v := range got {
		all += v
		if c.of(i) == algorithm {
			own += v
			flows++
		}
	}
	return fmt.Sprintf("%.2f", own/flows/(all/float64(len(got))))
}

func TestTableOfFairness(t *testing.T) {
	out := newTable("Flows that share a link of 20 Mbit with a round trip of 40 ms and a queue of 66 packets: how much of the rate they use,\n"+
		"Jain's index of fairness, and what the flows of the first algorithm get in parts of a fair share.",
		"algorithms", "flows", "queue", "use", "Jain", "first")
	for _, c := range contests() {
		got, use := c.run(t)
		out.row(c.name, fmt.Sprint(c.flows), c.aqm.String(), fmt.Sprintf("%.0f%%", 100*use), fmt.Sprintf("%.2f", jain(got)), c.share(got, c.of(0)))
	}
	golden(t, "fairness", out.bytes())
}

func TestJain(t *testing.T) {
	if one, quarter := jain([]float64{3, 3, 3}), jain([]float64{0, 5, 0, 0}); one != 1 || quarter != 0.25 {
		t.Errorf("got %v and %v, want 1 and 0.25", one, quarter)
	}
}
