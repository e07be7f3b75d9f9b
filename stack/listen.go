package stack

import (
	"net/netip"
	"syscall"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Listening: what tcp.Listener is for one port, brought to the host's sockets. RFC 9293
// §3.10.7.2, MUST-41 and MUST-42.

// A ListenSocket waits for connections. Its backlog bounds those being opened, and
// those that wait for Accept; SYNs beyond it are dropped, so that their senders
// try again, as in Linux.
type ListenSocket struct {
	// Notify, when set, is called when Accept may return something new. It must not call the host.
	Notify func()
	// Prepare, when set, is given each new connection before its SYN, to set options that the
	// handshake depends on. It must not call the host.
	Prepare func(*tcp.Conn)

	host     *Host
	machine  *tcp.Listener
	addr     netip.Addr // zero: any; unspecified: any of its family
	port     uint16
	children map[*tcp.Conn]*Socket // that nobody has accepted
	backlog  int
	closed   bool
}

// Listen opens a listener. The zero Addr listens on all addresses, an unspecified one on all of its
// family; port 0 is chosen. A backlog of 0 means the largest, 4096. The errors
// are those of bind(2) and listen(2), with the name of the call.
func (h *Host) Listen(addr netip.Addr, port uint16, backlog int) (l *ListenSocket, call string, errno syscall.Errno) {
	addr = plain(addr)
	if addr.IsValid() && !addr.IsUnspecified() && !h.addrs.own(addr) {
		return nil, "bind", syscall.EADDRNOTAVAIL
	}
	port, errno = h.bindListener(addr, port)
	if errno != 0 {
		return nil, "bind", errno
	}
	if backlog <= 0 || backlog > maxBacklog {
		backlog = maxBacklog
	}
	l = &ListenSocket{host: h, addr: addr, port: port, backlog: backlog, children: map[*tcp.Conn]*Socket{}}
	l.machine = tcp.NewListener(h.tcp, backlog)
	l.machine.Prepare = func(c *tcp.Conn) {
		if l.Prepare != nil {
			l.Prepare(c)
		}
	}
	h.demux.addListener(l)
	return l, "", 0
}

// Addr returns the address as it was given to Listen, zero for any, and the port.
func (l *ListenSocket) Addr() (netip.Addr, uint16) { return l.addr, l.port }

// Accept returns the connection that has waited longest, or nil when there is none.
// It may have ended already.
func (l *ListenSocket) Accept() *Socket {
	c := l.machine.Accept()
	if c == nil {
		return nil
	}
	s := l.children[c]
	delete(l.children, c)
	s.listener = nil
	return s
}

// Pending returns how many connections wait for Accept.
func (l *ListenSocket) Pending() int {
	_, ready := l.machine.Pending()
	return ready
}

// Backlog returns the most connections that may wait.
func (l *ListenSocket) Backlog() int { return l.backlog }

// Close stops listening. Connections that nobody has accepted are reset, as in Linux.
func (l *ListenSocket) Close(now ip.Time) {
	if l.closed {
		return
	}
	l.closed = true
	l.host.demux.removeListener(l)
	for _, c := range l.machine.Close(now) {
		s := l.children[c]
		s.listener = nil
		s.Touch(now)
	}
	clear(l.children)
}

// arriveListener handles a segment for a listener that belongs to no connection yet.
func (h *Host) arriveListener(now ip.Time, l *ListenSocket, key tuple, seg *tcp.Segment) {
	const rule = "RFC 9293 §3.10.7.2"
	switch {
	case seg.Flags.Has(tcp.SYN) && (key.remote.Port() == 0 || key.remote == key.local):
		h.dropSegment(now, key, seg, ip.DropInvalidAddress, "RFC 9293 §3.9.2.3, MUST-63")
		return
	case len(h.demux.conns) >= maxSockets:
		h.dropSegment(now, key, seg, ip.DropMemory, rule)
		return
	}
	conn, drop := l.machine.Arrive(now, key.local, key.remote, h.cfg.MTU, seg)
	switch {
	case conn != nil:
		s := h.newSocket(key, conn, true)
		s.listener = l
		h.seedPath(now, s)
		if conn.FastOpenPending() {
			s.fastFrom = l
		}
		l.children[conn] = s
		h.touched(now, s)
	case drop == ip.DropBadHandshake && seg.Flags.Has(tcp.ACK):
		h.rejectSegment(now, key, seg, drop, rule+", second")
	default:
		h.dropSegment(now, key, seg, drop, rule+listenStep(seg))
	}
}

// childChanged follows a connection that nobody has accepted yet. One that ends in the
// accept queue stays there: whoever accepts it finds out.
func (l *ListenSocket) childChanged(s *Socket) {
	if l.machine.Update(s.conn) {
		s.opened = true // to be accepted, though perhaps still in the handshake
		l.host.stats.PassiveOpens++
		if l.Notify != nil {
			l.Notify()
		}
	}
}

// childGone forgets a connection whose handshake has failed.
func (l *ListenSocket) childGone(s *Socket) {
	if !s.opened {
		delete(l.children, s.conn)
		s.listener = nil
	}
}
