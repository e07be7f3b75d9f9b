package lab

// This file makes TUN devices for those who read and write them as plain files.

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// tunQueue is how many packets wait in a TUN device for its reader, far more than the kernel's 500: what does not fit is lost, and
// nobody who is measured should be judged by that. Package tun takes as many.
const tunQueue = 4096

// OpenTUN opens a TUN device in the namespace of the calling thread, with flags of TUNSETIFF besides IFF_TUN and
// IFF_NO_PI. The file blocks; the device vanishes with it. It needs CAP_NET_ADMIN there.
func OpenTUN(name string, flags uint16) (fd int, err error) {
	fd, err = unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("open TUN: %w", err)
	}
	req, err := unix.NewIfreq(name)
	if err == nil {
		req.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI | flags)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, req)
	}
	if err != nil {
		return -1, errors.Join(fmt.Errorf("make TUN %s: %w", name, err), unix.Close(fd))
	}
	return fd, nil
}

// PlugIn gives the kernel's end of a TUN device in this namespace its address and its MTU, 0 for the one it has, and
// brings it up.
func PlugIn(name string, addr netip.Prefix, mtu int) error {
	l, err := netlink.LinkByName(name)
	if err != nil {
		return err
	}
	if mtu > 0 {
		if err := netlink.LinkSetMTU(l, mtu); err != nil {
			return fmt.Errorf("MTU of %s: %w", name, err)
		}
	}
	return errors.Join(
		netlink.LinkSetTxQLen(l, tunQueue),
		netlink.AddrAdd(l, &netlink.Addr{IPNet: &net.IPNet{
			IP: addr.Addr().AsSlice(), Mask: net.CIDRMask(addr.Bits(), addr.Addr().BitLen()),
		}}),
		netlink.LinkSetUp(l))
}
