package demo

import (
	"context"
	"fmt"
	"net"
	"net/netip"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/stack"
	"github.com/sockeye-tcp/sockeye/tun"
)

// The demonstration without any help of the system: two stacks of ours.

// mtu is Ethernet's.
const mtu = 1500

// Addresses of the demonstration, from the block for tests of networks (RFC 2544).
var (
	serverAddr = netip.MustParsePrefix("198.18.0.1/30")
	clientAddr = netip.MustParsePrefix("198.18.0.2/30")
)

// RunInMemory fetches the page from a second stack of ours, over a memory pipe.
// The kernel's fetch goes over its loopback.
func RunInMemory(ctx context.Context, runs int) (r *Result, err error) {
	a, b := tun.NewPipe(mtu)
	s := &scene{
		place:    "two of our own stacks in this process, joined by a memory pipe",
		server:   "net/http on sockeye",
		userPath: "the pipe",
		watch:    newWatcher(),
	}
	if s.user, err = newStack(a, clientAddr, s.watch); err != nil {
		b.Close()
		return nil, err
	}
	defer s.user.Close()
	remote, err := newStack(b, serverAddr, nil)
	if err != nil {
		return nil, err
	}
	defer remote.Close()
	l, err := remote.Listen("tcp", netip.AddrPortFrom(serverAddr.Addr(), 80).String())
	if err != nil {
		return nil, err
	}
	defer serve(l)()
	s.url = "http://" + serverAddr.Addr().String() + "/"

	if k, err := net.Listen("tcp", "127.0.0.1:0"); err == nil {
		defer serve(k)()
		s.kernelURL = fmt.Sprintf("http://%s/", k.Addr())
		s.kernelPath = "loopback"
	}
	return s.play(ctx, runs)
}

// newStack puts a stack on a device; the device is closed when that fails.
func newStack(dev ip.Device, addr netip.Prefix, w *watcher) (*stack.Net, error) {
	cfg := stack.Config{Addrs: []netip.Prefix{addr}}
	if w != nil {
		cfg.Trace = w.trace
	}
	n, err := stack.New(dev, cfg)
	if err != nil {
		dev.Close()
		return nil, err
	}
	return n, nil
}
