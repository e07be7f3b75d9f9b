// Command sockeye fetches web pages over a TCP/IP stack that runs in the program itself.
package main

import (
	"context"
	"io"
	"log"
	"os"
	"os/signal"
	"syscall"
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

// interruptible returns a context that ends with the first SIGINT or SIGTERM;
// a second one ends the program at once, as it would have without us.
func interruptible() (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}
