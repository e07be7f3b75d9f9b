package stack

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
)

// UDP as package net has it.

// A PacketConn sends and receives UDP datagrams. It is a net.PacketConn and a
// net.Conn, as *net.UDPConn is; Read and Write are for one that was dialed. All methods may be called
// from any goroutine. At most 208 KiB wait to be read; what comes beyond that is dropped.
type PacketConn struct {
	net           *Net
	sock          *UDPSocket
	network       string
	local, remote net.Addr // remote is nil unless dialed
	events
}

var (
	_ net.Conn       = (*PacketConn)(nil)
	_ net.PacketConn = (*PacketConn)(nil)
)

// ListenPacket receives UDP datagrams: network is "udp", "udp4" or "udp6", the address has the form
// host:port. An empty host means all addresses of the stack, port 0 a free one. The result is a *PacketConn.
func (n *Net) ListenPacket(network, address string) (net.PacketConn, error) {
	t, err := n.resolve(context.Background(), n.resolver, network, address)
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Err: err}
	}
	if t.isTCP() {
		err := &net.AddrError{Err: "unexpected address type", Addr: address}
		return nil, &net.OpError{Op: "listen", Net: network, Addr: t.shown(), Err: err}
	}
	p, err := n.openUDP(network, netip.AddrPortFrom(t.bindAddr(), t.port), netip.AddrPort{})
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Addr: t.shown(), Err: err}
	}
	return p, nil
}

// openUDP opens a UDP socket; a valid remote connects it. The error is not wrapped yet.
func (n *Net) openUDP(network string, local, remote netip.AddrPort) (*PacketConn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.down(); err != nil {
		return nil, err
	}
	sock, call, errno := n.host.BindUDP(local, remote)
	if errno != 0 {
		return nil, syscallError(call, errno)
	}
	p := &PacketConn{
		net: n, sock: sock, network: network,
		local: endpoint(network, n.boundAddr(sock.local.Addr()), sock.local.Port()),
	}
	p.events.init()
	if remote.IsValid() {
		p.remote = net.UDPAddrFromAddrPort(remote)
	}
	sock.Notify = func() {
		p.read.notify()
		p.write.notify()
	}
	n.packets[p] = true
	return p, nil
}

// Read reads the next datagram, for a PacketConn that was dialed or not. What does not fit into b is lost.
func (p *PacketConn) Read(b []byte) (int, error) {
	n, _, err := p.receive(b, true)
	if err != nil {
		err = p.opError("read", err)
	}
	return n, err
}

// ReadFrom reads the next datagram and says who sent it, as a *net.UDPAddr. What does not fit into b is lost.
func (p *PacketConn) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := p.ReadFromUDPAddrPort(b)
	if err != nil {
		return n, nil, err
	}
	return n, net.UDPAddrFromAddrPort(from), nil
}

// ReadFromUDPAddrPort is ReadFrom with an address that costs no allocation.
func (p *PacketConn) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	n, from, err := p.receive(b, false)
	if err != nil {
		err = p.opError("read", err)
	}
	return n, from, err
}

// receive waits for a datagram. With stream, reading into an empty slice returns at once, as
// package net has it for Read but not for ReadFrom.
func (p *PacketConn) receive(b []byte, stream bool) (int, netip.AddrPort, error) {
	var none netip.AddrPort
	if err := p.enter(&p.read); err != nil {
		return 0, none, err
	}
	defer p.read.leave()
	if stream && len(b) == 0 {
		return 0, none, nil
	}
	if err := p.check(&p.read); err != nil {
		return 0, none, err
	}
	for {
		d, ok, err := p.next()
		if err != nil {
			return 0, none, err
		}
		if ok {
			n, from := copy(b, d.Payload), d.From
			d.Free()
			return n, from, nil
		}
		if err := p.wait(&p.read); err != nil {
			return 0, none, err
		}
	}
}

// next takes a datagram out of the queue, or the error that an ICMP message has brought.
func (p *PacketConn) next() (d Datagram, ok bool, err error) {
	p.net.mu.Lock()
	defer p.net.mu.Unlock()
	if err := p.state("read"); err != nil {
		return d, false, err
	}
	d, ok = p.sock.Receive()
	return d, ok, nil
}

// state returns what stands in the way of an operation. The caller holds Net.mu.
func (p *PacketConn) state(call string) error {
	if p.isClosed {
		return p.reason
	}
	if errno := p.sock.Err(); errno != 0 {
		return syscallError(call, errno)
	}
	return nil
}

// Write sends a datagram to the address that was dialed.
func (p *PacketConn) Write(b []byte) (int, error) {
	var err error
	if p.remote == nil {
		err = syscallError("write", syscall.EDESTADDRREQ)
	} else {
		err = p.send("write", b, p.sock.remote)
	}
	if err != nil {
		return 0, p.opError("write", err)
	}
	return len(b), nil
}

// WriteTo sends a datagram to a *net.UDPAddr.
func (p *PacketConn) WriteTo(b []byte, addr net.Addr) (int, error) {
	to, ok := addr.(*net.UDPAddr)
	switch {
	case !ok:
		return 0, p.writeError(addr, syscall.EINVAL)
	case to == nil:
		return 0, p.writeError(nil, errMissingAddress)
	}
	return p.writeTo(b, to.AddrPort(), addr)
}

// WriteToUDPAddrPort is WriteTo with an address that costs no allocation.
func (p *PacketConn) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	return p.writeTo(b, to, nil)
}

func (p *PacketConn) writeTo(b []byte, to netip.AddrPort, shown net.Addr) (int, error) {
	var err error
	if p.remote != nil {
		err = net.ErrWriteToConnected
	} else {
		err = p.send("sendto", b, to)
	}
	if err == nil {
		return len(b), nil
	}
	if shown == nil {
		shown = net.UDPAddrFromAddrPort(to)
	}
	return 0, p.writeError(shown, err)
}

// send queues a datagram; it blocks while too many wait for the device.
func (p *PacketConn) send(call string, b []byte, to netip.AddrPort) error {
	if err := p.enter(&p.write); err != nil {
		return err
	}
	defer p.write.leave()
	if err := p.check(&p.write); err != nil {
		return err
	}
	if local := p.sock.local.Addr(); local.IsValid() && local.Is4() && !to.Addr().Unmap().Is4() {
		return &net.AddrError{Err: "non-IPv4 address", Addr: to.Addr().String()}
	}
	d, errno := p.sock.Compose(b, to)
	if errno != 0 {
		return syscallError(call, errno)
	}
	for {
		if sent, err := p.queue(call, d); sent || err != nil {
			return err
		}
		if err := p.wait(&p.write); err != nil {
			return err
		}
	}
}

func (p *PacketConn) queue(call string, d OutDatagram) (sent bool, err error) {
	n := p.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := p.state(call); err != nil || !p.sock.Room() {
		return false, err
	}
	p.sock.Send(d)
	n.pumpOut(n.now())
	return true, nil
}

// Close closes the socket. Blocked calls return net.ErrClosed.
func (p *PacketConn) Close() error {
	n := p.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if p.isClosed {
		return p.opError("close", net.ErrClosed)
	}
	p.events.close(net.ErrClosed)
	delete(n.packets, p)
	p.sock.Close()
	return nil
}

// LocalAddr returns our address, a *net.UDPAddr.
func (p *PacketConn) LocalAddr() net.Addr { return p.local }

// RemoteAddr returns the address that was dialed, a *net.UDPAddr, or nil.
func (p *PacketConn) RemoteAddr() net.Addr { return p.remote }

// SetDeadline sets both deadlines; see net.Conn.
func (p *PacketConn) SetDeadline(t time.Time) error {
	return setError(p.network, p.local, p.setDeadlines(t, &p.read, &p.write))
}

// SetReadDeadline sets the deadline of reads; see net.Conn.
func (p *PacketConn) SetReadDeadline(t time.Time) error {
	return setError(p.network, p.local, p.setDeadlines(t, &p.read))
}

// SetWriteDeadline sets the deadline of writes; see net.Conn.
func (p *PacketConn) SetWriteDeadline(t time.Time) error {
	return setError(p.network, p.local, p.setDeadlines(t, &p.write))
}

// File is not possible: no file descriptor is behind the connection. It returns
// an error that wraps errors.ErrUnsupported.
func (p *PacketConn) File() (*os.File, error) { return nil, p.opError("file", errors.ErrUnsupported) }

// SyscallConn is not possible: see File.
func (p *PacketConn) SyscallConn() (syscall.RawConn, error) {
	return nil, p.opError("raw-control", errors.ErrUnsupported)
}

func (p *PacketConn) opError(op string, err error) error {
	return &net.OpError{Op: op, Net: p.network, Source: p.local, Addr: p.remote, Err: err}
}

func (p *PacketConn) writeError(to net.Addr, err error) error {
	return &net.OpError{Op: "write", Net: p.network, Source: p.local, Addr: to, Err: err}
}
