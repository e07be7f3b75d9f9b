package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Help: one screen, and with "all" everything there is.

// Annotations of commands, for help.
const (
	shortHelp = "short-help" // stands below the flags of the short help
	longHelp  = "long-help"  // stands below the flags of the whole help
)

// help prints the help of a command; args are the command line, in which "all" may stand.
func (a *app) help(c *cobra.Command, args []string) {
	all := slices.Contains(args, "all")
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\nUsage: %s\n", headline(c, all), usageLine(c))
	writeCommands(&b, c)
	writeFlags(&b, c, all)
	if text := c.Annotations[map[bool]string{false: shortHelp, true: longHelp}[all]]; text != "" {
		fmt.Fprintf(&b, "\n%s\n", text)
	}
	// Standard output that is gone takes no complaint about it either.
	_, _ = io.WriteString(a.stdout, b.String())
}

func headline(c *cobra.Command, all bool) string {
	if c.Long != "" && (all || c.HasSubCommands()) {
		return c.Long
	}
	return strings.ToUpper(c.Short[:1]) + c.Short[1:] + "."
}

func usageLine(c *cobra.Command) string {
	if c.HasSubCommands() {
		return c.CommandPath() + " COMMAND [flags]"
	}
	return c.UseLine()
}

func writeCommands(b *strings.Builder, c *cobra.Command) {
	if !c.HasSubCommands() {
		return
	}
	b.WriteString("\nCommands:\n")
	for _, sub := range c.Commands() {
		if !sub.Hidden {
			fmt.Fprintf(b, "  %-12s %s\n", sub.Name(), sub.Short)
		}
	}
}

// writeFlags lists the flags: without groups the short list, with all of them under their headings.
func writeFlags(b *strings.Builder, c *cobra.Command, all bool) {
	groups := map[string][]*pflag.Flag{}
	order := []string{groupOutput, groupRequest, groupConnection, groupStack, groupLook, "Flags"}
	grouped, abridged := false, hasShortList(c.Flags())
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" { // whoever reads this has found it
			return
		}
		name := "Flags"
		if g := f.Annotations[inGroup]; g != nil {
			name, grouped = g[0], true
		}
		if _, short := f.Annotations[inShort]; all || short || !abridged {
			groups[name] = append(groups[name], f)
		}
	})
	if !all || !grouped {
		b.WriteString("\n")
		for _, g := range order {
			writeFlagLines(b, groups[g])
		}
		return
	}
	for _, g := range order {
		if len(groups[g]) > 0 {
			fmt.Fprintf(b, "\n%s:\n", g)
			writeFlagLines(b, groups[g])
		}
	}
}

// hasShortList reports whether some flags are chosen for the short help. Without any it lists them all.
func hasShortList(flags *pflag.FlagSet) bool {
	found := false
	flags.VisitAll(func(f *pflag.Flag) {
		_, short := f.Annotations[inShort]
		found = found || short
	})
	return found
}

func writeFlagLines(b *strings.Builder, flags []*pflag.Flag) {
	for _, f := range flags {
		value, usage := pflag.UnquoteUsage(f)
		name := "    --" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", --" + f.Name
		}
		switch {
		case f.NoOptDefVal != "" && value != "" && value != "bool":
			name += "[=" + value + "]"
		case value != "" && value != "bool":
			name += " " + value
		}
		const column = 27
		if len(name) > column {
			fmt.Fprintf(b, "  %s\n  %-*s %s\n", name, column, "", usage)
			continue
		}
		fmt.Fprintf(b, "  %-*s %s\n", column, name, usage)
	}
}
