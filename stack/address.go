package stack

import (
	"context"
	"net"
	"net/netip"
	"strings"
)

// Networks and addresses as package net writes them.

// A target is a parsed network and address: one port, and the host's addresses.
// No addresses mean that none was given: any, or ourselves.
type target struct {
	network string // "tcp", "tcp4", "tcp6", "udp", "udp4", "udp6"
	addrs   []netip.Addr
	port    uint16
}

func (t *target) isTCP() bool { return strings.HasPrefix(t.network, "tcp") }

// wants reports whether the network allows an address of a family.
func wants(network string, addr netip.Addr) bool {
	switch network[len(network)-1] {
	case '4':
		return addr.Is4()
	case '6':
		return addr.Is6()
	}
	return true
}

// resolve parses a network and an address of the form host:port, and looks the host and
// the service up if they are names. The errors are those of package net, not wrapped yet.
func (n *Net) resolve(ctx context.Context, r *net.Resolver, network, address string) (*target, error) {
	switch network {
	case "tcp", "tcp4", "tcp6", "udp", "udp4", "udp6":
	default:
		return nil, net.UnknownNetworkError(network)
	}
	t := &target{network: network}
	if address == "" {
		return t, nil
	}
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, err := r.LookupPort(ctx, network, service)
	if err != nil {
		return nil, err
	}
	t.port = uint16(port)
	if host == "" {
		return t, nil
	}
	addrs, err := n.lookup(ctx, r, network, host)
	if err != nil {
		return nil, err
	}
	for _, a := range addrs {
		if a = a.Unmap(); wants(network, a) {
			t.addrs = append(t.addrs, a)
		}
	}
	if len(t.addrs) == 0 {
		return nil, &net.AddrError{Err: textNoSuitableAddress, Addr: host}
	}
	return t, nil
}

// lookup finds the addresses of a host, literal or by name. It does not ask for
// addresses of a family that the stack has none of itself.
func (n *Net) lookup(ctx context.Context, r *net.Resolver, network, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	family := "ip" + strings.TrimLeft(network, "tcpud")
	if family == "ip" {
		switch has4, has6 := n.host.addrs.has(true), n.host.addrs.has(false); {
		case !has6:
			family = "ip4"
		case !has4:
			family = "ip6"
		}
	}
	return r.LookupNetIP(ctx, family, host)
}

// endpoint returns an address as a net.Addr of the network's kind.
func endpoint(network string, addr netip.Addr, port uint16) net.Addr {
	p := netip.AddrPortFrom(addr, port)
	if strings.HasPrefix(network, "tcp") {
		return net.TCPAddrFromAddrPort(p)
	}
	return net.UDPAddrFromAddrPort(p)
}

// bindAddr returns the address that a listener on t binds to: zero for any, unspecified for
// any of one family. Of several addresses of a name the first IPv4 one counts, as in package net.
func (t *target) bindAddr() netip.Addr {
	if len(t.addrs) == 0 {
		switch t.network[len(t.network)-1] {
		case '4':
			return netip.IPv4Unspecified()
		case '6':
			return netip.IPv6Unspecified()
		}
		return netip.Addr{}
	}
	addr := t.addrs[0]
	for _, a := range t.addrs {
		if a.Is4() {
			addr = a
			break
		}
	}
	if addr == netip.IPv6Unspecified() && !strings.HasSuffix(t.network, "6") {
		return netip.Addr{} // "[::]" takes IPv4 as well, unless the network says not
	}
	return addr
}

// shown is the address of t as an error about listening shows it: as it was given.
func (t *target) shown() net.Addr {
	var addr netip.Addr
	if len(t.addrs) > 0 {
		addr = t.bindAddr()
	}
	return endpoint(t.network, addr, t.port)
}

// boundAddr is how an address that was bound is shown: "[::]" or "0.0.0.0" for any, by
// what the stack has.
func (n *Net) boundAddr(addr netip.Addr) netip.Addr {
	switch {
	case addr.IsValid():
		return addr
	case n.host.addrs.has(false):
		return netip.IPv6Unspecified()
	}
	return netip.IPv4Unspecified()
}
