package stack

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// The running host: goroutines, the clock, the lock.

// A Net is a host that runs on a device. Its methods may be called from any goroutine.
// Nothing is shared between two Nets in one program.
type Net struct {
	dev  ip.Device
	cfg  Config
	base time.Time // of the clock

	resolver *net.Resolver
	dns      dnsServers

	// mu guards the host, its sockets and what follows. It is held neither across a call
	// of the device nor while text is copied.
	mu      sync.Mutex
	host    *Host
	closed  bool  // by Close
	failure error // why the device gave up; see fail
	conns   map[*Conn]bool
	listens map[*Listener]bool
	packets map[*PacketConn]bool
	starved map[*Conn]bool // writers that wait for memory, which other connections hold
	idle    sync.Cond      // a connection or the pump has come to rest
	pump    pump

	arriving atomic.Bool // the reader has packets for the host, and waits for mu
	timer    *time.Timer
	armed    ip.Time // when the timer fires, zero: not at all
	done     chan struct{}
	wg       sync.WaitGroup
}

// New puts a host on a device and starts it. The Net owns the device from then on and closes it.
// cfg.Addrs must hold at least one address.
func New(dev ip.Device, cfg Config) (*Net, error) {
	if len(cfg.Addrs) == 0 {
		return nil, errNoAddress
	}
	if cfg.MTU <= 0 || cfg.MTU > dev.MTU() {
		cfg.MTU = dev.MTU()
	}
	cfg.Offload = dev.Offload()
	n := &Net{
		dev:     dev,
		cfg:     cfg,
		base:    time.Now(),
		host:    NewHost(cfg),
		conns:   map[*Conn]bool{},
		listens: map[*Listener]bool{},
		packets: map[*PacketConn]bool{},
		starved: map[*Conn]bool{},
		timer:   time.NewTimer(time.Hour),
		done:    make(chan struct{}),
	}
	n.idle.L = &n.mu
	n.resolver = n.newResolver()
	n.pump.init()
	n.timer.Stop()
	n.wg.Go(n.readLoop)
	n.wg.Go(n.timerLoop)
	n.wg.Go(n.flushLoop)
	return n, nil
}

// clockStart is what a Net's clock shows at first: above zero, which means "none".
const clockStart = ip.Time(time.Second)

// now reads the clock: the time since New, by the monotonic clock.
func (n *Net) now() ip.Time { return clockStart.Add(time.Since(n.base)) }

// Addrs returns the stack's own addresses with their prefixes.
func (n *Net) Addrs() []netip.Prefix { return n.host.Addrs() } // they never change

// MTU returns the longest IP packet in bytes that is sent.
func (n *Net) MTU() int { return n.cfg.MTU }

// Stats returns a copy of the counters.
func (n *Net) Stats() Stats {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.host.Stats()
}

// Resolver looks names up through the stack: with Config.DNS, or with the servers of
// /etc/resolv.conf. It may be used for any look-up.
func (n *Net) Resolver() *net.Resolver { return n.resolver }

// Close ends the stack at once: connections are reset, blocked calls return net.ErrClosed, the device is
// closed. It returns when no goroutine of the stack is left. Closing twice does nothing.
func (n *Net) Close() error {
	n.mu.Lock()
	if n.closed {
		n.mu.Unlock()
		n.wg.Wait()
		return nil
	}
	n.closed = true
	n.abortAll(net.ErrClosed)
	n.pumpOut(n.now())
	for n.pump.busy && !n.pump.stalled {
		n.idle.Wait() // for the resets to leave; a full device does not hold us up
	}
	n.mu.Unlock()
	close(n.done)
	err := n.dev.Close()
	n.wg.Wait()
	return err
}

// abortAll resets all connections and wakes everybody who waits for anything.
func (n *Net) abortAll(reason error) {
	now := n.now()
	for l := range n.listens {
		l.sock.Close(now)
		l.events.close(reason)
	}
	for c := range n.conns {
		c.events.close(reason)
	}
	for p := range n.packets {
		p.sock.Close()
		p.events.close(reason)
	}
	for _, s := range n.host.demux.conns {
		s.Abort(now)
	}
	n.idle.Broadcast()
}

// Shutdown ends the stack gracefully: it stops listening, waits until every connection
// has sent what was written and exchanged FINs with its peer, and closes the stack. It does not
// close connections that their owners have not closed: it waits for them. When ctx ends first, the rest is aborted and
// ctx.Err() is returned.
func (n *Net) Shutdown(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.idle.Broadcast()
	})
	defer stop()
	n.mu.Lock()
	for l := range n.listens {
		l.sock.Close(n.now())
		l.events.close(net.ErrClosed)
	}
	n.pumpOut(n.now())
	for ctx.Err() == nil && !n.closed && n.isBusy() {
		n.idle.Wait()
	}
	n.mu.Unlock()
	err := ctx.Err()
	if closeErr := n.Close(); err == nil {
		err = closeErr
	}
	return err
}

// isBusy reports whether a connection still has something to do that its peer waits for.
func (n *Net) isBusy() bool {
	for _, s := range n.host.demux.conns {
		if st := s.conn.State(); st != tcp.TimeWait && st != tcp.Closed {
			return true
		}
	}
	return n.host.ready.len() > 0 || n.pump.busy && !n.closed
}

// fail ends the stack because the device has failed: calls return ENETDOWN from now on.
func (n *Net) fail(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed || n.failure != nil {
		return
	}
	n.failure = err
	n.abortAll(syscall.ENETDOWN)
}
