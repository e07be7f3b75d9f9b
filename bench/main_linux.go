package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/sockeye-tcp/sockeye/internal/lab"
)

func main() {
	if len(os.Args) == 3 && os.Args[1] == partFlag {
		// The director ends us in order; a terminal's interrupt is for it.
		signal.Ignore(os.Interrupt)
		exit(playPart(os.Args[2]))
	}
	exit(direct())
}

// exit ends the program and says why, if there is a reason.
func exit(err error) {
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(0)
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// outputs are the files that are wanted; "" means none.
type outputs struct{ json, bench, plot string }

// direct does what the command line says. Without root it does so as root of a user namespace.
func direct() error {
	c, out, err := parse(os.Args[1:])
	if err != nil {
		return err
	}
	if !lab.Inside() {
		if err := lab.CanNamespace(); err != nil {
			return err
		}
		code, err := lab.Reexec()
		if err == nil {
			os.Exit(code)
		}
		return err
	}
	if err := lab.SetUp(); err != nil {
		return err
	}
	if !slices.Equal(c.systems, []system{kernel}) {
		if err := mayTUN(); err != nil {
			return err
		}
	}
	if c.profiles != "" {
		if err := os.MkdirAll(c.profiles, 0o777); err != nil {
			return err
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	r := c.measure(ctx)
	r.analyze()
	if err := out.write(r); err != nil {
		return err
	}
	switch n := len(r.Failures); {
	case r.Incomplete:
		return errors.New("interrupted")
	case n > 0:
		return fmt.Errorf("%d runs failed", n)
	}
	return nil
}

// parse reads the command line.
func parse(args []string) (c *config, out outputs, err error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, out, err
	}
	c = &config{program: program{exe}, progress: os.Stderr}
	var systemList, workList string
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.StringVar(&systemList, "systems", "", "`list` of systems with commas: "+describe()+" (default all)")
	f.StringVar(&workList, "work", "", fmt.Sprintf("`list` of works with commas: %v (default all)", works))
	f.IntVar(&c.rounds, "rounds", 6, "how often each work is done over each system, each time by a new process")
	f.Int64Var(&c.order.Bytes, "bytes", gib, "length of a download or upload")
	f.DurationVar(&c.order.Duration, "duration", 2*time.Second, "how long each run of the other works takes at most")
	f.IntVar(&c.order.Count, "count", 10000, "how many round trips or connections a run makes at most")
	f.IntVar(&c.order.Idle, "idle", 10000, "how many connections the work idle weighs")
	f.IntVar(&c.order.Chunk, "chunk", 128<<10, "bytes that a program reads or writes at once")
	f.IntVar(&c.order.MTU, "mtu", 1500, "MTU of all devices")
	f.BoolVar(&c.order.Verify, "verify", false, "compare all bytes that came with those that were sent; takes CPU time")
	f.BoolVar(&c.awake, "awake", false, "keep the processors from sleeping in all works, not only in pingpong-awake")
	f.Uint64Var(&c.seed, "seed", 1, "decides the order of the systems in each round")
	f.StringVar(&c.profiles, "pprof", "", "write a CPU profile of each client to this `directory`")
	f.StringVar(&out.json, "json", "", "write everything to this `file`")
	f.StringVar(&out.bench, "bench", "", "write results for benchstat to this `file`")
	f.StringVar(&out.plot, "plot", "", "draw a picture into this `file`.svg or .png")
	if err := f.Parse(args); err != nil {
		return nil, out, err
	}
	if f.NArg() > 0 {
		return nil, out, fmt.Errorf("nothing is known of %q", f.Arg(0))
	}
	if c.systems, err = choose(systemList, systemNames()); err != nil {
		return nil, out, fmt.Errorf("--systems: %w", err)
	}
	if c.works, err = choose(workList, works); err != nil {
		return nil, out, fmt.Errorf("--work: %w", err)
	}
	return c, out, c.check()
}

// check refuses amounts that no run can be made of.
func (c *config) check() error {
	s := &c.order
	switch {
	case c.rounds < 1 || s.Bytes < 1 || s.Count < 1 || s.Idle < 1 || s.Chunk < 1:
		return errors.New("rounds and amounts must be at least 1")
	case s.Duration < time.Millisecond:
		return errors.New("--duration must be at least 1ms")
	case s.MTU < 576 || s.MTU > 65535:
		return errors.New("--mtu must be within 576 to 65535")
	}
	return nil
}

// describe lists the systems for the help.
func describe() (text string) {
	for _, s := range systems {
		text += fmt.Sprintf("\n%s, %s;", s.name, s.title)
	}
	return text
}

// write writes the tables to standard output and what else is wanted to its files.
func (o outputs) write(r *report) error {
	err := r.text(os.Stdout)
	for name, form := range map[string]func(io.Writer) error{o.json: r.json, o.bench: r.benchmark} {
		if name != "" {
			err = errors.Join(err, writeFile(name, form))
		}
	}
	if o.plot != "" {
		err = errors.Join(err, r.picture(o.plot))
	}
	return err
}

func writeFile(name string, form func(io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(form(f), f.Close())
}
