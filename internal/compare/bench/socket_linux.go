package bench

import (
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tun"
)

// The twin's device: what a TUN is between a kernel and the forwarder, a socket
// that keeps packets apart is between our stack and the forwarder. Either costs
// one system call and one wake-up where a packet changes hands.

// A socketDevice is an ip.Device on one end of a pair of sockets.
type socketDevice struct {
	file   *os.File
	raw    syscall.RawConn
	mtu    int
	closed atomic.Bool
	slices [][]byte // of the packet that is being written
}

// socketPair returns a device and, for another process, the file of its other end.
func socketPair(mtu int) (*socketDevice, *os.File, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	far := os.NewFile(uintptr(fds[1]), "packets")
	near, err := newSocketDevice(os.NewFile(uintptr(fds[0]), "packets"), mtu)
	if err != nil {
		far.Close()
		return nil, nil, err
	}
	return near, far, nil
}

// newSocketDevice makes a device of an end; it owns the file.
func newSocketDevice(file *os.File, mtu int) (*socketDevice, error) {
	raw, err := file.SyscallConn()
	if err != nil {
		file.Close()
		return nil, err
	}
	return &socketDevice{file: file, raw: raw, mtu: mtu}, nil
}

// Read waits for a packet and takes what else is there.
func (d *socketDevice) Read(bufs []*ip.Buffer) (n int, err error) {
	var failed error
	waitErr := d.raw.Read(func(fd uintptr) bool {
		for n < len(bufs) && failed == nil {
			b := tun.NewBuffer(d.mtu)
			got, err := unix.Read(int(fd), b.Data)
			if err == nil && got > 0 {
				b.Data = b.Data[:got]
				bufs[n] = b
				n++
				continue
			}
			b.Free()
			switch {
			case err == unix.EAGAIN:
				return n > 0
			case err == unix.EINTR:
			case err == nil:
				failed = net.ErrClosed // the other end is gone
			default:
				failed = err
			}
		}
		return true
	})
	if n > 0 {
		return n, nil
	}
	return 0, d.wrap(waitErr, failed)
}

// Write sends packets as far as there is room.
func (d *socketDevice) Write(pkts []*ip.Packet) (n int, err error) {
	var failed error
	waitErr := d.raw.Write(func(fd uintptr) bool {
		for n < len(pkts) && failed == nil {
			switch err := d.writePacket(int(fd), pkts[n]); err {
			case nil:
				n++
			case unix.EINTR:
			case unix.EAGAIN:
				return true
			default:
				failed = err
			}
		}
		return true
	})
	return n, d.wrap(waitErr, failed)
}

// maxSlices is how many slices one writev may name (UIO_MAXIOV).
const maxSlices = 1024

// writePacket writes one packet in one system call, without copying it together, as a TUN is written.
func (d *socketDevice) writePacket(fd int, p *ip.Packet) error {
	if len(p.Payload) >= maxSlices {
		_, err := unix.Write(fd, p.AppendTo(nil))
		return err
	}
	d.slices = append(append(d.slices[:0], p.Header), p.Payload...)
	_, err := unix.Writev(fd, d.slices)
	clear(d.slices) // the payload is the caller's again
	return err
}

// WaitWritable waits until there is room.
func (d *socketDevice) WaitWritable() error {
	return d.wrap(d.raw.Write(func(fd uintptr) bool {
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
		n, err := unix.Poll(fds, 0)
		return n > 0 || err != nil && err != unix.EINTR
	}), nil)
}

// wrap gives an error the form that ip.Device promises.
func (d *socketDevice) wrap(waitErr, failed error) error {
	switch {
	case d.closed.Load():
		return net.ErrClosed
	case failed != nil:
		return fmt.Errorf("hand over packets: %w", failed)
	case waitErr != nil:
		return fmt.Errorf("hand over packets: %w", waitErr)
	}
	return nil
}

// MTU returns that of the path.
func (d *socketDevice) MTU() int { return d.mtu }

// Offload says that there is none, as a plain TUN has none.
func (d *socketDevice) Offload() ip.Offload { return ip.Offload{} }

// Close closes this end; the other one notices.
func (d *socketDevice) Close() error {
	if d.closed.Swap(true) {
		return nil
	}
	return d.file.Close()
}

var _ ip.Device = (*socketDevice)(nil)
