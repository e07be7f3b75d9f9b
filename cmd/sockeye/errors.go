package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sockeye-tcp/sockeye/httpget"
)

// Errors and exit codes. The first line of an error is the whole story: the
// program, the code, what, where, why. A second one says what to do.

// An exitError ends the program with a code. Get's codes are curl's; other
// commands use 0 for yes, 1 for no, 2 for usage.
type exitError struct {
	code  int
	err   error  // nil, or one that has been shown: print nothing more
	hint  string // what to do about it
	shown bool
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

const (
	exitUsage       = int(httpget.BadUsage)
	exitNoPrivilege = int(httpget.NoPrivilege)
	exitInterrupted = int(httpget.Interrupted)
	exitFailure     = 1
)

// usageError is a command line that makes no sense.
func usageError(c *cobra.Command, err error) error {
	return &exitError{code: exitUsage, err: err, hint: fmt.Sprintf("%s --help lists what there is", c.CommandPath())}
}

// report prints an error and returns the exit code for it.
func (a *app) report(err error) int {
	if err == nil {
		return 0
	}
	e := asExit(err)
	if !e.shown {
		a.printError(e)
	}
	return e.code
}

// asExit finds the code for an error.
func asExit(err error) *exitError {
	var exit *exitError
	var get *httpget.Error
	switch {
	case errors.As(err, &exit):
		return exit
	case errors.As(err, &get):
		return &exitError{code: int(get.Code), err: get, hint: get.Hint}
	case errors.Is(err, context.Canceled):
		return &exitError{code: exitInterrupted, err: errors.New("Interrupted")}
	}
	return &exitError{code: exitFailure, err: err}
}

// printError prints the line, and the hint if there is one.
func (a *app) printError(e *exitError) {
	fmt.Fprintf(a.stderr, "sockeye: (%d) %v\n", e.code, e)
	if e.hint != "" {
		fmt.Fprintf(a.stderr, "  hint: %s\n", e.hint)
	}
}

// cause returns the innermost text of an error: "no such file or directory".
func cause(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}
