package sockets

import (
	"net/netip"
	"syscall"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/stack"
)

// UDP sockets.

// A datagrams is a UDP socket.
type datagrams struct {
	descriptor
	table   *Table
	family  int
	local   netip.AddrPort // as bound
	remote  netip.AddrPort // as connected
	sock    *stack.UDPSocket
	head    *stack.Datagram // the next one, when it has been looked at
	err     syscall.Errno   // the pending error, when it has been looked at
	options options
}

// notTCP returns the error for a descriptor that is no TCP socket, where only one will do.
func (t *Table) notTCP(fd int, otherwise syscall.Errno) syscall.Errno {
	switch t.objects[fd].(type) {
	case nil:
		return syscall.EBADF
	case *datagrams:
		return otherwise
	}
	return syscall.ENOTSOCK
}

// udp returns the UDP socket behind a descriptor; nil when there is none.
func (t *Table) udp(fd int) *datagrams {
	d, _ := t.objects[fd].(*datagrams)
	return d
}

// open binds the socket, anew if it was bound before.
func (d *datagrams) open(local, remote netip.AddrPort) syscall.Errno {
	if d.sock != nil {
		d.sock.Close()
		d.sock = nil
	}
	if local.Addr().IsUnspecified() && d.family == AF_INET6 && d.options.get(SOL_IPV6, IPV6_V6ONLY) == 0 {
		local = netip.AddrPortFrom(netip.Addr{}, local.Port())
	}
	sock, _, errno := d.table.host.BindUDP(local, remote)
	if errno != 0 {
		return errno
	}
	sock.Notify = func() { d.epolls.wake(anyEvent) }
	d.sock, d.local, d.remote = sock, sock.Local(), remote
	return 0
}

// bind is bind(2).
func (d *datagrams) bind(to netip.AddrPort) syscall.Errno {
	if d.sock != nil {
		return syscall.EINVAL
	}
	return d.open(netip.AddrPortFrom(to.Addr().Unmap(), to.Port()), netip.AddrPort{})
}

// connect is connect(2): it only notes where to. The zero AddrPort undoes it.
func (d *datagrams) connect(to netip.AddrPort) syscall.Errno {
	return d.open(d.local, netip.AddrPortFrom(to.Addr().Unmap(), to.Port()))
}

// pending returns what an ICMP error has said, and takeError forgets it.
func (d *datagrams) pending() syscall.Errno {
	if d.err == 0 && d.sock != nil {
		d.err = d.sock.Err()
	}
	return d.err
}

func (d *datagrams) takeError() syscall.Errno {
	errno := d.pending()
	d.err = 0
	return errno
}

// send is sendmsg(2).
func (d *datagrams) send(now ip.Time, m *Message, flags int) *Call {
	to := m.Name
	if !to.IsValid() {
		to = d.remote
	}
	if !to.IsValid() {
		return failed(syscall.EDESTADDRREQ)
	}
	if d.sock == nil {
		if errno := d.open(netip.AddrPort{}, netip.AddrPort{}); errno != 0 {
			return failed(errno)
		}
	}
	parts, _ := rest(m.IOV, 0)
	var text []byte
	for _, p := range parts {
		text = append(text, p...)
	}
	if len(text) < total(m.IOV) {
		return failed(syscall.EFAULT)
	}
	c := d.waiting(flags)
	c.try = func(ip.Time) (int, syscall.Errno, bool) {
		if errno := d.takeError(); errno != 0 {
			return -1, errno, true
		}
		if !d.sock.Room() {
			return 0, 0, false
		}
		out, errno := d.sock.Compose(text, to)
		if errno == 0 {
			d.sock.Send(out)
		}
		return len(text), errno, true
	}
	return c.begin(now)
}

// next returns the datagram that has waited longest, and leaves it there.
func (d *datagrams) next() *stack.Datagram {
	if d.head == nil && d.sock != nil {
		if got, ok := d.sock.Receive(); ok {
			d.head = &got
		}
	}
	return d.head
}

// receive is recvmsg(2): one datagram, cut to the caller's room.
func (d *datagrams) receive(now ip.Time, m *Message, flags int) *Call {
	c := d.waiting(flags)
	c.try = func(ip.Time) (int, syscall.Errno, bool) {
		if errno := d.takeError(); errno != 0 {
			return -1, errno, true
		}
		got := d.next()
		if got == nil {
			return 0, 0, false
		}
		parts, bad := rest(m.IOV, 0)
		if bad && len(got.Payload) > 0 {
			return -1, syscall.EFAULT, true
		}
		n, length := 0, len(got.Payload)
		for _, p := range parts {
			n += copy(p, got.Payload[n:])
		}
		m.Name = got.From
		if n < length {
			m.Flags |= MSG_TRUNC
			if flags&MSG_TRUNC != 0 {
				n = length
			}
		}
		if flags&MSG_PEEK == 0 {
			got.Free()
			d.head = nil
		}
		return n, 0, true
	}
	return c.begin(now)
}

func (d *datagrams) waiting(flags int) *Call {
	c := new(Call)
	if d.nonblock || flags&MSG_DONTWAIT != 0 {
		c.busy = syscall.EAGAIN
	}
	return c
}

// setOption and getOption keep numbers; nothing depends on them.
func (d *datagrams) setOption(k option, value []byte) syscall.Errno {
	n, ok := ParseInt(value)
	if !ok {
		return syscall.EINVAL
	}
	if k.level == SOL_TCP {
		return syscall.ENOPROTOOPT
	}
	n, errno := k.check(n)
	if errno == 0 {
		d.options.ints[k] = n
	}
	return errno
}

func (d *datagrams) getOption(k option) (int, syscall.Errno) {
	switch k {
	case option{SOL_SOCKET, SO_ERROR}:
		return int(d.takeError()), 0
	case option{SOL_SOCKET, SO_TYPE}:
		return SOCK_DGRAM, 0
	case option{SOL_SOCKET, SO_PROTOCOL}:
		return IPPROTO_UDP, 0
	case option{SOL_SOCKET, SO_DOMAIN}:
		return d.family, 0
	}
	if _, ok := rules[k]; !ok || k.level == SOL_TCP {
		return 0, syscall.ENOPROTOOPT
	}
	return d.options.get(k.level, k.name), 0
}

// poll returns what is ready.
func (d *datagrams) poll() int {
	ready := 0
	if d.next() != nil {
		ready |= POLLIN | POLLRDNORM
	}
	if d.pending() != 0 {
		ready |= POLLERR
	}
	if d.sock == nil || d.sock.Room() {
		ready |= POLLOUT | POLLWRNORM | POLLWRBAND
	}
	return ready
}

func (d *datagrams) close(ip.Time) *Call {
	if d.head != nil {
		d.head.Free()
	}
	if d.sock != nil {
		d.sock.Close()
	}
	return over(0, 0)
}
