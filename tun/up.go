package tun

// This file says what Up is asked for and what it returns, on every system.

import (
	"fmt"
	"net/netip"
	"sync"
)

// An UpConfig says how Up connects a stack to the world. The zero value does
// for any host that is connected itself.
type UpConfig struct {
	// Name of the interface, up to 15 bytes; a %d in it is replaced by a free
	// number. There must be no interface of this name. Default: "sockeye%d".
	Name string

	// MTU in bytes, 1280 to 65535 (68 without IPv6). Zero takes the smallest
	// MTU of the interfaces with a default route, or 1500.
	MTU int

	// NoOffload opens the device plainly; see Config.
	NoOffload bool

	// Network is "ip4" or "ip6" for one IP version alone. Empty takes those
	// that the host has addresses for.
	Network string

	// Prefix4 and Prefix6 are the addresses to use: the first host address is
	// the kernel's, the second the stack's. They must overlap no address and no
	// route of the host. Zero lets Up search for a free prefix.
	Prefix4, Prefix6 netip.Prefix

	// NoNAT leaves out the masquerade: packets then leave the host from the
	// stack's own address, and whoever is to answer must have a route to it.
	NoNAT bool

	// KeepFirewall leaves firewall chains of others as they are. Otherwise,
	// forward chains that drop by default let the packets of this TUN pass.
	KeepFirewall bool
}

// A Link is a TUN device whose packets the kernel forwards to the world and
// back. Its fields are not to be changed.
type Link struct {
	// Device carries the packets. Closing it alone leaves the rest of what
	// Up set up in place; close the Link instead.
	Device Device

	// Name is that of the network interface.
	Name string

	// Mode says in a few words for people how the device is used, and why; see TUN.Mode.
	Mode string

	// Addrs are the addresses that the stack is to use, one for each IP
	// version. The kernel does not own them: it forwards and never answers.
	Addrs []netip.Prefix

	// Gateway4 and Gateway6 are the kernel's own addresses on the TUN, the
	// next hop of everything; invalid for an IP version that is not there.
	Gateway4, Gateway6 netip.Addr

	// DNS are the host's name servers, as far as the stack can reach them.
	DNS []netip.AddrPort

	// Notes are remarks for people: what Up had to change that is not its own,
	// and what may not work.
	Notes []string

	closeOnce sync.Once
	closeErr  error
	undo      func() error
}

// Close closes the device, takes back every setting of the host that Up
// changed and no other Link needs, and removes what Up added. It may be called
// more than once, from any goroutine; it returns the same error each time.
func (l *Link) Close() error {
	l.closeOnce.Do(func() { l.closeErr = l.undo() })
	return l.closeErr
}

// check finds mistakes that need no look at the host.
func (c *UpConfig) check() error {
	if err := (Config{Name: c.Name, MTU: c.MTU}).check(); err != nil {
		return err
	}
	switch c.Network {
	case "", "ip4", "ip6":
	default:
		return fmt.Errorf("network %q is neither ip4 nor ip6 nor empty", c.Network)
	}
	if c.MTU != 0 && c.MTU < minMTU6 && c.Network != "ip4" {
		return fmt.Errorf("MTU %d: IPv6 needs at least %d (RFC 8200 §5)", c.MTU, minMTU6)
	}
	return nil
}

// minMTU6 is what every IPv6 link must carry (RFC 8200 §5).
const minMTU6 = 1280
