package bench

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sockeye-tcp/sockeye/httpget"
	"github.com/sockeye-tcp/sockeye/internal/compare"
	"github.com/sockeye-tcp/sockeye/internal/compare/campaign"
	"github.com/sockeye-tcp/sockeye/internal/usage"
)

// A client carries out orders over one TCP.

// A client is the one who is timed.
type client struct {
	spec      spec
	dialer    func(ctx context.Context, network, address string) (net.Conn, error)
	again     atomic.Int64 // segments sent again
	forwarder int          // process that hands our packets on; 0: none
	wire      *wireDevice  // of our own stack, when the link is its device
	course    *course      // of our own stack, when it is traced

	mu         sync.Mutex
	remote     string
	congestion string // control of our own stack
}

func newClient(s spec) *client { return &client{spec: s} }

// dial opens a connection in the network that was chosen and notes where to.
func (c *client) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if network == "tcp" {
		network = c.spec.Network
	}
	conn, err := c.dialer(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.remote = conn.RemoteAddr().String()
	c.mu.Unlock()
	return &tallied{Conn: conn, client: c}, nil
}

// run carries out an order and adds what it cost.
func (c *client) run(ctx context.Context, o order) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, runTimeout)
	defer cancel()
	work := map[compare.Workload]func(context.Context, order) (compare.Values, float64, error){
		compare.Fetch: c.fetch, compare.Requests: c.requests, compare.Connections: c.requests,
		compare.Download: c.download, compare.Upload: c.upload, compare.PingPong: c.pingPong,
		streamOut: c.streamOut, streamIn: c.streamIn,
	}[o.Workload]
	if work == nil {
		return answer{}, fmt.Errorf("there is no workload %q", o.Workload)
	}
	if o.Trace {
		return c.traceUpload(ctx, o)
	}
	resetPeak()
	again, self, forwarder := c.again.Load(), usage.CPUTime(os.Getpid()), c.forwarderTime()
	if o.Wire != nil {
		c.wire.open(*o.Wire)
	}
	values, units, err := work(ctx, o)
	var counts *campaign.Counts
	if o.Wire != nil {
		seen := c.wire.cut()
		counts = &seen
	}
	if err != nil {
		return answer{}, err
	}
	values[compare.MetricCPU] = (usage.CPUTime(os.Getpid()) - self).Seconds() / units
	if c.forwarder != 0 {
		values[compare.MetricForwarder] = (c.forwarderTime() - forwarder).Seconds() / units
	}
	values[compare.MetricMemory] = peakMemory()
	values[compare.MetricRetransmits] = float64(c.again.Load() - again)
	c.mu.Lock()
	defer c.mu.Unlock()
	return answer{Values: values, Remote: c.remote, Congestion: c.congestion, Counts: counts}, nil
}

func (c *client) forwarderTime() (t time.Duration) {
	if c.forwarder != 0 {
		t = usage.CPUTime(c.forwarder)
	}
	return t
}

// fetch gets the page once, by phases. Its unit is one.
func (c *client) fetch(ctx context.Context, o order) (compare.Values, float64, error) {
	h := &httpget.Client{DialContext: c.dial, Network: c.spec.Network, Insecure: c.spec.Insecure}
	for _, rule := range c.spec.ConnectTo {
		r, err := httpget.ParseConnectTo(rule)
		if err != nil {
			return nil, 0, err
		}
		h.ConnectTo = append(h.ConnectTo, r)
	}
	if c.spec.Insecure {
		h.TLS = &tls.Config{}
	}
	defer h.Close()
	got, err := h.Get(ctx, httpget.Request{URL: o.URL, Fail: httpget.FailEarly})
	if err != nil {
		return nil, 0, err
	}
	values := compare.Values{compare.MetricTotal: got.Times.Total.Seconds()}
	for i, p := range got.Times.Phases() {
		values[compare.Phases()[i].Name] = p.Length.Seconds()
	}
	return values, 1, nil
}

// quantiles are the median and the 99% quantile of lengths of time.
func quantiles(seconds []float64) (median, p99 float64) {
	slices.Sort(seconds)
	return compare.Quantile(seconds, 0.5), compare.Quantile(seconds, 0.99)
}
