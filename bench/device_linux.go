package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// TUN devices without a stack of ours, and the kernel's end of all of them.

// device is the name of every TUN device.
const device = "bench0"

// queueLen is how many packets wait in a device for us, far more than the 500 of the kernel: a TUN drops what does not
// fit, and no system is to be judged by that.
const queueLen = 4096

// mayTUN says what is in the way of opening TUN devices, if anything: before all runs rather than in each.
func mayTUN() error {
	fd, err := openTUN(device, 0)
	if err != nil {
		return fmt.Errorf("all systems but %s have a TUN device: %w; it needs root", kernel, err)
	}
	return unix.Close(fd)
}

// openTUN opens a TUN device in the namespace of the calling thread, with flags of TUNSETIFF besides the usual ones.
func openTUN(name string, flags uint16) (int, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0)
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

// offloads are what the kernel may leave to a process that hands packets on as they are.
const offloads = unix.TUN_F_CSUM | unix.TUN_F_TSO4 | unix.TUN_F_TSO6 | unix.TUN_F_TSO_ECN

// openWholeTUN opens a TUN device whose packets come with a virtio header, super-packets among them.
func openWholeTUN(name string) (int, error) {
	fd, err := openTUN(name, unix.IFF_VNET_HDR)
	if err != nil {
		return -1, err
	}
	if err := unix.IoctlSetInt(fd, unix.TUNSETOFFLOAD, offloads); err != nil {
		return -1, errors.Join(fmt.Errorf("offloads of TUN %s: %w", name, err), unix.Close(fd))
	}
	return fd, nil
}

// plugIn gives the kernel's end of a device its address and brings it up.
func plugIn(name string, addr netip.Prefix, mtu int) error {
	l, err := netlink.LinkByName(name)
	if err != nil {
		return err
	}
	return errors.Join(
		netlink.LinkSetTxQLen(l, queueLen),
		netlink.LinkSetMTU(l, mtu),
		netlink.AddrAdd(l, &netlink.Addr{IPNet: &net.IPNet{
			IP: addr.Addr().AsSlice(), Mask: net.CIDRMask(addr.Bits(), addr.Addr().BitLen()),
		}}),
		netlink.LinkSetUp(l))
}
