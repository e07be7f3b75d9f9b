package sockets

import (
	"encoding/binary"
	"syscall"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// setsockopt and getsockopt, with values as C programs have them.

// minBuffer is what Linux raises buffer sizes to; it doubles them first, for its own bookkeeping.
const minRecvBuffer, minSendBuffer = 2304, 4608

// Setsockopt is setsockopt(2). A value of nil is a pointer that leads nowhere.
func (t *Table) Setsockopt(now ip.Time, fd, level, name int, value []byte) syscall.Errno {
	if d := t.udp(fd); d != nil && value != nil {
		return d.setOption(option{level, name}, value)
	}
	s, errno := t.socket(fd)
	switch {
	case errno != 0:
		return t.notTCP(fd, syscall.EFAULT)
	case value == nil:
		return syscall.EFAULT
	}
	k := option{level, name}
	if errno, done := s.setStructure(k, value); done {
		return errno
	}
	n, ok := ParseInt(value)
	if !ok {
		if level != SOL_IP || len(value) == 0 {
			return syscall.EINVAL
		}
		n = int(value[0]) // Linux takes a char there
	}
	return s.setInt(now, k, n)
}

// setStructure sets the options that are no numbers.
func (s *socket) setStructure(k option, value []byte) (errno syscall.Errno, done bool) {
	switch k {
	case option{SOL_SOCKET, SO_LINGER}:
		l, ok := ParseLinger(value)
		if !ok {
			return syscall.EINVAL, true
		}
		s.options.linger = l
	case option{SOL_SOCKET, SO_RCVTIMEO}:
		return setTimeout(&s.options.recvTimeout, value), true
	case option{SOL_SOCKET, SO_SNDTIMEO}:
		return setTimeout(&s.options.sendTimeout, value), true
	case option{SOL_TCP, TCP_CONGESTION}:
		return s.setCongestion(cString(value)), true
	case option{SOL_TCP, TCP_FASTOPEN_KEY}:
		if len(value) != 16 && len(value) != 32 {
			return syscall.EINVAL, true
		}
		s.options.fastOpenKey = append([]byte(nil), value...)
		if s.listener != nil {
			s.listenFast()
		}
	default:
		return 0, false
	}
	return 0, true
}

// cString returns the text up to the first NUL.
func cString(b []byte) string {
	for i, c := range b {
		if c == 0 {
			return string(b[:i])
		}
	}
	return string(b)
}

// setTimeout reads struct timeval; zero means to wait for ever.
func setTimeout(d *time.Duration, value []byte) syscall.Errno {
	if len(value) < sizeTimeIO {
		return syscall.EINVAL
	}
	sec, usec := int64(binary.LittleEndian.Uint64(value)), int64(binary.LittleEndian.Uint64(value[8:]))
	if usec < 0 || usec >= 1e6 {
		return syscall.EDOM
	}
	sec = min(max(sec, 0), 1<<31) // Linux counts anything longer as for ever
	*d = time.Duration(sec)*time.Second + time.Duration(usec)*time.Microsecond
	return 0
}

// setCongestion chooses the congestion control.
func (s *socket) setCongestion(name string) syscall.Errno {
	cfg := s.table.host.TCP()
	fresh := cfg.CongestionByName(name)
	if fresh == nil {
		return syscall.ENOENT
	}
	s.options.congestion, s.options.fresh = name, fresh
	if s.conn != nil {
		s.conn.Conn().SetCongestion(fresh)
	}
	return 0
}

// congestionName returns the name of the congestion control.
func (s *socket) congestionName() string {
	if s.conn != nil {
		return s.conn.Conn().Info().Congestion
	}
	if s.options.congestion != "" {
		return s.options.congestion
	}
	cfg := s.table.host.TCP()
	return cfg.Congestion(&cfg).Name()
}

// setInt sets a number.
func (s *socket) setInt(now ip.Time, k option, n int) syscall.Errno {
	switch k {
	case option{SOL_SOCKET, SO_SNDBUF}, option{SOL_SOCKET, SO_SNDBUFFORCE}:
		k.name = SO_SNDBUF
		n = max(2*min(max(n, 0), maxInt/2), minSendBuffer)
	case option{SOL_SOCKET, SO_RCVBUF}, option{SOL_SOCKET, SO_RCVBUFFORCE}:
		k.name = SO_RCVBUF
		n = max(2*min(max(n, 0), maxInt/2), minRecvBuffer)
	}
	n, errno := k.check(n)
	if errno != 0 {
		return errno
	}
	if errno := s.mayset(k, n); errno != 0 {
		return errno
	}
	s.options.ints[k] = n
	if s.listener != nil {
		s.listenFast()
	}
	if s.conn == nil {
		return 0
	}
	s.options.applyOne(now, s.conn.Conn(), k)
	s.watch()
	s.conn.Touch(now)
	return 0
}

// mayset refuses what depends on the state of the socket.
func (s *socket) mayset(k option, n int) syscall.Errno {
	idle := s.conn == nil
	switch k {
	case option{SOL_TCP, TCP_MAXSEG}:
		if n != 0 && n < 88 {
			return syscall.EINVAL
		}
	case option{SOL_TCP, TCP_FASTOPEN}, option{SOL_TCP, TCP_FASTOPEN_CONNECT}, option{SOL_TCP, TCP_FASTOPEN_NO_COOKIE}:
		return s.maySetFast(k)
	case option{SOL_TCP, TCP_WINDOW_CLAMP}:
		if n == 0 && !idle {
			return syscall.EINVAL
		}
	case option{SOL_SOCKET, SO_TIMESTAMPING}:
		was := s.options.get(SOL_SOCKET, SO_TIMESTAMPING)
		if n&SOF_TIMESTAMPING_OPT_ID != 0 && was&SOF_TIMESTAMPING_OPT_ID == 0 {
			if idle {
				return syscall.EINVAL // there is no stream to count in
			}
			s.startKeys(n)
		}
	case option{SOL_IPV6, IPV6_V6ONLY}:
		if s.bound.IsValid() {
			return syscall.EINVAL
		}
	}
	if k.level == SOL_IPV6 && s.family != AF_INET6 {
		return syscall.ENOPROTOOPT
	}
	return 0
}

// startKeys makes the keys of timestamps count from here: what is not acknowledged, or with OPT_ID_TCP what is
// not written yet.
func (s *socket) startKeys(flags int) {
	v := s.conn.Conn().Vars()
	s.sent.keyBase = s.sent.written
	if flags&SOF_TIMESTAMPING_OPT_ID_TCP == 0 {
		s.sent.keyBase = s.sent.offset(v.SndUna, s.sent.acked)
	}
}

// Getsockopt is getsockopt(2): it writes the value to buf and returns its length.
func (t *Table) Getsockopt(now ip.Time, fd, level, name int, buf []byte) (int, syscall.Errno) {
	if d := t.udp(fd); d != nil {
		n, errno := d.getOption(option{level, name})
		if errno != 0 {
			return 0, errno
		}
		return copy(buf, appendInt(nil, n)), 0
	}
	s, errno := t.socket(fd)
	if errno != 0 {
		return 0, errno
	}
	value, errno := s.getOption(now, option{level, name})
	return copy(buf, value), errno
}

// getOption returns the value of an option in C's form.
func (s *socket) getOption(now ip.Time, k option) ([]byte, syscall.Errno) {
	switch k {
	case option{SOL_SOCKET, SO_LINGER}:
		return s.options.linger.AppendTo(nil), 0
	case option{SOL_SOCKET, SO_RCVTIMEO}:
		return appendTimeval(nil, s.options.recvTimeout), 0
	case option{SOL_SOCKET, SO_SNDTIMEO}:
		return appendTimeval(nil, s.options.sendTimeout), 0
	case option{SOL_SOCKET, SO_MEMINFO}:
		return s.memInfo(), 0
	case option{SOL_TCP, TCP_INFO}:
		info := s.info(now)
		return info.AppendTo(nil), 0
	case option{SOL_TCP, TCP_CC_INFO}:
		return nil, 0 // Reno and CUBIC have none in Linux either
	case option{SOL_TCP, TCP_CONGESTION}:
		var name [16]byte // TCP_CA_NAME_MAX, the last byte NUL
		copy(name[:15], s.congestionName())
		return name[:], 0
	case option{SOL_TCP, TCP_FASTOPEN_KEY}:
		return s.fastOpenKey(), 0
	}
	n, errno := s.getInt(k)
	if errno != 0 {
		return nil, errno
	}
	return appendInt(nil, n), 0
}

func appendTimeval(b []byte, d time.Duration) []byte {
	b = binary.LittleEndian.AppendUint64(b, uint64(d/time.Second))
	return binary.LittleEndian.AppendUint64(b, uint64(d%time.Second/time.Microsecond))
}

// getInt returns a number.
func (s *socket) getInt(k option) (int, syscall.Errno) {
	switch k {
	case option{SOL_SOCKET, SO_ERROR}:
		return int(s.takeError()), 0
	case option{SOL_SOCKET, SO_DOMAIN}:
		return s.family, 0
	case option{SOL_SOCKET, SO_ACCEPTCONN}:
		return boolInt(s.listener != nil), 0
	case option{SOL_SOCKET, SO_SNDBUF}:
		return s.buffer(k, s.table.host.TCP().SendBuffer), 0
	case option{SOL_SOCKET, SO_RCVBUF}:
		return s.buffer(k, s.table.host.TCP().RecvBuffer), 0
	case option{SOL_TCP, TCP_MAXSEG}:
		return s.maxSeg(), 0
	case option{SOL_TCP, TCP_SYNCNT}:
		if !s.options.isSet(k.level, k.name) {
			return s.table.host.TCP().SynRetries, 0
		}
	case option{SOL_IP, IP_MTU}, option{SOL_IPV6, IPV6_MTU}:
		if s.conn == nil {
			return 0, syscall.ENOTCONN
		}
		return s.conn.Conn().Info().MTU, 0
	}
	if _, ok := rules[k]; !ok {
		return 0, syscall.ENOPROTOOPT
	}
	return s.options.get(k.level, k.name), 0
}

// buffer returns the size of a buffer: what was set, or what the host has.
func (s *socket) buffer(k option, otherwise int) int {
	if n := s.options.get(k.level, k.name); n > 0 {
		return n
	}
	return otherwise
}

// maxSeg returns the text of a full segment, or before there is a connection what was set.
func (s *socket) maxSeg() int {
	if s.conn != nil && s.conn.Conn().State().Synchronized() {
		return s.conn.Conn().Info().SendMSS
	}
	if n := s.options.get(SOL_TCP, TCP_MAXSEG); n > 0 {
		return n
	}
	return 536 // RFC 9293 §3.7.1
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// memInfo returns the array of SO_MEMINFO: memory in use and its bounds.
func (s *socket) memInfo() []byte {
	var m [numMemInfo]int
	m[1], _ = s.getInt(option{SOL_SOCKET, SO_RCVBUF})
	m[3], _ = s.getInt(option{SOL_SOCKET, SO_SNDBUF})
	if s.conn != nil {
		v := s.conn.Conn().Vars()
		m[0], m[2], m[5] = v.RcvBuf, v.SndBuf, v.SndBuf
	}
	var b []byte
	for _, n := range m {
		b = appendInt(b, n)
	}
	return b
}
