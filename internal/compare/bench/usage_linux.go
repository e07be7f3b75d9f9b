package bench

import (
	"bytes"
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sockeye-tcp/sockeye/stack"
)

// What a run costs: CPU time, memory, retransmissions.

// cpuTime returns the CPU time that a process has used, user and system. What
// the kernel does in interrupts counts for whoever is running then.
func cpuTime(pid int) time.Duration {
	// The clock of a process, as clock_getcpuclockid(3) makes it.
	const scheduler = 2
	var ts unix.Timespec
	if unix.ClockGettime(int32(^pid)<<3|scheduler, &ts) != nil {
		return 0 // it has ended
	}
	return time.Duration(ts.Nano())
}

// resetPeak makes peakMemory begin anew. Where the kernel does not let it, the peak is that since the start.
func resetPeak() { _ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) }

// peakMemory returns the largest resident size since resetPeak in bytes, or 0.
func peakMemory() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(status, []byte("VmHWM:"))
	fields := bytes.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kib, err := strconv.ParseFloat(string(fields[0]), 64)
	if err != nil {
		return 0
	}
	return kib * 1024
}

// A tallied connection counts its retransmissions when it is closed.
type tallied struct {
	net.Conn
	client *client
	closed atomic.Bool
}

// Close counts and closes.
func (t *tallied) Close() error {
	if !t.closed.Swap(true) {
		t.client.count(t.Conn)
	}
	return t.Conn.Close()
}

// count adds what a connection says at its end.
func (c *client) count(conn net.Conn) {
	switch conn := conn.(type) {
	case *stack.Conn:
		info := conn.Info()
		c.again.Add(int64(info.Stats.Retransmits))
		c.mu.Lock()
		c.congestion = info.Congestion
		c.mu.Unlock()
	case *net.TCPConn:
		if info, err := kernelInfo(conn); err == nil {
			c.again.Add(int64(info.Total_retrans))
		}
	}
}

// kernelInfo asks the kernel about a connection.
func kernelInfo(c *net.TCPConn) (info *unix.TCPInfo, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	controlErr := raw.Control(func(fd uintptr) {
		info, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
	})
	if controlErr != nil {
		return nil, controlErr
	}
	return info, err
}
