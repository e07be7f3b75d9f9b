package packetdrill

import (
	"bytes"
	"syscall"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// Reading and writing.

// maxTransfer bounds one call: scripts that move more are mistaken.
const maxTransfer = 64 << 20

// transfer reads what read and write have in common: the file, the length and the flags.
func (a *arguments) transfer() (f *file, length int, flags int64) {
	want := map[string][]int{"read": {3}, "write": {3}, "recv": {4}, "send": {4}, "recvfrom": {6}, "sendto": {6}}[a.call.Name]
	a.count(want...)
	n := a.number(2)
	if n < 0 || n > maxTransfer {
		a.fail("a length of %d is not supported", n)
	}
	if len(a.list) > 3 {
		flags = a.number(3)
	}
	if other := flags &^ (constants["MSG_DONTWAIT"] | constants["MSG_NOSIGNAL"]); other != 0 {
		a.fail("the flags %#x are not supported: only MSG_DONTWAIT and MSG_NOSIGNAL are", other)
	}
	return a.file(0), int(n), flags
}

// callRead reads, and compares every byte with what the peer has sent at that place.
func callRead(r *runner, a *arguments) *attempt {
	f, length, flags := a.transfer()
	switch {
	case f == nil:
		return immediately(0, syscall.EBADF)
	case f.sock == nil:
		return immediately(0, syscall.ENOTCONN)
	}
	null := a.null(1)
	t := &attempt{nonblock: f.nonblock || flags&constants["MSG_DONTWAIT"] != 0, busy: syscall.EAGAIN}
	t.try = func() (int64, syscall.Errno, bool) {
		c := f.sock.Conn()
		switch {
		case length == 0:
			return 0, 0, true
		case c.Readable() > 0 && null:
			return -1, syscall.EFAULT, true
		case c.Readable() > 0:
			return int64(r.read(f, length)), 0, true
		case c.PeerFIN():
			return 0, 0, true
		}
		if errno := f.takeError(); errno != 0 {
			return -1, errno, true
		}
		if f.shutRead || c.State() == tcp.Closed {
			return 0, 0, true
		}
		return 0, 0, false
	}
	return t
}

// read moves text out of the connection.
func (r *runner) read(f *file, length int) int {
	b := make([]byte, min(length, f.sock.Conn().Readable()))
	n := f.sock.Conn().Receive(r.now, b)
	f.sock.Touch(r.now)
	want := textFrom(false, f.readAt, n)
	if !bytes.Equal(b[:n], want) {
		i := 0
		for b[i] == want[i] {
			i++
		}
		r.breakOff(r.fail("the host delivers the wrong byte at offset %d of the peer's stream", f.readAt+i))
	}
	f.readAt += n
	return n
}

// callWrite writes text that depends on its place, or the string of the line.
func callWrite(r *runner, a *arguments) *attempt {
	f, length, flags := a.transfer()
	switch {
	case f == nil:
		return immediately(0, syscall.EBADF)
	case f.sock == nil:
		return immediately(0, syscall.EPIPE)
	case a.null(1) && length > 0:
		return immediately(0, syscall.EFAULT)
	}
	text := textFrom(true, len(f.flow.wrote), length)
	if e := a.list[1]; e.Kind == ExprString {
		if length > len(e.Text) {
			a.fail("%d bytes of a string that has %d", length, len(e.Text))
		}
		text = []byte(e.Text)[:length]
	}
	t := &attempt{nonblock: f.nonblock || flags&constants["MSG_DONTWAIT"] != 0, busy: syscall.EAGAIN}
	written := 0
	t.try = func() (int64, syscall.Errno, bool) {
		c := f.sock.Conn()
		errno := f.takeError()
		switch {
		case errno != 0 && written == 0:
			return -1, errno, true
		case errno == 0 && c.State() == tcp.SynSent && !f.connected, errno == 0 && c.CanSend():
		case written > 0:
			return int64(written), 0, true
		default:
			return -1, syscall.EPIPE, true
		}
		if !c.State().Synchronized() {
			return 0, 0, false
		}
		n := c.Send(r.now, text[written:])
		f.flow.wrote = append(f.flow.wrote, text[written:written+n]...)
		written += n
		f.sock.Touch(r.now)
		over := written == length || written > 0 && t.nonblock
		return int64(written), 0, over
	}
	return t
}
