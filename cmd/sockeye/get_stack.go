package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/sockeye-tcp/sockeye/httpget"
)

// The stack that a fetch goes over: ours, or the kernel's.

// A netStack opens TCP connections and looks names up. Its connections
// implement httpget.TCPInformer.
type netStack interface {
	// DialContext opens a connection, as net.Dialer does, trace hooks included.
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
	// Resolver looks names up through the stack.
	Resolver() *net.Resolver
	// Shutdown waits until connections that were closed have ended in
	// order, as long as ctx lasts. Nothing can be dialed afterwards.
	Shutdown(ctx context.Context)
	// Close undoes what opening the stack did to the system.
	Close() error
}

// open opens the stack and puts the client on it.
func (g *getRun) open(ctx context.Context) error {
	if g.o.stack == "kernel" {
		g.stack = newKernelStack(g.o)
	} else {
		u := newUserStack(g)
		g.stack = u
		if u.isNeeded() {
			if err := u.ensure(ctx); err != nil {
				return err
			}
		}
	}
	g.client.DialContext = g.stack.DialContext
	return nil
}

// How long we wait for the peers' FINs at the end. A peer that is there answers within a round
// trip; after Ctrl-C, somebody waits for us, and the peer was not done.
const (
	farewell     = time.Second
	farewellSoon = 250 * time.Millisecond
)

// hangUp closes the idle connections and sees them off.
func (g *getRun) hangUp(ctx context.Context) {
	if g.hungUp {
		return
	}
	g.hungUp = true
	g.client.Close()
	patience := farewell
	if ctx.Err() != nil {
		patience = farewellSoon
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	g.stack.Shutdown(ctx)
}

// close ends the run. The error of the last transfer comes first.
func (g *getRun) close(ctx context.Context, last *exitError) error {
	g.hangUp(ctx)
	err := g.stack.Close()
	g.trace.finish()
	for _, c := range g.closers {
		err = errors.Join(err, c.Close())
	}
	switch {
	case last != nil:
		return last
	case err != nil:
		return cleanUpError(err)
	}
	return nil
}

// cleanUpError says what went wrong after the transfers.
func cleanUpError(err error) error {
	var own *httpget.Error
	if errors.As(err, &own) {
		return own
	}
	return &httpget.Error{
		Code: httpget.InterfaceFailed, Err: err,
		Msg:  fmt.Sprintf("Failed to clean up: %v", err),
		Hint: "sockeye doctor --clean removes what is left",
	}
}

// kernelStack is the kernel's TCP.
type kernelStack struct {
	o        *getOptions
	resolver *net.Resolver
}

func newKernelStack(o *getOptions) *kernelStack {
	return &kernelStack{o: o, resolver: kernelResolver(o.dnsServers)}
}

// kernelResolver asks the given servers, one after the other, or those of the
// system when there are none.
func kernelResolver(servers []netip.AddrPort) *net.Resolver {
	if len(servers) == 0 {
		return net.DefaultResolver
	}
	var turn atomic.Uint32
	return &net.Resolver{
		PreferGo: true, // otherwise Dial may be ignored
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			// The resolver dials anew for each attempt, so every server gets one.
			server := servers[int(turn.Add(1)-1)%len(servers)]
			return new(net.Dialer).DialContext(ctx, network, server.String())
		},
	}
}

func (k *kernelStack) Resolver() *net.Resolver { return k.resolver }

// Shutdown does nothing: the kernel sees its connections off by itself.
func (k *kernelStack) Shutdown(context.Context) {}

// Close does nothing: nothing was opened.
func (k *kernelStack) Close() error { return nil }

func (k *kernelStack) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{Resolver: k.resolver}
	ip, err := sourceIP(k.o.iface)
	if err != nil {
		d.Control = bindToDevice(k.o.iface)
	}
	conn, err := dialFrom(ip, k.o.localPort, func(local net.Addr) (net.Conn, error) {
		d.LocalAddr = local
		return d.DialContext(ctx, network, address)
	})
	if err != nil {
		return nil, err
	}
	return &kernelConn{TCPConn: conn.(*net.TCPConn)}, nil
}

var errNoAddress = errors.New("no address")

// sourceIP reads --interface as an address; with any other name it fails.
func sourceIP(name string) (net.IP, error) {
	if name == "" {
		return nil, nil
	}
	ip := net.ParseIP(name)
	if ip == nil {
		return nil, errNoAddress
	}
	return ip, nil
}

// dialFrom dials from an address, if it is not nil, and from the first free port of a range.
func dialFrom(ip net.IP, ports portRange, dial func(local net.Addr) (net.Conn, error)) (net.Conn, error) {
	if ip == nil && ports.low == 0 {
		return dial(nil)
	}
	for port := int(ports.low); ; port++ {
		conn, err := dial(&net.TCPAddr{IP: ip, Port: port})
		if err == nil || port >= int(ports.high) || !errors.Is(err, syscall.EADDRINUSE) {
			return conn, err
		}
	}
}

// A kernelConn is a connection of the kernel's that says how its TCP fares.
type kernelConn struct {
	*net.TCPConn
	last atomic.Pointer[httpget.TCPInfo] // when it was closed
}

// Close asks the kernel for a last time before it closes.
func (c *kernelConn) Close() error {
	info := c.TCPInfo()
	c.last.CompareAndSwap(nil, &info)
	return c.TCPConn.Close()
}

// TCPInfo returns what the kernel says.
func (c *kernelConn) TCPInfo() httpget.TCPInfo {
	if last := c.last.Load(); last != nil {
		return *last
	}
	info := httpget.TCPInfo{Stack: "kernel"}
	kernelInfo(c.TCPConn, &info)
	return info
}
