package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"
)

// What a bug report needs first.

// version and commit are set by the linker; see the Makefile.
var version, commit string

// A build says what program this is and where it runs.
type build struct {
	Schema  int    `json:"schema"`
	Version string `json:"version"`
	Commit  string `json:"commit"`
	Go      string `json:"go"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
	Kernel  string `json:"kernel"`
}

func newVersionCommand(a *app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "version",
		Short: "print version, commit, Go, system and kernel",
		Args:  noArgs,
		RunE:  func(*cobra.Command, []string) error { return a.printVersion(asJSON) },
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// noArgs refuses arguments.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError(c, fmt.Errorf("unexpected argument %q", args[0]))
	}
	return nil
}

func (a *app) printVersion(asJSON bool) error {
	b := thisBuild()
	if asJSON {
		return json.NewEncoder(a.stdout).Encode(b)
	}
	_, err := fmt.Fprintf(a.stdout, "sockeye %s\ncommit %s\n%s %s/%s\nkernel %s\n", b.Version, b.Commit, b.Go, b.OS, b.Arch, b.Kernel)
	return err
}

func thisBuild() build {
	b := build{Schema: 1, Version: version, Commit: commit, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH, Kernel: kernel()}
	info, ok := debug.ReadBuildInfo()
	if ok && b.Version == "" {
		b.Version = info.Main.Version
	}
	if ok && b.Commit == "" {
		b.Commit = revision(info.Settings)
	}
	if b.Version == "" {
		b.Version = "(unknown)"
	}
	return b
}

// userAgent is what servers are told: the version, unless it is no word.
func userAgent() string {
	v := thisBuild().Version
	if strings.HasPrefix(v, "(") {
		return "sockeye"
	}
	return "sockeye/" + v
}

// revision returns the commit that Go noted when it built the program.
func revision(settings []debug.BuildSetting) string {
	commit, changed := "(unknown)", ""
	for _, s := range settings {
		switch {
		case s.Key == "vcs.revision":
			commit = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = " (changed)"
		}
	}
	return commit + changed
}

// kernel returns the kernel's name and release, as uname -sr prints them.
func kernel() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return "(unknown)"
	}
	return unix.ByteSliceToString(u.Sysname[:]) + " " + unix.ByteSliceToString(u.Release[:])
}
