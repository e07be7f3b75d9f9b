package stack

import (
	"net/netip"
	"slices"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// Whose packet is it: connections by their four-tuple, listeners and UDP sockets
// by their port (RFC 9293 §3.3.1, "connection"; RFC 768).

// A tuple names a connection: both ends, in plain form.
type tuple struct{ local, remote netip.AddrPort }

// A demux finds the socket that a packet is for.
type demux struct {
	conns     map[tuple]*Socket
	peers     map[netip.Addr]*Socket // the first of a chain of those connections
	listeners map[uint16][]*ListenSocket
	udp       map[uint16][]*UDPSocket
	// active and passive count the connections at each local end, by which side opened them.
	active, passive map[netip.AddrPort]int
	udpSockets      int
}

func newDemux() demux {
	return demux{
		conns:     map[tuple]*Socket{},
		peers:     map[netip.Addr]*Socket{},
		listeners: map[uint16][]*ListenSocket{},
		udp:       map[uint16][]*UDPSocket{},
		active:    map[netip.AddrPort]int{},
		passive:   map[netip.AddrPort]int{},
	}
}

// covers reports whether a socket bound to bound is meant when addr is
// addressed. The zero Addr is bound to every address, an unspecified one to those of its family.
func covers(bound, addr netip.Addr) bool {
	switch {
	case !bound.IsValid():
		return true
	case bound.IsUnspecified():
		return addr.IsValid() && bound.Is4() == addr.Is4()
	}
	return bound == addr
}

// overlap reports whether sockets bound to a and b would take each other's packets.
func overlap(a, b netip.Addr) bool { return covers(a, b) || covers(b, a) }

// exactness orders the sockets that cover an address: the closest match gets the packet.
func exactness(bound netip.Addr) int {
	switch {
	case !bound.IsValid():
		return 0
	case bound.IsUnspecified():
		return 1
	}
	return 2
}

func (d *demux) addConn(s *Socket) {
	d.conns[s.key] = s
	d.count(s)[s.key.local]++
	there := s.key.remote.Addr()
	if s.nextThere = d.peers[there]; s.nextThere != nil {
		s.nextThere.prevThere = s
	}
	d.peers[there] = s
}

// unchain takes a connection out of the chain of those to the same address.
func (d *demux) unchain(s *Socket) {
	there := s.key.remote.Addr()
	if s.nextThere != nil {
		s.nextThere.prevThere = s.prevThere
	}
	switch {
	case s.prevThere != nil:
		s.prevThere.nextThere = s.nextThere
	case s.nextThere != nil:
		d.peers[there] = s.nextThere
	default:
		delete(d.peers, there)
	}
	s.nextThere, s.prevThere = nil, nil
}

func (d *demux) removeConn(s *Socket) {
	if d.conns[s.key] != s {
		return
	}
	delete(d.conns, s.key)
	d.unchain(s)
	m := d.count(s)
	if m[s.key.local]--; m[s.key.local] == 0 {
		delete(m, s.key.local)
	}
}

func (d *demux) count(s *Socket) map[netip.AddrPort]int {
	if s.passive {
		return d.passive
	}
	return d.active
}

// listener returns the listener for a SYN to local, or nil.
func (d *demux) listener(local netip.AddrPort) *ListenSocket {
	var best *ListenSocket
	for _, l := range d.listeners[local.Port()] {
		if covers(l.addr, local.Addr()) && (best == nil || exactness(l.addr) > exactness(best.addr)) {
			best = l
		}
	}
	return best
}

// isListening reports whether a listener overlaps with addr and port.
func (d *demux) isListening(addr netip.Addr, port uint16) bool {
	return slices.ContainsFunc(d.listeners[port], func(l *ListenSocket) bool { return overlap(l.addr, addr) })
}

func (d *demux) addListener(l *ListenSocket) {
	d.listeners[l.port] = append(d.listeners[l.port], l)
}

func (d *demux) removeListener(l *ListenSocket) {
	removeFrom(d.listeners, l.port, l)
}

// udpSocket returns the socket for a datagram: one connected to its sender
// before one bound to the address, before one bound to any.
func (d *demux) udpSocket(local, remote netip.AddrPort) *UDPSocket {
	var best *UDPSocket
	bestScore := -1
	for _, u := range d.udp[local.Port()] {
		if !covers(u.local.Addr(), local.Addr()) {
			continue
		}
		score := exactness(u.local.Addr())
		if u.remote.IsValid() {
			if u.remote != remote {
				continue
			}
			score += 4
		}
		if score > bestScore {
			best, bestScore = u, score
		}
	}
	return best
}

// isUDPTaken reports whether a UDP socket overlaps with addr and port.
func (d *demux) isUDPTaken(addr netip.Addr, port uint16) bool {
	return slices.ContainsFunc(d.udp[port], func(u *UDPSocket) bool { return overlap(u.local.Addr(), addr) })
}

func (d *demux) addUDP(u *UDPSocket) {
	port := u.local.Port()
	d.udp[port] = append(d.udp[port], u)
	d.udpSockets++
}

func (d *demux) removeUDP(u *UDPSocket) {
	removeFrom(d.udp, u.local.Port(), u)
	d.udpSockets--
}

func removeFrom[T comparable](m map[uint16][]T, port uint16, v T) {
	list := m[port]
	if i := slices.Index(list, v); i >= 0 {
		list = slices.Delete(list, i, i+1)
	}
	if len(list) == 0 {
		delete(m, port)
	} else {
		m[port] = list
	}
}

// isReusable reports whether a connection that stands in the way of a new one with the
// same four-tuple may be thrown away: one in TIME-WAIT, as its timestamps
// keep old segments out of the new connection (RFC 6191 §2, RFC 7323 Appendix B).
func (s *Socket) isReusable() bool {
	return s.conn.State() == tcp.TimeWait && s.conn.Info().Timestamps
}
