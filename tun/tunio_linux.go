package tun

// This file holds the two directions of a TUN device's file, called back by
// the runtime's poller: true means "done", false "wait until the file is ready".

import (
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/sockeye-tcp/sockeye/ip"
)

// A vector names the pieces of memory of one readv or writev. It is used again and again, so that
// a system call allocates nothing, however many pieces there are.
type vector []unix.Iovec

func (v *vector) add(b []byte) {
	if len(b) > 0 {
		iov := unix.Iovec{Base: unsafe.SliceData(b)}
		iov.SetLen(len(b))
		*v = append(*v, iov)
	}
}

// call makes the system call, and forgets the pieces.
func (v *vector) call(trap, fd uintptr) (int, error) {
	var first unsafe.Pointer
	if len(*v) > 0 {
		first = unsafe.Pointer(&(*v)[0])
	}
	n, _, errno := unix.Syscall(trap, fd, uintptr(first), uintptr(len(*v)))
	clear(*v)
	*v = (*v)[:0]
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// readAtOnce is after how many bytes a Read returns though there may be more: what has been read is still in the
// processor's cache then when it is copied, and the sender's kernel hears of it early. A guess at a share of a second-level cache.
const readAtOnce = 256 << 10

// A tunReader is the reading half. It lives in the TUN, so that a Read
// allocates neither a closure nor results.
type tunReader struct {
	step  func(fd uintptr) bool
	vnet  bool
	size  int // of the longest packet
	bufs  []*ip.Buffer
	n     int
	bytes int
	err   error
	spare *ip.Buffer // taken from the pool and not filled yet

	header [vnetHeaderLen]byte
	pieces vector
}

func (r *tunReader) init(mtu int, vnet bool) {
	r.vnet, r.size = vnet, mtu
	if vnet {
		r.size = largeBuffer
	}
}

// read takes packets until the kernel has no more, or bufs is full, or it is enough for once.
func (r *tunReader) read(fd uintptr) bool {
	r.bytes = 0
	for r.n < len(r.bufs) && r.err == nil && r.bytes < readAtOnce {
		if r.spare == nil {
			r.spare = NewBuffer(r.size)
		}
		if r.vnet {
			r.pieces.add(r.header[:])
		}
		r.pieces.add(r.spare.Data)
		n, err := r.pieces.call(unix.SYS_READV, fd)
		switch err {
		case nil:
			r.keep(n)
		case unix.EINTR:
		case unix.EAGAIN:
			return r.n > 0
		default:
			r.err = err
		}
	}
	return true
}

// keep stores the n bytes that were read. With a large MTU every packet is
// read into a large buffer; a short one moves to a small buffer.
func (r *tunReader) keep(n int) {
	if r.vnet {
		n = max(n-vnetHeaderLen, 0)
	}
	b := r.spare
	if cap(b.Data) > smallBuffer && n <= smallBuffer {
		b = NewBuffer(n)
		copy(b.Data, r.spare.Data)
	} else {
		b.Data, r.spare = b.Data[:n], nil
	}
	if r.vnet {
		h := parseVnet(&r.header)
		h.describe(b)
	}
	r.bufs[r.n] = b
	r.n++
	r.bytes += n
}

// maxSlices is how many slices one writev may name (UIO_MAXIOV).
const maxSlices = 1024

// A tunWriter is the writing half.
type tunWriter struct {
	step func(fd uintptr) bool
	vnet bool
	pkts []*ip.Packet
	n    int
	err  error
	flat []byte

	header [vnetHeaderLen]byte
	pieces vector
}

// write never waits: the caller does, with WaitWritable.
func (w *tunWriter) write(fd uintptr) bool {
	for w.n < len(w.pkts) && w.err == nil {
		switch err := w.writePacket(fd, w.pkts[w.n]); err {
		case unix.EINTR:
		case unix.EAGAIN:
			return true
		case unix.EBADFD, unix.EBADF, unix.EFAULT:
			w.err = err
		default: // nil, or this packet is lost: EINVAL malformed, EIO interface down, ENOBUFS ...
			w.n++
		}
	}
	return true
}

// writePacket writes one packet in one system call: a second one would be a
// second packet.
func (w *tunWriter) writePacket(fd uintptr, p *ip.Packet) error {
	if w.vnet {
		h := vnetOf(p)
		h.put(&w.header)
		w.pieces.add(w.header[:])
	}
	if len(p.Payload)+2 > maxSlices {
		w.flat = p.AppendTo(w.flat[:0])
		w.pieces.add(w.flat)
	} else {
		w.pieces.add(p.Header)
		for _, b := range p.Payload {
			w.pieces.add(b)
		}
	}
	_, err := w.pieces.call(unix.SYS_WRITEV, fd)
	return err
}

// isWritable is a RawConn step: it returns true when the file takes a packet
// now. It asks the kernel instead of waiting for an edge that has passed already.
func isWritable(fd uintptr) bool {
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
	n, err := unix.Poll(fds, 0)
	return n > 0 || err != nil && err != unix.EINTR
}
