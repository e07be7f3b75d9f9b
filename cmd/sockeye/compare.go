package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/sockeye-tcp/sockeye/httpget"
	"github.com/sockeye-tcp/sockeye/internal/compare"
	"github.com/sockeye-tcp/sockeye/internal/compare/bench"
	"github.com/sockeye-tcp/sockeye/internal/compare/report"
	"github.com/sockeye-tcp/sockeye/internal/lab"
)

// The comparison: the same work over our TCP and over the kernel's.

const compareLong = `Time our TCP beside the kernel's, fairly, and say which is faster.

Four series take turns in an order drawn by a seed (A B C D D C B A):
  user     our TCP on a TUN device; the kernel forwards and masquerades
  kernel   the kernel's TCP, directly
  twin     our TCP behind a program that hands its packets to such a TUN device
  control  the kernel's TCP behind the same, from a namespace of its own
Between twin and control nothing differs but the stack.

With --lab, everything happens in private namespaces against a server of its
own, which needs root or a user namespace and changes nothing on the host. With
a URL, it goes over the host's route and needs root.`

const compareExamples = `Examples:
  sockeye compare --lab --html report.html     everything, in less than a minute
  sockeye compare --lab --loss 0,1% --delay 20ms --mode fetch,download
  sudo sockeye compare https://example.com/    over the host's route
  sockeye compare --lab --mode fetch --assert 'user/kernel < 3'`

const compareCodes = `Exit codes: 0 done; 1 an assertion does not hold, or it failed; 2 usage; 23 a
report cannot be written; 126 lacks privilege; 130 Ctrl-C, after printing it.`

func newCompareCommand(a *app) *cobra.Command {
	var f compareFlags
	c := &cobra.Command{
		Use:   "compare [flags] --lab | URL",
		Short: "time our TCP beside the kernel's, with statistics",
		Long:  compareLong,
		Annotations: map[string]string{
			shortHelp: compareExamples + "\n" + compareCodes + "\nAll flags: sockeye compare --help all",
			longHelp:  compareExamples + "\n\n" + compareCodes,
		},
		RunE: func(c *cobra.Command, args []string) error { return a.compare(c, &f, args) },
	}
	f.add(c.Flags())
	return c
}

// comparePart is the name of the command with which compare starts itself.
const comparePart = "compare-part"

func newComparePartCommand(*app) *cobra.Command {
	return &cobra.Command{
		Use:    comparePart + " PART",
		Short:  "play a part in a comparison; compare starts it",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE:   func(_ *cobra.Command, args []string) error { return bench.Part(args[0]) },
	}
}

// compare checks the command line and runs the comparison, in a laboratory in a
// child process that is in its own namespace.
func (a *app) compare(c *cobra.Command, f *compareFlags, args []string) error {
	cfg, err := f.config(args)
	if err != nil {
		return usageError(c, err)
	}
	outputs, err := f.outputs()
	if err != nil {
		return usageError(c, err)
	}
	if !f.lab || lab.Inside() {
		return a.compareHere(c.Context(), f, cfg, outputs)
	}
	if err := lab.CanNamespace(); err != nil {
		return &exitError{code: exitNoPrivilege, err: err, hint: "sockeye doctor says what is missing"}
	}
	code, err := lab.Reexec()
	if err != nil {
		return err
	}
	if code != 0 {
		return &exitError{code: code, shown: true} // the child has said why
	}
	return nil
}

// compareHere runs the comparison in this process and its namespace.
func (a *app) compareHere(ctx context.Context, f *compareFlags, cfg bench.Config, outputs []reportFile) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	if f.lab {
		if err := lab.SetUp(); err != nil {
			return err
		}
	}
	b := thisBuild()
	cfg.CommandOutput = a.stderr
	cfg.Program = []string{exe, comparePart}
	cfg.Conditions = []compare.Condition{{Name: "sockeye", Value: b.Version}, {Name: "commit", Value: b.Commit}}
	bar := a.newBar(f.noProgress)
	cfg.Progress = bar.set
	r, err := bench.Run(ctx, cfg)
	bar.done()
	if r == nil {
		return compareError(err, f.lab)
	}
	if writeErr := a.writeComparison(r, f, outputs); writeErr != nil {
		return writeErr
	}
	if err != nil {
		return err
	}
	for _, x := range f.assertions {
		if err := x.Check(r); err != nil {
			return &exitError{code: exitFailure, err: err}
		}
	}
	return nil
}

// compareError says what to do about a comparison that did not come about.
func compareError(err error, inLab bool) error {
	switch {
	case errors.Is(err, bench.ErrPermission) && inLab:
		return &exitError{code: exitNoPrivilege, err: err, hint: "run it with sudo, or let this user read and write /dev/net/tun; sockeye doctor says more"}
	case errors.Is(err, bench.ErrPermission):
		return &exitError{code: exitNoPrivilege, err: err, hint: "run it with sudo, or with --lab, which needs a user namespace only; sockeye doctor says more"}
	case errors.Is(err, context.Canceled):
		return err
	}
	return &exitError{code: exitFailure, err: err}
}

// A reportFile is a file that a report goes to, and the form that it has there.
type reportFile struct {
	name  string
	write func(io.Writer, *compare.Report) error
}

// writeComparison writes the report to standard output and to the files.
func (a *app) writeComparison(r *compare.Report, f *compareFlags, outputs []reportFile) error {
	write := report.Text
	if f.json {
		write = report.JSON
	}
	if err := write(a.stdout, r); err != nil {
		return &exitError{code: int(httpget.WriteError), err: fmt.Errorf("write the report: %w", err)}
	}
	for _, o := range outputs {
		if err := writeOutput(o, r); err != nil {
			return &exitError{code: int(httpget.WriteError), err: err}
		}
		fmt.Fprintf(a.stderr, "wrote %s\n", o.name)
	}
	return nil
}

func writeOutput(o reportFile, r *compare.Report) error {
	file, err := os.Create(o.name)
	if err != nil {
		return err
	}
	return errors.Join(o.write(file, r), file.Close())
}
