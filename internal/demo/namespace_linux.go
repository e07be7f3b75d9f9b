package demo

import (
	"context"
	"fmt"
	"net"
	"net/netip"

	"github.com/sockeye-tcp/sockeye/tun"
	"github.com/vishvananda/netlink"
)

// The demonstration in a network namespace: a TUN between the kernel and us.

// Run fetches the page from a server on the kernel's TCP. It makes a TUN device
// in the network namespace of the process, gives the kernel an address on it and
// removes it again: the caller has seen to it that the namespace is not the host's. It needs
// CAP_NET_ADMIN there and /dev/net/tun.
func Run(ctx context.Context, runs int) (r *Result, err error) {
	dev, err := tun.Open(tun.Config{Name: "sockeye0", MTU: mtu})
	if err != nil {
		return nil, err
	}
	if err := address(dev.Name(), serverAddr); err != nil {
		dev.Close()
		return nil, err
	}
	s := &scene{
		place:      "its own network namespace; TUN device " + dev.Name() + " leads to the kernel",
		server:     "net/http on the kernel",
		userPath:   "the TUN",
		kernelPath: "loopback",
		watch:      newWatcher(),
	}
	if s.user, err = newStack(dev, clientAddr, s.watch); err != nil {
		return nil, err
	}
	defer s.user.Close()
	l, err := net.Listen("tcp", netip.AddrPortFrom(serverAddr.Addr(), 80).String())
	if err != nil {
		return nil, err
	}
	defer serve(l)()
	s.url = "http://" + serverAddr.Addr().String() + "/"
	s.kernelURL = s.url
	return s.play(ctx, runs)
}

// address gives an interface an address and brings it up.
func address(name string, p netip.Prefix) error {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return fmt.Errorf("find %s: %w", name, err)
	}
	addr, err := netlink.ParseAddr(p.String())
	if err != nil {
		return err
	}
	if err := netlink.AddrAdd(link, addr); err != nil {
		return fmt.Errorf("give %s the address %s: %w", name, p, err)
	}
	if err := netlink.LinkSetUp(link); err != nil {
		return fmt.Errorf("bring up %s: %w", name, err)
	}
	return nil
}
