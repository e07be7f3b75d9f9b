package packetdrill

import (
	"net/netip"
	"syscall"
	"time"

	"github.com/sockeye-tcp/sockeye/stack"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// File descriptors: sockets with the rules of Linux, over the calls of the host.

// A file is an open socket.
type file struct {
	flow     *flow
	listener *stack.ListenSocket
	waiting  []*stack.Socket // taken from the listener, and not yet accepted: poll has looked
	sock     *stack.Socket
	bound    netip.AddrPort // zero: not bound
	nonblock bool
	options  options

	connected bool // connect has returned success
	errTaken  bool // what ended the connection has been reported
	shutRead  bool
	readAt    int // bytes read so far
}

// options are what setsockopt has set. They go to the connection when there is one.
type options struct {
	noDelay     bool
	keepAlive   tcp.KeepAlive
	userTimeout time.Duration
	linger      time.Duration // negative: off
	tos, ttl    uint8
}

// apply gives all options to the connection.
func (f *file) apply(r *runner) {
	if f.sock == nil {
		return
	}
	c, o := f.sock.Conn(), f.options
	c.SetNoDelay(o.noDelay)
	if o.keepAlive.Enable {
		c.SetKeepAlive(r.now, o.keepAlive)
	}
	c.SetUserTimeout(o.userTimeout)
	c.SetTOS(o.tos)
	c.SetTTL(o.ttl)
	f.sock.Touch(r.now)
}

// takeError returns what ended the connection, the first time it is asked, as SO_ERROR does.
func (f *file) takeError() syscall.Errno {
	if f.sock == nil || f.errTaken {
		return 0
	}
	errno := endOf(f.sock.Conn())
	f.errTaken = errno != 0
	return errno
}

// callSocket makes a socket and a connection that is under test from now on.
func callSocket(r *runner, a *arguments) *attempt {
	a.count(3)
	if kind := a.number(1) &^ constants["SOCK_NONBLOCK"] &^ constants["SOCK_CLOEXEC"]; kind != constants["SOCK_STREAM"] {
		a.fail("only SOCK_STREAM is supported")
	}
	t := immediately(0, 0)
	t.opened = &file{flow: r.newFlow(flow{}), nonblock: a.number(1)&constants["SOCK_NONBLOCK"] != 0, options: options{linger: -1}}
	return t
}

// address reads a socket address: "..." is the default.
func (a *arguments) address(i int, otherwise netip.AddrPort) netip.AddrPort {
	e := a.list[i]
	if e.Kind == ExprEllipsis {
		return otherwise
	}
	port, addr := a.field(e, "sin_port"), a.field(e, "sin_addr")
	if port.Kind == ExprApply && port.Text == "htons" && len(port.List) == 1 {
		port = port.List[0]
	}
	ap := otherwise.Addr()
	if addr.Kind == ExprApply && len(addr.List) == 1 && addr.List[0].Kind == ExprString {
		parsed, err := netip.ParseAddr(addr.List[0].Text)
		if err != nil {
			a.fail("%q is not an IP address", addr.List[0].Text)
		}
		ap = parsed
	}
	return netip.AddrPortFrom(ap, uint16(a.value(port)))
}

// callBind notes the address. The host hears of it with listen or connect, so that a port
// which is taken is found out there, as in Linux with SO_REUSEADDR.
func callBind(r *runner, a *arguments) *attempt {
	a.count(3)
	f := a.file(0)
	switch {
	case f == nil:
		return immediately(0, syscall.EBADF)
	case f.bound.IsValid():
		return immediately(0, syscall.EINVAL)
	}
	to := a.address(1, netip.AddrPortFrom(r.set.local, r.set.port))
	if to.Addr() != r.set.local && !to.Addr().IsUnspecified() {
		return immediately(0, syscall.EADDRNOTAVAIL)
	}
	f.bound = to
	return immediately(0, 0)
}

// callListen opens the listener.
func callListen(r *runner, a *arguments) *attempt {
	a.count(2)
	f := a.file(0)
	switch {
	case f == nil:
		return immediately(0, syscall.EBADF)
	case f.sock != nil:
		return immediately(0, syscall.EINVAL)
	case f.listener != nil:
		return immediately(0, 0)
	}
	if !f.bound.IsValid() {
		f.bound = netip.AddrPortFrom(r.set.local, 0)
	}
	l, _, errno := r.host.Listen(f.bound.Addr(), f.bound.Port(), int(a.number(1))+1) // Linux takes one more
	if errno != 0 {
		return immediately(0, errno)
	}
	_, port := l.Addr()
	f.listener, f.flow.listening, f.flow.local = l, true, netip.AddrPortFrom(r.set.local, port)
	return immediately(0, 0)
}

// callAccept takes a connection from the accept queue.
func callAccept(r *runner, a *arguments) *attempt {
	a.count(3, 4)
	f := a.file(0)
	switch {
	case f == nil:
		return immediately(0, syscall.EBADF)
	case f.listener == nil:
		return immediately(0, syscall.EINVAL)
	}
	t := &attempt{nonblock: f.nonblock, busy: syscall.EAGAIN}
	t.opened = &file{options: f.options}
	if len(a.list) == 4 {
		t.opened.nonblock = a.number(3)&constants["SOCK_NONBLOCK"] != 0
	}
	t.try = func() (int64, syscall.Errno, bool) {
		if f.backlog(); len(f.waiting) == 0 {
			return 0, 0, false
		}
		s, n := f.waiting[0], t.opened
		f.waiting = f.waiting[1:]
		n.sock, n.connected = s, true
		for _, flow := range r.flows {
			if flow.remote == s.Conn().Remote() && flow.local == s.Conn().Local() {
				n.flow, flow.sock, flow.wrote = flow, s, nil
			}
		}
		n.apply(r)
		return 0, 0, true
	}
	return t
}

// backlog takes one connection from the listener, to see whether there is any.
func (f *file) backlog() {
	if len(f.waiting) > 0 {
		return
	}
	if s := f.listener.Accept(); s != nil {
		f.waiting = append(f.waiting, s)
	}
}

// callConnect opens a connection, or asks how the opening goes.
func callConnect(r *runner, a *arguments) *attempt {
	a.count(3)
	f := a.file(0)
	switch {
	case f == nil:
		return immediately(0, syscall.EBADF)
	case f.listener != nil || f.connected:
		return immediately(0, syscall.EISCONN)
	}
	t := &attempt{nonblock: f.nonblock, busy: syscall.EALREADY}
	if f.sock == nil {
		remote := a.address(1, netip.AddrPortFrom(r.set.remote, r.set.port))
		s, _, errno := r.host.Connect(r.now, f.bound, remote)
		if errno != 0 {
			return immediately(0, errno)
		}
		f.sock, f.flow.sock = s, s
		f.flow.local, f.flow.remote = s.Conn().Local(), s.Conn().Remote()
		f.apply(r)
		t.busy = syscall.EINPROGRESS
	}
	t.try = func() (int64, syscall.Errno, bool) {
		if errno := f.takeError(); errno != 0 {
			return -1, errno, true
		}
		switch state := f.sock.Conn().State(); {
		case state.Synchronized():
			f.connected = true
			return 0, 0, true
		case state == tcp.Closed:
			return -1, syscall.ECONNABORTED, true
		}
		return 0, 0, false
	}
	return t
}

// callClose closes a descriptor.
func callClose(r *runner, a *arguments) *attempt {
	a.count(1)
	f := a.file(0)
	if f == nil {
		return immediately(0, syscall.EBADF)
	}
	delete(r.files, a.number(0))
	switch {
	case f.listener != nil:
		f.listener.Close(r.now)
		for _, s := range f.waiting {
			s.Abort(r.now)
		}
	case f.sock != nil && f.options.linger == 0:
		f.sock.Abort(r.now)
	case f.sock != nil:
		f.sock.Close(r.now)
	}
	return immediately(0, 0)
}

// callShutdown ends one direction or both.
func callShutdown(r *runner, a *arguments) *attempt {
	a.count(2)
	f := a.file(0)
	how := a.number(1)
	switch {
	case f == nil:
		return immediately(0, syscall.EBADF)
	case how < 0 || how > 2:
		return immediately(0, syscall.EINVAL)
	case f.sock == nil || f.sock.Conn().State() == tcp.Closed:
		return immediately(0, syscall.ENOTCONN)
	}
	if how != constants["SHUT_WR"] {
		f.shutRead = true
	}
	if how != constants["SHUT_RD"] {
		f.sock.Conn().CloseWrite(r.now)
		f.sock.Touch(r.now)
	}
	return immediately(0, 0)
}
