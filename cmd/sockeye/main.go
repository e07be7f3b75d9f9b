// Command sockeye fetches web pages over a TCP/IP stack that runs in the program itself.
package main

import (
	"context"
	"io"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	// net/http and progress bars log to the standard logger when a peer
	// misbehaves; what the user must know is in the error line.
	log.SetOutput(io.Discard)
	// A closed pipe is a write error (exit 23), not a sudden end that
	// leaves routes and rules behind.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := interruptible()
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// insist is how long after the first signal a second one is taken for the
// user's impatience: tools like timeout(1) send theirs twice at once, to the process and to its group.
const insist = 300 * time.Millisecond

// interruptible returns a context that ends with the first SIGINT or SIGTERM,
// so that what was begun is taken back. A later one ends the program at once.
func interruptible() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel()
		for first := time.Now(); ; <-signals {
			if time.Since(first) > insist {
				os.Exit(exitInterrupted)
			}
		}
	}()
	return ctx, cancel
}
