package packetdrill

import (
	"syscall"
	"time"
)

// Options of sockets and descriptors.

// ignoredOptions are accepted and change nothing here.
var ignoredOptions = map[[2]string]string{
	{"SOL_SOCKET", "SO_REUSEADDR"}: "ports in TIME-WAIT can always be listened on",
	{"SOL_SOCKET", "SO_SNDBUF"}:    "buffers are the host's: tcp_wmem",
	{"SOL_SOCKET", "SO_RCVBUF"}:    "buffers are the host's: tcp_rmem",
}

// optionName reads level and name of an option.
func (a *arguments) optionName() (level, name string) {
	if a.list[1].Kind != ExprName || a.list[2].Kind != ExprName {
		a.fail("level and option must be names")
	}
	level = a.list[1].Text
	switch level {
	case "IPPROTO_TCP":
		level = "SOL_TCP"
	case "IPPROTO_IP":
		level = "SOL_IP"
	case "IPPROTO_IPV6":
		level = "SOL_IPV6"
	}
	return level, a.list[2].Text
}

// callSetsockopt sets an option.
func callSetsockopt(r *runner, a *arguments) *attempt {
	a.count(5)
	f := a.file(0)
	if f == nil {
		return immediately(0, syscall.EBADF)
	}
	level, name := a.optionName()
	if _, ok := ignoredOptions[[2]string{level, name}]; ok {
		return immediately(0, 0)
	}
	o := &f.options
	seconds := func() time.Duration { return time.Duration(a.element(a.list[3])) * time.Second }
	switch level + " " + name {
	case "SOL_SOCKET SO_KEEPALIVE":
		o.keepAlive.Enable = a.element(a.list[3]) != 0
		if f.sock != nil {
			f.sock.Conn().SetKeepAlive(r.now, o.keepAlive)
		}
	case "SOL_SOCKET SO_LINGER":
		o.linger = a.linger()
	case "SOL_TCP TCP_NODELAY":
		o.noDelay = a.element(a.list[3]) != 0
	case "SOL_TCP TCP_KEEPIDLE":
		o.keepAlive.Idle = seconds()
	case "SOL_TCP TCP_KEEPINTVL":
		o.keepAlive.Interval = seconds()
	case "SOL_TCP TCP_KEEPCNT":
		o.keepAlive.Count = int(a.element(a.list[3]))
	case "SOL_TCP TCP_USER_TIMEOUT":
		o.userTimeout = time.Duration(a.element(a.list[3])) * time.Millisecond
	case "SOL_IP IP_TOS", "SOL_IPV6 IPV6_TCLASS":
		o.tos = uint8(a.element(a.list[3]))
	case "SOL_IP IP_TTL", "SOL_IPV6 IPV6_UNICAST_HOPS":
		o.ttl = uint8(a.element(a.list[3]))
	default:
		a.fail("the option %s, %s is not supported", level, name)
	}
	f.apply(r)
	return immediately(0, 0)
}

// linger reads {onoff=1, linger=0}.
func (a *arguments) linger() time.Duration {
	e := a.list[3]
	if e.Kind == ExprList && len(e.List) == 1 {
		e = e.List[0]
	}
	on, seconds := a.value(a.field(e, "onoff")), a.value(a.field(e, "linger"))
	switch {
	case on == 0:
		return -1
	case seconds != 0:
		a.fail("SO_LINGER with a time is not supported: close would block")
	}
	return 0
}

// callGetsockopt compares the value of an option with the one in the line.
func callGetsockopt(r *runner, a *arguments) *attempt {
	a.count(5)
	f := a.file(0)
	if f == nil {
		return immediately(0, syscall.EBADF)
	}
	var got int64
	level, name := a.optionName()
	switch key := level + " " + name; {
	case key == "SOL_SOCKET SO_ERROR":
		got = int64(f.takeError())
	case key == "SOL_SOCKET SO_KEEPALIVE":
		got = asInt(f.options.keepAlive.Enable)
	case key == "SOL_TCP TCP_NODELAY":
		got = asInt(f.options.noDelay)
	case key == "SOL_TCP TCP_MAXSEG" && f.sock != nil:
		got = int64(f.sock.Conn().Info().SendMSS)
	case key == "SOL_TCP TCP_USER_TIMEOUT":
		got = f.options.userTimeout.Milliseconds()
	default:
		a.fail("the option %s, %s is not supported", level, name)
	}
	a.compare(name, a.list[3], got)
	return immediately(0, 0)
}

// compare fails when a value is not the one that the line has in its place.
func (a *arguments) compare(what string, e Expr, got int64) {
	if e.Kind == ExprEllipsis {
		return
	}
	if want := a.element(e); want != got {
		a.fail("%s is %d, expected %d", what, got, want)
	}
}

// callFcntl knows the flag O_NONBLOCK.
func callFcntl(_ *runner, a *arguments) *attempt {
	a.count(2, 3)
	f := a.file(0)
	if f == nil {
		return immediately(0, syscall.EBADF)
	}
	switch cmd := a.number(1); {
	case cmd == constants["F_GETFL"]:
		flags := constants["O_RDWR"]
		if f.nonblock {
			flags |= constants["O_NONBLOCK"]
		}
		return immediately(flags, 0)
	case cmd == constants["F_SETFL"] && len(a.list) == 3:
		f.nonblock = a.number(2)&constants["O_NONBLOCK"] != 0
		return immediately(0, 0)
	}
	a.fail("only F_GETFL and F_SETFL are supported")
	return nil
}

// callIoctl answers what is in the buffers.
func callIoctl(_ *runner, a *arguments) *attempt {
	a.count(3)
	f := a.file(0)
	switch {
	case f == nil:
		return immediately(0, syscall.EBADF)
	case f.sock == nil:
		return immediately(0, syscall.EINVAL)
	}
	info := f.sock.Conn().Info()
	switch request := a.list[1].Text; request {
	case "SIOCINQ", "FIONREAD":
		got := int64(info.Unread)
		if f.sock.Conn().PeerFIN() {
			got++ // Linux counts the FIN
		}
		a.compare(request, a.list[2], got)
	case "SIOCOUTQ":
		a.compare(request, a.list[2], int64(info.Unacked+info.Unsent))
	case "SIOCOUTQNSD":
		a.compare(request, a.list[2], int64(info.Unsent))
	default:
		a.fail("only SIOCINQ, FIONREAD, SIOCOUTQ and SIOCOUTQNSD are supported")
	}
	return immediately(0, 0)
}

func asInt(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
