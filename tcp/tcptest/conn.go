package tcptest

import "github.com/sockeye-tcp/sockeye/tcp"

// The application on the host: listeners and connections.

// A Listener waits for connections on port 8080 of the host.
type Listener struct {
	host *Host
	fd   int
}

// Listen opens a listener. The next SYN that is injected is for it.
func (h *Host) Listen() *Listener {
	h.t.Helper()
	l := &Listener{h, h.socket()}
	h.call("setsockopt(%d, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0", l.fd)
	h.call("bind(%d, ..., ...) = 0", l.fd)
	h.call("listen(%d, 16) = 0", l.fd)
	return l
}

// Accept returns the connection that was established first. It fails the test when there is none.
func (l *Listener) Accept() *Conn {
	l.host.t.Helper()
	l.host.fd++
	fd := l.host.fd
	l.host.call("accept(%d, ..., ...) = %d", l.fd, fd)
	l.host.call("fcntl(%d, F_SETFL, O_RDWR|O_NONBLOCK) = 0", fd)
	return &Conn{l.host, fd}
}

// Close closes the listener, and resets connections that were not accepted.
func (l *Listener) Close() {
	l.host.t.Helper()
	l.host.call("close(%d) = 0", l.fd)
}

// A Conn is a connection as the application on the host has it. No method blocks.
type Conn struct {
	host *Host
	fd   int
}

// Dial opens a connection to the test: the host sends its SYN.
func (h *Host) Dial() *Conn {
	h.t.Helper()
	c := &Conn{h, h.socket()}
	h.call("connect(%d, ..., ...) = -1 EINPROGRESS", c.fd)
	return c
}

// socket opens a socket that does not block.
func (h *Host) socket() int {
	h.t.Helper()
	h.fd++
	h.call("socket(..., SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = %d", h.fd)
	return h.fd
}

// Write writes n bytes of the pattern, and fails the test unless the host takes them all.
func (c *Conn) Write(n int) {
	c.host.t.Helper()
	c.host.call("write(%d, ..., %d) = %d", c.fd, n, n)
}

// Read reads n bytes, which must have arrived, and compares them with what the peer has sent.
func (c *Conn) Read(n int) {
	c.host.t.Helper()
	c.host.call("read(%d, ..., %d) = %d", c.fd, n, n)
}

// ReadEOF fails the test unless the peer's FIN is next.
func (c *Conn) ReadEOF() {
	c.host.t.Helper()
	c.host.call("read(%d, ..., 1) = 0", c.fd)
}

// ReadError reads and fails the test unless the error is the one named: "EAGAIN" when nothing is there,
// "ECONNRESET" after a RST, "ECONNREFUSED", "ETIMEDOUT", ...
func (c *Conn) ReadError(errno string) {
	c.host.t.Helper()
	c.host.call("read(%d, ..., 1) = -1 %s", c.fd, errno)
}

// WriteError writes and fails the test unless the error is the one named: "EPIPE" after a close, "EAGAIN" when the
// send buffer is full, ...
func (c *Conn) WriteError(errno string) {
	c.host.t.Helper()
	c.host.call("write(%d, ..., 1) = -1 %s", c.fd, errno)
}

// CloseWrite ends writing with a FIN (RFC 9293 §3.6).
func (c *Conn) CloseWrite() {
	c.host.t.Helper()
	c.host.call("shutdown(%d, SHUT_WR) = 0", c.fd)
}

// Close closes both directions: FIN, or RST when something is unread.
func (c *Conn) Close() {
	c.host.t.Helper()
	c.host.call("close(%d) = 0", c.fd)
}

// Abort ends the connection with a RST (RFC 9293 §3.10.5).
func (c *Conn) Abort() {
	c.host.t.Helper()
	c.host.call("setsockopt(%d, SOL_SOCKET, SO_LINGER, {onoff=1, linger=0}, 8) = 0", c.fd)
	c.host.call("close(%d) = 0", c.fd)
}

// SetNoDelay switches Nagle's algorithm off or on.
func (c *Conn) SetNoDelay(on bool) {
	c.host.t.Helper()
	n := 0
	if on {
		n = 1
	}
	c.host.call("setsockopt(%d, IPPROTO_TCP, TCP_NODELAY, [%d], 4) = 0", c.fd, n)
}

// State returns the state of the connection. It is known after Close as well, until the host forgets the connection.
func (c *Conn) State() tcp.State { return c.host.session.State(c.fd) }

// WantState fails the test unless the connection is in a state.
func (c *Conn) WantState(want tcp.State) {
	c.host.t.Helper()
	if got := c.State(); got != want {
		c.host.t.Fatalf("the connection is in %s, want %s\n\n%s", got, want, c.host.Ladder())
	}
}

// Info returns what the host knows about the connection, in the spirit of Linux's TCP_INFO. The zero Info stands for a
// connection that is no more.
func (c *Conn) Info() tcp.Info {
	if s := c.host.session.Socket(c.fd); s != nil {
		return s.Conn().Info()
	}
	return tcp.Info{}
}

// Vars returns the variables of the connection under their RFC names, with the numbers of the wire.
func (c *Conn) Vars() tcp.Vars {
	if s := c.host.session.Socket(c.fd); s != nil {
		return s.Conn().Vars()
	}
	return tcp.Vars{}
}
