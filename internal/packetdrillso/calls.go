//go:build cgo && linux

package main

// #include "bridge.h"
import "C"

import (
	"net/netip"
	"syscall"
	"time"
	"unsafe"

	"github.com/sockeye-tcp/sockeye/internal/packetdrillso/virtual"
	"github.com/sockeye-tcp/sockeye/internal/sockets"
	"github.com/sockeye-tcp/sockeye/ip"
)

// System calls. Each returns its result, or an error number as a negative one.

// fails turns an error number into the result of a call.
func fails(errno syscall.Errno) C.long { return C.long(virtual.Result(0, errno)) }

// at makes a call that never waits.
func at(call func(ip.Time, *sockets.Table) (int, syscall.Errno)) C.long {
	return C.long(process.At(func(now ip.Time, t *sockets.Table) int { return virtual.Result(call(now, t)) }))
}

//export goSocket
func goSocket(family, kind, protocol C.int) C.long {
	return C.long(process.Socket(int(family), int(kind), int(protocol)))
}

//export goBind
func goBind(fd C.int, p unsafe.Pointer, n C.socklen_t) C.long {
	to, errno := address(p, n)
	if errno != 0 {
		return fails(errno)
	}
	return at(func(_ ip.Time, t *sockets.Table) (int, syscall.Errno) { return 0, t.Bind(int(fd), to) })
}

//export goListen
func goListen(fd, backlog C.int) C.long {
	return at(func(_ ip.Time, t *sockets.Table) (int, syscall.Errno) { return 0, t.Listen(int(fd), int(backlog)) })
}

//export goAccept
func goAccept(fd C.int, p unsafe.Pointer, n *C.socklen_t) C.long {
	var from netip.AddrPort
	var family int
	got := process.Do(func(now ip.Time, t *sockets.Table) *sockets.Call {
		family = t.Family(int(fd))
		return t.Accept(now, int(fd), 0, &from)
	})
	if got >= 0 {
		putAddress(p, n, family, from)
	}
	return C.long(got)
}

//export goConnect
func goConnect(fd C.int, p unsafe.Pointer, n C.socklen_t) C.long {
	to, errno := address(p, n)
	if errno != 0 {
		return fails(errno)
	}
	return C.long(process.Do(func(now ip.Time, t *sockets.Table) *sockets.Call { return t.Connect(now, int(fd), to) }))
}

//export goReceive
func goReceive(fd C.int, m *C.struct_msghdr, flags C.int) C.long {
	if m == nil {
		return fails(syscall.EFAULT)
	}
	v, errno := vectors(m)
	if errno != 0 {
		return fails(errno)
	}
	control := bytesAt(m.msg_control, int(m.msg_controllen))
	msg := &sockets.Message{IOV: v, ControlRoom: len(control)}
	got := process.Do(func(now ip.Time, t *sockets.Table) *sockets.Call { return t.Recvmsg(now, int(fd), msg, int(flags)) })
	if got >= 0 {
		m.msg_controllen = C.size_t(copy(control, sockets.AppendControls(nil, msg.Control)))
		m.msg_namelen, m.msg_flags = 0, C.int(msg.Flags)
	}
	return C.long(got)
}

//export goTransmit
func goTransmit(fd C.int, m *C.struct_msghdr, flags C.int) C.long {
	if m == nil {
		return fails(syscall.EFAULT)
	}
	v, errno := vectors(m)
	if errno != 0 {
		return fails(errno)
	}
	msg := &sockets.Message{IOV: v}
	if m.msg_name != nil {
		if msg.Name, errno = address(m.msg_name, m.msg_namelen); errno != 0 {
			return fails(errno)
		}
	}
	if msg.Control, errno = sockets.ParseControls(bytesAt(m.msg_control, int(m.msg_controllen))); errno != 0 {
		return fails(errno)
	}
	return C.long(process.Do(func(now ip.Time, t *sockets.Table) *sockets.Call { return t.Sendmsg(now, int(fd), msg, int(flags)) }))
}

//export goClose
func goClose(fd C.int) C.long {
	return C.long(process.Do(func(now ip.Time, t *sockets.Table) *sockets.Call { return t.Close(now, int(fd)) }))
}

//export goShutdown
func goShutdown(fd, how C.int) C.long {
	return at(func(now ip.Time, t *sockets.Table) (int, syscall.Errno) { return 0, t.Shutdown(now, int(fd), int(how)) })
}

//export goFcntl
func goFcntl(fd, command C.int, argument C.long) C.long {
	return at(func(_ ip.Time, t *sockets.Table) (int, syscall.Errno) {
		return t.Fcntl(int(fd), int(command), int(argument))
	})
}

//export goIoctl
func goIoctl(fd C.int, request C.ulong, argument *C.int) C.long {
	if argument == nil {
		return fails(syscall.EFAULT)
	}
	return at(func(_ ip.Time, t *sockets.Table) (int, syscall.Errno) {
		n, errno := t.Ioctl(int(fd), int(request), int(*argument))
		if errno == 0 {
			*argument = C.int(n)
		}
		return 0, errno
	})
}

//export goGetsockopt
func goGetsockopt(fd, level, name C.int, p unsafe.Pointer, n *C.socklen_t) C.long {
	if n == nil || p == nil {
		return fails(syscall.EFAULT)
	}
	return at(func(now ip.Time, t *sockets.Table) (int, syscall.Errno) {
		got, errno := t.Getsockopt(now, int(fd), int(level), int(name), bytesAt(p, int(*n)))
		if errno == 0 {
			*n = C.socklen_t(got)
		}
		return 0, errno
	})
}

//export goSetsockopt
func goSetsockopt(fd, level, name C.int, p unsafe.Pointer, n C.socklen_t) C.long {
	return at(func(now ip.Time, t *sockets.Table) (int, syscall.Errno) {
		return 0, t.Setsockopt(now, int(fd), int(level), int(name), bytesAt(p, int(n)))
	})
}

//export goPipe
func goPipe(fd *C.int) C.long {
	return at(func(_ ip.Time, t *sockets.Table) (int, syscall.Errno) {
		r, w, errno := t.Pipe(0)
		if errno == 0 {
			ends := unsafe.Slice(fd, 2)
			ends[0], ends[1] = C.int(r), C.int(w)
		}
		return 0, errno
	})
}

//export goSplice
func goSplice(in, out C.int, n C.size_t, flags C.uint) C.long {
	return C.long(process.Do(func(now ip.Time, t *sockets.Table) *sockets.Call {
		return t.Splice(now, int(in), int(out), int(n), int(flags))
	}))
}

// milliseconds turns a time-out of poll into a duration, negative for ever.
func milliseconds(n C.int) time.Duration { return time.Duration(n) * time.Millisecond }
