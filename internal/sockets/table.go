package sockets

import (
	"maps"
	"slices"
	"syscall"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/stack"
)

// The table of file descriptors.

// A Table holds the open descriptors of one process over one host. It is not safe for
// concurrent use, and shares the rules of the host.
type Table struct {
	// FirstFD is the lowest number that a descriptor gets. It must not change once there is one.
	FirstFD int
	// Epoch is the time of day at the zero of the host's clock, for what calls report as a time: nanoseconds since 1970.
	Epoch int64

	host         *stack.Host
	notSentLowat int // net.ipv4.tcp_notsent_lowat, 0 for no limit
	fastOpen     int // net.ipv4.tcp_fastopen
	objects      map[int]object
	watched      []*socket // that Progress has to look at
}

// maxFiles bounds the descriptors of a table: Linux's default hard limit.
const maxFiles = 1 << 12

// An object is what a descriptor stands for.
type object interface {
	poll() int // what is ready, whatever was asked for
	base() *descriptor
	watchers() *watchers
	close(now ip.Time) *Call
}

// A descriptor holds what every object has.
type descriptor struct {
	nonblock bool
	access   int // O_RDONLY, O_WRONLY or O_RDWR
	epolls   watchers
}

func (d *descriptor) base() *descriptor   { return d }
func (d *descriptor) watchers() *watchers { return &d.epolls }

// NewTable returns a table without descriptors. The host must not change its sockets otherwise.
func NewTable(host *stack.Host) *Table {
	return &Table{host: host, objects: map[int]object{}, fastOpen: TFO_CLIENT_ENABLE}
}

// add opens a descriptor: the lowest number that is free.
func (t *Table) add(o object) (int, syscall.Errno) {
	if len(t.objects) >= maxFiles {
		return -1, syscall.EMFILE
	}
	fd := t.FirstFD
	for t.objects[fd] != nil {
		fd++
	}
	t.objects[fd] = o
	return fd, 0
}

// socket returns the socket behind a descriptor.
func (t *Table) socket(fd int) (*socket, syscall.Errno) {
	o := t.objects[fd]
	if o == nil {
		return nil, syscall.EBADF
	}
	s, ok := o.(*socket)
	if !ok {
		return nil, syscall.ENOTSOCK
	}
	return s, 0
}

// IsOpen reports whether a descriptor is open.
func (t *Table) IsOpen(fd int) bool { return t.objects[fd] != nil }

// Conn returns the host's socket behind a descriptor; nil when there is none (yet).
func (t *Table) Conn(fd int) *stack.Socket {
	if s, _ := t.socket(fd); s != nil {
		return s.conn
	}
	return nil
}

// Close closes a descriptor: close(2). It waits only with SO_LINGER.
func (t *Table) Close(now ip.Time, fd int) *Call {
	o := t.objects[fd]
	if o == nil {
		return failed(syscall.EBADF)
	}
	delete(t.objects, fd)
	o.watchers().closed(o)
	return o.close(now)
}

// CloseAll closes every descriptor without waiting, as the end of a process does.
func (t *Table) CloseAll(now ip.Time) {
	for _, fd := range slices.Sorted(maps.Keys(t.objects)) {
		t.Close(now, fd)
	}
}

// Fcntl is fcntl(2) for F_GETFL, F_SETFL, F_GETFD and F_SETFD.
func (t *Table) Fcntl(fd, cmd, arg int) (int, syscall.Errno) {
	o := t.objects[fd]
	if o == nil {
		return -1, syscall.EBADF
	}
	st := o.base()
	switch cmd {
	case F_GETFL:
		flags := st.access
		if st.nonblock {
			flags |= O_NONBLOCK
		}
		return flags, 0
	case F_SETFL:
		st.nonblock = arg&O_NONBLOCK != 0
		return 0, 0
	case F_GETFD, F_SETFD:
		return 0, 0
	}
	return -1, syscall.EINVAL
}

// Progress must follow the draining of the host after each input. It notes what has been sent and
// acknowledged, for the error queues of sockets that want to know.
func (t *Table) Progress(now ip.Time) {
	t.watched = slices.DeleteFunc(t.watched, func(s *socket) bool {
		s.progress(now)
		s.watched = s.mustWatch()
		return !s.watched
	})
}

// SetNotSentLowat is net.ipv4.tcp_notsent_lowat: what new sockets have for TCP_NOTSENT_LOWAT, 0 for no limit.
func (t *Table) SetNotSentLowat(bytes int) { t.notSentLowat = bytes }
