package main

import (
	"fmt"
	"io"
	"os"
)

// When to use colour.

// useColor decides for an output and a value of --color. NO_COLOR and
// CLICOLOR_FORCE (https://no-color.org, https://bixense.com/clicolors) come after the flag.
func useColor(flag string, w io.Writer) (bool, error) {
	switch flag {
	case "always":
		return true, nil
	case "never":
		return false, nil
	case "auto":
	default:
		return false, &exitError{code: exitUsage, err: fmt.Errorf("--color %q is none of auto, always and never", flag)}
	}
	switch {
	case os.Getenv("NO_COLOR") != "":
		return false, nil
	case os.Getenv("CLICOLOR_FORCE") != "" && os.Getenv("CLICOLOR_FORCE") != "0":
		return true, nil
	case os.Getenv("TERM") == "dumb" || os.Getenv("CLICOLOR") == "0":
		return false, nil
	}
	return onTerminal(w), nil
}
