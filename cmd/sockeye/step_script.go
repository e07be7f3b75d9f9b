package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sockeye-tcp/sockeye/internal/ladder"
	"github.com/sockeye-tcp/sockeye/internal/packetdrill"
	"github.com/sockeye-tcp/sockeye/internal/step"
	"github.com/sockeye-tcp/sockeye/internal/steptui"
	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/stack"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Scripts: one is run and drawn, several are run and judged.

// scriptEnds are the names of the ends in a script.
var scriptEnds = ladder.Options{Left: "host", Right: "script"}

// eventLimit is how many events of a script or a capture are kept: some hundred MiB at worst.
const eventLimit = 200_000

// A scriptRun is what a script gave.
type scriptRun struct {
	name    string
	events  *ladder.Recorder
	packets []timedPacket
	err     error
}

// A timedPacket is an IP packet and when it passed.
type timedPacket struct {
	when time.Time
	data []byte
}

// scriptStart is the time on a host's clock at which scripts begin.
const scriptStart = time.Second

// epoch is what the start of virtual time is in a capture.
var epoch = time.Unix(0, 0).UTC()

// runScript runs a script; keep says whether its packets are wanted.
func (a *app) runScript(name string, keep bool) *scriptRun {
	run := &scriptRun{name: name, events: ladder.NewRecorder(eventLimit)}
	o := packetdrill.Options{Output: a.stderr, Configure: func(c *stack.Config) {
		inner := c.Trace
		c.Trace = func(e *tcp.Event) {
			if inner != nil {
				inner(e)
			}
			run.events.Record(e)
		}
	}}
	if keep {
		o.Packet = func(now ip.Time, _ bool, p []byte) {
			run.packets = append(run.packets, timedPacket{epoch.Add(time.Duration(now) - scriptStart), slices.Clone(p)})
		}
	}
	run.err = packetdrill.RunFile(name, o)
	return run
}

// took returns how much virtual time passed between the first event and the last.
func (r *scriptRun) took() time.Duration {
	events, _, _ := r.events.Events()
	if len(events) == 0 {
		return 0
	}
	return events[len(events)-1].Time.Sub(events[0].Time)
}

// ending says how the run ended.
func (r *scriptRun) ending() string {
	if r.err == nil {
		return "The script ends here, and everything was as it says."
	}
	_, lines := verdict(r.err)
	return "Here the host departs from the script.\n" + strings.Join(lines, "\n")
}

// verdict turns what the run of a script gave into an exit code and its lines: the place and what is
// wrong, then what was expected and what was seen.
func verdict(err error) (code int, lines []string) {
	var failure *packetdrill.Failure
	var syntax *packetdrill.SyntaxError
	switch {
	case err == nil:
		return 0, nil
	case errors.As(err, &failure):
		lines = []string{fmt.Sprintf("%s:%d: %s", failure.File, failure.Line, failure.Message)}
		if failure.Expected != "" {
			lines = append(lines, "expected: "+failure.Expected)
		}
		if failure.Seen != "" {
			lines = append(lines, "seen:     "+failure.Seen)
		}
		return exitFailure, lines
	case errors.As(err, &syntax):
		return exitUsage, []string{syntax.Error()}
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		return exitUsage, []string{path.Path + ": " + cause(err)}
	}
	return exitFailure, []string{err.Error()}
}

// verdictError is the verdict as the error that ends the program.
func verdictError(err error) error {
	code, lines := verdict(err)
	if code == 0 {
		return nil
	}
	return &exitError{code: code, err: errors.New(strings.Join(lines, "\n  "))}
}

// stepScript runs one script, and shows what happened.
func (a *app) stepScript(ctx context.Context, f *stepFlags, name string) error {
	run := a.runScript(name, f.format == "pcapng")
	failed := verdictError(run.err)
	events, _, _ := run.events.Events()
	if len(events) == 0 && failed != nil {
		return failed
	}
	d := &drawing{
		title: filepath.Base(name), events: events, packets: run.packets,
		ladders: run.events.Ladders(scriptEnds),
	}
	d.player = func() step.Player { return steptui.Observed(d.title, d.ladders, run.ending()) }
	if failed == nil {
		d.footer = fmt.Sprintf("ok  %s  (%.3f s of virtual time)", name, run.took().Seconds())
	}
	if err := a.show(ctx, f, d); err != nil {
		return err
	}
	return failed
}

// stepSuite runs scripts and directories of them, with a line for each.
func (a *app) stepSuite(ctx context.Context, c *cobra.Command, f *stepFlags, args []string) error {
	if f.outputGiven || f.formatGiven && f.format != "text" && f.format != "json" {
		return usageError(c, errors.New("of several scripts there is text or JSON on standard output; name one script to draw it"))
	}
	names, err := findScripts(args)
	if err != nil {
		return err
	}
	s := &suite{app: a, f: f}
	began := time.Now()
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return err
		}
		s.run(name)
	}
	return s.finish(time.Since(began))
}

// findScripts returns the files that are named, and the scripts of the directories, in order.
func findScripts(args []string) ([]string, error) {
	var names []string
	for _, arg := range args {
		found := 0
		err := filepath.WalkDir(arg, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case !d.IsDir() && (path == arg || filepath.Ext(path) == ".pkt"):
				names = append(names, path)
				found++
			}
			return nil
		})
		if err != nil {
			hint := ""
			if step.Find(arg) != nil {
				hint = "it is the name of a lesson; lessons are shown one at a time"
			}
			return nil, &exitError{code: exitUsage, err: fmt.Errorf("%s: %s", arg, cause(err)), hint: hint}
		}
		if found == 0 {
			return nil, &exitError{code: exitUsage, err: fmt.Errorf("%s: no script in it", arg), hint: "scripts are files with names in .pkt"}
		}
	}
	return names, nil
}
