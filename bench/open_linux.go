package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"

	"github.com/sockeye-tcp/sockeye/internal/lab"
	"github.com/sockeye-tcp/sockeye/stack"
	"github.com/sockeye-tcp/sockeye/tun"
)

// How a client process opens each system. It runs in the namespace where the system begins.

// open returns what opens connections over the system, and a note about what was opened.
func open(s spec) (dialer, string, error) {
	switch s.System {
	case kernel, kernelTUN:
		var d net.Dialer
		return func(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
			return d.DialContext(ctx, "tcp4", to.String())
		}, "", nil
	case gvisorPlain:
		return openGVisorPlain(s)
	case gvisorWire:
		return openGVisorWire(s)
	case ours, oursPlain:
		return openOurs(s)
	}
	return nil, "", fmt.Errorf("there is no such system")
}

// openOurs opens sockeye over its TUN.
func openOurs(s spec) (dialer, string, error) {
	dev, err := tun.Open(tun.Config{Name: device, MTU: s.MTU, NoOffload: s.System == oursPlain})
	if err != nil {
		return nil, "", err
	}
	if err := lab.PlugIn(device, serverAddr, s.MTU); err != nil {
		return nil, "", err
	}
	n, err := stack.New(dev, stack.Config{Addrs: []netip.Prefix{clientAddr}})
	if err != nil {
		return nil, "", err
	}
	note := fmt.Sprintf("MTU %d, %s", dev.MTU(), dev.Mode())
	return func(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
		return n.DialContext(ctx, "tcp4", to.String())
	}, note, nil
}
