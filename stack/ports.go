package stack

import (
	"net/netip"
	"syscall"
)

// Choosing local ports: RFC 6056.

// The ephemeral ports are Linux's (net.ipv4.ip_local_port_range). RFC 6056 §3.2 would
// take all from 1024 on; that gets in the way of services that start later.
const (
	firstEphemeral = 32768
	lastEphemeral  = 60999
	numEphemeral   = lastEphemeral - firstEphemeral + 1
)

// portTableSize is the number of counters of RFC 6056 §3.3.4, from its example.
const portTableSize = 16

// A portChooser implements the double-hash algorithm of RFC 6056 §3.3.4, with the random
// increments of §3.3.5: ports towards one destination follow each other, so that none is
// used again soon, and tell nothing about those towards another.
type portChooser struct {
	table [portTableSize]uint32
}

// choose tries ephemeral ports from the place that hash says and returns the
// first that is free. step is a random number.
func (c *portChooser) choose(hash, step uint32, isFree func(uint16) bool) (uint16, bool) {
	counter := &c.table[hash%portTableSize]
	start := hash/portTableSize + *counter
	for i := range uint32(numEphemeral) {
		port := uint16(firstEphemeral + (start+i)%numEphemeral)
		if isFree(port) {
			*counter += i + 1 + step%8
			return port, true
		}
	}
	return 0, false
}

// localPort returns the local end for a connection to remote. A port of 0 in want is
// chosen; in a second round one whose connection is in TIME-WAIT may be taken over.
func (h *Host) localPort(want, remote netip.AddrPort) (netip.AddrPort, syscall.Errno) {
	addr := want.Addr()
	if want.Port() != 0 {
		return want, h.bindTCP(want, remote)
	}
	hash := h.secret.PortOffset(addr, remote)
	port, ok := h.ports.choose(hash, h.random.Uint32(), func(port uint16) bool {
		local := netip.AddrPortFrom(addr, port)
		return local != remote && !h.demux.isListening(addr, port) && h.demux.conns[tuple{local, remote}] == nil
	})
	if !ok {
		port, ok = h.ports.choose(hash, h.random.Uint32(), func(port uint16) bool {
			s := h.demux.conns[tuple{netip.AddrPortFrom(addr, port), remote}]
			return s != nil && s.isReusable()
		})
	}
	if !ok {
		return want, syscall.EADDRNOTAVAIL // what connect(2) says when no port is left
	}
	return netip.AddrPortFrom(addr, port), 0
}

// bindTCP reports whether a connection may start from an end that the
// caller chose. As in Linux without SO_REUSEADDR, nothing else may be there; but a connection in
// TIME-WAIT with the same peer may be taken over.
func (h *Host) bindTCP(local, remote netip.AddrPort) syscall.Errno {
	others := h.demux.active[local] + h.demux.passive[local]
	if s := h.demux.conns[tuple{local, remote}]; s != nil && s.isReusable() {
		others--
	}
	if others > 0 || h.demux.isListening(local.Addr(), local.Port()) {
		return syscall.EADDRINUSE
	}
	return 0
}

// bindListener returns the port for a listener on addr: port itself when it is free.
// Connections that came from an earlier listener do not stand in the way (Go and most servers set
// SO_REUSEADDR), and neither do those still in the handshake (MUST-42); those that we opened from that
// very port do, as in Linux.
func (h *Host) bindListener(addr netip.Addr, port uint16) (uint16, syscall.Errno) {
	isFree := func(port uint16) bool {
		return !h.demux.isListening(addr, port) && !h.hasActive(addr, port)
	}
	return h.bindAny(port, isFree)
}

// bindUDP is the same for a UDP socket.
func (h *Host) bindUDP(addr netip.Addr, port uint16) (uint16, syscall.Errno) {
	return h.bindAny(port, func(port uint16) bool { return !h.demux.isUDPTaken(addr, port) })
}

// bindAny returns port when it is free, or any free one for 0. With no peer to
// hash, the place to start is random (RFC 6056 §3.3.1).
func (h *Host) bindAny(port uint16, isFree func(uint16) bool) (uint16, syscall.Errno) {
	if port != 0 {
		if !isFree(port) {
			return 0, syscall.EADDRINUSE
		}
		return port, 0
	}
	var fresh portChooser
	port, ok := fresh.choose(h.random.Uint32(), 0, isFree)
	if !ok {
		return 0, syscall.EADDRINUSE
	}
	return port, 0
}

// hasActive reports whether we opened a connection from port, at an address that overlaps addr, that
// is past the handshake.
func (h *Host) hasActive(addr netip.Addr, port uint16) bool {
	for _, p := range h.addrs.prefixes {
		local := netip.AddrPortFrom(p.Addr(), port)
		if !covers(addr, p.Addr()) || h.demux.active[local] == 0 {
			continue
		}
		for key, s := range h.demux.conns {
			if key.local == local && !s.passive && s.opened {
				return true
			}
		}
	}
	return false
}
