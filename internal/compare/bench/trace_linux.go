package bench

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/sockeye-tcp/sockeye/internal/compare"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// The course of one upload, as its sender sees it.

// mostPoints bounds the course that is handed back; longer ones are thinned.
const mostPoints = 3000

// maxEvents bounds what is recorded: a few hundred MB of upload.
const maxEvents = 1 << 20

// traceUpload uploads once and returns how that went over time: over our own
// stack from its event record, over the kernel's from TCP_INFO.
func (c *client) traceUpload(ctx context.Context, o order) (answer, error) {
	conn, err := c.open(ctx, o.Host, portSink)
	if err != nil {
		return answer{}, err
	}
	defer conn.Close() // everything has arrived
	k, isKernel := conn.(*tallied).Conn.(*net.TCPConn)
	if !isKernel {
		c.course.follow(conn.LocalAddr().String())
		err := sendBulk(conn, o.Bytes)
		return answer{Points: thin(c.course.points())}, err
	}
	done := make(chan error, 1)
	go func() { done <- sendBulk(conn, o.Bytes) }()
	points, err := poll(k, done)
	return answer{Points: thin(points)}, err
}

// pollEvery is how often the kernel is asked.
const pollEvery = 200 * time.Microsecond

// poll asks the kernel about a connection until its work is done.
func poll(conn *net.TCPConn, done <-chan error) ([]compare.Point, error) {
	start := time.Now()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	var points []compare.Point
	for isDone, workErr := false, error(nil); ; {
		info, err := kernelInfo(conn)
		switch {
		case isDone && (err != nil || workErr != nil):
			return points, errors.Join(err, workErr)
		case err != nil:
			return points, errors.Join(err, <-done)
		}
		points = append(points, compare.Point{
			Time: time.Since(start).Seconds(), Sent: float64(info.Bytes_sent - info.Bytes_retrans),
			Acked: float64(info.Bytes_acked), Cwnd: float64(info.Snd_cwnd) * float64(info.Snd_mss), RTT: float64(info.Rtt) / 1e6,
		})
		if isDone {
			return points, nil
		}
		select {
		case workErr = <-done:
			isDone = true // one more look, at the end
		case <-tick.C:
		}
	}
}

// A course collects points from the events of our own stack.
type course struct {
	mu    sync.Mutex
	local string
	start float64
	list  []compare.Point
}

// follow begins anew, with the connection that has this local address.
func (c *course) follow(local string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.local, c.list = local, nil
}

// event is a stack.Config's Trace.
func (c *course) event(e *tcp.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	isData := e.Kind == tcp.EventSend && e.Len > 0
	if !isData && e.Kind != tcp.EventArrive || c.local == "" || len(c.list) >= maxEvents || e.Local.String() != c.local {
		return
	}
	now := time.Duration(e.Time).Seconds()
	if len(c.list) == 0 {
		c.start = now
	}
	p := compare.Point{
		Time: now - c.start, Sent: float64(e.Vars.SndNxt - e.Vars.ISS - 1), Acked: float64(e.Vars.SndUna - e.Vars.ISS - 1),
		Cwnd: float64(e.Vars.Cwnd), RTT: e.Vars.SRTT.Seconds(),
	}
	if isData {
		p.Sent = float64(e.Header.Seq-e.Vars.ISS-1) + float64(e.Len)
		p.Again = e.Nth > 0
	}
	c.list = append(c.list, p)
}

func (c *course) points() []compare.Point {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.list
}

// thin leaves out points evenly until few enough are left; retransmissions stay.
func thin(points []compare.Point) []compare.Point {
	every := (len(points) + mostPoints - 1) / mostPoints
	if every <= 1 {
		return points
	}
	var kept []compare.Point
	for i, p := range points {
		if i%every == 0 || p.Again || i == len(points)-1 {
			kept = append(kept, p)
		}
	}
	return kept
}
