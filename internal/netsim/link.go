package netsim

import (
	"net/netip"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tun/impair"
)

// Links, each of two lanes, and the routers that join them.

// A node is what stands at the end of a link: a Host or a Router.
type node interface {
	arrive(b *ip.Buffer)
	joined(out *Lane)
	reaches(dst netip.Addr, but *Lane) bool
}

// A Link says what a link between two nodes does. The zero Link is perfect and takes no time.
type Link struct {
	There, Back impair.Fault // from the first node to the second, and back
	MTU         int          // of both directions; 0 is 1500
}

// Join puts a link between two nodes and returns its two directions. A host has one link; a router has any number, and
// sends each packet where its destination is. Links must not make a circle. Join panics on a Fault that
// impair.Config.Check refuses.
func (n *Net) Join(a, b node, l Link) (there, back *Lane) {
	if l.MTU == 0 {
		l.MTU = 1500
	}
	there = n.lane(b, l.There, l.MTU)
	back = n.lane(a, l.Back, l.MTU)
	there.reverse, back.reverse = back, there
	a.joined(there)
	b.joined(back)
	return there, back
}

func (n *Net) lane(to node, f impair.Fault, mtu int) *Lane {
	l := &Lane{net: n, to: to, wire: impair.NewWire(f, n.seed, uint64(len(n.lanes))+1), MTU: mtu}
	n.lanes = append(n.lanes, l)
	return l
}

// A Lane is one direction of a link. Its fields may be changed at any time, and count for packets that are sent from
// then on.
type Lane struct {
	// MTU is the longest packet that passes. For a longer one an ICMP error goes back (RFC 1191, RFC 8201), unless
	// Silent is set: then it is a black hole.
	MTU    int
	Silent bool
	// Down loses everything.
	Down bool
	// Box, when set, is a middlebox that everything passes at the near end.
	Box Box

	// Lost counts packets lost by Down, and by MTU without an error. What else was lost is in Stats.
	Lost int

	net      *Net
	to       node
	reverse  *Lane
	wire     *impair.Wire
	deadline ip.Time
}

// A Box is a middlebox: it looks at a packet, may change it, and returns false when it is to be lost.
type Box func(now ip.Time, b *ip.Buffer) bool

// Stats returns what the lane has done to packets.
func (l *Lane) Stats() impair.Stats { return l.wire.Stats() }

// push takes a packet from the near end.
func (l *Lane) push(b *ip.Buffer) {
	if l.Down || len(b.Data) > l.MTU && l.Silent {
		l.Lost++
		b.Free()
		return
	}
	if len(b.Data) > l.MTU {
		l.tooBig(b)
		return
	}
	if l.Box != nil && !l.Box(l.net.now, b) {
		l.Lost++
		b.Free()
		return
	}
	l.carry(b)
}

// carry puts a packet on the wire.
func (l *Lane) carry(b *ip.Buffer) {
	l.wire.Push(l.net.now, b)
	l.deadline = l.wire.Deadline()
}

// The addresses that routers answer from.
var (
	router4 = netip.MustParseAddr("10.255.255.254")
	router6 = netip.MustParseAddr("fd00::ffff")
)

// tooBig sends an ICMP error back for a packet that is too long, RFC 1191 §4, RFC 4443 §3.2.
func (l *Lane) tooBig(b *ip.Buffer) {
	defer b.Free()
	var header ip.Header
	if ip.ParseHeader(b.Data, &header) != ip.NoDrop {
		return
	}
	router, proto := router4, ip.ProtoICMP
	if header.Version == 6 {
		router, proto = router6, ip.ProtoICMPv6
	}
	body, ok := ip.AppendICMPError(nil, router, ip.TooBig, l.MTU, b.Data, &header)
	if !ok {
		return
	}
	answer := ip.Header{Src: router, Dst: header.Src, Protocol: proto, TTL: 64}
	l.reverse.push(&ip.Buffer{Data: append(ip.AppendHeader(nil, &answer, len(body)), body...)})
}

// deliver hands over the next packet that has arrived.
func (l *Lane) deliver() {
	b := l.wire.Pop(l.net.now)
	l.deadline = l.wire.Deadline()
	if b != nil {
		l.to.arrive(b)
	}
}

// A Router sends packets on. It takes no time, and its queues are those of the lanes that leave it.
type Router struct {
	out    []*Lane
	routes map[netip.Addr]*Lane
}

// AddRouter adds a router.
func (n *Net) AddRouter() *Router { return &Router{routes: map[netip.Addr]*Lane{}} }

func (r *Router) joined(out *Lane) {
	r.out = append(r.out, out)
	clear(r.routes)
}

func (r *Router) arrive(b *ip.Buffer) {
	if l := r.route(destination(b.Data)); l != nil {
		l.push(b)
		return
	}
	b.Free()
}

// route returns the lane towards an address, nil when nobody has it.
func (r *Router) route(dst netip.Addr) *Lane {
	l, ok := r.routes[dst]
	if ok {
		return l
	}
	for _, out := range r.out {
		if out.to.reaches(dst, out.reverse) {
			l = out
		}
	}
	r.routes[dst] = l
	return l
}

// reaches reports whether an address is behind the router, without going back by a lane.
func (r *Router) reaches(dst netip.Addr, but *Lane) bool {
	for _, out := range r.out {
		if out != but && out.to.reaches(dst, out.reverse) {
			return true
		}
	}
	return false
}

// destination returns where a packet goes, the zero Addr when it does not say.
func destination(b []byte) netip.Addr {
	switch {
	case len(b) >= ip.HeaderLen4 && b[0]>>4 == 4:
		return netip.AddrFrom4([4]byte(b[16:20]))
	case len(b) >= ip.HeaderLen6 && b[0]>>4 == 6:
		return netip.AddrFrom16([16]byte(b[24:40]))
	}
	return netip.Addr{}
}
