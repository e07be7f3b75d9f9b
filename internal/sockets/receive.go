package sockets

import (
	"net/netip"
	"syscall"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Receiving: read, recv, recvfrom, readv, recvmsg.

// A Message is what sendmsg and recvmsg take, struct msghdr.
type Message struct {
	Name    netip.AddrPort // sendmsg: where to; valid only when there is a msg_name. recvmsg: where a datagram came from
	IOV     []IOVec
	Control []Control // sendmsg takes them, recvmsg fills them in
	// ControlRoom is how many bytes of control messages recvmsg may give. -1: any number.
	ControlRoom int
	Flags       int // set by recvmsg
}

// Read is read(2).
func (t *Table) Read(now ip.Time, fd int, v []IOVec) *Call {
	return t.Recvmsg(now, fd, &Message{IOV: v}, 0)
}

// Recv is recv(2), and recvfrom(2): a TCP socket gives no address.
func (t *Table) Recv(now ip.Time, fd int, v []IOVec, flags int) *Call {
	return t.Recvmsg(now, fd, &Message{IOV: v}, flags)
}

// Recvmsg is recvmsg(2). With MSG_ERRQUEUE it takes from the error queue and never waits.
func (t *Table) Recvmsg(now ip.Time, fd int, m *Message, flags int) *Call {
	if f, ok := t.objects[fd].(*file); ok && flags == 0 {
		return f.read(now, m.IOV)
	}
	if d := t.udp(fd); d != nil {
		return d.receive(now, m, flags)
	}
	s, errno := t.socket(fd)
	switch {
	case errno != 0:
		return failed(errno)
	case flags&MSG_ERRQUEUE != 0:
		return over(s.receiveError(m))
	case flags&MSG_OOB != 0:
		return failed(syscall.EINVAL) // urgent text is delivered in line (RFC 9293 §3.8.5)
	case s.conn == nil:
		return failed(syscall.ENOTCONN)
	}
	r := &reader{s: s, m: m, flags: flags, length: total(m.IOV)}
	r.target = max(1, min(s.options.get(SOL_SOCKET, SO_RCVLOWAT), r.length))
	if flags&MSG_WAITALL != 0 {
		r.target = r.length
	}
	c := s.receiving(now, flags)
	c.try = r.try
	c.late = func() *Call {
		if r.read > 0 {
			return over(r.finish(now))
		}
		return failed(syscall.EAGAIN)
	}
	if c.busy != 0 {
		r.target = min(r.target, 1)
	}
	return c.begin(now)
}

// receiving returns a call that waits for the peer as the socket's options and the flags say.
func (s *socket) receiving(now ip.Time, flags int) *Call {
	return s.waiting(now, flags, s.options.recvTimeout)
}

// sending is the same for a call that waits for room.
func (s *socket) sending(now ip.Time, flags int) *Call {
	return s.waiting(now, flags, s.options.sendTimeout)
}

func (s *socket) waiting(now ip.Time, flags int, timeout time.Duration) *Call {
	c := new(Call)
	if s.nonblock || flags&MSG_DONTWAIT != 0 {
		c.busy = syscall.EAGAIN
	} else if timeout > 0 {
		c.until = now.Add(timeout)
	}
	return c
}

// A reader is a call that receives.
type reader struct {
	s              *socket
	m              *Message
	flags          int
	length, target int
	read           int // so far
}

// try takes what there is. What ends the stream, or stops it, counts only when nothing has been read.
func (r *reader) try(now ip.Time) (int, syscall.Errno, bool) {
	if r.length == 0 {
		return 0, 0, true
	}
	c := r.s.conn.Conn()
	if c.Readable() > 0 {
		if r.take(now) {
			return -1, syscall.EFAULT, true
		}
	}
	if r.read >= r.target {
		n, errno := r.finish(now)
		return n, errno, true
	}
	if r.read > 0 {
		if c.Readable() == 0 && !r.ended() {
			return 0, 0, false
		}
		n, errno := r.finish(now)
		return n, errno, true
	}
	if c.PeerFIN() { // what ended the connection after that is not the reader's business
		return 0, 0, true
	}
	if errno := r.s.takeError(); errno != 0 {
		return -1, errno, true
	}
	return 0, 0, r.ended()
}

// ended reports whether no more text will come.
func (r *reader) ended() bool {
	c := r.s.conn.Conn()
	return c.PeerFIN() || r.s.shutRead || c.State() == tcp.Closed
}

// take moves text into the caller's memory; bad reports that its pointer is.
func (r *reader) take(now ip.Time) (bad bool) {
	c := r.s.conn.Conn()
	switch {
	case r.flags&MSG_PEEK != 0:
		parts, bad := rest(r.m.IOV, 0)
		r.read = 0
		for _, p := range parts {
			r.read += c.Peek(r.read, p)
		}
		return bad
	case r.flags&MSG_TRUNC != 0: // thrown away
		r.read += discard(now, c, r.length-r.read)
	default:
		parts, bad := rest(r.m.IOV, r.read)
		if bad {
			return r.read == 0
		}
		r.receive(now, parts)
	}
	r.s.conn.Touch(now)
	return false
}

// receive reads up to the last octet of urgent text: a read begins with that, but does not run over it, so that a
// reader who has it in line finds it.
func (r *reader) receive(now ip.Time, parts [][]byte) {
	c := r.s.conn.Conn()
	mark := c.UrgentAhead() - 1
	for _, p := range parts {
		if mark > 0 {
			p = p[:min(len(p), mark)]
		}
		n := c.Receive(now, p)
		r.read += n
		if mark -= n; mark == 0 && n > 0 {
			r.target = min(r.target, r.read)
			return
		}
	}
}

// discard reads n bytes and throws them away.
func discard(now ip.Time, c *tcp.Conn, n int) int {
	var scratch [4096]byte
	done := 0
	for done < n {
		k := c.Receive(now, scratch[:min(len(scratch), n-done)])
		if k == 0 {
			break
		}
		done += k
	}
	return done
}

// finish fills in what recvmsg gives beside text.
func (r *reader) finish(ip.Time) (int, syscall.Errno) {
	r.addTimes()
	if r.s.options.get(SOL_TCP, TCP_INQ) != 0 {
		r.m.add(Control{Level: SOL_TCP, Type: TCP_CM_INQ, Data: appendInt(nil, r.s.inq())})
	}
	return r.read, 0
}

// addTimes tells when text arrived last, in the ways that have been asked for.
func (r *reader) addTimes() {
	get := func(name int) int { return r.s.options.get(SOL_SOCKET, name) }
	at := r.s.table.Epoch + int64(r.s.conn.Conn().Info().LastDataReceived)
	if get(SO_TIMESTAMP) != 0 {
		r.m.add(Control{Level: SOL_SOCKET, Type: SO_TIMESTAMP, Data: appendTimeval(nil, time.Duration(at))})
	}
	if get(SO_TIMESTAMPNS) != 0 {
		r.m.add(Control{Level: SOL_SOCKET, Type: SCM_TIMESTAMPNS, Data: appendTimestamping(nil, at)[:16]})
	}
	const received = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE
	if get(SO_TIMESTAMPING)&received == received {
		r.m.add(Control{Level: SOL_SOCKET, Type: SCM_TIMESTAMPING, Data: appendTimestamping(nil, at)})
	}
}

// inq returns how many bytes wait to be read; the peer's FIN counts as one, so that a reader
// that has read all of them knows that there is more to come.
func (s *socket) inq() int {
	c := s.conn.Conn()
	return c.Readable() + boolInt(c.PeerFIN())
}
