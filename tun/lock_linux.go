package tun

// This file lets one Up, Close or Clean work on a network namespace at a time,
// and always on the namespace that is meant.

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"time"

	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// lockName is an abstract socket address (unix(7)): such names belong to the
// network namespace, as what they guard does, and the kernel frees them with
// the process.
const lockName = "@sockeye/up"

const (
	lockPoll    = 5 * time.Millisecond
	lockTimeout = 30 * time.Second // a queue of a hundred, at 0.3 s each on a busy machine
)

// lockHost waits until no other process changes this network namespace.
func lockHost(ctx context.Context) (unlock func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	for {
		l, err := net.Listen("unix", lockName)
		if err == nil {
			return func() { l.Close() }, nil
		}
		if !errors.Is(err, unix.EADDRINUSE) {
			return nil, fmt.Errorf("lock the network settings: %w", err)
		}
		select {
		case <-time.After(lockPoll):
		case <-ctx.Done():
			return nil, fmt.Errorf("another process is changing the network settings (socket %s): %w", lockName, ctx.Err())
		}
	}
}

// inNamespace runs f on a thread that is in the network namespace ns and stays
// there until f returns.
func inNamespace(ns netns.NsHandle, f func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	here, err := netns.Get()
	if err != nil {
		return err
	}
	defer here.Close()
	if here.Equal(ns) {
		return f()
	}
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // not unlocked: the thread ends in the wrong namespace
		if err := netns.Set(ns); err != nil {
			done <- fmt.Errorf("enter the network namespace: %w", err)
			return
		}
		done <- f()
	}()
	return <-done
}
