package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/sockeye-tcp/sockeye/internal/compare"
	"github.com/sockeye-tcp/sockeye/internal/compare/campaign"
	"github.com/sockeye-tcp/sockeye/internal/lab"
)

// One case of a recovery campaign: a server on the kernel's TCP, and for each TCP under test a link to it, of which the far
// end is a TUN device in the server's namespace. The near end is another one for the kernel, in a namespace that has nothing
// else; ours has the link for its device.

// portStream is the server's port.
const portStream = 5001

// streamMTU is that of the links.
const streamMTU = 1500

// A duel is what stands while a case is measured.
type duel struct {
	c        campaign.Case
	world    *lab.Namespace
	listener net.Listener
	link     *wireLink // the kernel's
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
	d = &duel{c: c, clients: map[campaign.Stack]*part{}}
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
func (d *duel) join(ctx context.Context, program []string, s campaign.Stack) error {
	far, err := openEnd(d.world, string(s)+"0", duelAddrs[s][0])
	if err != nil {
		return err
	}
	if s == campaign.Ours {
		defer far.Close() // it is the client's
		return d.start(ctx, program, s, spec{
			Role: roleUser, Wired: true, MTU: streamMTU, Addrs: []netip.Prefix{duelAddrs[s][1]},
			DNS: []netip.AddrPort{netip.AddrPortFrom(duelAddrs[s][0].Addr(), portDNS)}, // nobody is asked
		}, nil, far)
	}
	ns, err := d.namespace()
	if err != nil {
		return errors.Join(err, far.Close())
	}
	near, err := openEnd(ns, "link0", duelAddrs[s][1])
	if err != nil {
		return errors.Join(err, far.Close())
	}
	if d.link, err = newWireLink(near, far, streamMTU); err != nil {
		return err
	}
	d.closers = append(d.closers, d.link.close)
	return d.start(ctx, program, s, spec{Role: roleKernel}, ns)
}

// start starts the process of a TCP under test.
func (d *duel) start(ctx context.Context, program []string, s campaign.Stack, sp spec, ns *lab.Namespace, files ...*os.File) error {
	sp.Network, sp.Congestion = "tcp4", d.c.Congestion
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
		fd, err := lab.OpenTUN(name, 0)
		if err != nil {
			return err
		}
		f = os.NewFile(uintptr(fd), name)
		return lab.PlugIn(name, addr, 0)
	})
	if err != nil && f != nil {
		f.Close()
	}
	return f, err
}

// setUpWait is how long a connection may take: four retransmissions of a SYN.
const setUpWait = 31 * time.Second

// run makes one run and fills in the sample.
func (d *duel) run(ctx context.Context, s *campaign.Sample, seed uint64) error {
	length := d.c.Duration()
	isSender := d.c.Role == campaign.Sender
	network := networkSpec{Seed: seed, ClientSends: isSender}
	network.FromClient, network.FromServer = d.c.Faults()
	o := order{Workload: streamOut, Host: duelAddrs[s.Stack][0].Addr().String(), Seconds: length.Seconds(), Concurrency: 1}
	if !isSender {
		network.FromClient, network.FromServer = network.FromServer, network.FromClient
		o.Workload = streamIn
	}
	if s.Stack == campaign.Ours {
		o.Wire = &network
	} else {
		d.link.open(network)
	}
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
	if s.Stack == campaign.Kernel {
		s.Counts = d.link.cut()
	}
	if err := errors.Join(<-failed, err, ctx.Err()); err != nil {
		return err
	}
	if a.Counts != nil {
		s.Counts = *a.Counts
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
