package lab

// This file joins namespaces with virtual Ethernet cables.

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// An End is one plug of a virtual Ethernet cable.
type End struct {
	Namespace *Namespace
	Name      string // of the interface, up to 15 bytes
	Addrs     []netip.Prefix
	MTU       int // of what this end sends; 0: 1500
}

// Veth joins two namespaces with a cable, gives both ends their addresses and
// brings them up. IPv6 addresses are usable at once: duplicate address
// detection, which takes a second, is off. Closing either namespace removes the
// cable.
func Veth(a, b End) error {
	err := a.Namespace.Do(func() error {
		attrs := netlink.NewLinkAttrs()
		attrs.Name = a.Name
		return netlink.LinkAdd(&netlink.Veth{
			LinkAttrs: attrs, PeerName: b.Name, PeerNamespace: netlink.NsFd(b.Namespace.Fd()),
		})
	})
	if err != nil {
		return fmt.Errorf("make the cable %s - %s: %w", a.Name, b.Name, err)
	}
	for _, e := range []End{a, b} {
		if err := e.Namespace.Do(func() error { return plugIn(e) }); err != nil {
			return fmt.Errorf("bring up %s: %w", e.Name, err)
		}
	}
	for _, e := range []End{a, b} {
		if err := e.Namespace.Do(func() error { return waitReady(e.Name) }); err != nil {
			return err
		}
	}
	return nil
}

func plugIn(e End) error {
	link, err := netlink.LinkByName(e.Name)
	if err != nil {
		return err
	}
	// Nobody else is on the cable who could have the link-local address.
	if hasIPv6() {
		if err := os.WriteFile("/proc/sys/net/ipv6/conf/"+e.Name+"/accept_dad", []byte("0"), 0); err != nil {
			return err
		}
	}
	for _, p := range e.Addrs {
		addr := &netlink.Addr{IPNet: ipNet(p)}
		if p.Addr().Is6() {
			addr.Flags = unix.IFA_F_NODAD
		}
		if err := netlink.AddrAdd(link, addr); err != nil {
			return fmt.Errorf("address %s: %w", p, err)
		}
	}
	if e.MTU > 0 {
		if err := netlink.LinkSetMTU(link, e.MTU); err != nil {
			return fmt.Errorf("MTU %d: %w", e.MTU, err)
		}
	}
	return netlink.LinkSetUp(link)
}

// readyTimeout is how long waitReady waits. The kernel needs milliseconds; a
// busy machine gets a thousand times that.
const readyTimeout = 5 * time.Second

// waitReady waits until the kernel has noticed that the other end is up and
// has made the addresses usable: both happen in its own time.
func waitReady(name string) error {
	for start := time.Now(); time.Since(start) < readyTimeout; time.Sleep(time.Millisecond) {
		link, err := netlink.LinkByName(name)
		if err != nil {
			return err
		}
		ready, err := addrsReady(link)
		if errors.Is(err, netlink.ErrDumpInterrupted) {
			continue // something has just changed: look again
		}
		if err != nil {
			return err
		}
		if ready && link.Attrs().OperState == netlink.OperUp {
			return nil
		}
	}
	return fmt.Errorf("%s is not ready after %s", name, readyTimeout)
}

// addrsReady reports whether the interface has its link-local address and a
// local route for each IPv6 address, without which the kernel does not answer
// there.
func addrsReady(link netlink.Link) (bool, error) {
	addrs, err := netlink.AddrList(link, netlink.FAMILY_V6)
	if err != nil {
		return false, err
	}
	local := &netlink.Route{Table: unix.RT_TABLE_LOCAL, LinkIndex: link.Attrs().Index}
	routes, err := netlink.RouteListFiltered(netlink.FAMILY_V6, local, netlink.RT_FILTER_TABLE|netlink.RT_FILTER_OIF)
	if err != nil {
		return false, err
	}
	hasLinkLocal := !hasIPv6()
	for _, a := range addrs {
		hasLinkLocal = hasLinkLocal || a.IP.IsLinkLocalUnicast()
		if !slices.ContainsFunc(routes, func(r netlink.Route) bool { return r.Dst != nil && r.Dst.IP.Equal(a.IP) }) {
			return false, nil
		}
	}
	return hasLinkLocal, nil
}

func hasIPv6() bool {
	_, err := os.Stat("/proc/sys/net/ipv6")
	return err == nil
}

// AddRoute makes the namespace reach dst by way of the router via, which must
// be on-link.
func (n *Namespace) AddRoute(dst netip.Prefix, via netip.Addr) error {
	err := n.Do(func() error {
		return netlink.RouteAdd(&netlink.Route{Dst: ipNet(dst.Masked()), Gw: via.AsSlice()})
	})
	if err != nil {
		return fmt.Errorf("route %s via %s: %w", dst, via, err)
	}
	return nil
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}
