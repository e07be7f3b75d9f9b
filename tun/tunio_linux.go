package tun

// This file holds the two directions of a TUN device's file, called back by
// the runtime's poller: true means "done", false "wait until the file is ready".

import (
	"golang.org/x/sys/unix"

	"github.com/sockeye-tcp/sockeye/ip"
)

// A tunReader is the reading half. It lives in the TUN, so that a Read
// allocates neither a closure nor results.
type tunReader struct {
	step  func(fd uintptr) bool
	mtu   int
	bufs  []*ip.Buffer
	n     int
	err   error
	spare *ip.Buffer // taken from the pool and not filled yet
}

// read takes packets until the kernel has no more or bufs is full.
func (r *tunReader) read(fd uintptr) bool {
	for r.n < len(r.bufs) && r.err == nil {
		if r.spare == nil {
			r.spare = NewBuffer(r.mtu)
		}
		n, err := unix.Read(int(fd), r.spare.Data)
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
	b := r.spare
	if cap(b.Data) > smallBuffer && n <= smallBuffer {
		b = NewBuffer(n)
		copy(b.Data, r.spare.Data)
	} else {
		b.Data, r.spare = b.Data[:n], nil
	}
	r.bufs[r.n] = b
	r.n++
}

// maxSlices is how many slices one writev may name (UIO_MAXIOV).
const maxSlices = 1024

// A tunWriter is the writing half.
type tunWriter struct {
	step   func(fd uintptr) bool
	pkts   []*ip.Packet
	n      int
	err    error
	slices [][]byte
	flat   []byte
}

// write never waits: the caller does, with WaitWritable.
func (w *tunWriter) write(fd uintptr) bool {
	for w.n < len(w.pkts) && w.err == nil {
		switch err := w.writePacket(int(fd), w.pkts[w.n]); err {
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
func (w *tunWriter) writePacket(fd int, p *ip.Packet) error {
	if len(p.Payload) == 0 {
		_, err := unix.Write(fd, p.Header)
		return err
	}
	if len(p.Payload) >= maxSlices {
		w.flat = p.AppendTo(w.flat[:0])
		_, err := unix.Write(fd, w.flat)
		return err
	}
	w.slices = append(append(w.slices[:0], p.Header), p.Payload...)
	_, err := unix.Writev(fd, w.slices)
	clear(w.slices) // the payload is the caller's again
	return err
}

// isWritable is a RawConn step: it returns true when the file takes a packet
// now. It asks the kernel instead of waiting for an edge that has passed already.
func isWritable(fd uintptr) bool {
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
	n, err := unix.Poll(fds, 0)
	return n > 0 || err != nil && err != unix.EINTR
}
