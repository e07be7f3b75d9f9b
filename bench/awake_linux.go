package main

import (
	"fmt"
	"runtime"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// The process that keeps the processors from sleeping. On a virtual machine a processor that wakes up costs more than the
// packet that woke it, and hides what the systems differ in.

// playAwake runs a loop on each processor that yields to everybody else.
func playAwake() error {
	n := runtime.NumCPU()
	runtime.GOMAXPROCS(n + 1) // one for us
	failed := make(chan error, n)
	var wanted atomic.Bool
	wanted.Store(true)
	defer wanted.Store(false)
	for cpu := range n {
		go func() {
			runtime.LockOSThread()
			failed <- keepBusy(cpu)
			for wanted.Load() {
			}
		}()
	}
	for range n {
		if err := <-failed; err != nil {
			return err
		}
	}
	return ready()
}

// keepBusy puts the calling thread on a processor, below all others.
func keepBusy(cpu int) error {
	var set unix.CPUSet
	set.Set(cpu)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("run on processor %d: %w", cpu, err)
	}
	attr := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_IDLE}
	if err := unix.SchedSetAttr(0, &attr, 0); err != nil {
		return fmt.Errorf("run below all others: %w", err)
	}
	return nil
}
