package bench

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/sockeye-tcp/sockeye/internal/compare"
)

// Bulk data and single bytes over bare TCP, with the raw ports of our server.

// Ports of the laboratory's server.
const (
	portEcho   = 7  // sends back what it gets
	portSink   = 9  // gets a length and so many bytes, then sends one byte
	portSource = 19 // gets a length, sends so many bytes
	portDNS    = 53
	portHTTP   = 80
	portHTTPS  = 443
)

// chunk is how much is written or read at once.
const chunk = 128 << 10

// open opens a connection to a raw port of the server; it fails when the context ends.
func (c *client) open(ctx context.Context, host string, port int) (net.Conn, error) {
	conn, err := c.dial(ctx, "tcp", net.JoinHostPort(host, fmt.Sprint(port)))
	if err != nil {
		return nil, err
	}
	// Whatever ends the context ends what blocks on the connection.
	context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	return conn, nil
}

// bulk moves o.Bytes in all over o.Concurrency connections, which are open
// before the clock starts. The unit is a MiB.
func (c *client) bulk(ctx context.Context, o order, port int, move func(net.Conn, int64) error) (compare.Values, float64, error) {
	conns := make([]net.Conn, 0, o.Concurrency)
	defer func() {
		for _, conn := range conns {
			conn.Close() // everything has arrived
		}
	}()
	for range o.Concurrency {
		conn, err := c.open(ctx, o.Host, port)
		if err != nil {
			return nil, 0, err
		}
		conns = append(conns, conn)
	}
	each := o.Bytes / int64(o.Concurrency)
	start := time.Now()
	err := spread(len(conns), len(conns), func(i int) error { return move(conns[i], each) })
	elapsed := time.Since(start).Seconds()
	if err != nil {
		return nil, 0, err
	}
	bytes := float64(each) * float64(len(conns))
	return compare.Values{compare.MetricRate: bytes / elapsed}, bytes / (1 << 20), nil
}

func (c *client) download(ctx context.Context, o order) (compare.Values, float64, error) {
	return c.bulk(ctx, o, portSource, func(conn net.Conn, n int64) error {
		if err := binary.Write(conn, binary.BigEndian, n); err != nil {
			return err
		}
		got, err := io.CopyBuffer(onlyWriter{io.Discard}, onlyReader{conn}, make([]byte, chunk))
		if err == nil && got != n {
			err = fmt.Errorf("%d of %d bytes came", got, n)
		}
		return err
	})
}

func (c *client) upload(ctx context.Context, o order) (compare.Values, float64, error) {
	return c.bulk(ctx, o, portSink, sendBulk)
}

// sendBulk sends n bytes to the sink and waits until they have arrived.
func sendBulk(conn net.Conn, n int64) error {
	if err := binary.Write(conn, binary.BigEndian, n); err != nil {
		return err
	}
	buf := make([]byte, chunk)
	for n > 0 {
		sent, err := conn.Write(buf[:min(n, chunk)])
		if err != nil {
			return err
		}
		n -= int64(sent)
	}
	_, err := io.ReadFull(conn, buf[:1])
	return err
}

// pingPong sends a byte and waits for its echo, o.Count times. The unit is a round trip.
func (c *client) pingPong(ctx context.Context, o order) (compare.Values, float64, error) {
	conn, err := c.open(ctx, o.Host, portEcho)
	if err != nil {
		return nil, 0, err
	}
	defer conn.Close() // nothing is on its way
	b := make([]byte, 1)
	times := make([]float64, o.Count)
	for i := range times {
		begun := time.Now()
		if _, err := conn.Write(b); err != nil {
			return nil, 0, err
		}
		if _, err := io.ReadFull(conn, b); err != nil {
			return nil, 0, err
		}
		times[i] = time.Since(begun).Seconds()
	}
	median, p99 := quantiles(times)
	return compare.Values{compare.MetricRTT: median, "rtt_p99": p99}, float64(o.Count), nil
}

// onlyWriter and onlyReader hide shortcuts that io.Copy would take with one TCP
// and not with the other.
type onlyWriter struct{ io.Writer }

type onlyReader struct{ io.Reader }
