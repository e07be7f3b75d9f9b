package stack

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// A TCP connection as package net has it: its life from dial to close.

// A Conn is a TCP connection. It is a net.Conn and has the methods of *net.TCPConn that a stack
// in user space can have; all of them may be called from any goroutine. Errors are *net.OpError,
// like those of package net.
type Conn struct {
	net           *Net
	sock          *Socket
	network       string
	local, remote net.Addr

	events
	// Guarded by Net.mu:
	errTaken  bool          // what ended the connection has been reported; see pendingError
	shut      bool          // CloseRead
	linger    time.Duration // see SetLinger; negative: close in the background
	keepAlive tcp.KeepAlive
}

var _ net.Conn = (*Conn)(nil)

// newConn makes the net.Conn of a socket. The caller holds n.mu.
func (n *Net) newConn(sock *Socket, network string) *Conn {
	c := &Conn{
		net:       n,
		sock:      sock,
		network:   network,
		local:     net.TCPAddrFromAddrPort(sock.key.local),
		remote:    net.TCPAddrFromAddrPort(sock.key.remote),
		linger:    -1,
		keepAlive: defaultKeepAlive,
	}
	c.events.init()
	sock.Notify = c.changed
	sock.conn.SetNoDelay(true) // the default of package net
	n.conns[c] = true
	return c
}

// changed hears from the host, with Net.mu held.
func (c *Conn) changed(what tcp.Change) {
	if what&(tcp.ChangeReadable|tcp.ChangeState) != 0 {
		c.read.notify()
	}
	if what&(tcp.ChangeWritable|tcp.ChangeState) != 0 {
		c.write.notify()
	}
}

// dialTCP opens a connection to one address. The error is not wrapped yet.
func (d *Dialer) dialTCP(ctx context.Context, network string, local, remote netip.AddrPort) (*Conn, error) {
	n := d.Net
	n.mu.Lock()
	if err := n.down(); err != nil {
		n.mu.Unlock()
		return nil, err
	}
	now := n.now()
	var prepare func(*tcp.Conn)
	if d.FastOpen {
		prepare = n.prepareFast
	}
	sock, call, errno := n.host.ConnectWith(now, local, remote, prepare)
	if errno != 0 {
		n.mu.Unlock()
		return nil, syscallError(call, errno)
	}
	c := n.newConn(sock, network)
	c.remote = net.TCPAddrFromAddrPort(remote) // with its zone, as the caller wrote it
	c.startKeepAlive(d.KeepAlive, d.KeepAliveConfig)
	n.pumpOut(now)
	n.mu.Unlock()
	if d.FastOpen && c.isDeferred() {
		return c, nil
	}
	if err := c.connected(ctx); err != nil {
		c.abandon()
		return nil, err
	}
	return c, nil
}

// connected waits until the handshake is over.
func (c *Conn) connected(ctx context.Context) error {
	for {
		if ctx.Err() != nil {
			return contextError(ctx.Err())
		}
		if done, err := c.handshake(); done || err != nil {
			return err
		}
		select {
		case <-c.write.news:
		case <-c.closed:
		case <-ctx.Done():
		}
	}
}

// handshake reports whether the handshake is over, and how it failed.
func (c *Conn) handshake() (done bool, err error) {
	c.net.mu.Lock()
	defer c.net.mu.Unlock()
	if c.isClosed {
		return true, c.reason
	}
	if err := c.pendingError("connect"); err != nil {
		return true, err
	}
	return c.sock.conn.State().Synchronized(), nil
}

// abandon gives up a connection whose handshake has failed or is not wanted any more.
func (c *Conn) abandon() {
	n := c.net
	n.mu.Lock()
	defer n.mu.Unlock()
	c.events.close(net.ErrClosed)
	delete(n.conns, c)
	now := n.now()
	c.sock.Abort(now)
	n.pumpOut(now)
}

// pendingError returns what ended the connection as the error of a system call, the first time it is asked,
// and nil from then on, as SO_ERROR does. The caller holds Net.mu.
func (c *Conn) pendingError(call string) error {
	if c.errTaken {
		return nil
	}
	errno := EndErrno(c.sock.conn)
	if errno == 0 {
		return nil
	}
	c.errTaken = true
	return syscallError(call, errno)
}

// LocalAddr returns our address, a *net.TCPAddr.
func (c *Conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr returns the peer's address, a *net.TCPAddr.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// Close closes the connection. It does not block: what was written is still delivered, and the stack
// finishes the connection on its own; see SetLinger for other ways. Received data that was
// not read makes it a reset (RFC 9293 §3.6.1). Blocked calls return net.ErrClosed.
func (c *Conn) Close() error {
	n := c.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if c.isClosed {
		return c.opError("close", net.ErrClosed)
	}
	c.events.close(net.ErrClosed)
	delete(n.conns, c)
	now := n.now()
	if c.linger == 0 {
		c.sock.Abort(now)
	} else {
		c.sock.Close(now)
	}
	c.sock.Notify = nil // nobody waits for this connection any more
	n.pumpOut(now)
	if c.linger > 0 {
		c.waitLinger()
	}
	return nil
}

// waitLinger waits until the peer has acknowledged everything, FIN included, or
// the time is over; either way the connection goes on in the background.
func (c *Conn) waitLinger() {
	n := c.net
	over := false
	timer := time.AfterFunc(c.linger, func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		over = true
		n.idle.Broadcast()
	})
	defer timer.Stop()
	for !over && !n.closed && n.failure == nil && !isDelivered(c.sock.conn.State()) {
		n.idle.Wait()
	}
}

// isDelivered reports whether nothing of ours can be unacknowledged in a state after Close.
func isDelivered(s tcp.State) bool {
	return s == tcp.FinWait2 || s == tcp.TimeWait || s == tcp.Closed
}

// CloseWrite sends a FIN behind what was written. Reading goes on; writes return EPIPE.
func (c *Conn) CloseWrite() error {
	return c.shutdown(func() {
		c.sock.conn.CloseWrite(c.net.now())
		c.write.notify()
	})
}

// CloseRead ends reading: reads return io.EOF once what has arrived was read. The peer is not told.
func (c *Conn) CloseRead() error {
	return c.shutdown(func() {
		c.shut = true
		c.read.notify()
	})
}

// shutdown runs half of a close. On a connection that has ended it is ENOTCONN, as in shutdown(2).
func (c *Conn) shutdown(half func()) error {
	n := c.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if c.isClosed {
		return c.opError("close", net.ErrClosed)
	}
	if c.sock.conn.State() == tcp.Closed {
		return c.opError("close", syscallError("shutdown", syscall.ENOTCONN))
	}
	half()
	now := n.now()
	c.sock.Touch(now)
	n.pumpOut(now)
	return nil
}

// Info returns what the stack knows about the connection, in the spirit of Linux's TCP_INFO. It works
// after Close as well.
func (c *Conn) Info() tcp.Info {
	c.net.mu.Lock()
	defer c.net.mu.Unlock()
	return c.sock.conn.Info()
}

// File is not possible: no file descriptor is behind the connection. It returns
// an error that wraps errors.ErrUnsupported.
func (c *Conn) File() (*os.File, error) { return nil, c.opError("file", errors.ErrUnsupported) }

// SyscallConn is not possible: see File.
func (c *Conn) SyscallConn() (syscall.RawConn, error) {
	return nil, c.opError("raw-control", errors.ErrUnsupported)
}
