package sockets

import (
	"slices"
	"syscall"

	"github.com/sockeye-tcp/sockeye/ip"
)

// Files in memory and pipes: where sendfile and splice take their text from.

// A file is a regular file that can only be read, or one end of a pipe.
type file struct {
	descriptor
	store *store
	pipe  bool
	at    int // in a regular file
}

// A store is what a file holds, or what is in a pipe.
type store struct {
	text             []byte
	readers, writers int // open ends of a pipe
	ends             []*file
}

// pipeSize is the room in a pipe, Linux's default.
const pipeSize = 64 << 10

// OpenFile opens a regular file with a text, for reading.
func (t *Table) OpenFile(text []byte) (int, syscall.Errno) {
	return t.add(&file{store: &store{text: text}})
}

// FileText returns the text that sendfile or splice would take from a file or a pipe, without taking it.
func (t *Table) FileText(fd int, offset *int64, count int) []byte {
	f, ok := t.objects[fd].(*file)
	if !ok {
		return nil
	}
	text := f.left()
	if offset != nil && !f.pipe {
		text = f.store.text[min(max(*offset, 0), int64(len(f.store.text))):]
	}
	return text[:min(max(count, 0), len(text))]
}

// Pipe is pipe2(2): the ends to read from and to write to.
func (t *Table) Pipe(flags int) (r, w int, errno syscall.Errno) {
	st := &store{readers: 1, writers: 1}
	in, out := &file{store: st, pipe: true}, &file{store: st, pipe: true}
	in.nonblock, out.nonblock = flags&O_NONBLOCK != 0, flags&O_NONBLOCK != 0
	out.access = O_WRONLY
	st.ends = []*file{in, out}
	if r, errno = t.add(in); errno != 0 {
		return -1, -1, errno
	}
	if w, errno = t.add(out); errno != 0 {
		delete(t.objects, r)
		return -1, -1, errno
	}
	return r, w, 0
}

// left returns the text that reading gives.
func (f *file) left() []byte {
	if f.pipe {
		return f.store.text
	}
	return f.store.text[min(f.at, len(f.store.text)):]
}

// take notes that n bytes have been read.
func (f *file) take(n int) {
	if !f.pipe {
		f.at += n
		return
	}
	f.store.text = slices.Delete(f.store.text, 0, n)
	f.store.wake()
}

// wake tells the pollers of both ends that something has changed.
func (st *store) wake() {
	for _, end := range st.ends {
		end.epolls.wake(anyEvent)
	}
}

// read is read(2).
func (f *file) read(now ip.Time, v []IOVec) *Call {
	if f.access == O_WRONLY {
		return failed(syscall.EBADF)
	}
	c := f.waiting()
	c.try = func(ip.Time) (int, syscall.Errno, bool) {
		n := 0
		parts, bad := rest(v, 0)
		if bad {
			return -1, syscall.EFAULT, true
		}
		for _, p := range parts {
			k := copy(p, f.left())
			f.take(k)
			n += k
		}
		return n, 0, n > 0 || total(v) == 0 || !f.pipe || f.store.writers == 0
	}
	return c.begin(now)
}

// write is write(2), to a pipe.
func (f *file) write(now ip.Time, v []IOVec) *Call {
	if f.access != O_WRONLY {
		return failed(syscall.EBADF)
	}
	c := f.waiting()
	written := 0
	c.try = func(ip.Time) (int, syscall.Errno, bool) {
		parts, bad := rest(v, written)
		switch {
		case f.store.readers == 0:
			return -1, syscall.EPIPE, true
		case bad:
			return -1, syscall.EFAULT, true
		}
		for _, p := range parts {
			p = p[:min(len(p), pipeSize-len(f.store.text))]
			f.store.text = append(f.store.text, p...)
			written += len(p)
		}
		f.store.wake()
		return written, 0, written == total(v) || written > 0 && f.nonblock
	}
	return c.begin(now)
}

func (f *file) waiting() *Call {
	c := new(Call)
	if f.nonblock {
		c.busy = syscall.EAGAIN
	}
	return c
}

// poll returns what is ready.
func (f *file) poll() int {
	switch {
	case !f.pipe:
		return POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM
	case f.access == O_WRONLY && f.store.readers == 0:
		return POLLERR | POLLOUT | POLLWRNORM
	case f.access == O_WRONLY && len(f.store.text) < pipeSize:
		return POLLOUT | POLLWRNORM
	case f.access == O_WRONLY:
		return 0
	}
	ready := 0
	if len(f.store.text) > 0 {
		ready |= POLLIN | POLLRDNORM
	}
	if f.store.writers == 0 {
		ready |= POLLHUP
	}
	return ready
}

// close closes the file.
func (f *file) close(ip.Time) *Call {
	if f.pipe && f.access == O_WRONLY {
		f.store.writers--
	} else if f.pipe {
		f.store.readers--
	}
	f.store.wake()
	return over(0, 0)
}

// Sendfile is sendfile(2): it sends up to count bytes of a regular file. With an offset, text is taken from there
// and the offset moves; the file's own place does not.
func (t *Table) Sendfile(now ip.Time, out, in int, offset *int64, count int) *Call {
	f, ok := t.objects[in].(*file)
	switch {
	case t.objects[in] == nil || t.objects[out] == nil:
		return failed(syscall.EBADF)
	case !ok || f.pipe:
		return failed(syscall.EINVAL)
	case count < 0 || offset != nil && *offset < 0:
		return failed(syscall.EINVAL)
	}
	text := t.FileText(in, offset, count)
	if len(text) == 0 {
		return over(0, 0)
	}
	return t.Write(now, out, Buffer(text)).then(func(n int) {
		if offset != nil {
			*offset += int64(n)
		} else {
			f.at += n
		}
	})
}

// Splice is splice(2) between a pipe and a socket, up to count bytes.
func (t *Table) Splice(now ip.Time, in, out, count, flags int) *Call {
	from, to := t.objects[in], t.objects[out]
	if from == nil || to == nil {
		return failed(syscall.EBADF)
	}
	source, isPipe := from.(*file)
	target, toPipe := to.(*file)
	const nonblock = 2 // SPLICE_F_NONBLOCK
	switch {
	case isPipe && source.pipe && !toPipe:
		if len(source.store.text) == 0 {
			if source.store.writers == 0 {
				return over(0, 0)
			}
			return failed(syscall.EAGAIN)
		}
		text := source.store.text[:min(count, len(source.store.text))]
		return t.Write(now, out, Buffer(slices.Clone(text))).then(source.take)
	case toPipe && target.pipe && !isPipe:
		b := make([]byte, min(count, pipeSize-len(target.store.text)))
		if len(b) == 0 {
			return failed(syscall.EAGAIN)
		}
		msg := 0
		if flags&nonblock != 0 {
			msg = MSG_DONTWAIT
		}
		return t.Recv(now, in, Buffer(b), msg).then(func(n int) {
			target.store.text = append(target.store.text, b[:n]...)
			target.store.wake()
		})
	}
	return failed(syscall.EINVAL)
}

// then has f do its part when the call has succeeded.
func (c *Call) then(f func(n int)) *Call {
	if c.done {
		if c.Errno == 0 {
			f(c.Value)
		}
		return c
	}
	outer := &Call{until: c.until}
	outer.try = func(now ip.Time) (int, syscall.Errno, bool) {
		if !c.Again(now) {
			return 0, 0, false
		}
		if c.Errno == 0 {
			f(c.Value)
		}
		return c.Value, c.Errno, true
	}
	return outer
}
