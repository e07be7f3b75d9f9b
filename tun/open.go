package tun

// This file says how a TUN device is asked for, on every system.

import (
	"fmt"
	"strings"
)

// A Config says which TUN device Open opens. The zero value makes a new device
// with a name and an MTU that the kernel chooses.
type Config struct {
	// Name of the network interface, up to 15 bytes. A device of this name
	// that exists and is free (a persistent one, made by
	// "ip tuntap add mode tun user ...") is taken over and outlives us; needing
	// no privilege is its use. Empty, or a pattern such as "sockeye%d", makes
	// a new one, which vanishes when it is closed or the process dies.
	Name string

	// MTU in bytes, 68 to 65535; at least 1280 when the device is to carry
	// IPv6. Zero leaves the interface as it is: 1500 for a new one.
	MTU int

	// NoOffload opens the device plainly: each packet is read and written by
	// itself, is no longer than the MTU, and has its checksum. Otherwise, where the kernel has it,
	// a header says of each packet how it is to be cut and whether the checksum is left to the other side
	// (struct virtio_net_hdr), and TCP segments of up to 64 KiB travel as one packet.
	NoOffload bool
}

const (
	maxName = 15    // IFNAMSIZ less its NUL
	maxMTU  = 65535 // the kernel's limit for a TUN
)

// check finds the mistakes that the kernel would answer with a bare EINVAL, or
// not notice: it cuts long names without a word.
func (c Config) check() error {
	if len(c.Name) > maxName {
		return fmt.Errorf("interface name %q is longer than %d bytes", c.Name, maxName)
	}
	if strings.ContainsAny(c.Name, "/: \t\n\x00") || c.Name == "." || c.Name == ".." {
		return fmt.Errorf("interface name %q: spaces, slashes and colons are not allowed", c.Name)
	}
	if c.MTU != 0 && (c.MTU < minMTU || c.MTU > maxMTU) {
		return fmt.Errorf("MTU %d is not within %d to %d", c.MTU, minMTU, maxMTU)
	}
	return nil
}
