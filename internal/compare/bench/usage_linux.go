package bench

import (
	"net"
	"os"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/sockeye-tcp/sockeye/internal/usage"
	"github.com/sockeye-tcp/sockeye/stack"
)

// What a run costs: CPU time, memory, retransmissions.

// resetPeak makes peakMemory begin anew. Where the kernel does not let it, the peak is that since the start.
func resetPeak() { _ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) }

// peakMemory returns the largest resident size since resetPeak in bytes, or 0.
func peakMemory() float64 { return usage.Memory("/proc/self/status", "VmHWM:") }

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
