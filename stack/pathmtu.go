package stack

import (
	"container/list"
	"net/netip"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// What routers have said about the MTU towards single destinations: RFC 1191, RFC 8201. Connections and datagrams share it.

const (
	// maxPaths bounds the destinations remembered, of each kind. Forgetting one costs a lost packet.
	maxPaths = 1024
	// loopbackMTU is that of the way from us to ourselves: the longest IPv4 packet.
	loopbackMTU = ip.MaxPacket
)

// pathMTUs remembers reports. Anybody can forge one about a datagram of a socket that is not connected, for any
// destination: such ones are kept apart, so that they neither slow down connections nor drive out what is better known.
type pathMTUs struct {
	proved  pathCache // quoting a segment in flight, or a connected socket's datagram
	hearsay pathCache
}

// A pathCache knows the paths to the destinations that were used last.
type pathCache struct {
	byDst  map[netip.Addr]*list.Element
	recent list.List // of *path; the one used last is first
}

type path struct {
	dst netip.Addr
	tcp.PathMTU
}

// get returns what is known of the path to dst.
func (c *pathCache) get(now ip.Time, dst netip.Addr) (tcp.PathMTU, bool) {
	e := c.byDst[dst]
	if e == nil {
		return tcp.PathMTU{}, false
	}
	p := e.Value.(*path)
	if !now.Before(p.Until) {
		c.recent.Remove(e)
		delete(c.byDst, dst)
		return tcp.PathMTU{}, false
	}
	c.recent.MoveToFront(e)
	return p.PathMTU, true
}

// put remembers a path. The one that was not used for longest makes room.
func (c *pathCache) put(dst netip.Addr, known tcp.PathMTU) {
	if e := c.byDst[dst]; e != nil {
		e.Value.(*path).PathMTU = known
		c.recent.MoveToFront(e)
		return
	}
	if c.recent.Len() >= maxPaths {
		oldest := c.recent.Remove(c.recent.Back()).(*path)
		delete(c.byDst, oldest.dst)
	}
	if c.byDst == nil {
		c.byDst = map[netip.Addr]*list.Element{}
	}
	c.byDst[dst] = c.recent.PushFront(&path{dst, known})
}

// pathMTU returns the longest packet that can go to dst.
func (h *Host) pathMTU(now ip.Time, dst netip.Addr) int {
	if h.addrs.own(dst) {
		return loopbackMTU
	}
	mtu := h.cfg.MTU
	for _, c := range []*pathCache{&h.paths.proved, &h.paths.hearsay} {
		if p, ok := c.get(now, dst); ok {
			mtu = min(mtu, p.MTU)
		}
	}
	return mtu
}

// seedPath tells a new connection what is known of its path.
func (h *Host) seedPath(now ip.Time, s *Socket) {
	if p, ok := h.paths.proved.get(now, s.key.remote.Addr()); ok {
		s.conn.LearnPathMTU(now, p)
	}
}

// connectionError hands an ICMP error to a connection, which knows whether to believe it. What it learns of its path, the other
// connections to the same destination hear, too (RFC 8201 §5.2).
func (h *Host) connectionError(now ip.Time, s *Socket, header *ip.Header, e *ip.ICMPError) {
	before := s.conn.PathMTU()
	believed := s.conn.ICMP(now, tcp.ICMPError{
		Cause: causeOf(e.Kind), Seq: tcp.Seq(e.Seq), TooBig: e.Kind == ip.TooBig, MTU: e.MTU, Size: e.Size,
	})
	if !believed {
		h.drop(now, nil, header, ip.DropICMPInvalid)
		return
	}
	h.touched(now, s)
	if p := s.conn.PathMTU(); p.Until > before.Until {
		h.learnPath(now, s.key.remote.Addr(), p)
	}
}

// learnPath remembers a path, and tells all connections there.
func (h *Host) learnPath(now ip.Time, dst netip.Addr, p tcp.PathMTU) {
	h.paths.proved.put(dst, p)
	for s := h.demux.peers[dst]; s != nil; s = s.nextThere {
		s.conn.LearnPathMTU(now, p)
		h.touched(now, s)
	}
}

// datagramTooBig takes a report about a datagram of u's. It must be longer than what the router says it can carry (RFC 5927 §7.2).
func (h *Host) datagramTooBig(now ip.Time, u *UDPSocket, e *ip.ICMPError) {
	dst := e.Remote.Addr()
	if e.Size <= e.MTU || h.tcp.MTUReports == tcp.MTUReportsProved {
		return
	}
	cache := &h.paths.hearsay
	if u.remote.IsValid() {
		cache = &h.paths.proved
	}
	old, ok := cache.get(now, dst)
	if !ok {
		old = tcp.PathMTU{MTU: h.cfg.MTU}
	}
	p, ok := h.tcp.Reported(now, old, dst.Is4(), e.MTU)
	switch {
	case !ok:
	case u.remote.IsValid():
		h.learnPath(now, dst, p)
	default:
		cache.put(dst, p)
	}
}
