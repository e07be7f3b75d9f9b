package tun

// This file opens a TUN device with the virtio header, so that the kernel hands
// over and takes packets of many segments, and leaves checksums undone.

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// A mode is how a device is used.
type mode struct {
	vnet     bool   // with the virtio header
	received int    // what the kernel may leave to us then: TUN_F_CSUM and so on
	plain    string // why without
}

func (m mode) String() string {
	switch {
	case !m.vnet:
		return "plain: each packet by itself (" + m.plain + ")"
	case m.received&unix.TUN_F_TSO4 == 0:
		return "virtio header: packets of up to 64 KiB out; in, the kernel leaves " + offloadNames(m.received)
	}
	return "virtio header: packets of up to 64 KiB, in with " + offloadNames(m.received)
}

// An offloadStep is one thing that the kernel may leave to the reader of a TUN.
type offloadStep struct {
	flags int
	name  string
}

// offloadSteps are in the order in which the kernel has learnt them: each needs those before it.
var offloadSteps = []offloadStep{
	{unix.TUN_F_CSUM, "checksums"},
	{unix.TUN_F_TSO4 | unix.TUN_F_TSO6, "TSO"},
	{unix.TUN_F_TSO_ECN, "ECN"},
	{unix.TUN_F_USO4 | unix.TUN_F_USO6, "USO"}, // Linux 6.2
}

// offloadNames lists what is set in flags.
func offloadNames(flags int) string {
	names := ""
	for _, s := range offloadSteps {
		if flags&s.flags == s.flags {
			names += ", " + s.name
		}
	}
	if names == "" {
		return "nothing"
	}
	return names[len(", "):]
}

// openVnet opens the device, and says what the kernel leaves to the reader. Package netlink could do it as
// well, but makes root the owner of a persistent device that it takes over, and hides which error it met.
func openVnet(name string) (*os.File, string, int, error) {
	req, err := unix.NewIfreq(name)
	if err != nil {
		return nil, "", 0, err
	}
	fd, err := unix.Open(tunNode, unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, "", 0, &os.PathError{Op: "open", Path: tunNode, Err: err}
	}
	received, err := attachVnet(fd, req)
	if err != nil {
		unix.Close(fd)
		return nil, "", 0, err
	}
	return os.NewFile(uintptr(fd), tunNode), req.Name(), received, nil
}

// attachVnet makes an open file a device with the header.
func attachVnet(fd int, req *unix.Ifreq) (received int, err error) {
	req.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI | unix.IFF_VNET_HDR)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, req); err != nil {
		return 0, os.NewSyscallError("ioctl TUNSETIFF", err)
	}
	// Both are the kernel's defaults on most machines, but not of a device that somebody has used before us.
	if err := unix.IoctlSetPointerInt(fd, unix.TUNSETVNETHDRSZ, vnetHeaderLen); err != nil {
		return 0, os.NewSyscallError("ioctl TUNSETVNETHDRSZ", err)
	}
	if err := unix.IoctlSetPointerInt(fd, unix.TUNSETVNETLE, 1); err != nil {
		return 0, os.NewSyscallError("ioctl TUNSETVNETLE", err)
	}
	return mostOffload(fd), nil
}

// mostOffload asks the kernel to leave as much to us as it can, and returns what it agreed to.
func mostOffload(fd int) (flags int) {
	for n := len(offloadSteps); n > 0; n-- {
		flags = 0
		for _, s := range offloadSteps[:n] {
			flags |= s.flags
		}
		if setOffload(fd, flags) == nil {
			return flags
		}
	}
	setOffload(fd, 0)
	return 0
}

// setOffload tells the kernel what it may leave to the reader. It refuses all when it does not know one.
func setOffload(fd, flags int) error {
	if err := unix.IoctlSetInt(fd, unix.TUNSETOFFLOAD, flags); err != nil {
		return fmt.Errorf("ioctl TUNSETOFFLOAD: %w", err)
	}
	return nil
}
