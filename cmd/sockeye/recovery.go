package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sockeye-tcp/sockeye/httpget"
	"github.com/sockeye-tcp/sockeye/internal/compare/bench"
	"github.com/sockeye-tcp/sockeye/internal/compare/campaign"
	"github.com/sockeye-tcp/sockeye/internal/lab"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// The recovery campaign: goodput on bad links, our TCP beside the kernel's.

const recoveryLong = `Measure what arrives over bad links, of our TCP and of the kernel's, as sender and
as receiver, each over one and the same link to a kernel.

Each run is appended to FILE as a line of JSON as soon as it is done, so that a
campaign of hours can be interrupted and carried on with the same command: only
runs that are missing are made. With --table, the tables of FILE are printed as
Markdown. Everything happens in private namespaces; it needs root or a user
namespace and changes nothing on the host.`

const recoveryExamples = `Examples:
  sockeye recovery --loss 1,3 --delay 50 --rate 10,100 some.jsonl
  sockeye recovery --runs 5 all.jsonl       the whole campaign, which takes hours
  sockeye recovery --table all.jsonl        what it has shown so far`

// recoveryFlags are what the user typed.
type recoveryFlags struct {
	loss, delay, reorder, rate []float64
	roles, congestion, stacks  []string
	runs                       int
	seed                       uint64
	budget                     float64
	table, noProgress          bool
}

func newRecoveryCommand(a *app) *cobra.Command {
	var f recoveryFlags
	c := &cobra.Command{
		Use:   "recovery [flags] FILE",
		Short: "measure goodput on bad links, of our TCP and of the kernel's",
		Long:  recoveryLong,
		Args:  cobra.ExactArgs(1),
		Annotations: map[string]string{
			shortHelp: recoveryExamples, longHelp: recoveryExamples,
		},
		RunE: func(c *cobra.Command, args []string) error { return a.recovery(c, &f, args[0]) },
	}
	f.add(c)
	return c
}

func (f *recoveryFlags) add(c *cobra.Command) {
	flags := c.Flags()
	numbers := func(to *[]float64, name, usage string) {
		flags.Var(&funcValue{kind: "LIST", set: func(s string) error { return appendNumbers(to, s) }}, name, usage)
	}
	numbers(&f.loss, "loss", "losses in per cent; default 0,0.1,1,3,10")
	numbers(&f.delay, "delay", "round trips in ms; default 0,10,50,200")
	numbers(&f.reorder, "reorder", "reordering in per cent; default 0,1,10")
	numbers(&f.rate, "rate", "rates in Mbit/s; default 10,100,1000")
	flags.StringSliceVar(&f.roles, "role", []string{"sender", "receiver"}, "what the TCP under test does: `LIST`")
	flags.StringSliceVar(&f.congestion, "congestion", []string{"cubic", "bbr"}, "congestion control of the sender: `LIST`")
	flags.StringSliceVar(&f.stacks, "stack", []string{"ours", "kernel"}, "TCPs under test: `LIST`")
	flags.IntVarP(&f.runs, "runs", "r", 3, "make `N` runs of each, with those that there are")
	flags.Uint64Var(&f.seed, "seed", 1, "draw the link's chances by `N`")
	flags.Float64Var(&f.budget, "budget", 0.6*float64(runtime.NumCPU()), "keep `N` processors busy with cells side by side; default: 0.6 of them")
	flags.BoolVar(&f.table, "table", false, "measure nothing; print the tables of FILE")
	flags.BoolVar(&f.noProgress, "no-progress", false, "show no progress")
	flags.SortFlags = false
}

// appendNumbers reads numbers with commas between them.
func appendNumbers(to *[]float64, s string) error {
	for part := range strings.SplitSeq(s, ",") {
		v, err := strconv.ParseFloat(strings.TrimSuffix(part, "%"), 64)
		if err != nil || !(v >= 0) {
			return fmt.Errorf("%q is no number from 0 on", part)
		}
		*to = append(*to, v)
	}
	return nil
}

// cases are what the flags choose.
func (f *recoveryFlags) cases() ([]campaign.Case, error) {
	g := campaign.DefaultGrid()
	shares := func(to *[]float64, percent []float64) {
		if percent == nil {
			return
		}
		*to = nil
		for _, p := range percent {
			*to = append(*to, p/100)
		}
	}
	shares(&g.Loss, f.loss)
	shares(&g.Reorder, f.reorder)
	if f.delay != nil {
		g.DelayMs = f.delay
	}
	if f.rate != nil {
		g.Mbit = f.rate
	}
	g.Roles, g.Congestion = nil, f.congestion
	for _, r := range f.roles {
		if r := campaign.Role(r); r != campaign.Sender && r != campaign.Receiver {
			return nil, fmt.Errorf("--role: %q is neither sender nor receiver", r)
		}
		g.Roles = append(g.Roles, campaign.Role(r))
	}
	for _, s := range f.stacks {
		if !slices.Contains(campaign.Stacks(), campaign.Stack(s)) {
			return nil, fmt.Errorf("--stack: %q is neither ours nor kernel", s)
		}
	}
	cases := g.Cases()
	for _, c := range cases {
		if err := c.Check(); err != nil {
			return nil, err
		}
	}
	return cases, nil
}

// recovery prints the tables of a file, or makes the runs that it lacks, in a child
// process that is in its own namespace.
func (a *app) recovery(c *cobra.Command, f *recoveryFlags, name string) error {
	cases, err := f.cases()
	if err != nil {
		return usageError(c, err)
	}
	if f.table {
		return a.recoveryTable(name)
	}
	if lab.Inside() {
		return a.recoverHere(c.Context(), f, cases, name)
	}
	if err := lab.CanNamespace(); err != nil {
		return &exitError{code: exitNoPrivilege, err: err, hint: "sockeye doctor says what is missing"}
	}
	code, err := lab.Reexec()
	if err == nil && code != 0 {
		err = &exitError{code: code, shown: true} // the child has said why
	}
	return err
}

func (a *app) recoveryTable(name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	list, err := campaign.Read(file)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := campaign.Markdown(a.stdout, list); err != nil {
		return &exitError{code: int(httpget.WriteError), err: fmt.Errorf("write the tables: %w", err)}
	}
	return nil
}

// recoverHere makes the runs.
func (a *app) recoverHere(ctx context.Context, f *recoveryFlags, cases []campaign.Case, name string) (err error) {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	if err := lab.SetUp(); err != nil {
		return err
	}
	have, file, err := openCampaign(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	var stacks []campaign.Stack
	for _, s := range f.stacks {
		stacks = append(stacks, campaign.Stack(s))
	}
	bar := a.newBar(f.noProgress)
	defer bar.done()
	return bench.Recover(ctx, bench.Recovery{
		Cases: a.withOurCongestion(cases), Stacks: stacks, Runs: f.runs, Have: have, Out: file, Seed: f.seed,
		Build: thisBuild().Commit, Budget: f.budget, Program: []string{exe, comparePart},
		Progress: bar.set, Tell: func(text string) { fmt.Fprintln(a.stderr, text) },
	})
}

// withOurCongestion leaves out, with a word, the cases whose congestion control our TCP does not have.
func (a *app) withOurCongestion(cases []campaign.Case) (kept []campaign.Case) {
	told := map[string]bool{}
	for _, c := range cases {
		switch {
		case tcp.CongestionByName(c.Congestion) != nil:
			kept = append(kept, c)
		case !told[c.Congestion]:
			told[c.Congestion] = true
			fmt.Fprintf(a.stderr, "our TCP has no congestion control %q: its cells are left out\n", c.Congestion)
		}
	}
	return kept
}

// openCampaign reads what a file has and opens it for more. A last line that was cut off is taken away.
func openCampaign(name string) ([]campaign.Sample, *os.File, error) {
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, nil, err
	}
	content, err := os.ReadFile(name)
	var have []campaign.Sample
	whole := int64(bytes.LastIndexByte(content, '\n') + 1)
	if err == nil {
		have, err = campaign.Read(bytes.NewReader(content))
	}
	if err == nil {
		err = file.Truncate(whole)
	}
	if err == nil {
		_, err = file.Seek(whole, 0)
	}
	if err != nil {
		file.Close()
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	return have, file, nil
}
