package sockets

import (
	"syscall"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Sending: write, send, sendto, writev, sendmsg.

// Write is write(2), and writev(2).
func (t *Table) Write(now ip.Time, fd int, v []IOVec) *Call {
	return t.Sendmsg(now, fd, &Message{IOV: v}, 0)
}

// Send is send(2).
func (t *Table) Send(now ip.Time, fd int, v []IOVec, flags int) *Call {
	return t.Sendmsg(now, fd, &Message{IOV: v}, flags)
}

// Sendmsg is sendmsg(2), and sendto(2) with m.Name.
func (t *Table) Sendmsg(now ip.Time, fd int, m *Message, flags int) *Call {
	if f, ok := t.objects[fd].(*file); ok && flags == 0 {
		return f.write(now, m.IOV)
	}
	if d := t.udp(fd); d != nil {
		return d.send(now, m, flags)
	}
	s, errno := t.socket(fd)
	if errno != 0 {
		return failed(errno)
	}
	fast := flags&MSG_FASTOPEN != 0 || s.phase == deferred
	if s.conn == nil && !fast {
		return failed(syscall.EPIPE)
	}
	w := &writer{s: s, m: m, flags: flags, length: total(m.IOV)}
	w.limit = w.length
	if fast {
		if errno := s.sendFast(now, w); errno != 0 {
			return failed(errno)
		}
	}
	c := s.sending(now, flags)
	w.nonblock = c.busy != 0
	c.late = func() *Call {
		if w.written > 0 {
			return over(w.finish())
		}
		return failed(syscall.EAGAIN)
	}
	c.try = w.try
	return c.begin(now)
}

// A writer is a call that sends.
type writer struct {
	s        *socket
	m        *Message
	flags    int
	nonblock bool
	length   int
	written  int  // so far
	limit    int  // as much may be written now
	waits    bool // for room worth it

	fast  bool          // MSG_FASTOPEN, and the handshake is not over
	begun bool          // the SYN has its text
	busy  syscall.Errno // of a call that does not wait for the handshake
}

// try writes what there is room for. An error counts only when nothing has been written.
func (w *writer) try(now ip.Time) (int, syscall.Errno, bool) {
	s, c := w.s, w.s.conn.Conn()
	if w.fast {
		if n, errno, done := w.tryFast(now, c); done || w.fast {
			return n, errno, done
		}
	}
	if inHandshake(c) && s.err == 0 && !s.shutWrite {
		return 0, 0, false // the handshake is not over
	}
	if s.err != 0 || !c.CanSend() {
		if w.written > 0 {
			n, errno := w.finish()
			return n, errno, true
		}
		return -1, s.brokenPipe(), true
	}
	if w.waits && !s.hasRoom() {
		return 0, 0, false
	}
	bad := w.fill(now, c)
	switch {
	case bad && w.written == 0:
		return -1, syscall.EFAULT, true
	case bad, w.written == w.length, w.written > 0 && w.nonblock:
		n, errno := w.finish()
		return n, errno, true
	}
	s.noSpace, w.waits = true, true
	return 0, 0, false
}

// fill copies text to the connection as long as there is room; bad reports that the caller's pointer is.
func (w *writer) fill(now ip.Time, c *tcp.Conn) (bad bool) {
	parts, bad := rest(w.m.IOV, w.written)
	for i, p := range parts {
		p = p[:min(len(p), w.limit-w.written)]
		n := w.send(now, c, p, i == len(parts)-1)
		if w.written += n; n < len(p) {
			break
		}
	}
	w.s.conn.Touch(now)
	if w.written < w.length && !bad && w.nonblock {
		w.s.noSpace = true
	}
	return bad
}

// send is one piece of fill; last says that it ends the call.
func (w *writer) send(now ip.Time, c *tcp.Conn, p []byte, last bool) int {
	var f tcp.SendFlags
	switch {
	case w.flags&MSG_OOB != 0:
		return c.SendUrgent(now, p)
	case !last:
		f = tcp.SendPart
	default:
		if w.flags&MSG_MORE != 0 {
			f |= tcp.SendMore
		}
		if w.flags&MSG_EOR != 0 {
			f |= tcp.SendEOR
		}
	}
	return c.SendWith(now, p, f)
}

// finish ends the call after text was written.
func (w *writer) finish() (int, syscall.Errno) {
	w.s.wrote(w.written, w.flags)
	return w.written, 0
}

// brokenPipe returns what a write says when nothing can be written any more: the reason, once, and EPIPE after that.
func (s *socket) brokenPipe() syscall.Errno {
	if errno := s.takeError(); errno != 0 {
		return errno
	}
	return syscall.EPIPE
}

// hasRoom reports whether there is room worth waking somebody for, as Linux sees it: a third of the send buffer, and no more
// than half of what may be unsent (TCP_NOTSENT_LOWAT). It says so, too, when a write would fail at once.
func (s *socket) hasRoom() bool {
	c := s.conn.Conn()
	if !c.CanSend() {
		return true
	}
	room := c.Writable()
	if room == 0 || 2*room < c.Vars().SndBuf {
		return false
	}
	limit := s.options.get(SOL_TCP, TCP_NOTSENT_LOWAT)
	return limit <= 0 || 2*c.Info().Unsent < limit
}
