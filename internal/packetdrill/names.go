package packetdrill

import (
	"strconv"
	"syscall"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// Names of numbers, with the values of Linux on most machines.

// constants are the names that may stand in arguments of calls.
var constants = map[string]int64{
	"NULL": 0, "AF_INET": 2, "AF_INET6": 10, "PF_INET": 2, "PF_INET6": 10,
	"SOCK_STREAM": 1, "SOCK_NONBLOCK": 0o4000, "SOCK_CLOEXEC": 0o2000000, "IPPROTO_TCP": 6,
	"SHUT_RD": 0, "SHUT_WR": 1, "SHUT_RDWR": 2,
	"F_GETFL": 3, "F_SETFL": 4, "O_RDONLY": 0, "O_WRONLY": 1, "O_RDWR": 2, "O_NONBLOCK": 0o4000,
	"MSG_DONTWAIT": 0x40, "MSG_NOSIGNAL": 0x4000, "MSG_PEEK": 2, "MSG_OOB": 1, "MSG_WAITALL": 0x100,
	"MSG_MORE": 0x8000, "MSG_EOR": 0x80, "MSG_TRUNC": 0x20, "MSG_ZEROCOPY": 0x4000000, "MSG_FASTOPEN": 0x20000000,
	"POLLIN": 1, "POLLPRI": 2, "POLLOUT": 4, "POLLERR": 8, "POLLHUP": 0x10, "POLLNVAL": 0x20,
	"POLLRDNORM": 0x40, "POLLWRNORM": 0x100, "POLLRDHUP": 0x2000,
}

// errnos are the errors that a script may name.
var errnos = map[syscall.Errno]string{
	syscall.EADDRINUSE: "EADDRINUSE", syscall.EADDRNOTAVAIL: "EADDRNOTAVAIL", syscall.EAGAIN: "EAGAIN",
	syscall.EALREADY: "EALREADY", syscall.EBADF: "EBADF", syscall.ECONNABORTED: "ECONNABORTED",
	syscall.ECONNREFUSED: "ECONNREFUSED", syscall.ECONNRESET: "ECONNRESET", syscall.EFAULT: "EFAULT",
	syscall.EHOSTUNREACH: "EHOSTUNREACH", syscall.EINPROGRESS: "EINPROGRESS", syscall.EINVAL: "EINVAL",
	syscall.EISCONN: "EISCONN", syscall.EMSGSIZE: "EMSGSIZE", syscall.ENETUNREACH: "ENETUNREACH",
	syscall.ENFILE: "ENFILE", syscall.ENOBUFS: "ENOBUFS", syscall.ENOPROTOOPT: "ENOPROTOOPT",
	syscall.ENOTCONN: "ENOTCONN", syscall.EPIPE: "EPIPE", syscall.ETIMEDOUT: "ETIMEDOUT",
}

// errnoName returns the name of an error; "" for none.
func errnoName(e syscall.Errno) string {
	if name := errnos[e]; name != "" || e == 0 {
		return name
	}
	return "error " + strconv.Itoa(int(e))
}

// endOf returns the error that Linux gives for what ended a connection; 0 when it lives, or ended in order.
func endOf(c *tcp.Conn) syscall.Errno {
	cause := c.Cause()
	switch {
	case cause == tcp.CauseReset && c.PeerFIN():
		return syscall.EPIPE // a reset in CLOSE-WAIT answers what we wrote
	case cause == tcp.CauseTimeout && c.SoftError() != tcp.CauseNone:
		cause = c.SoftError()
	}
	return causes[cause]
}

// causes are the errors for the causes of an end.
var causes = map[tcp.Cause]syscall.Errno{
	tcp.CauseRefused: syscall.ECONNREFUSED, tcp.CausePortUnreachable: syscall.ECONNREFUSED,
	tcp.CauseReset: syscall.ECONNRESET, tcp.CauseTimeout: syscall.ETIMEDOUT, tcp.CauseAborted: syscall.ECONNABORTED,
	tcp.CauseNetUnreachable: syscall.ENETUNREACH, tcp.CauseHostUnreachable: syscall.EHOSTUNREACH,
	tcp.CauseProhibited: syscall.EHOSTUNREACH, tcp.CauseProtoUnreachable: syscall.ENOPROTOOPT,
	tcp.CauseMemory: syscall.ENOBUFS,
}
