// Testsum runs go test and adds one line at the end: how many tests passed, how
// many were skipped, and why. Plain go test hides skipped tests, so a run in
// which half of them did nothing looks like one in which all of them passed.
//
// Its arguments are those of go test.
package main

import (
	"fmt"
	"os"
	"os/exec"
)

func main() {
	failed, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "testsum:", err)
		os.Exit(1)
	}
	if failed {
		os.Exit(1)
	}
}

// run starts go test and reports whether it failed.
func run(args []string) (failed bool, err error) {
	cmd := exec.Command("go", append([]string{"test", "-json"}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return false, err
	}
	if err := cmd.Start(); err != nil {
		return false, err
	}
	s := newSummary(os.Stdout)
	readErr := s.read(out)
	waitErr := cmd.Wait()
	if readErr != nil {
		return false, readErr
	}
	fmt.Println(s.line())
	return waitErr != nil, nil
}
