package bench

import (
	"net"
	"os"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/sockeye-tcp/sockeye/internal/compare/campaign"
	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tun"
)

// The link between our stack and a kernel: a network between a device and a TUN.
//
// The kernel's TCP runs in the thread of its link: inside the system call that writes a packet to its TUN device, it handles the packet
// and sends what follows. Ours runs in the thread of its link, too: the stack's reader drives the network in Read. So both
// have the same wake-ups, and what differs is TCP.

// A wireDevice is an ip.Device with the network behind it.
type wireDevice struct {
	network
	tap    tap
	file   *os.File
	mtu    int
	wakeFd int // an eventfd: the reader is to look again
	closed atomic.Bool

	// Guarded by mu.
	armed  ip.Time // until when the reader sleeps; zero: until something comes
	sleeps bool
}

// newWireDevice makes a device of the server's TUN, which it owns. Its network is cut until it is open.
func newWireDevice(server *os.File, mtu int) (*wireDevice, error) {
	d := &wireDevice{network: newNetwork(), file: server, mtu: mtu}
	d.tap.fd = int(server.Fd()) // Fd makes the file block
	if err := unix.SetNonblock(d.tap.fd, true); err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	var err error
	d.wakeFd, err = unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	return d, os.NewSyscallError("eventfd", err)
}

// open begins a new network.
func (d *wireDevice) open(s networkSpec) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tap.drop()
	d.network.open(s)
}

// cut ends it and returns what the observer has counted.
func (d *wireDevice) cut() campaign.Counts {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tap.drop()
	return d.network.cut()
}

// Read moves packets both ways until some have arrived at our end.
func (d *wireDevice) Read(bufs []*ip.Buffer) (int, error) {
	poll := []unix.PollFd{{Fd: int32(d.tap.fd), Events: unix.POLLIN}, {Fd: int32(d.wakeFd), Events: unix.POLLIN}}
	for {
		if d.closed.Load() {
			return 0, net.ErrClosed
		}
		n, wait, err := d.turn(poll, bufs)
		if n > 0 || err != nil {
			return n, err
		}
		if _, err := unix.Ppoll(poll, wait, nil); err != nil && err != unix.EINTR {
			return 0, os.NewSyscallError("ppoll", err)
		}
	}
}

// turn takes what has come from the server, hands on what is due there, and returns what is due here, or what to wait for.
func (d *wireDevice) turn(poll []unix.PollFd, bufs []*ip.Buffer) (n int, wait *unix.Timespec, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sleeps = false
	if poll[1].Revents != 0 {
		var count [8]byte
		if _, err := unix.Read(d.wakeFd, count[:]); err != nil && err != unix.EAGAIN {
			return 0, nil, os.NewSyscallError("read", err)
		}
	}
	// What came is looked for without being told: the last turn may have ended before all was taken.
	if err := d.tap.take(&d.network, 1, d.mtu); err != nil {
		return 0, nil, err
	}
	isFull, err := d.tap.hand(&d.network, 1)
	if err != nil {
		return 0, nil, err
	}
	for now := d.now(); n < len(bufs); n++ {
		b := d.pop(now, 0)
		if b == nil {
			break
		}
		bufs[n] = b
	}
	if n > 0 {
		return n, nil, nil
	}
	d.armed, d.sleeps = d.deadline(0), true
	poll[0].Events = unix.POLLIN
	if isFull {
		poll[0].Events |= unix.POLLOUT
	} else {
		d.armed = ip.Earliest(d.armed, d.deadline(1))
	}
	return 0, d.until(d.armed), nil
}

// Write puts packets into the network, which takes them all: what its queue has no room for is lost, as in a router.
func (d *wireDevice) Write(pkts []*ip.Packet) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	for _, p := range pkts {
		b := tun.NewBuffer(d.mtu)
		b.Data = p.AppendTo(b.Data[:0])
		d.push(now, 0, b)
	}
	// What needs no time is with the server when Write returns, and what it answers is with the reader.
	isFull, err := d.tap.hand(&d.network, 1)
	if err != nil {
		return 0, err
	}
	if next := d.deadline(1); d.sleeps && (isFull || next != 0 && (d.armed == 0 || next < d.armed)) {
		d.sleeps = false
		err = d.wake()
	}
	return len(pkts), err
}

// wake lets the reader look again.
func (d *wireDevice) wake() error {
	if _, err := unix.Write(d.wakeFd, []byte{1, 0, 0, 0, 0, 0, 0, 0}); err != nil && err != unix.EAGAIN {
		return os.NewSyscallError("write", err)
	}
	return nil
}

// WaitWritable has nothing to wait for.
func (d *wireDevice) WaitWritable() error { return nil }

// MTU returns that of the link.
func (d *wireDevice) MTU() int { return d.mtu }

// Offload says that there is none: nothing is segmented or merged on the way.
func (d *wireDevice) Offload() ip.Offload { return ip.Offload{} }

// Close lets the reader end. The files stay open until the process ends, which is soon: the reader may still look at them.
func (d *wireDevice) Close() error {
	if d.closed.Swap(true) {
		return nil
	}
	return d.wake()
}

var _ ip.Device = (*wireDevice)(nil)
