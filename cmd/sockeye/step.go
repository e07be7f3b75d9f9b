package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sockeye-tcp/sockeye/internal/step"
)

// step: scripts, captures and lessons, one step at a time. What is what, and the flags.

// stepFlags are the flags of step.
type stepFlags struct {
	read, format, output, names, color   string
	list, json, ascii, full, rules, lane bool
	absolute, verbose, preserve          bool
	width, end                           int
	seed                                 uint64
	saveAs                               string // what the full screen suggests as a file name
	address, port, connection            string
	widthGiven, formatGiven, outputGiven bool
}

const stepLong = `Step through TCP: a lesson, a script or a capture.

A LESSON is a small play for two hosts in virtual time, which ends in your
hands: deliver, drop, double or delay packets, make calls for either end, inject
segments, go back, and save what you did as a script. Without arguments step
lists the lessons.

A FILE.pkt is a script in packetdrill's language. It runs in virtual time,
without root and without waiting. One script is drawn; of several, and of
directories, each gets a line, with a sum below.

With -r, a capture: who sent what, and why, and the states of both ends, all
worked out from the segments.

On a terminal one thing opens on the full screen: space goes on, left goes back,
? lists the keys. With --format or -o, or where the output is no terminal, it is
drawn and that is all. The name after -o tells the format: .svg, .html, .json,
.pcapng, .mmd, .pkt; anything else is text.`

const stepExamples = `Examples:
  sockeye step                              choose a lesson
  sockeye step handshake -o handshake.html  a page to step through, to be sent
  sockeye step tcp/testdata                 run all scripts in a directory
  sockeye step -r web.pcapng --port 80      a ladder from a capture

Exit codes: 0 done, all scripts passed; 1 a script failed, or a capture is
damaged; 2 usage, or a script or file that cannot be read; 130 Ctrl-C.`

func newStepCommand(a *app) *cobra.Command {
	var f stepFlags
	c := &cobra.Command{
		Use:         "step [flags] [LESSON | FILE.pkt... | DIRECTORY... | -r CAPTURE]",
		Short:       "step through TCP: lessons, scripts and captures",
		Long:        stepLong,
		Annotations: map[string]string{shortHelp: stepExamples + "\nAll flags: sockeye step --help all", longHelp: stepExamples},
		RunE: func(c *cobra.Command, args []string) error {
			flags := c.Flags()
			f.widthGiven, f.formatGiven, f.outputGiven = flags.Changed("width"), flags.Changed("format"), flags.Changed("output")
			return a.step(c, &f, args)
		},
		ValidArgsFunction: completeStep,
	}
	flags := c.Flags()
	flags.StringVarP(&f.read, "read", "r", "", "draw the capture in `FILE`; \"-\" is standard input")
	flags.StringVar(&f.address, "addr", "", "of a capture, what has this `ADDRESS`, or network")
	flags.StringVar(&f.port, "port", "", "of a capture, what has this `PORT`")
	flags.StringVar(&f.connection, "connection", "", "of a capture, the connections `N` of --list: 2,5-7")
	flags.BoolVarP(&f.list, "list", "l", false, "list the lessons, or the connections of a capture")
	flags.Var(choiceValue(&f.format, stepFormats...), "format", "what to write; default text")
	flags.BoolVar(&f.json, "json", false, "the same as --format json")
	flags.StringVarP(&f.output, "output", "o", "", "write it to `FILE`, whose name may tell the format")
	flags.BoolVar(&f.absolute, "absolute", false, "show sequence numbers as on the wire")
	flags.BoolVar(&f.ascii, "ascii", false, "draw with ASCII letters only")
	flags.IntVar(&f.width, "width", 0, "draw `COLUMNS` wide; default the terminal, or 80")
	flags.StringVar(&f.names, "names", "", "call the ends `A,B`")
	flags.BoolVar(&f.lane, "lane", false, "show the variables and timers beside each line")
	flags.BoolVar(&f.rules, "rules", false, "name the place in an RFC that decided")
	flags.BoolVar(&f.full, "full", false, "fold nothing, and show every call")
	flags.StringVar(&f.color, "color", "auto", "colour it: `auto|always|never`")
	flags.IntVar(&f.end, "end", 1, "of a lesson, write what end `N` saw, 1 or 2")
	flags.Uint64Var(&f.seed, "seed", 1, "what chance there is in a lesson comes from `N`")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "of several scripts, draw those that fail")
	flags.BoolVar(&f.preserve, "preserve-screen", false, "leave the last screen when stepping ends")
	for _, name := range []string{"read", "port", "list", "format", "output", "lane", "rules", "verbose"} {
		annotate(flags.Lookup(name), inShort, "")
	}
	flags.SortFlags = false
	completeStepFlags(c)
	return c
}

// step finds out what is meant and does it.
func (a *app) step(c *cobra.Command, f *stepFlags, args []string) error {
	if err := f.check(c); err != nil {
		return err
	}
	ctx := c.Context()
	if f.read != "" {
		if len(args) > 0 {
			return usageError(c, fmt.Errorf("-r reads one capture; %q is one too many", args[0]))
		}
		return a.stepCapture(ctx, f, f.read)
	}
	if f.address+f.port+f.connection != "" {
		return usageError(c, errors.New("--addr, --port and --connection choose from a capture; name it with -r FILE"))
	}
	if f.list || len(args) == 0 {
		if len(args) > 0 {
			return usageError(c, fmt.Errorf("--list takes no argument; %q is one", args[0]))
		}
		if a.interactive(f) {
			return a.chooseLesson(ctx, f)
		}
		return a.listLessons(f)
	}
	if len(args) > 1 {
		return a.stepSuite(ctx, c, f, args)
	}
	return a.stepOne(ctx, c, f, args[0])
}

// stepOne shows one thing: a lesson unless there is a file of its name.
func (a *app) stepOne(ctx context.Context, c *cobra.Command, f *stepFlags, name string) error {
	info, err := os.Stat(name)
	switch {
	case err != nil && step.Find(name) != nil:
		return a.stepLesson(ctx, f, step.Find(name))
	case err != nil && !strings.ContainsAny(name, "./\\"):
		return usageError(c, fmt.Errorf("no lesson and no file is called %q%s", name, nearLesson(name)))
	case err != nil:
		return &exitError{code: exitUsage, err: fmt.Errorf("%s: %s", name, cause(err))}
	case info.IsDir():
		return a.stepSuite(ctx, c, f, []string{name})
	case isCapture(name):
		return a.stepCapture(ctx, f, name)
	}
	return a.stepScript(ctx, f, name)
}

// isCapture knows a capture by its name.
func isCapture(name string) bool {
	ext := filepath.Ext(strings.TrimSuffix(name, ".gz"))
	return slices.Contains([]string{".pcap", ".pcapng", ".cap", ".ntar"}, ext)
}

// formatExtensions are the formats that the name of a file tells.
var formatExtensions = map[string]string{
	".txt": "text", ".svg": "svg", ".html": "html", ".htm": "html", ".json": "json",
	".pcapng": "pcapng", ".mmd": "mermaid", ".pkt": "script",
}

// stepFormats are the formats, the usual one first.
var stepFormats = []string{"text", "svg", "html", "json", "pcapng", "mermaid", "script"}

// check completes the flags and refuses what makes no sense.
func (f *stepFlags) check(c *cobra.Command) error {
	switch {
	case f.json && f.formatGiven && f.format != "json":
		return usageError(c, fmt.Errorf("either --json or --format %s, not both", f.format))
	case f.json:
		f.format, f.formatGiven = "json", true
	case !f.formatGiven && f.output != "":
		f.format = formatExtensions[strings.ToLower(filepath.Ext(f.output))]
	}
	if f.format == "" {
		f.format = "text"
	}
	if f.end != 1 && f.end != 2 {
		return usageError(c, fmt.Errorf("--end %d: the ends are 1 and 2", f.end))
	}
	if f.widthGiven && (f.width < 64 || f.width > 1000) {
		return usageError(c, fmt.Errorf("--width %d: it must be from 64 to 1000", f.width))
	}
	if f.names != "" && len(f.ends()) != 2 {
		return usageError(c, fmt.Errorf("--names %q: two names with a comma between them are needed", f.names))
	}
	return nil
}

// ends returns the names of --names.
func (f *stepFlags) ends() []string {
	if f.names == "" {
		return nil
	}
	names := strings.Split(f.names, ",")
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
	}
	return names
}
