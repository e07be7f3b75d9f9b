package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime/pprof"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sockeye-tcp/sockeye/internal/compare"
)

// The client: one system, one work, once.

// A dialer opens connections over a system.
type dialer func(ctx context.Context, to netip.AddrPort) (net.Conn, error)

// A client does a work.
type client struct {
	spec
	dialer
}

// playClient opens the system and does the work.
func playClient(s spec) result {
	d, note, err := open(s)
	if err != nil {
		return result{Error: fmt.Sprintf("open %s: %v", s.System, err)}
	}
	values, err := (&client{s, d}).run()
	if err != nil {
		return result{Error: fmt.Sprintf("%s over %s: %v", s.Work, s.System, err)}
	}
	return result{Values: values, Note: note}
}

// run does the work. Nobody closes the system: the process ends.
func (c *client) run() (map[string]float64, error) {
	switch c.Work {
	case download, upload:
		return c.bulk()
	case pingPong, pingPongAwake:
		return c.pingPong()
	case connect:
		return c.connects()
	case get1:
		return c.gets(1)
	case get32:
		return c.gets(workers)
	case idle:
		return c.idle()
	}
	return nil, fmt.Errorf("there is no such work")
}

// dial opens a connection to a port of the server.
func (c *client) dial(port uint16) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), dialTimeout)
	defer cancel()
	return c.dialer(ctx, netip.AddrPortFrom(serverAddr.Addr(), port))
}

// dialTimeout is ten times what a lost SYN costs.
const dialTimeout = 10 * time.Second

// measured calls what is to be measured and returns how long it took and the CPU time that the process used, both in
// seconds. If wanted, it writes a CPU profile.
func (c *client) measured(f func() error) (elapsed, cpu float64, err error) {
	if c.Profile != "" {
		file, err := os.Create(c.Profile)
		if err != nil {
			return 0, 0, err
		}
		defer file.Close()
		if err := pprof.StartCPUProfile(file); err != nil {
			return 0, 0, err
		}
		defer pprof.StopCPUProfile()
	}
	used, start := cpuTime(), time.Now()
	err = f()
	return time.Since(start).Seconds(), (cpuTime() - used).Seconds(), err
}

// cpuTime returns the CPU time that this process has used, user and system.
func cpuTime() time.Duration {
	var r unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &r); err != nil {
		panic("BUG: getrusage: " + err.Error())
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

const gib = 1 << 30

// bulk moves bytes over one connection, which is open before the clock starts.
func (c *client) bulk() (map[string]float64, error) {
	port := map[work]uint16{download: portSource, upload: portSink}[c.Work]
	conn, err := c.dial(port)
	if err != nil {
		return nil, err
	}
	defer conn.Close() // everything has arrived
	h := bulkHeader{Bytes: c.Bytes, Chunk: int32(c.Chunk), Verify: c.Verify}
	elapsed, cpu, err := c.measured(func() error {
		if err := binary.Write(conn, binary.BigEndian, h); err != nil {
			return err
		}
		if c.Work == download {
			return receive(conn, h)
		}
		if err := send(conn, h); err != nil {
			return err
		}
		return confirmed(conn)
	})
	return map[string]float64{"rate": float64(c.Bytes) / elapsed, "cpu": cpu / float64(c.Bytes) * gib}, err
}

// confirmed waits until the server says that everything has arrived.
func confirmed(conn net.Conn) error {
	var verdict [1]byte
	if _, err := io.ReadFull(conn, verdict[:]); err != nil {
		return err
	}
	if verdict[0] != 1 {
		return errOther
	}
	return nil
}

// warmUp is how often what is timed is done before that counts.
const warmUp = 20

// repeat does something c.Count times or until c.Duration is over, after a few times that do not count, and returns how
// many seconds each took as the function says.
func (c *client) repeat(f func() (time.Duration, error)) ([]float64, error) {
	for range warmUp {
		if _, err := f(); err != nil {
			return nil, err
		}
	}
	times := make([]float64, 0, c.Count)
	_, _, err := c.measured(func() error {
		for start := time.Now(); len(times) < c.Count && (len(times) == 0 || time.Since(start) < c.Duration); {
			t, err := f()
			if err != nil {
				return err
			}
			times = append(times, t.Seconds())
		}
		return nil
	})
	return times, err
}

// latencies are the figures of single times.
func latencies(times []float64, err error) (map[string]float64, error) {
	if err != nil {
		return nil, err
	}
	slices.Sort(times)
	return map[string]float64{"p50": compare.Quantile(times, 0.5), "p99": compare.Quantile(times, 0.99)}, nil
}

// pingPong sends a byte and waits for its echo.
func (c *client) pingPong() (map[string]float64, error) {
	conn, err := c.dial(portEcho)
	if err != nil {
		return nil, err
	}
	defer conn.Close() // nothing is on its way
	var i byte
	return latencies(c.repeat(func() (time.Duration, error) {
		i++
		start := time.Now()
		err := ping(conn, i)
		return time.Since(start), err
	}))
}

// ping sends a byte and waits for it to come back.
func ping(conn net.Conn, b byte) error {
	buf := [1]byte{b}
	if _, err := conn.Write(buf[:]); err != nil {
		return err
	}
	buf[0] = ^b
	if _, err := io.ReadFull(conn, buf[:]); err != nil {
		return err
	}
	if buf[0] != b {
		return errOther
	}
	return nil
}

// connects times how long it takes to open a connection. Closing it does not count.
func (c *client) connects() (map[string]float64, error) {
	return latencies(c.repeat(func() (time.Duration, error) {
		start := time.Now()
		conn, err := c.dial(portEcho)
		took := time.Since(start)
		if err != nil {
			return 0, err
		}
		return took, conn.Close()
	}))
}

// isPage reports whether a page is the server's.
func isPage(body []byte) error {
	if !bytes.Equal(body, page) {
		return errors.Join(errOther, fmt.Errorf("%d bytes of a page of %d", len(body), len(page)))
	}
	return nil
}
