package stack

import (
	"crypto/rand"
	"io"
	"net/netip"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// What a host is made of, and the bounds on it.

// A Config says what a host is. Only Addrs has no useful default.
type Config struct {
	// Addrs are the host's own addresses, IPv4 and IPv6, with the lengths of their
	// prefixes. The first address of a family is the one that unrelated destinations see.
	Addrs []netip.Prefix

	// MTU is the longest IP packet that is sent, in bytes. 0 means the
	// device's; a Host without a device takes 1500.
	MTU int

	// TCP is what all connections have in common. Where it gives no ISN or
	// TSOffset, the host's own secret makes them (RFC 6528).
	TCP tcp.Config

	// FastOpenKeys make the cookies of TCP Fast Open that listeners give out (RFC 7413 §4.1.2); see
	// Listener.SetFastOpen. Without any, the host has a key of its own for as long as it lives.
	FastOpenKeys tcp.FastOpenKeys

	// DNS are the servers that names are asked of. Without any, those of the
	// machine's /etc/resolv.conf are used, as far as they are not on loopback.
	DNS []netip.AddrPort

	// Trace hears of every event of every connection, and of packets that are dropped
	// before a connection is found. It must not call back into the host or the net, and must
	// not keep the event. It overrides TCP.Trace.
	Trace func(*tcp.Event)

	// Rand is where keys and seeds come from; 64 bytes are read, once. nil means crypto/rand.
	// With the same bytes and the same inputs a Host does the same again.
	Rand io.Reader

	// Offload says what the device does for the host. A Net asks its device.
	Offload ip.Offload
}

// Bounds of a host. Each keeps a peer, or a mistake, from using up memory.
const (
	// maxSockets bounds connections, TIME-WAIT included. It is twice what the
	// ephemeral ports allow towards one destination.
	maxSockets = 1 << 16
	// maxBacklog is the longest queue of connections that wait for Accept, and the
	// default: Linux's net.core.somaxconn, which is what package net asks for.
	maxBacklog = 4096
	// maxUDPSockets bounds UDP sockets: the number of ephemeral ports, about.
	maxUDPSockets = 1 << 15
	// udpBuffer is how many bytes wait in a UDP socket in each direction:
	// Linux's net.core.rmem_default.
	udpBuffer = 212992
	// maxReplies bounds resets and ICMP messages that wait for the device. When it is
	// full the network is not listening to us, and an answer late is an answer wrong.
	maxReplies = 256
	// defaultMTU is Ethernet's.
	defaultMTU = 1500
	// minMTU is what every IPv4 link must carry (RFC 791 §3.1).
	minMTU = 68
)

// withDefaults fills in what was left out. It does not change the slices.
func (c Config) withDefaults() Config {
	if c.MTU <= 0 {
		c.MTU = defaultMTU
	}
	c.MTU = min(max(c.MTU, minMTU), 0xffff)
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Trace != nil {
		c.TCP.Trace = c.Trace
	}
	return c
}
