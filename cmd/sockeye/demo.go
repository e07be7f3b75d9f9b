package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sockeye-tcp/sockeye/internal/demo"
	"github.com/sockeye-tcp/sockeye/internal/lab"
	"github.com/sockeye-tcp/sockeye/internal/ladder"
)

// The demonstration: a page over our TCP, in a network namespace of its own.

// demoFlags are the flags of demo.
type demoFlags struct {
	json, ascii, full, rules, vars, absolute bool
	color                                    string
	width, runs                              int
	memory                                   bool
}

const demoLong = `Fetch a page over our TCP and show what happened.

In a network namespace of its own, which needs root or a user namespace, demo
starts a net/http server on the kernel's TCP, opens a TUN device, and fetches a
page from the server over the TCP of this program. It prints the page, the
ladder of the exchange with the states of both ends, and how long each phase took
beside the same fetch over the kernel's TCP. Nothing on the host changes.

Where namespaces or TUN devices are not to be had, it says so and fetches from
a second stack of its own over a memory pipe instead.`

func newDemoCommand(a *app) *cobra.Command {
	var f demoFlags
	c := &cobra.Command{
		Use:   "demo",
		Short: "fetch a page in a namespace of its own and show every segment",
		Long:  demoLong,
		Args:  noArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return a.demo(c.Context(), &f) },
	}
	flags := c.Flags()
	flags.BoolVar(&f.json, "json", false, "print JSON")
	flags.IntVar(&f.runs, "runs", demo.DefaultRuns, "make `N` fetches over each TCP; the phases are their medians")
	flags.BoolVar(&f.memory, "memory", false, "use a memory pipe, no namespace and no TUN")
	flags.BoolVar(&f.ascii, "ascii", false, "draw the ladder in ASCII")
	flags.StringVar(&f.color, "color", "auto", "colour the ladder: `auto|always|never`")
	flags.IntVar(&f.width, "width", 80, "draw the ladder `COLUMNS` wide, at least 64")
	flags.BoolVar(&f.full, "full", false, "fold nothing, and show every call")
	flags.BoolVar(&f.rules, "rules", false, "name the place in an RFC that decided")
	flags.BoolVar(&f.vars, "vars", false, "show the variables of the connection")
	flags.BoolVar(&f.absolute, "absolute", false, "show sequence numbers as on the wire")
	return c
}

// demo runs the demonstration, in a child process that is in its own namespace if possible.
func (a *app) demo(ctx context.Context, f *demoFlags) error {
	if f.runs < 1 {
		return &exitError{code: exitUsage, err: fmt.Errorf("--runs %d: at least one is needed", f.runs)}
	}
	if f.memory {
		return a.demoInMemory(ctx, f, "")
	}
	if lab.Inside() {
		return a.demoInside(ctx, f)
	}
	if err := lab.CanNamespace(); err != nil {
		return a.demoInMemory(ctx, f, "namespace and TUN, because "+err.Error())
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

// demoInside runs in the namespace.
func (a *app) demoInside(ctx context.Context, f *demoFlags) error {
	if err := lab.SetUp(); err != nil {
		return err
	}
	if err := demo.CanTUN(); err != nil {
		return a.demoInMemory(ctx, f, "the TUN, because "+err.Error())
	}
	r, err := demo.Run(ctx, f.runs)
	if err != nil {
		return err
	}
	return a.writeDemo(r, f, "")
}

// demoInMemory runs without any help of the system; skipped says what is missing.
func (a *app) demoInMemory(ctx context.Context, f *demoFlags, skipped string) error {
	r, err := demo.RunInMemory(ctx, f.runs)
	if err != nil {
		return err
	}
	return a.writeDemo(r, f, skipped)
}

func (a *app) writeDemo(r *demo.Result, f *demoFlags, skipped string) error {
	if f.json {
		return r.WriteJSON(a.stdout, skipped)
	}
	color, err := useColor(f.color, a.stdout)
	if err != nil {
		return err
	}
	return r.WriteText(a.stdout, skipped, ladder.TextOptions{
		Width: f.width, ASCII: f.ascii || !utf8Locale(), Color: color,
		Full: f.full, Rules: f.rules, Vars: f.vars, Absolute: f.absolute,
	})
}

// utf8Locale reports whether the terminal may be sent UTF-8: unless the locale
// names another character set. Where none is set, terminals of today understand it.
func utf8Locale() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(os.Getenv(name)); v != "" {
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return os.Getenv("TERM") != "dumb"
}
