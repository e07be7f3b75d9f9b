package tun

// This file looks at the host: what addresses it uses and where its packets leave.

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// A survey is what Up needs to know of a host.
type survey struct {
	// taken is every prefix that an address or a route claims, but for
	// default routes and what stands in for them.
	taken []netip.Prefix

	// interfaces names all of them but loopback.
	interfaces []string

	// out4 and out6 name the interfaces over which the host reaches others.
	out4, out6 []string

	// uplinks4 and uplinks6 name those among them with a default route.
	uplinks4, uplinks6 []string

	// mtu is the smallest of the uplinks' MTUs, 0 without uplinks.
	mtu int
}

// generalBits: shorter routes are detours for everything (a VPN's 0.0.0.0/1) or
// for whole kinds of addresses (fc00::/7 unreachable). A prefix inside
// them may be used: the longer prefix wins.
const generalBits = 8

// surveyHost looks at the network namespace of the calling thread.
func surveyHost() (*survey, error) {
	links, err := wholeList(netlink.LinkList)
	if err != nil {
		return nil, fmt.Errorf("list interfaces: %w", err)
	}
	s := new(survey)
	byIndex := make(map[int]netlink.Link)
	for _, l := range links {
		byIndex[l.Attrs().Index] = l
		if l.Attrs().Flags&net.FlagLoopback == 0 {
			s.interfaces = append(s.interfaces, l.Attrs().Name)
		}
	}
	addrs, err := wholeList(func() ([]netlink.Addr, error) { return netlink.AddrList(nil, netlink.FAMILY_ALL) })
	if err != nil {
		return nil, fmt.Errorf("list addresses: %w", err)
	}
	for _, a := range addrs {
		s.take(a.IPNet)
		s.take(a.Peer)
	}
	families := []int{netlink.FAMILY_V4}
	if hasIPv6() {
		families = append(families, netlink.FAMILY_V6)
	}
	for _, family := range families {
		routes, err := wholeList(func() ([]netlink.Route, error) {
			// All tables: a VPN keeps its routes in one of its own.
			return netlink.RouteListFiltered(family, &netlink.Route{Table: unix.RT_TABLE_UNSPEC}, netlink.RT_FILTER_TABLE)
		})
		if err != nil {
			return nil, fmt.Errorf("list routes: %w", err)
		}
		for _, r := range routes {
			s.addRoute(family, r, byIndex)
		}
	}
	return s, nil
}

// listTries is how often wholeList tries; each failure needs a change at the
// wrong moment.
const listTries = 20

// wholeList repeats a list that changed while the kernel told it.
func wholeList[T any](list func() ([]T, error)) (items []T, err error) {
	for range listTries {
		if items, err = list(); !errors.Is(err, netlink.ErrDumpInterrupted) {
			break
		}
	}
	return items, err
}

func (s *survey) take(n *net.IPNet) {
	if p := prefixOf(n); p.IsValid() && p.Bits() >= generalBits {
		s.taken = append(s.taken, p)
	}
}

// addRoute notes what the route claims and over which interfaces it leads.
func (s *survey) addRoute(family int, r netlink.Route, links map[int]netlink.Link) {
	s.take(r.Dst)
	if r.Type != unix.RTN_UNICAST || !leadsAway(r.Dst) {
		return
	}
	hops := []int{r.LinkIndex}
	for _, h := range r.MultiPath {
		hops = append(hops, h.LinkIndex)
	}
	for _, index := range hops {
		link := links[index]
		if link == nil || link.Attrs().Flags&net.FlagLoopback != 0 || link.Attrs().Flags&net.FlagUp == 0 {
			continue
		}
		s.addInterface(family, link.Attrs(), isGeneral(r.Dst))
	}
}

func (s *survey) addInterface(family int, a *netlink.LinkAttrs, uplink bool) {
	out, up := &s.out4, &s.uplinks4
	if family == netlink.FAMILY_V6 {
		out, up = &s.out6, &s.uplinks6
	}
	if !slices.Contains(*out, a.Name) {
		*out = append(*out, a.Name)
	}
	if !uplink {
		return
	}
	if !slices.Contains(*up, a.Name) {
		*up = append(*up, a.Name)
	}
	if s.mtu == 0 || a.MTU < s.mtu {
		s.mtu = a.MTU
	}
}

// leadsAway reports whether a route is for addresses that packets can be
// forwarded to: not link-local and not multicast.
func leadsAway(dst *net.IPNet) bool {
	return dst == nil || !dst.IP.IsLinkLocalUnicast() && !dst.IP.IsMulticast()
}

// isGeneral reports whether a route is a default route or stands in for one.
func isGeneral(dst *net.IPNet) bool {
	return dst == nil || prefixOf(dst).Bits() < generalBits && !dst.IP.IsMulticast()
}

// prefixOf returns the zero Prefix for nil.
func prefixOf(n *net.IPNet) netip.Prefix {
	if n == nil {
		return netip.Prefix{}
	}
	a, _ := netip.AddrFromSlice(n.IP)
	ones, bits := n.Mask.Size()
	if bits == 32 {
		a = a.Unmap()
	}
	return netip.PrefixFrom(a, ones)
}

// hasIPv6 reports whether the kernel speaks IPv6 at all.
func hasIPv6() bool {
	_, err := os.Stat(sysctlRoot + "net/ipv6")
	return err == nil
}

// families returns which IP versions Up serves: those that were asked for, or
// those with which the host reaches others, or both when it reaches nobody.
func (s *survey) families(network string) (want4, want6 bool) {
	switch {
	case network != "":
		return network == "ip4", network == "ip6"
	case len(s.out4)+len(s.out6) == 0:
		return true, hasIPv6()
	}
	return len(s.out4) > 0, len(s.out6) > 0
}
