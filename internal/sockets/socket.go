package sockets

import (
	"net/netip"
	"syscall"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/stack"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Sockets: from socket(2) to close(2).

// A socket is a TCP socket: at first nothing, then a listener or one end of a connection.
type socket struct {
	descriptor
	table    *Table
	family   int
	listener *stack.ListenSocket
	conn     *stack.Socket  // nil: no connection yet
	bound    netip.AddrPort // zero: not bound
	accepted bool
	phase    phase
	options  options

	err       syscall.Errno // what SO_ERROR reports, and the next call
	soft      tcp.Cause     // the connection's last soft error
	shutRead  bool          // by shutdown
	shutWrite bool
	noSpace   bool // somebody found no room to write
	errors    errorQueue
	sent      marks
	watched   bool // in table.watched
}

// A phase is how far connect has come.
type phase uint8

const (
	unconnected phase = iota
	deferred          // connect has returned, but the SYN waits for text (TCP_FASTOPEN_CONNECT)
	connecting
	connected
)

// Socket is socket(2): SOCK_STREAM or SOCK_DGRAM over AF_INET or AF_INET6, with SOCK_NONBLOCK and SOCK_CLOEXEC.
func (t *Table) Socket(family, kind, protocol int) (int, syscall.Errno) {
	flags := kind & (SOCK_NONBLOCK | SOCK_CLOEXEC)
	switch kind &^= flags; {
	case family != AF_INET && family != AF_INET6:
		return -1, syscall.EAFNOSUPPORT
	case kind == SOCK_DGRAM && (protocol == 0 || protocol == IPPROTO_UDP):
		d := &datagrams{table: t, family: family, options: newOptions(t)}
		d.access, d.nonblock = O_RDWR, flags&SOCK_NONBLOCK != 0
		return t.add(d)
	case kind == SOCK_DGRAM:
		return -1, syscall.EPROTONOSUPPORT
	case kind != SOCK_STREAM:
		return -1, syscall.ESOCKTNOSUPPORT
	case protocol != 0 && protocol != IPPROTO_TCP:
		return -1, syscall.EPROTONOSUPPORT
	}
	s := &socket{table: t, family: family, options: newOptions(t)}
	s.access, s.nonblock = O_RDWR, flags&SOCK_NONBLOCK != 0
	return t.add(s)
}

// Bind is bind(2). The port 0 is chosen when the socket listens or connects.
func (t *Table) Bind(fd int, to netip.AddrPort) syscall.Errno {
	if d := t.udp(fd); d != nil {
		return d.bind(to)
	}
	s, errno := t.socket(fd)
	switch {
	case errno != 0:
		return errno
	case s.bound.IsValid() || s.conn != nil || s.listener != nil:
		return syscall.EINVAL
	}
	to = netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
	if !to.Addr().IsUnspecified() && !t.owns(to.Addr()) {
		return syscall.EADDRNOTAVAIL
	}
	if t.isTaken(s, to) {
		return syscall.EADDRINUSE
	}
	s.bound = to
	return 0
}

// owns reports whether an address is the host's.
func (t *Table) owns(a netip.Addr) bool {
	for _, p := range t.host.Addrs() {
		if p.Addr() == a {
			return true
		}
	}
	return false
}

// isTaken reports whether another socket stands in the way of binding s: a listener on the port,
// or a socket that is bound to it, unless both have SO_REUSEADDR.
func (t *Table) isTaken(s *socket, to netip.AddrPort) bool {
	if to.Port() == 0 {
		return false
	}
	for _, o := range t.objects {
		other, ok := o.(*socket)
		if !ok || other == s || other.hasLetGo() || other.bound.Port() != to.Port() || !overlap(other.bound.Addr(), to.Addr()) {
			continue
		}
		shared := s.options.get(SOL_SOCKET, SO_REUSEADDR) != 0 && other.options.get(SOL_SOCKET, SO_REUSEADDR) != 0
		if other.listener != nil || !shared {
			return true
		}
	}
	return false
}

// hasLetGo reports whether a socket that was accepted has given its port up, because its connection has ended.
func (s *socket) hasLetGo() bool { return s.accepted && s.conn.Conn().State() == tcp.Closed }

// overlap reports whether sockets bound to a and b would get each other's segments.
func overlap(a, b netip.Addr) bool { return a == b || a.IsUnspecified() || b.IsUnspecified() }

// Listen is listen(2).
func (t *Table) Listen(fd, backlog int) syscall.Errno {
	s, errno := t.socket(fd)
	switch {
	case errno != 0:
		return t.notTCP(fd, syscall.EOPNOTSUPP)
	case s.conn != nil:
		return syscall.EINVAL
	case s.listener != nil:
		return 0
	}
	addr := s.bound.Addr()
	if addr == netip.IPv6Unspecified() && s.options.get(SOL_IPV6, IPV6_V6ONLY) == 0 {
		addr = netip.Addr{} // takes IPv4 as well
	}
	// Linux takes one connection more than it is told.
	l, _, errno := t.host.Listen(addr, s.bound.Port(), max(backlog, 0)+1)
	if errno != 0 {
		return errno
	}
	s.listener = l
	s.startFast(backlog)
	_, port := l.Addr()
	s.bound = netip.AddrPortFrom(s.bound.Addr(), port)
	l.Notify = func() { s.wake(POLLIN | POLLRDNORM) }
	l.Prepare = func(c *tcp.Conn) { s.options.apply(0, c) }
	return 0
}

// Accept is accept4(2): its value is the new descriptor. from, unless nil, gets the peer's
// address once the call has succeeded. flags are SOCK_NONBLOCK and SOCK_CLOEXEC.
func (t *Table) Accept(now ip.Time, fd, flags int, from *netip.AddrPort) *Call {
	s, errno := t.socket(fd)
	switch {
	case errno != 0:
		return failed(t.notTCP(fd, syscall.EOPNOTSUPP))
	case s.listener == nil:
		return failed(syscall.EINVAL)
	}
	c := s.receiving(now, 0)
	c.try = func(now ip.Time) (int, syscall.Errno, bool) {
		if s.listener == nil {
			return -1, syscall.EINVAL, true
		}
		if s.listener.Pending() == 0 {
			return 0, 0, false
		}
		child := &socket{table: t, family: s.family, accepted: true, phase: connected, options: s.options.inherit()}
		child.access, child.nonblock = O_RDWR, flags&SOCK_NONBLOCK != 0
		n, errno := t.add(child)
		if errno != 0 {
			return -1, errno, true
		}
		child.adopt(now, s.listener.Accept())
		child.bound = child.conn.Conn().Local()
		if from != nil {
			*from = child.conn.Conn().Remote()
		}
		return n, 0, true
	}
	return c.begin(now)
}

// adopt makes conn the socket's connection. It may have ended already.
func (s *socket) adopt(now ip.Time, conn *stack.Socket) {
	s.conn = conn
	conn.Notify = s.changed
	if c := conn.Conn(); c.State() == tcp.Closed {
		s.err = stack.EndErrno(c)
	}
	s.sent.begin(conn.Conn())
	s.options.apply(now, conn.Conn())
	s.watch()
	conn.Touch(now)
}

// changed hears what an input has done to the connection. It wakes whoever polls.
func (s *socket) changed(what tcp.Change) {
	c := s.conn.Conn()
	events := 0
	if what&tcp.ChangeState != 0 {
		if c.State() == tcp.Closed {
			s.err = stack.EndErrno(c)
		}
		events = anyEvent
	}
	if what&tcp.ChangeReadable != 0 {
		events |= POLLIN | POLLRDNORM | POLLRDBAND
	}
	if what&tcp.ChangeUrgent != 0 {
		events |= POLLPRI
	}
	if what&tcp.ChangeWritable != 0 && s.noSpace && s.hasRoom() {
		s.noSpace = false
		events |= POLLOUT | POLLWRNORM | POLLWRBAND
	}
	s.wake(events)
}

// wake tells epolls what may have become ready.
func (s *socket) wake(events int) {
	if events != 0 {
		s.epolls.wake(events)
	}
}

// takeError returns the pending error and forgets it, as every call does that reports one.
func (s *socket) takeError() syscall.Errno {
	errno := s.err
	s.err = 0
	return errno
}

// Shutdown is shutdown(2).
func (t *Table) Shutdown(now ip.Time, fd, how int) syscall.Errno {
	s, errno := t.socket(fd)
	switch {
	case errno != 0:
		return t.notTCP(fd, syscall.ENOTCONN)
	case how < SHUT_RD || how > SHUT_RDWR:
		return syscall.EINVAL
	case s.listener != nil:
		if how != SHUT_WR {
			s.listener.Close(now)
			s.listener = nil
		}
		return 0
	case s.conn == nil || s.conn.Conn().State() == tcp.Closed:
		return syscall.ENOTCONN
	}
	c := s.conn.Conn()
	if c.State() == tcp.SynSent && how != SHUT_WR {
		s.conn.Close(now)
		s.phase = unconnected
		return 0
	}
	s.shutRead = s.shutRead || how != SHUT_WR
	if how != SHUT_RD {
		s.shutWrite = true
		c.CloseWrite(now)
		s.conn.Touch(now)
	}
	s.wake(anyEvent)
	return 0
}

// close ends the socket. With SO_LINGER and a time it waits until the peer has everything.
func (s *socket) close(now ip.Time) *Call {
	if s.listener != nil {
		s.listener.Close(now)
		return over(0, 0)
	}
	if s.conn == nil {
		return over(0, 0)
	}
	linger := s.options.linger
	if linger.OnOff != 0 && linger.Linger == 0 {
		s.conn.Abort(now)
		return over(0, 0)
	}
	s.conn.Close(now)
	if linger.OnOff == 0 { // O_NONBLOCK makes no difference
		return over(0, 0)
	}
	c := &Call{until: now.Add(time.Duration(linger.Linger) * time.Second)}
	c.late = func() *Call { return over(0, 0) }
	c.try = func(ip.Time) (int, syscall.Errno, bool) {
		switch s.conn.Conn().State() {
		case tcp.FinWait1, tcp.Closing, tcp.LastAck:
			return 0, 0, false
		}
		return 0, 0, true
	}
	return c.begin(now)
}
