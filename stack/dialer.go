package stack

import (
	"context"
	"errors"
	"net"
	"net/http/httptrace"
	"net/netip"
	"time"
)

// Dialing, as package net does it.

// A Dialer is net.Dialer over a stack: fields of the same name mean the same.
type Dialer struct {
	// Net is the stack to dial over. It must be set.
	Net *Net

	// Timeout bounds a dial, name look-up included; 0 means no bound but TCP's own,
	// about four minutes.
	Timeout time.Duration

	// Deadline is when dials fail; zero means never.
	Deadline time.Time

	// LocalAddr is the address to dial from, a *net.TCPAddr or *net.UDPAddr that fits the
	// network; nil, and a zero address or port in it, mean that the stack chooses.
	LocalAddr net.Addr

	// FallbackDelay is how long an attempt to connect may take before the next address is tried
	// at the same time (RFC 8305 §5). 0 means 250 ms; with a negative delay an address is tried when the one
	// before it has failed.
	FallbackDelay time.Duration

	// KeepAlive and KeepAliveConfig say how connections are kept alive: by default with probes after 15 s.
	KeepAlive       time.Duration
	KeepAliveConfig net.KeepAliveConfig

	// FastOpen opens TCP connections fast (RFC 7413): towards a server that was reached before, and gave us a
	// cookie then, Dial returns at once, and the first Write goes with the SYN, a round trip earlier. What is wrong
	// with such a connection shows in its first Read or Write. The server may see these bytes twice
	// (§2.1): switch it on only where that does no harm, or where TLS is above. A Read or CloseWrite before the first Write
	// opens the connection in the usual way.
	FastOpen bool

	// Resolver looks names up; nil means Net.Resolver.
	Resolver *net.Resolver
}

// Dial connects to an address of the form host:port, over "tcp", "tcp4", "tcp6", "udp", "udp4" or "udp6".
func (n *Net) Dial(network, address string) (net.Conn, error) {
	return n.DialContext(context.Background(), network, address)
}

// DialContext is Dial with a context, for use in http.Transport and the like. When ctx ends
// before the connection is made, the attempt leaves nothing behind.
func (n *Net) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	d := Dialer{Net: n}
	return d.DialContext(ctx, network, address)
}

// Dial connects to an address; see Net.Dial.
func (d *Dialer) Dial(network, address string) (net.Conn, error) {
	return d.DialContext(context.Background(), network, address)
}

// DialContext connects to an address. An empty host, or an unspecified one, means the stack
// itself. TCP connections are *Conn, UDP ones *PacketConn. Errors are *net.OpError, like those of net.Dialer.
// The context's httptrace.ClientTrace hears of look-ups and attempts.
func (d *Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := d.limit(ctx)
	defer cancel()
	t, local, err := d.resolve(ctx, network, address)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	if !t.isTCP() {
		return d.dialFirst(ctx, t, local)
	}
	return d.race(ctx, t, local)
}

// limit adds Timeout and Deadline to a context.
func (d *Dialer) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline := d.Deadline
	if d.Timeout != 0 {
		if t := time.Now().Add(d.Timeout); deadline.IsZero() || t.Before(deadline) {
			deadline = t
		}
	}
	if deadline.IsZero() {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline)
}

// resolve finds the addresses to try, in order, and the local end.
func (d *Dialer) resolve(ctx context.Context, network, address string) (t *target, local netip.AddrPort, err error) {
	if address == "" && isNetwork(network) {
		return nil, local, errMissingAddress
	}
	r := d.Resolver
	if r == nil {
		r = d.Net.resolver
	}
	if t, err = d.Net.resolve(ctx, r, network, address); err != nil {
		return nil, local, err
	}
	d.Net.ourselves(t)
	if d.LocalAddr != nil {
		if local, err = localEnd(t, d.LocalAddr); err != nil {
			return nil, local, err
		}
	}
	t.addrs = d.Net.sortAddrs(t.addrs, local.Addr())
	return t, local, nil
}

// ourselves puts our own addresses in the place of "this host".
func (n *Net) ourselves(t *target) {
	if len(t.addrs) > 0 && !t.addrs[0].IsUnspecified() {
		return
	}
	is6 := len(t.addrs) > 0 && t.addrs[0].Is6()
	t.addrs = nil
	for _, p := range n.host.addrs.prefixes {
		if wants(t.network, p.Addr()) && (!is6 || p.Addr().Is6()) {
			t.addrs = append(t.addrs, p.Addr())
			return
		}
	}
}

// localEnd checks Dialer.LocalAddr against the network, and drops the addresses of another family.
func localEnd(t *target, addr net.Addr) (local netip.AddrPort, err error) {
	switch a := addr.(type) {
	case *net.TCPAddr:
		local = a.AddrPort()
	case *net.UDPAddr:
		local = a.AddrPort()
	}
	if addr.Network() != t.network[:3] {
		return local, &net.AddrError{Err: "mismatched local address type", Addr: addr.String()}
	}
	local = plainPort(local)
	if !local.Addr().IsValid() || local.Addr().IsUnspecified() {
		return netip.AddrPortFrom(netip.Addr{}, local.Port()), nil
	}
	var fit []netip.Addr
	for _, a := range t.addrs {
		if a.Is4() == local.Addr().Is4() {
			fit = append(fit, a)
		}
	}
	if t.addrs = fit; len(fit) == 0 {
		return local, &net.AddrError{Err: textNoSuitableAddress, Addr: addr.String()}
	}
	return local, nil
}

// dialFirst makes a UDP connection to the first address: there is nothing to race for.
func (d *Dialer) dialFirst(ctx context.Context, t *target, local netip.AddrPort) (net.Conn, error) {
	var firstErr error
	for _, addr := range t.addrs {
		c, err := d.dialOne(ctx, t, local, addr)
		if err == nil {
			return c, nil
		}
		if firstErr == nil {
			firstErr = err
		}
	}
	return nil, firstErr
}

// dialOne makes a connection to one address, and tells the trace.
func (d *Dialer) dialOne(ctx context.Context, t *target, local netip.AddrPort, addr netip.Addr) (net.Conn, error) {
	remote := netip.AddrPortFrom(addr, t.port)
	trace := httptrace.ContextClientTrace(ctx)
	if trace != nil && trace.ConnectStart != nil {
		trace.ConnectStart(t.network, remote.String())
	}
	c, err := d.connect(ctx, t, local, remote)
	if err != nil {
		shown := endpoint(t.network, addr, t.port)
		err = &net.OpError{Op: "dial", Net: t.network, Source: d.LocalAddr, Addr: shown, Err: err}
	}
	if trace != nil && trace.ConnectDone != nil {
		trace.ConnectDone(t.network, remote.String(), err)
	}
	return c, err
}

// connect makes a connection to one address. The error is not wrapped yet.
func (d *Dialer) connect(ctx context.Context, t *target, local, remote netip.AddrPort) (net.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, contextError(err)
	}
	if remote.Addr().IsLoopback() {
		return nil, d.Net.loopbackError(remote.Addr())
	}
	if !t.isTCP() {
		return asConn(d.Net.openUDP(t.network, local, remote))
	}
	return asConn(d.dialTCP(ctx, t.network, local, remote))
}

// asConn keeps a nil pointer from becoming a net.Conn that is not nil.
func asConn[T net.Conn](c T, err error) (net.Conn, error) {
	if err != nil {
		return nil, err
	}
	return c, nil
}

// isNetwork reports whether package net would get past the name of the network.
func isNetwork(network string) bool {
	switch network {
	case "tcp", "tcp4", "tcp6", "udp", "udp4", "udp6":
		return true
	}
	return false
}

// isDone reports whether an error is that of the whole dial, so that no other address need be tried.
func isDone(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, net.ErrClosed)
}
