package tun

// This file holds the TUN device of Linux: packets of the kernel, one system
// call each way. vnet_linux.go opens it, or else songgao/water; the rest is plain file I/O.
// See Documentation/networking/tuntap.rst in the kernel's sources.

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/songgao/water"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/sockeye-tcp/sockeye/ip"
)

// A TUN is a network interface of the kernel whose other end is this process:
// what the kernel routes to it, Read returns; what Write is given arrives in
// the kernel as if from a wire. Its methods behave as ip.Device says.
type TUN struct {
	name string
	mtu  int
	mode mode
	file *os.File
	raw  syscall.RawConn

	closed    atomic.Bool
	closeOnce sync.Once
	closeErr  error

	rd tunReader
	wr tunWriter
}

var _ Device = (*TUN)(nil)

// Open opens a TUN device in the network namespace of the calling thread. The
// interface has no address, is not up, and its routes are the caller's
// business; see Up for the whole. A new device needs CAP_NET_ADMIN: without,
// the error is fs.ErrPermission.
func Open(cfg Config) (*TUN, error) {
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("open TUN: %w", err)
	}
	file, name, m, err := openBest(cfg)
	if err != nil {
		return nil, fmt.Errorf("open TUN%s: %w%s", prefixed(cfg.Name), err, openHint(err))
	}
	t, err := newTUN(file, name, cfg.MTU, m)
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("open TUN %s: %w", name, err)
	}
	return t, nil
}

// openBest opens the device with the virtio header if that can be, else plainly.
func openBest(cfg Config) (file *os.File, name string, m mode, err error) {
	m.plain = "it was asked for"
	if !cfg.NoOffload {
		if file, name, m.received, err = openVnet(cfg.Name); err == nil {
			m.vnet = true
			return file, name, m, nil
		}
		m.plain = fmt.Sprintf("with the virtio header it cannot be opened: %v", err)
	}
	file, name, err = openWater(cfg.Name)
	return file, name, m, err
}

// openWater opens the device and hands out water's file. Water leaves the file
// open in child processes, where it would keep the interface alive after we
// are gone, so no child may start until that is put right.
func openWater(name string) (*os.File, string, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	cfg := water.Config{DeviceType: water.TUN}
	cfg.Name = name
	cfg.Persist = isPersistent(name) // water clears the mark otherwise
	w, err := water.New(cfg)
	if err != nil {
		return nil, "", err
	}
	file, ok := w.ReadWriteCloser.(*os.File)
	if !ok {
		panic("BUG: water hands out no *os.File on Linux")
	}
	raw, err := file.SyscallConn()
	if err == nil {
		err = raw.Control(func(fd uintptr) {
			unix.CloseOnExec(int(fd))
			setOffload(int(fd), 0) // who had a persistent device before may have wanted some
		})
	}
	if err != nil {
		file.Close()
		return nil, "", err
	}
	return file, w.Name(), nil
}

// isPersistent reports whether the interface is a TUN device that outlives
// the process that uses it.
func isPersistent(name string) bool {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return false
	}
	t, ok := link.(*netlink.Tuntap)
	return ok && !t.NonPersist
}

// prefixed returns " name", or nothing for a name that the kernel is to choose.
func prefixed(name string) string {
	if name == "" || strings.Contains(name, "%") {
		return ""
	}
	return " " + name
}

// openHint says what to do about the usual reasons why a TUN cannot be opened.
func openHint(err error) string {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return " (it needs CAP_NET_ADMIN: run as root)"
	case errors.Is(err, fs.ErrNotExist):
		return " (is the tun module loaded? modprobe tun)"
	case errors.Is(err, unix.EBUSY):
		return " (another process has this device open)"
	}
	return ""
}

// queueLen is how many packets the kernel keeps until we read them. Its default, 500, overflows whenever
// this process waits a moment for a processor while a window of 4 MiB, 2,900 packets, arrives at
// once; what is dropped there looks like congestion to the sender.
const queueLen = 4096

func newTUN(file *os.File, name string, mtu int, m mode) (*TUN, error) {
	raw, err := file.SyscallConn()
	if err != nil {
		return nil, err
	}
	link, err := netlink.LinkByName(name)
	if err != nil {
		return nil, err
	}
	if mtu != 0 && mtu != link.Attrs().MTU {
		if err := netlink.LinkSetMTU(link, mtu); err != nil {
			return nil, fmt.Errorf("set MTU %d: %w", mtu, err)
		}
	} else {
		mtu = link.Attrs().MTU
	}
	// Nothing holds a sender back when the queue of a TUN is full: what comes then is lost. Without the privilege to
	// make it longer, a device of somebody else stays as it is.
	_ = netlink.LinkSetTxQLen(link, queueLen)
	t := &TUN{name: name, mtu: mtu, mode: m, file: file, raw: raw}
	t.rd.init(mtu, m.vnet)
	t.wr.vnet = m.vnet
	t.rd.step, t.wr.step = t.rd.read, t.wr.write
	return t, nil
}

// Name returns the name of the interface.
func (t *TUN) Name() string { return t.name }

// MTU returns the MTU that the interface had when it was opened.
func (t *TUN) MTU() int { return t.mtu }

// Mode says in a few words for people how the device is used, and why: with the virtio header, or plainly.
func (t *TUN) Mode() string { return t.mode.String() }

// Offload says what the kernel does for the sender: with the virtio header it
// cuts packets and completes checksums where that is needed at all, a plain TUN offers nothing.
func (t *TUN) Offload() ip.Offload {
	if !t.mode.vnet {
		return ip.Offload{}
	}
	return ip.Offload{Checksum: true, TSO4: true, TSO6: true, MaxGSO: ip.MaxPacket}
}

// Close closes the device; the interface vanishes before it returns, unless it
// is persistent.
func (t *TUN) Close() error {
	t.closeOnce.Do(func() {
		if t.mode.vnet {
			// The next one to use a persistent device need not know of long packets.
			_ = t.raw.Control(func(fd uintptr) { setOffload(int(fd), 0) })
		}
		t.closed.Store(true)
		t.closeErr = t.file.Close()
	})
	return t.closeErr
}

// Read waits for a packet and takes what else is there, as ip.Device says, but not much more than a processor's cache holds.
func (t *TUN) Read(bufs []*ip.Buffer) (int, error) {
	t.rd.bufs, t.rd.n = bufs, 0
	err := t.raw.Read(t.rd.step)
	t.rd.bufs = nil
	if t.rd.n > 0 {
		return t.rd.n, nil // an error that followed comes with the next call
	}
	return 0, t.wrap("read", errors.Join(err, t.rd.err))
}

// Write hands packets to the kernel, each in one system call. What the kernel
// will not have (a malformed packet, an interface that is down) is lost, as on
// a wire.
func (t *TUN) Write(pkts []*ip.Packet) (int, error) {
	t.wr.pkts, t.wr.n, t.wr.err = pkts, 0, nil
	err := t.raw.Write(t.wr.step)
	t.wr.pkts = nil
	return t.wr.n, t.wrap("write", errors.Join(err, t.wr.err))
}

// WaitWritable waits until the kernel has room for a packet.
func (t *TUN) WaitWritable() error {
	return t.wrap("write", t.raw.Write(isWritable))
}

// wrap gives an error the form that ip.Device promises.
func (t *TUN) wrap(op string, err error) error {
	switch {
	case t.closed.Load():
		return net.ErrClosed
	case err == nil:
		return nil
	case errors.Is(err, unix.EBADFD) || t.isDeleted():
		return fmt.Errorf("%s %s: the interface was deleted: %w", op, t.name, net.ErrClosed)
	}
	return fmt.Errorf("%s %s: %w", op, t.name, err)
}

// isDeleted reports whether the interface is gone although we hold it open.
// The runtime's poller calls such a file "not pollable" and no more.
func (t *TUN) isDeleted() bool {
	var gone bool
	err := t.raw.Control(func(fd uintptr) {
		var b [1]byte
		_, err := unix.Read(int(fd), b[:])
		gone = err == unix.EBADFD
	})
	return err == nil && gone
}
