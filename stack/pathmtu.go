package stack

import (
	"net/netip"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// What routers have said about the MTU towards single destinations: RFC 1191, RFC 8201.
// Connections keep their own path MTU; this is for datagrams.

const (
	// maxPaths bounds the destinations remembered. Forgetting one costs a lost datagram.
	maxPaths = 256
	// pathLifetime is how long a report holds: RFC 1191 §6.3, RFC 8201 §5.3, ten minutes.
	pathLifetime = 10 * time.Minute
	// loopbackMTU is that of the way from us to ourselves: the longest IPv4 packet.
	loopbackMTU = ip.MaxPacket
)

// pathMTUs remembers reports.
type pathMTUs struct {
	byDst map[netip.Addr]path
}

type path struct {
	mtu     int
	expires ip.Time
}

// learn takes a report. One that raises the MTU is ignored (RFC 8201 §4).
func (m *pathMTUs) learn(now ip.Time, dst netip.Addr, mtu int) {
	if old, ok := m.byDst[dst]; ok && old.mtu <= mtu && now.Before(old.expires) {
		return
	}
	if len(m.byDst) >= maxPaths {
		clear(m.byDst)
	}
	if m.byDst == nil {
		m.byDst = map[netip.Addr]path{}
	}
	m.byDst[dst] = path{mtu, now.Add(pathLifetime)}
}

// pathMTU returns the longest packet that can go to dst.
func (h *Host) pathMTU(now ip.Time, dst netip.Addr) int {
	if h.addrs.own(dst) {
		return loopbackMTU
	}
	if len(h.paths.byDst) > 0 {
		if p, ok := h.paths.byDst[dst]; ok && now.Before(p.expires) {
			return min(p.mtu, h.cfg.MTU)
		}
	}
	return h.cfg.MTU
}
