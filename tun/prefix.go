package tun

// This file finds address space for a TUN that nobody on the host uses.

import (
	"fmt"
	"net/netip"
)

// Where Up looks for addresses, in this order. A TUN takes a /30 of IPv4 and a
// /64 of IPv6; packets leave the host from the host's own address anyway, by
// masquerade.
var (
	// 198.18.0.0/15 is for benchmarks of network devices (RFC 2544 §C.2.2): it is
	// routed nowhere, and home, office and container networks do not use it.
	// 10.0.0.0/8 is private (RFC 1918 §3), and large enough to have a gap.
	candidates4 = []netip.Prefix{netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("10.0.0.0/8")}

	// fd73:6f63:6b65::/48 is a unique local prefix (RFC 4193 §3): "soc", "ke".
	// It is fixed, so that people recognize it; the subnet is searched.
	candidates6 = []netip.Prefix{netip.MustParsePrefix("fd73:6f63:6b65::/48")}
)

const (
	bits4 = 30 // network, kernel, stack, broadcast
	bits6 = 64 // the usual subnet (RFC 4291 §2.5.4)
)

// freePrefix returns the first prefix of the given length inside one of the
// candidates that overlaps none of taken. The search in each candidate begins
// at the start-th prefix and wraps around: two processes that start elsewhere
// do not race for the same one.
func freePrefix(candidates []netip.Prefix, bits int, start uint64, taken []netip.Prefix) (netip.Prefix, bool) {
	for _, c := range candidates {
		var near []netip.Prefix
		for _, p := range taken {
			if p.Overlaps(c) {
				near = append(near, p)
			}
		}
		count := uint64(1) << (bits - c.Bits())
		for i := range count {
			p := subnet(c, bits, (start+i)%count)
			if overlapping(p, near) == (netip.Prefix{}) {
				return p, true
			}
		}
	}
	return netip.Prefix{}, false
}

// overlapping returns a prefix of the list that has addresses in common with
// p, or the zero Prefix.
func overlapping(p netip.Prefix, list []netip.Prefix) netip.Prefix {
	for _, q := range list {
		if p.Overlaps(q) {
			return q
		}
	}
	return netip.Prefix{}
}

// subnet returns the i-th prefix of the given length inside p. The bits that
// are counted lie within the first 64 of the address.
func subnet(p netip.Prefix, bits int, i uint64) netip.Prefix {
	b := p.Masked().Addr().AsSlice()
	for k := bits - 1; k >= p.Bits() && i > 0; k-- {
		b[k/8] |= byte(i&1) << (7 - k%8)
		i >>= 1
	}
	a, _ := netip.AddrFromSlice(b)
	return netip.PrefixFrom(a, bits)
}

// sides returns the two addresses of a prefix that are used: the first is the
// kernel's, the second the stack's.
func sides(p netip.Prefix) (kernel, stack netip.Prefix) {
	first := p.Masked().Addr().Next()
	return netip.PrefixFrom(first, p.Bits()), netip.PrefixFrom(first.Next(), p.Bits())
}

// checkPrefix says what is wrong with a prefix that the caller chose.
func checkPrefix(p netip.Prefix, want4 bool, taken []netip.Prefix) error {
	family, longest := "IPv6", 126
	if want4 {
		family, longest = "IPv4", bits4
	}
	if p.Addr().Is4() != want4 || p.Addr().Is4In6() {
		return fmt.Errorf("prefix %s is not %s", p, family)
	}
	if p.Bits() > longest {
		return fmt.Errorf("prefix %s is too small: it must hold two hosts, /%d at most", p, longest)
	}
	if q := overlapping(p, taken); q.IsValid() {
		return fmt.Errorf("prefix %s overlaps %s, which this host uses", p, q)
	}
	return nil
}
