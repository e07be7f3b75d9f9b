package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/sockeye-tcp/sockeye/httpget"
	"github.com/sockeye-tcp/sockeye/internal/compare"
	"github.com/sockeye-tcp/sockeye/internal/compare/bench"
	"github.com/sockeye-tcp/sockeye/internal/compare/report"
	"github.com/sockeye-tcp/sockeye/tun"
)

// The flags of compare.

// compareFlags are what the user typed.
type compareFlags struct {
	lab, calibrate, tls bool
	modes               []string
	runs, minRuns       int
	warmup              int
	duration            time.Duration
	seed                uint64

	sizes, concurrency, mtus []string
	loss, delay, rate        []string
	impair                   string
	exec                     string
	bulk                     int64

	v6, insecure bool
	connectTo    []string
	dns          []netip.AddrPort

	json, noProgress     bool
	csv, markdown, bench string
	html                 string
	assert               []string
	assertions           []compare.Assertion
}

// Defaults: with them, the laboratory's six workloads take half a minute on a quiet machine.
const (
	defaultDuration = 5 * time.Second
	defaultMinRuns  = 30
	defaultWarmup   = 3
	defaultBulk     = 16 << 20
	defaultSize     = "16K"
	defaultURLRuns  = 30 // of somebody else's server
	defaultRequests = 200
	defaultConns    = 100
	defaultTrips    = 300
)

func (f *compareFlags) add(flags *pflag.FlagSet) {
	list := func(to *[]string, name, usage string) {
		flags.Var(&funcValue{kind: "LIST", set: func(s string) error {
			*to = append(*to, strings.Split(s, ",")...)
			return nil
		}}, name, usage)
	}
	flags.BoolVar(&f.lab, "lab", false, "compare in namespaces, with a server of its own")
	list(&f.modes, "mode", "what to time: fetch, requests, connections,\n                              download, upload, pingpong; all")
	flags.IntVarP(&f.runs, "runs", "r", 0, "make `N` runs of each; default: as time allows")
	f.duration = defaultDuration
	flags.Var(secondsValue(&f.duration), "duration", "spend so long on each; default 5s")
	flags.IntVar(&f.minRuns, "min-runs", defaultMinRuns, "make at least `N` runs, in half as much time again")
	flags.IntVar(&f.warmup, "warmup", defaultWarmup, "make `N` runs of each before the first that counts")
	flags.Uint64Var(&f.seed, "seed", 0, "draw the order of runs and the link's chances by `N`")
	list(&f.sizes, "size", "sizes of the page, such as 1K,64K,1M; default 16K")
	list(&f.loss, "loss", "losses of the laboratory's link, such as 0,1%")
	list(&f.delay, "delay", "delays of the link, each way, such as 0,20ms")
	list(&f.rate, "rate", "rates of the link, such as 10Mbit,100Mbit")
	flags.StringVar(&f.impair, "impair", "", "more of that, as for get: `SPEC` reorder=1%")
	list(&f.concurrency, "concurrency", "how many connections at once, such as 1,8")
	list(&f.mtus, "mtu", "MTUs of TUN and cable, such as 1500,9000")
	f.bulk = defaultBulk
	flags.Var(sizeValue(&f.bulk), "bulk", "download and upload so much at most; default 16M")
	flags.BoolVar(&f.tls, "tls", false, "fetch from the laboratory's server over TLS")
	flags.BoolVar(&f.calibrate, "calibrate", false, "put the kernel's TCP in the place of ours")
	flags.StringVar(&f.exec, "exec", "", "let another program measure on the same path: run\n                              `CMD` once a round, with SOCKEYE_URL set")
	flags.BoolVarP(&f.v6, "ipv6", "6", false, "use IPv6; default IPv4, the same for all")
	flags.BoolVarP(&f.insecure, "insecure", "k", false, "accept any certificate")
	flags.StringArrayVar(&f.connectTo, "connect-to", nil, "connect elsewhere: `RULE` HOST1:PORT1:HOST2:PORT2")
	flags.Var(serversValue(&f.dns), "dns-servers", "ask these; default: those of the system")
	flags.StringArrayVar(&f.assert, "assert", nil, "exit with 1 unless `RATIO` holds: 'user/kernel < 2',\n                              'download.rate twin/control > 0.8'")
	flags.BoolVar(&f.json, "json", false, "print JSON with every sample")
	flags.StringVar(&f.html, "html", "", "write one page with pictures to `FILE`")
	flags.StringVar(&f.csv, "csv", "", "write every sample to `FILE` as CSV")
	flags.StringVar(&f.markdown, "markdown", "", "write the tables to `FILE` as Markdown")
	flags.StringVar(&f.bench, "bench", "", "write all to `FILE` for benchstat -col /series")
	flags.BoolVar(&f.noProgress, "no-progress", false, "show no progress")
	for _, name := range []string{"lab", "mode", "runs", "size", "loss", "delay", "assert", "json", "html"} {
		annotate(flags.Lookup(name), inShort, "")
	}
	flags.SortFlags = false
}

// config checks the flags and makes a plan of them.
func (f *compareFlags) config(args []string) (cfg bench.Config, err error) {
	switch {
	case f.lab && len(args) > 0:
		return cfg, errors.New("--lab has a server of its own and takes no URL")
	case !f.lab && len(args) != 1:
		return cfg, errors.New("what is to be compared? Give one URL, or --lab")
	case !f.lab:
		if cfg.URL = args[0]; f.needsLab() != "" {
			return cfg, fmt.Errorf("--%s needs --lab: nobody can change the network of others", f.needsLab())
		}
		host, err := httpget.Host(cfg.URL)
		if err != nil {
			return cfg, err
		}
		if isLoopback(host) {
			return cfg, fmt.Errorf("%s is the kernel's own loopback, which our TCP cannot reach; use --lab, or an address of this machine", host)
		}
	}
	if f.seed == 0 {
		f.seed = uint64(rand.Uint32()) // short enough to be typed, and exact in JSON everywhere
	}
	if f.runs < 0 || f.minRuns < 1 || f.warmup < 0 || f.bulk < 1 {
		return cfg, errors.New("--runs, --min-runs, --warmup and --bulk are not negative, and --min-runs and --bulk not 0")
	}
	cfg.Network = "tcp4"
	if f.v6 {
		cfg.Network = "tcp6"
	}
	cfg.Command = f.exec
	cfg.Seed, cfg.DNS, cfg.Insecure, cfg.ConnectTo = f.seed, f.dns, f.insecure, f.connectTo
	cfg.Amounts = compare.Amounts{
		BulkBytes: f.bulk, Requests: defaultRequests, Connections: defaultConns, RoundTrips: defaultTrips,
		Warmup: f.warmup, Runs: f.runs, MinRuns: f.minRuns, Seconds: f.duration.Seconds(), TLS: f.tls, Calibration: f.calibrate,
	}
	if !f.lab && f.runs == 0 {
		cfg.Amounts.Runs = defaultURLRuns
	}
	if cfg.Workloads, err = f.workloads(); err != nil {
		return cfg, err
	}
	cfg.Traces = f.lab && !f.calibrate && slices.Contains(cfg.Workloads, compare.Upload)
	if cfg.Cells, err = f.cells(); err != nil {
		return cfg, err
	}
	return cfg, f.checkRules()
}

// checkRules reads what is only needed later, so that mistakes show at once.
func (f *compareFlags) checkRules() error {
	for _, rule := range f.connectTo {
		if _, err := httpget.ParseConnectTo(rule); err != nil {
			return err
		}
	}
	f.assertions = nil
	for _, text := range f.assert {
		x, err := compare.ParseAssertion(text)
		if err != nil {
			return fmt.Errorf("--assert: %w", err)
		}
		f.assertions = append(f.assertions, x)
	}
	return nil
}

// needsLab names a flag that was given and makes sense in a laboratory only.
func (f *compareFlags) needsLab() string {
	for _, flag := range []struct {
		name  string
		given bool
	}{
		{"loss", f.loss != nil}, {"delay", f.delay != nil}, {"rate", f.rate != nil}, {"impair", f.impair != ""},
		{"size", f.sizes != nil}, {"tls", f.tls},
	} {
		if flag.given {
			return flag.name
		}
	}
	return ""
}

// workloads reads --mode.
func (f *compareFlags) workloads() ([]compare.Workload, error) {
	if len(f.modes) == 0 && f.lab || slices.Equal(f.modes, []string{"all"}) && f.lab {
		return compare.AllWorkloads(), nil
	}
	if len(f.modes) == 0 {
		return []compare.Workload{compare.Fetch}, nil
	}
	atURL := []compare.Workload{compare.Fetch, compare.Requests, compare.Connections}
	var list []compare.Workload
	for _, text := range f.modes {
		w := compare.Workload(text)
		switch {
		case !w.IsValid():
			return nil, fmt.Errorf("--mode: %q is none of fetch, requests, connections, download, upload, pingpong", text)
		case slices.Contains(list, w):
			return nil, fmt.Errorf("--mode: %s is there twice", w)
		case !f.lab && !slices.Contains(atURL, w):
			return nil, fmt.Errorf("--mode %s needs the server of --lab; with a URL there are fetch, requests and connections", w)
		}
		list = append(list, w)
	}
	return list, nil
}

// cells makes all combinations of the lists.
func (f *compareFlags) cells() ([]compare.Cell, error) {
	links, err := f.links()
	if err != nil {
		return nil, err
	}
	sizes := f.sizes
	if len(sizes) == 0 {
		sizes = []string{defaultSize}
	}
	var cells []compare.Cell
	for _, mtu := range orEmpty(f.mtus) {
		for _, link := range links {
			for _, size := range sizes {
				for _, n := range orEmpty(f.concurrency) {
					cell, err := f.cell(mtu, link, size, n)
					if err != nil {
						return nil, err
					}
					cells = append(cells, cell)
				}
			}
		}
	}
	return cells, nil
}

// orEmpty returns the list, or one empty element that stands for the default.
func orEmpty(list []string) []string {
	if len(list) == 0 {
		return []string{""}
	}
	return list
}

func (f *compareFlags) cell(mtu, link, size, concurrency string) (c compare.Cell, err error) {
	c = compare.Cell{Link: link, Concurrency: 1}
	if f.lab {
		if c.Size, err = parseSize(size); err != nil {
			return c, fmt.Errorf("--size: %w", err)
		}
	}
	if concurrency != "" {
		if c.Concurrency, err = strconv.Atoi(concurrency); err != nil || c.Concurrency < 1 || c.Concurrency > 1000 {
			return c, fmt.Errorf("--concurrency: %q is no number from 1 to 1000", concurrency)
		}
	}
	if mtu != "" {
		if c.MTU, err = strconv.Atoi(mtu); err != nil || c.MTU < 576 || c.MTU > 65535 {
			return c, fmt.Errorf("--mtu: %q is no number from 576 to 65535", mtu)
		}
	}
	return c, nil
}

// links makes all combinations of what may be wrong with the link.
func (f *compareFlags) links() ([]string, error) {
	if _, err := tun.ParseImpairment(f.impair); err != nil && !strings.Contains(f.impair, "jitter") && !strings.Contains(f.impair, "queue") {
		return nil, fmt.Errorf("--impair: %w", err) // jitter and queue need --delay and --rate
	}
	var links []string
	for _, loss := range orEmpty(f.loss) {
		for _, delay := range orEmpty(f.delay) {
			for _, rate := range orEmpty(f.rate) {
				var parts []string
				for _, p := range []struct{ key, value string }{{"loss", loss}, {"delay", delay}, {"rate", rate}} {
					if p.value != "" && p.value != "0" {
						parts = append(parts, p.key+"="+p.value)
					}
				}
				if f.impair != "" {
					parts = append(parts, f.impair)
				}
				imp, err := tun.ParseImpairment(strings.Join(parts, ","))
				if err != nil {
					return nil, fmt.Errorf("the link: %w", err)
				}
				links = append(links, imp.String())
			}
		}
	}
	return links, nil
}

// outputs lists the files that are asked for.
func (f *compareFlags) outputs() (list []reportFile, err error) {
	for _, o := range []reportFile{{f.html, report.HTML}, {f.csv, report.CSV}, {f.markdown, report.Markdown}, {f.bench, report.Benchmark}} {
		if o.name == "-" {
			return nil, errors.New("reports go to files; on standard output there are the text and --json")
		}
		if o.name != "" {
			list = append(list, o)
		}
	}
	return list, nil
}
