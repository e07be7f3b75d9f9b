package stack

import (
	"net/netip"
	"slices"
	"syscall"

	"github.com/sockeye-tcp/sockeye/ip"
)

// UDP: RFC 768, RFC 1122 §4.1.

// maxUDPPayload returns the longest payload of a datagram to addr: what fits into the longest packet.
func maxUDPPayload(addr netip.Addr) int {
	if addr.Is4() {
		return ip.MaxPacket - ip.HeaderLen4 - ip.UDPHeaderLen
	}
	return ip.MaxPacket - ip.HeaderLen6 - ip.UDPHeaderLen
}

// minKeptShare: a datagram that fills less than this share of its packet buffer is
// copied, so that small datagrams in a queue do not pin large buffers.
const minKeptShare = 4

// A UDPSocket sends and receives datagrams.
type UDPSocket struct {
	// Notify, when set, is called when Receive, Send or Err may have something
	// new to say. It must not call the host.
	Notify func()

	host     *Host
	local    netip.AddrPort // the zero Addr: any; unspecified: any of its family
	remote   netip.AddrPort // valid when connected
	queue    fifo[Datagram]
	received int // bytes in queue
	out      outbox
	err      syscall.Errno // reported once
	closed   bool
}

// A Datagram is one that was received. Its payload stays valid until Free,
// which may be called from any goroutine.
type Datagram struct {
	From, To netip.AddrPort
	Payload  []byte
	buf      *ip.Buffer
}

// Free gives the memory back.
func (d *Datagram) Free() {
	d.buf.Free()
	*d = Datagram{}
}

// BindUDP opens a UDP socket. The address in local may be zero (any), unspecified
// (any of its family) or one of ours; port 0 is chosen. A valid remote connects it: only
// datagrams from there are received. The errors are those of bind(2) and connect(2),
// with the name of the call.
func (h *Host) BindUDP(local, remote netip.AddrPort) (u *UDPSocket, call string, errno syscall.Errno) {
	local, remote = plainPort(local), plainPort(remote)
	if addr := local.Addr(); addr.IsValid() && !addr.IsUnspecified() && !h.addrs.own(addr) {
		return nil, "bind", syscall.EADDRNOTAVAIL
	}
	if remote.IsValid() {
		if local, call, errno = h.localAddr(local, remote.Addr()); errno != 0 {
			return nil, call, errno
		}
	}
	if h.demux.udpSockets >= maxUDPSockets {
		return nil, "socket", syscall.ENFILE
	}
	port, errno := h.bindUDP(local.Addr(), local.Port())
	if errno != 0 {
		return nil, "bind", errno
	}
	u = &UDPSocket{host: h, local: netip.AddrPortFrom(local.Addr(), port), remote: remote}
	u.out.host, u.out.drained = h, u.notify
	h.demux.addUDP(u)
	return u, "", 0
}

// Local returns the address that the socket is bound to; the zero Addr is any.
func (u *UDPSocket) Local() netip.AddrPort { return u.local }

// Remote returns the address that the socket is connected to, if any.
func (u *UDPSocket) Remote() netip.AddrPort { return u.remote }

// Close closes the socket. Datagrams that wait to be sent are sent.
func (u *UDPSocket) Close() {
	if u.closed {
		return
	}
	u.closed = true
	u.host.demux.removeUDP(u)
	for u.queue.len() > 0 {
		d := u.queue.pop()
		d.Free()
	}
}

// Receive returns the datagram that has waited longest.
func (u *UDPSocket) Receive() (Datagram, bool) {
	if u.queue.len() == 0 {
		return Datagram{}, false
	}
	d := u.queue.pop()
	u.received -= len(d.Payload)
	return d, true
}

// Err returns what an ICMP error has said about an earlier datagram, once; 0 for nothing.
func (u *UDPSocket) Err() syscall.Errno {
	err := u.err
	u.err = 0
	return err
}

// Room reports whether Send would take a datagram now.
func (u *UDPSocket) Room() bool { return u.out.bytes < udpBuffer }

// Compose makes the datagram that carries payload to a destination. It copies the payload and touches
// nothing that changes: callers need not hold what guards the host.
func (u *UDPSocket) Compose(payload []byte, to netip.AddrPort) (m OutDatagram, errno syscall.Errno) {
	to = plainPort(to)
	if len(payload) > maxUDPPayload(to.Addr()) {
		return m, syscall.EMSGSIZE
	}
	if to.Port() == 0 || !to.Addr().IsValid() {
		return m, syscall.EINVAL
	}
	src := u.local.Addr()
	if !src.IsValid() || src.IsUnspecified() {
		var ok bool
		if src, ok = u.host.addrs.source(to.Addr()); !ok {
			return m, syscall.ENETUNREACH
		}
	}
	if src.Is4() != to.Addr().Is4() || to.Addr().IsLoopback() {
		return m, syscall.ENETUNREACH
	}
	b := make([]byte, ip.UDPHeaderLen+len(payload))
	copy(b[ip.UDPHeaderLen:], payload)
	ip.AppendUDPHeader(b[:0], netip.AddrPortFrom(src, u.local.Port()), to, b[ip.UDPHeaderLen:])
	return OutDatagram{message{ip.Header{Src: src, Dst: to.Addr(), Protocol: ip.ProtoUDP}, b}}, 0
}

// An OutDatagram is a datagram that is ready to be sent.
type OutDatagram struct{ m message }

// Send queues a datagram. There must be Room.
func (u *UDPSocket) Send(d OutDatagram) {
	d.m.header.ID = u.host.random.Uint32() // in case it is cut; RFC 7739 §5.1: unpredictable
	u.host.stats.OutDatagrams++
	u.out.push(d.m)
}

func (u *UDPSocket) notify() {
	if u.Notify != nil {
		u.Notify()
	}
}

// arriveUDP takes a UDP datagram in.
func (h *Host) arriveUDP(now ip.Time, b *ip.Buffer, header *ip.Header) {
	var d ip.UDP
	if drop := ip.ParseUDP(header.Payload(b.Data), header.Src, header.Dst, b.ChecksumOK, &d); drop != ip.NoDrop {
		h.drop(now, b, header, drop)
		return
	}
	local := netip.AddrPortFrom(header.Dst, d.DstPort)
	remote := netip.AddrPortFrom(header.Src, d.SrcPort)
	u := h.demux.udpSocket(local, remote)
	if u == nil {
		header.Report = ip.PortUnreachable // RFC 1122 §4.1.3.1
		h.refuse(now, b, header, ip.DropNoPort)
		return
	}
	if size := int(b.GSOSize); size > 0 && size < len(d.Payload) {
		for text := range slices.Chunk(d.Payload, size) { // a device has merged many
			h.queueUDP(now, u, Datagram{From: remote, To: local, Payload: text}, nil, header)
		}
		b.Free()
	} else {
		h.queueUDP(now, u, Datagram{From: remote, To: local, Payload: d.Payload}, b, header)
	}
	u.notify()
}

// queueUDP gives a socket a datagram, if there is room. It is copied unless b is there to hold it alone and it fills a
// good part of that.
func (h *Host) queueUDP(now ip.Time, u *UDPSocket, d Datagram, b *ip.Buffer, header *ip.Header) {
	if u.received+len(d.Payload) > udpBuffer || u.queue.len() >= maxUDPQueue {
		h.drop(now, b, header, ip.DropQueueFull)
		return
	}
	if b == nil || len(d.Payload)*minKeptShare < cap(b.Data) {
		d.Payload = append([]byte(nil), d.Payload...)
		b.Free()
	} else {
		d.buf = b
	}
	h.stats.InDatagrams++
	u.received += len(d.Payload)
	u.queue.push(d)
}

// maxUDPQueue bounds the datagrams that wait in a socket, whatever their size.
const maxUDPQueue = 4096

// udpError tells a socket of an ICMP error. Only a connected one hears of it: the others could
// not tell which of their destinations it is about (RFC 1122 §4.1.3.3; Linux does the same).
func (h *Host) udpError(now ip.Time, u *UDPSocket, e *ip.ICMPError) {
	if e.Kind == ip.TooBig {
		h.datagramTooBig(now, u, e)
		return
	}
	if u.remote.IsValid() && e.Kind.IsHard() {
		u.err = CauseErrno(causeOf(e.Kind))
		u.notify()
	}
}
