package stack

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// Names: the resolver of package net, over our own UDP and TCP.

// dnsServers are the servers of Config.DNS. Go's resolver asks the servers of /etc/resolv.conf, one after
// the other; whichever it names, it gets the server that is current here. One that does not answer, or refuses to,
// makes room for the next.
type dnsServers struct {
	mu      sync.Mutex
	current int
}

// newResolver makes the resolver. PreferGo makes it use Dial at all (golang/go#19268).
func (n *Net) newResolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: n.dialDNS}
}

// dialDNS connects to a name server. No trace hears of it: for package net, too, a look-up is
// one thing, and not the connections that it takes.
func (n *Net) dialDNS(ctx context.Context, network, address string) (net.Conn, error) {
	server, index, err := n.dnsServer(address)
	if err == nil {
		err = ctx.Err() // it does not look before it tries the next server
	}
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	var c net.Conn
	if strings.HasPrefix(network, "udp") {
		c, err = asConn(n.openUDP(network, netip.AddrPort{}, server))
	} else {
		d := Dialer{Net: n}
		c, err = asConn(d.dialTCP(ctx, network, netip.AddrPort{}, server))
	}
	if err != nil {
		n.dns.failed(index, len(n.cfg.DNS))
		return nil, &net.OpError{Op: "dial", Net: network, Addr: endpoint(network, server.Addr(), server.Port()), Err: err}
	}
	// Go's resolver leaves a read that nobody waits for any more to its timeout; we end it, as a
	// timeout: that is what the user is told when the question was out of time.
	context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(1, 0)) })
	return n.watchDNS(ctx, c, index), nil
}

// dnsServer returns the server to ask instead of the one that the machine's configuration names.
func (n *Net) dnsServer(address string) (server netip.AddrPort, index int, err error) {
	if len(n.cfg.DNS) > 0 {
		n.dns.mu.Lock()
		defer n.dns.mu.Unlock()
		return n.cfg.DNS[n.dns.current], n.dns.current, nil
	}
	server, err = netip.ParseAddrPort(address)
	if err == nil && server.Addr().IsLoopback() {
		err = n.loopbackError(server.Addr())
	}
	return server, 0, err
}

// failed moves on to the next server, unless somebody else has done so already.
func (d *dnsServers) failed(index, count int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if count > 0 && d.current == index {
		d.current = (index + 1) % count
	}
}

// watchDNS returns c, wrapped so that failures of the server are noticed. UDP stays a
// net.PacketConn: the resolver tells the two framings apart by that.
func (n *Net) watchDNS(ctx context.Context, c net.Conn, index int) net.Conn {
	w := dnsConn{Conn: c, ctx: ctx, net: n, index: index}
	if p, ok := c.(net.PacketConn); ok {
		return &dnsPacketConn{dnsConn: w, PacketConn: p}
	}
	return &w
}

// A dnsConn is a connection to a name server.
type dnsConn struct {
	net.Conn
	ctx   context.Context // of the question
	net   *Net
	index int
}

// Read notices silence, and refusals by ICMP or reset.
func (c *dnsConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if err != nil && !errors.Is(c.ctx.Err(), context.Canceled) {
		c.net.dns.failed(c.index, len(c.net.cfg.DNS))
	}
	return n, err
}

// A dnsPacketConn is a dnsConn over UDP.
type dnsPacketConn struct {
	dnsConn
	net.PacketConn
}

// Response codes by which a server says that another one should be asked: RFC 1035 §4.1.1.
const (
	rcodeServerFailure = 2
	rcodeRefused       = 5
)

// Read notices answers that are none, too.
func (c *dnsPacketConn) Read(b []byte) (int, error) {
	n, err := c.dnsConn.Read(b)
	if n >= 4 {
		if rcode := b[3] & 0xf; rcode == rcodeServerFailure || rcode == rcodeRefused {
			c.net.dns.failed(c.index, len(c.net.cfg.DNS))
		}
	}
	return n, err
}
