package main

import (
	"fmt"
	"net"
	"runtime"
	"runtime/debug"

	"golang.org/x/sys/unix"

	"github.com/sockeye-tcp/sockeye/internal/usage"
)

// What connections weigh that do nothing.

// idle opens connections, proves that they work, and weighs them.
func (c *client) idle() (map[string]float64, error) {
	if err := allowFiles(c.Idle); err != nil {
		return nil, err
	}
	conns := make([]net.Conn, c.Idle)
	// A few belong to no scale: with them comes what a process has once.
	for range warmUp {
		conn, err := c.dial(portEcho)
		if err != nil {
			return nil, err
		}
		defer conn.Close() // nothing is on its way
	}
	before := weigh()
	err := each(workers, func(i int) (err error) {
		for ; i < len(conns); i += workers {
			if conns[i], err = c.dial(portEcho); err != nil {
				return fmt.Errorf("connection %d: %w", i, err)
			}
			if err = ping(conns[i], byte(i)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	after := weigh()
	// All are alive after that, and were so while they were weighed.
	for i, conn := range conns {
		if err := ping(conn, byte(i)); err != nil {
			return nil, fmt.Errorf("connection %d was idle: %w", i, err)
		}
	}
	return after.since(before, c.spec), nil
}

// allowFiles lets the process have so many connections in the kernel.
func allowFiles(n int) error {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		return err
	}
	want := uint64(n + 1000) // whatever else is open
	if l.Cur >= want {
		return nil
	}
	l.Cur, l.Max = want, max(l.Max, want)
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		return fmt.Errorf("raise the limit of open files to %d: %w", want, err)
	}
	return nil
}

// A weight is memory in bytes.
type weight struct{ rss, heap, slab float64 }

// weigh returns what is in use, without what nobody needs any more.
func weigh() weight {
	for range 2 { // what finalizers let go is found by the second
		runtime.GC()
	}
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return weight{
		rss:  usage.Memory("/proc/self/status", "VmRSS:"),
		heap: float64(m.HeapInuse + m.StackInuse),
		slab: usage.Memory("/proc/meminfo", "Slab:"),
	}
}

// since returns the figures for a connection. The kernel's objects grew for both ends: where the client's are the
// kernel's, too, half of them are its own.
func (w weight) since(before weight, s spec) map[string]float64 {
	n := float64(s.Idle)
	v := map[string]float64{"rss": (w.rss - before.rss) / n, "heap": (w.heap - before.heap) / n, "kernel": 0}
	if s.System == kernel || s.System == kernelTUN {
		v["kernel"] = (w.slab - before.slab) / n / 2
	}
	v["memory"] = v["rss"] + v["kernel"]
	return v
}
