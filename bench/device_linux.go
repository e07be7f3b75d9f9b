package main

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/sockeye-tcp/sockeye/internal/lab"
)

// TUN devices without a stack of ours.

// device is the name of every TUN device.
const device = "bench0"

// mayTUN says what is in the way of opening TUN devices, if anything: before all runs rather than in each.
func mayTUN() error {
	fd, err := lab.OpenTUN(device, 0)
	if err != nil {
		return fmt.Errorf("all systems but %s have a TUN device: %w; it needs root", kernel, err)
	}
	return unix.Close(fd)
}

// offloads are what the kernel may leave to a process that hands packets on as they are.
const offloads = unix.TUN_F_CSUM | unix.TUN_F_TSO4 | unix.TUN_F_TSO6 | unix.TUN_F_TSO_ECN

// openWholeTUN opens a TUN device whose packets come with a virtio header, super-packets among them.
func openWholeTUN(name string) (int, error) {
	fd, err := lab.OpenTUN(name, unix.IFF_VNET_HDR)
	if err != nil {
		return -1, err
	}
	if err := unix.IoctlSetInt(fd, unix.TUNSETOFFLOAD, offloads); err != nil {
		return -1, errors.Join(fmt.Errorf("offloads of TUN %s: %w", name, err), unix.Close(fd))
	}
	return fd, nil
}
