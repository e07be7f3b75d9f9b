package sockets

import (
	"net/netip"
	"syscall"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// connect(2), and the addresses of a connection.

// Connect is connect(2). The zero AddrPort (AF_UNSPEC) ends the connection.
func (t *Table) Connect(now ip.Time, fd int, to netip.AddrPort) *Call {
	if d := t.udp(fd); d != nil {
		errno := d.connect(to)
		return over(0, errno)
	}
	s, errno := t.socket(fd)
	switch {
	case errno != 0:
		return failed(errno)
	case !to.IsValid():
		s.disconnect(now)
		return over(0, 0)
	case s.listener != nil || s.phase == connected || s.phase == deferred:
		return failed(syscall.EISCONN)
	}
	busy := syscall.EALREADY
	if s.phase == unconnected {
		if errno := s.open(now, to); errno != 0 {
			return failed(errno)
		}
		if s.phase == deferred {
			return over(0, 0)
		}
		busy = syscall.EINPROGRESS
	}
	c := s.sending(now, 0)
	if c.busy != 0 {
		c.busy = busy
	}
	c.late = func() *Call { return failed(busy) }
	c.try = s.tryConnect
	return c.begin(now)
}

// open starts the handshake, or with TCP_FASTOPEN_CONNECT lets it wait for text.
func (s *socket) open(now ip.Time, to netip.AddrPort) syscall.Errno {
	if s.options.get(SOL_TCP, TCP_FASTOPEN_CONNECT) == 0 {
		return s.openWith(now, to, nil)
	}
	errno := s.openWith(now, to, func(c *tcp.Conn) { s.fastOpen(c, true) })
	if errno == 0 && s.conn.Conn().SynHeld() {
		s.phase = deferred
	}
	return errno
}

// tryConnect asks how the opening goes.
func (s *socket) tryConnect(ip.Time) (int, syscall.Errno, bool) {
	state := s.conn.Conn().State()
	switch {
	case state == tcp.Closed:
		s.phase = unconnected
		if errno := s.takeError(); errno != 0 {
			return -1, errno, true
		}
		return -1, syscall.ECONNABORTED, true
	case state.Synchronized():
		s.phase = connected
		return 0, 0, true
	}
	return 0, 0, false
}

// disconnect gives the connection up, or stops listening, so that the socket can be used again.
func (s *socket) disconnect(now ip.Time) {
	if s.conn != nil {
		s.conn.Notify = nil
		s.conn.Abort(now)
	}
	if s.listener != nil {
		s.listener.Close(now)
	}
	s.sent = marks{} // nobody will hear of it
	s.listener, s.conn, s.phase, s.err, s.shutRead, s.shutWrite = nil, nil, unconnected, 0, false, false
	s.wake(anyEvent)
}

// LocalAddr is getsockname(2).
func (t *Table) LocalAddr(fd int) (netip.AddrPort, syscall.Errno) {
	if d := t.udp(fd); d != nil {
		return d.local, 0
	}
	s, errno := t.socket(fd)
	switch {
	case errno != 0:
		return netip.AddrPort{}, errno
	case s.conn != nil:
		return s.conn.Conn().Local(), 0
	case s.bound.IsValid():
		return s.bound, 0
	case s.family == AF_INET:
		return netip.AddrPortFrom(netip.IPv4Unspecified(), 0), 0
	}
	return netip.AddrPortFrom(netip.IPv6Unspecified(), 0), 0
}

// RemoteAddr is getpeername(2).
func (t *Table) RemoteAddr(fd int) (netip.AddrPort, syscall.Errno) {
	if d := t.udp(fd); d != nil && d.remote.IsValid() {
		return d.remote, 0
	} else if d != nil {
		return d.remote, syscall.ENOTCONN
	}
	s, errno := t.socket(fd)
	switch {
	case errno != 0:
		return netip.AddrPort{}, errno
	case s.conn == nil || s.phase != connected && !s.conn.Conn().State().Synchronized():
		return netip.AddrPort{}, syscall.ENOTCONN
	}
	return s.conn.Conn().Remote(), 0
}

// Family returns the address family of a socket, which says how its addresses are written.
func (t *Table) Family(fd int) int {
	if s, errno := t.socket(fd); errno == 0 {
		return s.family
	}
	if d := t.udp(fd); d != nil {
		return d.family
	}
	return AF_UNSPEC
}
