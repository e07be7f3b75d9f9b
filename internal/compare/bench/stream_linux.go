package bench

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sockeye-tcp/sockeye/internal/compare"
	"github.com/sockeye-tcp/sockeye/stack"
)

// Streams: text one way for a given time, which then end at once. What is still on its way is nobody's concern.

// The workloads of a recovery campaign.
const (
	streamOut compare.Workload = "stream out"
	streamIn  compare.Workload = "stream in"
)

// Values of a stream, of the end that knows them.
const (
	valueBytes  = "bytes"
	valueSteady = "steady_bytes" // in the second half of the time
	valueRTOs   = "rtos"
)

// streamOut sends for o.Seconds.
func (c *client) streamOut(ctx context.Context, o order) (compare.Values, float64, error) {
	return c.stream(ctx, o, func(conn net.Conn, d time.Duration) (compare.Values, error) { return nil, sendFor(conn, d) })
}

// streamIn receives for o.Seconds.
func (c *client) streamIn(ctx context.Context, o order) (compare.Values, float64, error) {
	return c.stream(ctx, o, receiveFor)
}

// stream does something with a connection for o.Seconds. Its unit is the whole.
func (c *client) stream(ctx context.Context, o order, do func(net.Conn, time.Duration) (compare.Values, error)) (compare.Values, float64, error) {
	conn, err := c.open(ctx, o.Host, portStream)
	if err != nil {
		return nil, 0, err
	}
	inner := conn.(*tallied).Conn
	values, err := do(inner, time.Duration(o.Seconds*float64(time.Second)))
	if values == nil {
		values = compare.Values{}
	}
	values[valueRTOs] = timeouts(inner)
	return values, 1, errors.Join(err, abort(inner))
}

// sendFor sends zeros for so long.
func sendFor(conn net.Conn, d time.Duration) error {
	if err := conn.SetWriteDeadline(time.Now().Add(d)); err != nil {
		return err
	}
	for {
		if _, err := conn.Write(zeros[:]); err != nil {
			return unlessOver(err)
		}
	}
}

// receiveFor receives for so long and counts.
func receiveFor(conn net.Conn, d time.Duration) (compare.Values, error) {
	begun := time.Now()
	if err := conn.SetReadDeadline(begun.Add(d)); err != nil {
		return nil, err
	}
	buf := make([]byte, chunk)
	var all, steady float64
	for {
		n, err := conn.Read(buf)
		all += float64(n)
		if time.Since(begun) > d/2 {
			steady += float64(n)
		}
		if err != nil {
			return compare.Values{valueBytes: all, valueSteady: steady}, unlessOver(err)
		}
	}
}

// unlessOver is err, unless that only says that the time is over, for us or for the other end.
func unlessOver(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		return nil
	}
	return err
}

// timeouts is how often the retransmission timer of a connection has expired.
func timeouts(conn net.Conn) float64 {
	switch conn := conn.(type) {
	case *stack.Conn:
		return float64(conn.Info().Stats.Timeouts)
	case *net.TCPConn:
		if info, err := kernelInfo(conn); err == nil {
			return float64(info.Total_rto)
		}
	}
	return 0
}

// abort closes a connection with a reset.
func abort(conn net.Conn) error {
	l, ok := conn.(interface{ SetLinger(sec int) error })
	if !ok {
		panic("BUG: a connection that cannot be reset")
	}
	if err := l.SetLinger(0); err != nil {
		return errors.Join(err, conn.Close())
	}
	return conn.Close()
}

// useCongestion makes sockets of the kernel use a congestion control, "" for the default.
func useCongestion(name string) func(network, address string, c syscall.RawConn) error {
	if name == "" {
		return nil
	}
	return func(_, _ string, c syscall.RawConn) (err error) {
		controlErr := c.Control(func(fd uintptr) {
			err = os.NewSyscallError("setsockopt", unix.SetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION, name))
		})
		return errors.Join(controlErr, err)
	}
}
