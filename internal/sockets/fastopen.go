package sockets

import (
	"net/netip"
	"syscall"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/stack"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// TCP Fast Open: MSG_FASTOPEN, the four socket options, and net.ipv4.tcp_fastopen.

// Bits of net.ipv4.tcp_fastopen.
const (
	TFO_CLIENT_ENABLE          = 1
	TFO_SERVER_ENABLE          = 2
	TFO_CLIENT_NO_COOKIE       = 4     // text goes with a SYN without a cookie
	TFO_SERVER_COOKIE_NOT_REQD = 0x200 // and is taken so
	TFO_SERVER_WO_SOCKOPT1     = 0x400 // listeners take fast opens without TCP_FASTOPEN
)

// maxFastOpenQueue bounds TCP_FASTOPEN: net.core.somaxconn.
const maxFastOpenQueue = 4096

// SetFastOpen is net.ipv4.tcp_fastopen: bits as above. A new table has TFO_CLIENT_ENABLE.
func (t *Table) SetFastOpen(bits int) {
	t.fastOpen = bits
	for _, o := range t.objects {
		if s, ok := o.(*socket); ok && s.listener != nil {
			s.listenFast()
		}
	}
}

// SetFastOpenKeys is net.ipv4.tcp_fastopen_key.
func (t *Table) SetFastOpenKeys(k tcp.FastOpenKeys) { t.host.SetFastOpenKeys(k) }

// SetFastOpenPause is net.ipv4.tcp_fastopen_blackhole_timeout_sec: 0 means never to pause.
func (t *Table) SetFastOpenPause(d time.Duration) { t.host.FastOpenCache().Pause = d }

// FlushMetrics forgets what the host knows of its peers: "ip tcp_metrics flush".
func (t *Table) FlushMetrics() { t.host.FastOpenCache().Flush() }

// startFast chooses the queue of fast opens for a socket that begins to listen.
func (s *socket) startFast(backlog int) {
	const unasked = TFO_SERVER_ENABLE | TFO_SERVER_WO_SOCKOPT1
	k := option{SOL_TCP, TCP_FASTOPEN}
	if s.table.fastOpen&unasked == unasked && s.options.ints[k] == 0 {
		s.options.ints[k] = max(backlog, 0)
	}
	s.listenFast()
}

// listenFast tells a listener how it takes fast opens.
func (s *socket) listenFast() {
	bits := s.table.fastOpen
	f := tcp.FastOpenListen{NoCookie: bits&TFO_SERVER_COOKIE_NOT_REQD != 0 || s.options.get(SOL_TCP, TCP_FASTOPEN_NO_COOKIE) != 0}
	if bits&TFO_SERVER_ENABLE != 0 {
		f.Queue = min(s.options.get(SOL_TCP, TCP_FASTOPEN), maxFastOpenQueue)
	}
	if k := s.options.fastOpenKey; k != nil {
		keys := fastOpenKeys(k)
		f.Keys = &keys
	}
	s.listener.SetFastOpen(f)
}

// fastOpenKeys reads the value of TCP_FASTOPEN_KEY: 16 bytes, or 32 with a second key.
func fastOpenKeys(b []byte) tcp.FastOpenKeys {
	if len(b) == 32 {
		return tcp.NewFastOpenKeys(tcp.FastOpenKey(b), tcp.FastOpenKey(b[16:]))
	}
	return tcp.NewFastOpenKeys(tcp.FastOpenKey(b))
}

// fastOpenKey returns the value of TCP_FASTOPEN_KEY: the socket's own keys or the host's.
func (s *socket) fastOpenKey() []byte {
	if k := s.options.fastOpenKey; k != nil {
		return k
	}
	var b []byte
	keys := s.table.host.FastOpenKeys()
	for _, k := range keys.Keys() {
		b = append(b, k[:]...)
	}
	return b
}

// maySetFast refuses options of fast opens that the table, or the state of the socket, does not allow.
func (s *socket) maySetFast(k option) syscall.Errno {
	switch {
	case k == option{SOL_TCP, TCP_FASTOPEN_CONNECT} && s.table.fastOpen&TFO_CLIENT_ENABLE == 0:
		return syscall.EOPNOTSUPP
	case s.conn != nil && s.conn.Conn().State() != tcp.Closed, k.name == TCP_FASTOPEN_CONNECT && s.listener != nil:
		return syscall.EINVAL
	}
	return 0
}

// fastOpen prepares a connection that is opened by MSG_FASTOPEN or, deferred, by connect.
func (s *socket) fastOpen(c *tcp.Conn, deferred bool) {
	bits := s.table.fastOpen
	c.SetFastOpen(tcp.FastOpen{
		Cache:    s.table.host.FastOpenCache(),
		NoCookie: bits&TFO_CLIENT_NO_COOKIE != 0 || s.options.get(SOL_TCP, TCP_FASTOPEN_NO_COOKIE) != 0,
		Defer:    deferred,
	})
}

// sendFast does what a send does first that opens a connection, or goes with a SYN that waits. An error ends the call.
func (s *socket) sendFast(now ip.Time, w *writer) syscall.Errno {
	switch {
	case s.table.fastOpen&TFO_CLIENT_ENABLE == 0:
		return syscall.EOPNOTSUPP
	case s.phase == connected || s.listener != nil:
		return syscall.EISCONN
	case s.phase == unconnected && !w.m.Name.IsValid():
		return syscall.EINVAL
	case s.phase == unconnected:
		if errno := s.openWith(now, w.m.Name, func(c *tcp.Conn) { s.fastOpen(c, false) }); errno != 0 {
			return errno
		}
		w.busy = syscall.EINPROGRESS
	case s.phase == deferred:
		s.phase, w.busy = connecting, syscall.EINPROGRESS
	default:
		w.busy = syscall.EALREADY // the answer of a call that does not wait
	}
	w.fast = true
	return 0
}

// tryFast is the part of a send up to the end of the handshake. A call that does not wait gives the connection as much
// text as the SYN can carry; one that waits gives it all, so that what the SYN leaves goes with the ACK.
func (w *writer) tryFast(now ip.Time, c *tcp.Conn) (n int, errno syscall.Errno, done bool) {
	s := w.s
	if c.State() == tcp.SynSent && !w.begun {
		w.begun = true
		w.limit = c.FastOpenRoom(now)
		if !w.nonblock && s.options.sendTimeout == 0 {
			w.limit = w.length
		}
		w.fill(now, c)
		c.SendSyn()
		s.conn.Touch(now)
		w.limit = w.length
	}
	switch {
	case c.State() == tcp.Closed:
		s.phase = unconnected
		if errno := s.takeError(); errno != 0 {
			return -1, errno, true
		}
		return -1, syscall.ECONNABORTED, true
	case c.State().Synchronized():
		s.phase, w.fast = connected, false
		return 0, 0, false
	case w.nonblock && w.written > 0:
		n, errno := w.finish()
		return n, errno, true
	case w.nonblock:
		return -1, w.busy, true
	}
	return 0, 0, false
}

// isDeferred reports whether the SYN waits for text (TCP_FASTOPEN_CONNECT).
func (s *socket) isDeferred() bool { return s.phase == deferred && s.conn.Conn().SynHeld() }

// inHandshake reports whether text can neither be sent nor received yet. After a fast open by the peer it can.
func inHandshake(c *tcp.Conn) bool {
	return c.State() == tcp.SynSent || c.State() == tcp.SynReceived && !c.FastOpenPending()
}

// openWith starts the handshake of a connection that prepare, unless it is nil, is given first.
func (s *socket) openWith(now ip.Time, to netip.AddrPort, prepare func(*tcp.Conn)) syscall.Errno {
	if s.family == AF_INET && !to.Addr().Unmap().Is4() {
		return syscall.EAFNOSUPPORT
	}
	local := s.bound
	if local.Addr().IsUnspecified() {
		local = netip.AddrPortFrom(netip.Addr{}, local.Port())
	}
	var conn *stack.Socket
	conn, _, errno := s.table.host.ConnectWith(now, local, to, func(c *tcp.Conn) {
		s.options.apply(now, c)
		if prepare != nil {
			prepare(c)
		}
	})
	if errno != 0 {
		return errno
	}
	s.phase, s.err = connecting, 0
	s.adopt(now, conn)
	s.bound = conn.Conn().Local()
	return 0
}
