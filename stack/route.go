package stack

import (
	"net/netip"
	"slices"
)

// Our own addresses, and which of them to send from. There is one device and so one
// route: everything that is not ours goes out there.

// addresses are a host's own addresses. They do not change.
type addresses struct {
	prefixes   []netip.Prefix
	broadcasts []netip.Addr // of our IPv4 networks
}

// newAddresses copies the prefixes; zones and the mapped form of IPv4 are taken off.
func newAddresses(prefixes []netip.Prefix) addresses {
	var a addresses
	for _, p := range prefixes {
		addr := plain(p.Addr())
		bits := p.Bits()
		if p.Addr().Is4In6() {
			bits -= 96
		}
		p = netip.PrefixFrom(addr, bits)
		a.prefixes = append(a.prefixes, p)
		if addr.Is4() && bits < 31 { // RFC 3021: a /31 has no broadcast address
			a.broadcasts = append(a.broadcasts, lastAddr(p))
		}
	}
	return a
}

// plain returns the form of an address that the host uses inside: IPv4 is not
// mapped into IPv6, and there is no zone, because there is one device.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// plainPort is plain for an address with a port.
func plainPort(p netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(plain(p.Addr()), p.Port())
}

// own reports whether addr is one of ours.
func (a *addresses) own(addr netip.Addr) bool {
	for _, p := range a.prefixes {
		if p.Addr() == addr {
			return true
		}
	}
	return false
}

// broadcast reports whether addr speaks to more than one host: multicast, the
// limited broadcast, or the broadcast of one of our networks (RFC 1122 §3.2.1.3).
func (a *addresses) broadcast(addr netip.Addr) bool {
	return addr.IsMulticast() || addr == netip.AddrFrom4([4]byte{255, 255, 255, 255}) ||
		slices.Contains(a.broadcasts, addr)
}

// lastAddr returns the address of an IPv4 prefix whose host bits are all one.
func lastAddr(p netip.Prefix) netip.Addr {
	b := p.Addr().As4()
	for i := p.Bits(); i < 32; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	return netip.AddrFrom4(b)
}

// has reports whether there is an address of dst's family.
func (a *addresses) has(is4 bool) bool {
	return slices.ContainsFunc(a.prefixes, func(p netip.Prefix) bool { return p.Addr().Is4() == is4 })
}

// source chooses the address to send to dst from (MUST-44): dst itself when it is ours, else
// the one with the same scope, else the longest common prefix, else the first of
// the family (RFC 6724 §5, rules 1, 2 and 8, as far as one device has a choice).
func (a *addresses) source(dst netip.Addr) (best netip.Addr, ok bool) {
	bestScore := -1
	for _, p := range a.prefixes {
		addr := p.Addr()
		if addr.Is4() != dst.Is4() {
			continue
		}
		if score := sourceScore(p, dst); score > bestScore {
			best, bestScore = addr, score
		}
	}
	return best, bestScore >= 0
}

func sourceScore(p netip.Prefix, dst netip.Addr) int {
	switch {
	case p.Addr() == dst:
		return 3
	case p.Contains(dst):
		return 2
	case p.Addr().IsLinkLocalUnicast() == dst.IsLinkLocalUnicast():
		return 1
	}
	return 0
}
