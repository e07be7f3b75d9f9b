package sockets

import (
	"syscall"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// ioctl(2).

// Ioctl is ioctl(2) for requests whose argument is an int: it returns the new value of that. SIOCINQ, SIOCOUTQ,
// SIOCOUTQNSD and SIOCATMARK only write it, FIONBIO reads it.
func (t *Table) Ioctl(fd, request, arg int) (int, syscall.Errno) {
	o := t.objects[fd]
	if o == nil {
		return 0, syscall.EBADF
	}
	if request == FIONBIO {
		o.base().nonblock = arg != 0
		return arg, 0
	}
	s, errno := t.socket(fd)
	switch {
	case errno != 0:
		return 0, syscall.ENOTTY
	case s.listener != nil:
		return 0, syscall.EINVAL
	}
	var info tcp.Info
	if s.conn != nil {
		info = s.conn.Conn().Info()
	}
	switch request {
	case SIOCINQ:
		if s.conn == nil || info.State == tcp.SynSent || info.State == tcp.SynReceived {
			return 0, 0
		}
		return info.Unread, 0
	case SIOCOUTQ:
		return info.Unacked + info.Unsent, 0
	case SIOCOUTQNSD:
		return info.Unsent, 0
	case SIOCATMARK:
		return boolInt(s.conn != nil && s.conn.Conn().UrgentAhead() == 1), 0 // the last octet is next
	}
	return 0, syscall.ENOTTY
}
