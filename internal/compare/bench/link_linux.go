package bench

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Addresses and routes of the devices.

// addAddr gives an interface an address. If it stands for a network of which it is
// not the only member, a default route over the interface is added as well.
func addAddr(l netlink.Link, p netip.Prefix) error {
	addr := &netlink.Addr{IPNet: ipNet(p)}
	family := netlink.FAMILY_V4
	if p.Addr().Is6() {
		addr.Flags, family = unix.IFA_F_NODAD, netlink.FAMILY_V6
	}
	if err := netlink.AddrAdd(l, addr); err != nil {
		return fmt.Errorf("give %s the address %s: %w", l.Attrs().Name, p, err)
	}
	err := netlink.RouteAdd(&netlink.Route{LinkIndex: l.Attrs().Index, Family: family, Dst: everything(p.Addr().Is4())})
	if err != nil {
		return fmt.Errorf("route everything over %s: %w", l.Attrs().Name, err)
	}
	return nil
}

// everything is the destination of a default route.
func everything(is4 bool) *net.IPNet {
	if is4 {
		return &net.IPNet{IP: net.IPv4zero, Mask: net.CIDRMask(0, 32)}
	}
	return &net.IPNet{IP: net.IPv6zero, Mask: net.CIDRMask(0, 128)}
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}
