package stack

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"
	"time"
)

// net.Listener over the stack.

// A Listener accepts TCP connections. It is a net.Listener and has the methods of
// *net.TCPListener that make sense; all may be called from any goroutine.
//
// At most 4096 connections wait to be accepted. SYNs beyond that are dropped, so that their senders
// try again.
type Listener struct {
	net     *Net
	sock    *ListenSocket
	network string
	addr    net.Addr
	events  // reading is accepting
}

var _ net.Listener = (*Listener)(nil)

// Listen listens for TCP connections: network is "tcp", "tcp4" or "tcp6", the address has the form
// host:port. An empty host means all addresses of the stack, port 0 a free one; see Addr.
func (n *Net) Listen(network, address string) (net.Listener, error) {
	t, err := n.resolve(context.Background(), n.resolver, network, address)
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Err: err}
	}
	if !t.isTCP() {
		err := &net.AddrError{Err: "unexpected address type", Addr: address}
		return nil, &net.OpError{Op: "listen", Net: network, Addr: t.shown(), Err: err}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.down(); err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Addr: t.shown(), Err: err}
	}
	sock, call, errno := n.host.Listen(t.bindAddr(), t.port, 0)
	if errno != 0 {
		return nil, &net.OpError{Op: "listen", Net: network, Addr: t.shown(), Err: syscallError(call, errno)}
	}
	l := &Listener{
		net: n, sock: sock, network: network,
		addr: endpoint(network, n.boundAddr(sock.addr), sock.port),
	}
	l.events.init()
	sock.Notify = l.read.notify
	n.listens[l] = true
	return l, nil
}

// Accept waits for the next connection and returns it, a *Conn.
func (l *Listener) Accept() (net.Conn, error) {
	c, err := l.AcceptTCP()
	if err != nil {
		return nil, err
	}
	return c, nil
}

// AcceptTCP is Accept with the connection's own type.
func (l *Listener) AcceptTCP() (*Conn, error) {
	c, err := l.accept()
	if err != nil {
		return nil, l.opError("accept", err)
	}
	return c, nil
}

func (l *Listener) accept() (*Conn, error) {
	if err := l.enter(&l.read); err != nil {
		return nil, err
	}
	defer l.read.leave()
	if err := l.check(&l.read); err != nil {
		return nil, err
	}
	for {
		if c := l.next(); c != nil {
			return c, nil
		}
		if err := l.wait(&l.read); err != nil {
			return nil, err
		}
	}
}

// next returns a connection that waits to be accepted, or nil.
func (l *Listener) next() *Conn {
	n := l.net
	n.mu.Lock()
	defer n.mu.Unlock()
	sock := l.sock.Accept()
	if sock == nil {
		return nil
	}
	c := n.newConn(sock, l.network)
	c.startKeepAlive(0, net.KeepAliveConfig{})
	now := n.now()
	sock.Touch(now)
	n.pumpOut(now)
	return c
}

// Close stops listening. A blocked Accept returns net.ErrClosed, and connections that
// nobody has accepted are reset. Accepted ones live on.
func (l *Listener) Close() error {
	n := l.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if l.isClosed {
		return l.opError("close", net.ErrClosed)
	}
	l.events.close(net.ErrClosed)
	delete(n.listens, l)
	now := n.now()
	l.sock.Close(now)
	n.pumpOut(now)
	return nil
}

// Addr returns the address that is listened on, with the true port, a *net.TCPAddr.
func (l *Listener) Addr() net.Addr { return l.addr }

// SetDeadline sets the deadline of Accept; the zero Time means none.
func (l *Listener) SetDeadline(t time.Time) error { return l.setDeadlines(t, &l.read) }

// File is not possible: no file descriptor is behind the listener. It returns
// an error that wraps errors.ErrUnsupported.
func (l *Listener) File() (*os.File, error) { return nil, l.opError("file", errors.ErrUnsupported) }

// SyscallConn is not possible: see File.
func (l *Listener) SyscallConn() (syscall.RawConn, error) {
	return nil, l.opError("raw-control", errors.ErrUnsupported)
}

func (l *Listener) opError(op string, err error) error {
	return &net.OpError{Op: op, Net: l.network, Addr: l.addr, Err: err}
}
