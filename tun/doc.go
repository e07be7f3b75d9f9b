// Package tun moves IP packets between a stack and the world: devices, wrappers
// around them, and what a Linux host needs so that a TUN leads somewhere.
//
// # Devices
//
//	NewPipe   two devices back to back in memory: no privilege, works under testing/synctest
//	Open      a TUN device, bare
//	Up        a TUN device that leads to the Internet, with everything around it
//
// A TUN passes packets of up to 64 KiB, many segments in one, and leaves
// checksums undone, where the kernel has the virtio header for that; TUN.Mode
// says so. A wrapper that needs single packets cuts them.
//
// Each is an ip.Device. So are the wrappers, which take any device and can be
// stacked:
//
//	Capture   records what passes in pcapng
//	Impair    loses, delays, reorders, duplicates and corrupts by a seed
//
// A capture inside an impairment shows what was on the wire; one outside
// shows what the stack saw:
//
//	dev := tun.Impair(link.Device, imp)
//	dev, err := tun.Capture(dev, file)
//
// # Up
//
// A program that wants to speak TCP by itself over a host's connection has
// three problems. Packets for its address must come to it: the TUN and a route
// see to that. The kernel must not answer for it: it would reset connections
// that it does not know, so the kernel does not own the address, but forwards
// to it, and its own address on the TUN is another. The world must find the way
// back: packets leave with the host's address, by masquerade.
//
//	sudo sockeye get https://example.com/
//
//	stack 198.18.3.2 ── TUN ── 198.18.3.1 kernel 192.0.2.7 ── eth0 ── world
//	                               forward, masquerade
//
// Addresses come from 198.18.0.0/15 (a /30, else one from 10.0.0.0/8) and
// fd73:6f63:6b65::/48 (a /64). The search begins at the process number and
// skips whatever overlaps an address or a route of the host, in any routing
// table; default routes and prefixes shorter than /8 do not count.
//
// These things change on the host, in the network namespace of the caller:
//
//   - The interface, with the kernel's addresses and the routes that go with
//     them. It vanishes with the process.
//   - The firewall table "inet sockeye_PID_START_INDEX": it masquerades what
//     came in by the TUN. The kernel removes it with the process, too (before
//     Linux 5.12 it stays; it then speaks of addresses that nobody has).
//   - net.ipv4.conf.IF.forwarding=1 on each interface over which the host
//     reaches others, and net.ipv6.conf.IF.force_forwarding=1 (before Linux
//     6.17 there is only net.ipv6.conf.all.forwarding=1; accept_ra goes from 1
//     to 2 first, or the host would forget the default route that its router
//     advertises).
//   - While forwarding is on because of us, a chain in our table drops new
//     connections between other interfaces, so that the host does not become a
//     router for its neighbours (not before Linux 5.12).
//   - In forward chains of others that drop by default (Docker, ufw,
//     firewalld), two rules at the head let the packets of this TUN pass.
//     UpConfig.KeepFirewall forgoes them.
//
// Reverse path filters need no change: each packet comes in by the interface
// that its source is routed to.
//
// Link.Close takes all of this back. A killed process leaves settings and the
// two rules: what they were is noted in the table "inet
// sockeye_PID_START_INDEX_undo", which does nothing itself, and Clean and the
// next Up put it right. Several Links share settings; the last one to go
// restores them.
//
// Without an uplink, Up lets the stack reach the host and its neighbours, which
// is what laboratories in network namespaces need. Diagnose says beforehand
// what is missing, and how to put it right.
//
// # Systems
//
// TUN devices and Up are for Linux. Elsewhere Open and Up return
// errors.ErrUnsupported; pipes and wrappers work everywhere.
package tun
