package packetdrill

import (
	"net/netip"

	"github.com/sockeye-tcp/sockeye/internal/sockets"
)

// Calls on descriptors: socket to close, open and pipes.

// callSocket makes a socket and a connection that is under test from now on.
func callSocket(r *runner, a *arguments) *attempt {
	a.count(3)
	family := sockets.AF_INET
	if r.set.socket6 {
		family = sockets.AF_INET6
	}
	if a.list[0].Kind != ExprEllipsis {
		family = int(a.number(0))
	}
	fd, errno := r.table.Socket(family, int(a.number(1)), int(a.number(2)))
	if errno != 0 {
		return immediately(0, errno)
	}
	if err := r.unmentioned("the script goes on to another connection"); err != nil {
		r.breakOff(err)
	}
	return r.opened(a, fd, errno, r.newFlow(flow{udp: a.number(1)&15 == sockets.SOCK_DGRAM}))
}

// address reads a socket address: "..." is the default.
func (a *arguments) address(e Expr, otherwise netip.AddrPort) netip.AddrPort {
	if e.Kind == ExprEllipsis {
		return otherwise
	}
	if e.Kind == ExprName && a.value(e) == sockets.AF_UNSPEC {
		return netip.AddrPort{}
	}
	family, ok := e.has("sa_family")
	if ok && a.value(family) == sockets.AF_UNSPEC {
		return netip.AddrPort{}
	}
	port, v6 := e.has("sin6_port")
	name := "sin6_addr"
	if !v6 {
		port, name = a.field(e, "sin_port"), "sin_addr"
	}
	addr := a.field(e, name)
	ap := otherwise.Addr()
	if addr.Kind == ExprApply && len(addr.List) > 0 && addr.List[len(addr.List)-1].Kind == ExprString {
		text := addr.List[len(addr.List)-1].Text
		parsed, err := netip.ParseAddr(text)
		if err != nil {
			a.fail("%q is not an IP address", text)
		}
		ap = parsed
	} else if addr.Kind == ExprName && (addr.Text == "INADDR_ANY" || addr.Text == "in6addr_any") {
		ap = netip.IPv4Unspecified()
		if v6 {
			ap = netip.IPv6Unspecified()
		}
	} else if addr.Kind != ExprEllipsis {
		a.fail("%s must be an address", name)
	}
	return netip.AddrPortFrom(ap, uint16(a.value(port)))
}

func callBind(r *runner, a *arguments) *attempt {
	a.count(3)
	to := a.address(a.list[1], netip.AddrPortFrom(r.set.local, r.set.bindPort))
	return immediately(0, r.table.Bind(a.fd(0), to))
}

// callListen opens the listener: the next packet from the peer makes a connection.
func callListen(r *runner, a *arguments) *attempt {
	a.count(2)
	errno := r.table.Listen(a.fd(0), int(a.number(1)))
	if f := a.file(0); errno == 0 && f.flow != nil {
		local, _ := r.table.LocalAddr(f.fd)
		f.flow.listening, f.flow.local = true, netip.AddrPortFrom(r.set.local, local.Port())
	}
	return immediately(0, errno)
}

// callAccept takes a connection from the accept queue.
func callAccept(r *runner, a *arguments) *attempt {
	a.count(3, 4)
	flags := 0
	if len(a.list) == 4 {
		flags = int(a.number(3))
	}
	call := r.table.Accept(r.now, a.fd(0), flags, nil)
	over := func(fd int) {
		if s := r.table.Conn(fd); fd >= 0 && s != nil && a.call.Result.Kind == ExprInt {
			r.name(a.call.Result.Int, &file{fd: fd, flow: r.accepted(s.Conn().Local(), s.Conn().Remote())})
			r.attach()
		}
	}
	return &attempt{call: call, opens: true, over: over}
}

// accepted finds the connection that has been accepted. Of several between the same ends the last one counts.
func (r *runner) accepted(local, remote netip.AddrPort) *flow {
	for i := len(r.flows) - 1; i >= 0; i-- {
		if f := r.flows[i]; f.remote == remote && f.local == local {
			f.wrote = nil
			return f
		}
	}
	return nil
}

// callConnect opens a connection, or asks how the opening goes.
func callConnect(r *runner, a *arguments) *attempt {
	a.count(3)
	to := a.address(a.list[1], netip.AddrPortFrom(r.set.remote, r.set.connectPort))
	return &attempt{call: r.table.Connect(r.now, a.fd(0), to)}
}

func callClose(r *runner, a *arguments) *attempt {
	a.count(1)
	call := r.table.Close(r.now, a.fd(0))
	delete(r.files, a.number(0))
	return &attempt{call: call}
}

func callShutdown(r *runner, a *arguments) *attempt {
	a.count(2)
	return immediately(0, r.table.Shutdown(r.now, a.fd(0), int(a.number(1))))
}

func callFcntl(r *runner, a *arguments) *attempt {
	a.count(2, 3)
	arg := 0
	if len(a.list) == 3 {
		arg = int(a.number(2))
	}
	return immediately(r.table.Fcntl(a.fd(0), int(a.number(1)), arg))
}

// callIoctl compares what is in the buffers with the line.
func callIoctl(r *runner, a *arguments) *attempt {
	a.count(3)
	arg := int64(0)
	if a.list[2].Kind != ExprEllipsis {
		arg = a.element(a.list[2])
	}
	got, errno := r.table.Ioctl(a.fd(0), int(a.number(1)), int(arg))
	return &attempt{errno: errno, compare: a.checked(func(int) { a.same("the value", a.list[2], int64(got)) })}
}
