package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/stack"
	"github.com/sockeye-tcp/sockeye/tcp"
	"github.com/sockeye-tcp/sockeye/tun"
)

// The two TCPs that a client may use.

// playUser is a client over our own stack.
func playUser(ctx context.Context, s spec) (err error) {
	c := newClient(s)
	cfg := stack.Config{Addrs: s.Addrs, DNS: s.DNS}
	var dev ip.Device
	note := "our TCP, TUN"
	switch {
	case s.Wired:
		note = "our TCP, the link"
		c.wire, err = newWireDevice(os.NewFile(packetsFd, "link"), s.MTU)
		dev = c.wire
	case s.Forwarded:
		note, c.forwarder = "our TCP, sockets, forwarder, TUN", os.Getppid()
		dev, err = forwardedDevice(s.MTU)
	default:
		var link *tun.Link
		if link, err = up(ctx, s); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, link.Close()) }()
		dev, cfg.Addrs = link.Device, link.Addrs
		if len(s.DNS) == 0 {
			cfg.DNS = link.DNS
		}
	}
	if err != nil {
		return err
	}
	if s.Trace {
		c.course = new(course)
		cfg.Trace = c.course.event
	}
	if s.Congestion != "" {
		if cfg.TCP.Congestion = tcp.CongestionByName(s.Congestion); cfg.TCP.Congestion == nil {
			return fmt.Errorf("our TCP has no congestion control %q", s.Congestion)
		}
	}
	n, err := stack.New(dev, cfg)
	if err != nil {
		return err
	}
	defer n.Close() // before the link, which it uses
	c.dialer = n.DialContext
	return c.obey(answer{DNS: cfg.DNS, Note: fmt.Sprintf("%s with MTU %d, forwarding and masquerade", note, dev.MTU())})
}

// forwardedDevice is the device of a client behind a forwarder.
func forwardedDevice(mtu int) (ip.Device, error) {
	if err := unix.SetNonblock(packetsFd, true); err != nil { // handing it over made it wait
		return nil, os.NewSyscallError("fcntl", err)
	}
	return newSocketDevice(os.NewFile(packetsFd, "packets"), mtu)
}

// up connects a TUN device.
func up(ctx context.Context, s spec) (*tun.Link, error) {
	network := "ip4"
	if s.Network == "tcp6" {
		network = "ip6"
	}
	// A forwarder's other side, a pair of sockets or the kernel's stack behind another TUN, takes single packets only.
	plain := s.Role == roleForwarder || s.Role == roleTwin
	return tun.Up(ctx, tun.UpConfig{MTU: s.MTU, Network: network, NoOffload: plain})
}

// playKernel is a client over the kernel's TCP of this namespace.
func playKernel(s spec) error {
	c := newClient(s)
	d := kernelDialer(s.DNS)
	d.Control = useCongestion(s.Congestion)
	c.dialer = d.DialContext
	note := "the kernel's TCP, directly"
	if s.Forwarded {
		note = "the kernel's TCP, TUN, forwarder, TUN, forwarding and masquerade"
		c.forwarder = os.Getppid()
	}
	return c.obey(answer{Note: note})
}

// kernelDialer looks names up as our stack does, with Go's resolver and the
// given servers, so that both do the same work. Without servers it asks those of the system.
func kernelDialer(dns []netip.AddrPort) *net.Dialer {
	r := &net.Resolver{PreferGo: true}
	if len(dns) > 0 {
		r.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, dns[0].String())
		}
	}
	return &net.Dialer{Resolver: r}
}
