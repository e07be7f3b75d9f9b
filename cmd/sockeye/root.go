package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// The root command: what all subcommands share.

// An app is one run of the program: what it reads and where it writes.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
}

// subcommands makes the commands, in the order in which help lists them.
var subcommands = []func(*app) *cobra.Command{
	newGetCommand,
	newStepCommand,
	newCompareCommand,
	newComparePartCommand,
	newRecoveryCommand,
	newDemoCommand,
	newDoctorCommand,
	newVersionCommand,
}

// run runs the program with its arguments and returns its exit code. Data goes
// to stdout, everything else to stderr. When ctx is cancelled, what was
// begun is ended in order and the code is 130.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{stdin: stdin, stdout: stdout, stderr: stderr}
	root := newRoot(a)
	if cmd, rest, err := root.Find(args); err == nil && cmd.Annotations[curlFlags] != "" {
		at := slices.Index(args, cmd.Name())
		args = append(args[:at+1:at+1], splitShorts(cmd.Flags(), rest)...)
	}
	root.SetArgs(args)
	return a.report(root.ExecuteContext(ctx))
}

const long = `sockeye is a TCP/IP stack that runs as an ordinary program, and a mini-curl on
top of it: fetch a page and watch every segment of the connection.`

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:           "sockeye",
		Short:         "fetch web pages over a TCP/IP stack of one's own",
		Long:          long,
		Args:          cobra.ArbitraryArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          a.runRoot,
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.Flags().BoolP("version", "V", false, "print version, commit, Go, system and kernel")
	root.SetHelpFunc(a.help)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return usageError(c, err) })
	root.SetHelpCommand(newHelpCommand(a))
	for _, f := range subcommands {
		root.AddCommand(f(a))
	}
	return root
}

// runRoot is what sockeye does without a command.
func (a *app) runRoot(c *cobra.Command, args []string) error {
	switch version, _ := c.Flags().GetBool("version"); {
	case version:
		return a.printVersion(false)
	case len(args) > 0:
		return usageError(c, fmt.Errorf("unknown command %q%s", args[0], suggestion(c, args[0])))
	}
	return c.Help()
}

// suggestion names the commands that were perhaps meant.
func suggestion(c *cobra.Command, typed string) string {
	if strings.Contains(typed, "/") || strings.Contains(typed, ".") {
		return fmt.Sprintf("; did you mean \"sockeye get %s\"?", typed)
	}
	c.SuggestionsMinimumDistance = 2
	if s := c.SuggestionsFor(typed); len(s) > 0 {
		return fmt.Sprintf("; did you mean %q?", s[0])
	}
	return ""
}

func newHelpCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND] [all]",
		Short: "print help; with all, everything there is",
		RunE: func(c *cobra.Command, args []string) error {
			names := slices.DeleteFunc(slices.Clone(args), func(s string) bool { return s == "all" })
			cmd, rest, err := c.Root().Find(names)
			if err != nil || len(rest) > 0 {
				return usageError(c.Root(), fmt.Errorf("no help for %q", strings.Join(names, " ")))
			}
			a.help(cmd, args)
			return nil
		},
	}
}
