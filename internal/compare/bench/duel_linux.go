package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/sockeye-tcp/sockeye/internal/compare"
	"github.com/sockeye-tcp/sockeye/internal/compare/campaign"
	"github.com/sockeye-tcp/sockeye/internal/lab"
)

// One case of a recovery campaign: a server on the kernel's TCP, and for each TCP under test a link to it, of which the far
// end is a TUN device in the server's namespace. The near end is another one for the kernel, in a namespace that has nothing
// else, and a pair of sockets for ours: either costs a system call and a wake-up where a packet changes hands.

// portStream is the server's port.
const portStream = 5001

// streamMTU is that of the links.
const streamMTU = 1500

// A duel is what stands while a case is measured.
type duel struct {
	c        campaign.Case
	world    *lab.Namespace
	listener net.Listener
	links    map[campaign.Stack]*wireLink
	clients  map[campaign.Stack]*part
	closers  []func() error
}

// duelAddrs are the server's and the client's end of each link, from blocks for documentation (RFC 5737).
var duelAddrs = map[campaign.Stack][2]netip.Prefix{
	campaign.Kernel: {netip.MustParsePrefix("198.51.100.1/24"), netip.MustParsePrefix("198.51.100.2/24")},
	campaign.Ours:   {netip.MustParsePrefix("203.0.113.1/24"), netip.MustParsePrefix("203.0.113.2/24")},
}

// openDuel sets up a case.
func openDuel(ctx context.Context, program []string, c campaign.Case, stacks []campaign.Stack) (d *duel, err error) {
	d = &duel{c: c, links: map[campaign.Stack]*wireLink{}, clients: map[campaign.Stack]*part{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.close())
		}
	}()
	if d.world, err = d.namespace(); err != nil {
		return d, err
	}
	for _, s := range stacks {
		if err := d.join(ctx, program, s); err != nil {
			return d, err
		}
	}
	listen := net.ListenConfig{Control: useCongestion(c.Congestion)}
	err = d.world.Do(func() (err error) {
		d.listener, err = listen.Listen(ctx, "tcp4", fmt.Sprintf(":%d", portStream))
		return err
	})
	if err == nil {
		d.closers = append(d.closers, d.listener.Close)
	}
	return d, err
}

func (d *duel) namespace() (*lab.Namespace, error) {
	ns, err := lab.New()
	if err == nil {
		d.closers = append(d.closers, ns.Close)
	}
	return ns, err
}

// join connects a TCP under test to the server and starts it.
func (d *duel) join(ctx context.Context, program []string, s campaign.Stack) (err error) {
	sp := spec{Role: roleKernel, Network: "tcp4", Congestion: d.c.Congestion}
	var near, forClient *os.File
	var files []*os.File
	var ns *lab.Namespace
	if s == campaign.Kernel {
		if ns, err = d.namespace(); err != nil {
			return err
		}
		near, err = openEnd(ns, "link0", duelAddrs[s][1])
	} else {
		sp.Role, sp.Forwarded, sp.MTU, sp.Addrs = roleUser, true, streamMTU, []netip.Prefix{duelAddrs[s][1]}
		sp.DNS = []netip.AddrPort{netip.AddrPortFrom(duelAddrs[s][0].Addr(), portDNS)} // nobody is asked
		near, forClient, err = packetSockets()
		files = []*os.File{forClient}
	}
	if err != nil {
		return err
	}
	if forClient != nil {
		defer forClient.Close() // it is the client's now
	}
	far, err := openEnd(d.world, string(s)+"0", duelAddrs[s][0])
	if err != nil {
		near.Close()
		return err
	}
	link, err := newWireLink(near, far, streamMTU)
	if err != nil {
		return err
	}
	d.links[s] = link
	d.closers = append(d.closers, link.close)
	p, _, err := start(ctx, program, sp, ns, files...)
	if err != nil {
		return err
	}
	d.clients[s] = p
	d.closers = append(d.closers, p.end)
	return nil
}

// openEnd makes a TUN device with an address in a namespace. It returns the device's file, which is read and written as it is.
func openEnd(ns *lab.Namespace, name string, addr netip.Prefix) (f *os.File, err error) {
	err = ns.Do(func() error {
		fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0)
		if err != nil {
			return fmt.Errorf("open TUN: %w", err)
		}
		f = os.NewFile(uintptr(fd), name)
		req, err := unix.NewIfreq(name)
		if err != nil {
			return err
		}
		req.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.TUNSETIFF, uintptr(unsafe.Pointer(req))); errno != 0 {
			return fmt.Errorf("make the device %s: %w", name, errno)
		}
		return plugIn(name, addr)
	})
	if err != nil && f != nil {
		f.Close()
	}
	return f, err
}

// packetSockets is a pair of sockets that keeps packets apart and has room for as many as a TUN device's queue.
func packetSockets() (near, far *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	near, far = os.NewFile(uintptr(fds[0]), "packets"), os.NewFile(uintptr(fds[1]), "packets")
	for _, fd := range fds {
		// The most that an skb of a full packet takes, with the kernel's own data beside it.
		const perPacket = 4096
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, queueLen*perPacket); err != nil {
			near.Close()
			far.Close()
			return nil, nil, os.NewSyscallError("setsockopt", err)
		}
	}
	return near, far, nil
}

// setUpWait is how long a connection may take: four retransmissions of a SYN.
const setUpWait = 31 * time.Second

// run makes one run and fills in the sample.
func (d *duel) run(ctx context.Context, s *campaign.Sample, seed uint64) error {
	link, length := d.links[s.Stack], d.c.Duration()
	isSender := d.c.Role == campaign.Sender
	fromClient, fromServer := d.c.Faults()
	o := order{Workload: streamOut, Host: duelAddrs[s.Stack][0].Addr().String(), Seconds: length.Seconds(), Concurrency: 1}
	if !isSender {
		fromClient, fromServer = fromServer, fromClient
		o.Workload = streamIn
	}
	link.open(fromClient, fromServer, seed, &campaign.Observer{FromClient: isSender})
	busy := machineTime()
	answers := make(chan answer, 1)
	failed := make(chan error, 1)
	go func() {
		a, err := d.clients[s.Stack].do(ctx, o)
		answers <- a
		failed <- err
	}()
	values, rtos, err := d.serve(isSender, length)
	a := <-answers
	s.Counts = link.cut()
	if err := errors.Join(<-failed, err, ctx.Err()); err != nil {
		return err
	}
	s.Machine, s.RTOs = machineTime().since(busy), int64(rtos)
	if isSender {
		s.RTOs = int64(a.Values[valueRTOs])
	} else {
		values = a.Values
	}
	s.Seconds, s.CPU = length.Seconds(), a.Values[compare.MetricCPU]
	s.Goodput, s.Steady = 8*values[valueBytes]/s.Seconds, 8*values[valueSteady]/(s.Seconds/2)
	return nil
}

// serve is the server's part of a run. It receives when the TCP under test sends.
func (d *duel) serve(receives bool, length time.Duration) (values compare.Values, rtos float64, err error) {
	if err := d.listener.(*net.TCPListener).SetDeadline(time.Now().Add(setUpWait)); err != nil {
		return nil, 0, err
	}
	conn, err := d.listener.Accept()
	if err != nil {
		return nil, 0, err
	}
	if receives {
		values, err = receiveFor(conn, length)
	} else {
		err = sendFor(conn, length)
	}
	rtos = timeouts(conn)
	return values, rtos, errors.Join(err, abort(conn))
}

// close ends everything, in reverse order.
func (d *duel) close() error {
	var errs []error
	for i := len(d.closers) - 1; i >= 0; i-- {
		errs = append(errs, d.closers[i]())
	}
	return errors.Join(errs...)
}
