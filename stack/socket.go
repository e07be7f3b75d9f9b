package stack

import (
	"net/netip"
	"syscall"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// A TCP connection as the host sees it.

// A Socket is one TCP connection of a host. Calls go to Conn and must be followed by Touch.
type Socket struct {
	// Notify, when set, hears of changes. It is called in the middle of an input
	// and must not call the host.
	Notify func(tcp.Change)

	host      *Host
	conn      *tcp.Conn
	key       tuple
	flowLabel uint32
	state     tcp.State // as it was last announced
	passive   bool
	opened    bool          // has been synchronized
	listener  *ListenSocket // of a connection that Accept has not returned yet
	fastFrom  *ListenSocket // of one whose SYN had text, as long as it is in the handshake
	waits     bool          // in the queue of senders
	gone      bool          // forgotten by the host

	nextThere, prevThere *Socket // connections to the same address

	timerAt  ip.Time // place in the timer heap; zero: not in it
	timerPos int
}

// Conn returns the connection's machine.
func (s *Socket) Conn() *tcp.Conn { return s.conn }

// Touch must follow every call on Conn that is an input.
func (s *Socket) Touch(now ip.Time) { s.host.touched(now, s) }

// Close closes the connection as tcp.Conn.Close does and lets it finish on its own.
func (s *Socket) Close(now ip.Time) {
	s.conn.Close(now)
	s.Touch(now)
}

// Abort ends the connection with a RST.
func (s *Socket) Abort(now ip.Time) {
	s.conn.Abort(now)
	s.Touch(now)
}

// Socket returns the connection between two addresses, accepted or not; nil when the host knows of none.
func (h *Host) Socket(local, remote netip.AddrPort) *Socket {
	return h.demux.conns[tuple{plainPort(local), plainPort(remote)}]
}

// Connect starts a connection to remote. In local both the address and the port may be zero: they are
// chosen (MUST-43, MUST-44), and stay for as long as the connection lives (MUST-45). The errors are those of bind(2) and connect(2), with the name of the call.
func (h *Host) Connect(now ip.Time, local, remote netip.AddrPort) (s *Socket, call string, errno syscall.Errno) {
	return h.ConnectWith(now, local, remote, nil)
}

// ConnectWith is Connect that gives the new connection to prepare, unless it is nil, before it is opened: for options
// that the handshake depends on. prepare must not call the host.
func (h *Host) ConnectWith(now ip.Time, local, remote netip.AddrPort, prepare func(*tcp.Conn)) (s *Socket, call string, errno syscall.Errno) {
	local, remote = plainPort(local), plainPort(remote)
	local, call, errno = h.localAddr(local, remote.Addr())
	if errno != 0 {
		return nil, call, errno
	}
	if h.addrs.broadcast(remote.Addr()) || remote.Addr().IsUnspecified() {
		return nil, "connect", syscall.ENETUNREACH // MUST-46, in Linux's words
	}
	if len(h.demux.conns) >= maxSockets {
		return nil, "socket", syscall.ENFILE
	}
	call = "connect"
	if local.Port() != 0 {
		call = "bind"
	}
	if local, errno = h.localPort(local, remote); errno != 0 {
		return nil, call, errno
	}
	if old := h.demux.conns[tuple{local, remote}]; old != nil {
		h.forget(old) // in TIME-WAIT: localPort has made sure
	}
	s = h.newSocket(tuple{local, remote}, tcp.New(h.tcp, local, remote, h.cfg.MTU), false)
	h.stats.ActiveOpens++
	h.seedPath(now, s)
	if prepare != nil {
		prepare(s.conn)
	}
	s.conn.Open(now)
	h.touched(now, s)
	return s, "", 0
}

// localAddr fills in the address to send to dst from, or checks the one that the caller wants.
func (h *Host) localAddr(local netip.AddrPort, dst netip.Addr) (netip.AddrPort, string, syscall.Errno) {
	addr := local.Addr()
	if !addr.IsValid() || addr.IsUnspecified() {
		src, ok := h.addrs.source(dst)
		if !ok || dst.IsLoopback() {
			return local, "connect", syscall.ENETUNREACH
		}
		return netip.AddrPortFrom(src, local.Port()), "", 0
	}
	if !h.addrs.own(addr) {
		return local, "bind", syscall.EADDRNOTAVAIL
	}
	if addr.Is4() != dst.Is4() || dst.IsLoopback() {
		return local, "connect", syscall.ENETUNREACH
	}
	return local, "", 0
}

// newSocket makes a connection known to the host.
func (h *Host) newSocket(key tuple, conn *tcp.Conn, passive bool) *Socket {
	s := &Socket{host: h, conn: conn, key: key, passive: passive, flowLabel: h.random.Uint32() & 0xfffff}
	if o := h.cfg.Offload; o.TSO(key.remote.Addr().Is4()) {
		s.conn.SetGSO(min(o.MaxGSO, ip.MaxPacket))
	}
	h.demux.addConn(s)
	return s
}

// announce tells everybody who wants to know what has changed.
func (s *Socket) announce(now ip.Time) {
	changes := s.conn.TakeChanges()
	if changes == 0 {
		return
	}
	if to := s.conn.State(); to != s.state {
		s.host.countState(s, s.state, to)
		s.state = to
		s.opened = s.opened || to.Synchronized()
		if s.listener != nil {
			s.listener.childChanged(s)
		}
		s.served(now)
	}
	if s.Notify != nil {
		s.Notify(changes)
	}
}

// forget ends the host's part in a connection. Its owner may still read what was received.
func (h *Host) forget(s *Socket) {
	if s.gone {
		return
	}
	s.gone = true
	h.timers.remove(s)
	h.demux.removeConn(s)
	h.countState(s, s.state, tcp.Closed)
	if s.listener != nil {
		s.listener.childGone(s)
	}
}
