package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"strings"
	"sync"

	"github.com/sockeye-tcp/sockeye/httpget"
	"github.com/sockeye-tcp/sockeye/stack"
	"github.com/sockeye-tcp/sockeye/tun"
)

// Our own stack on a TUN device.

// userStack is our own TCP. It opens the device as late as possible, because
// that needs privilege.
type userStack struct {
	run    *getRun
	impair tun.Impairment

	once sync.Once
	err  error
	link *tun.Link
	net  *stack.Net

	closeErr error // of the device
	watch    stackWatch
}

func newUserStack(g *getRun) *userStack { return &userStack{run: g} }

// isNeeded reports whether a URL leads anywhere that a stack can reach: there is
// no need for privilege to say that a URL is malformed.
func (u *userStack) isNeeded() bool {
	for _, url := range u.run.o.urls {
		if host, err := httpget.Host(url); err == nil && !isLoopback(host) {
			return true
		}
	}
	return len(u.run.client.Resolve)+len(u.run.client.ConnectTo) > 0
}

// isLoopback reports whether a host, by its name or address, is the machine
// itself (RFC 6761 §6.3).
func isLoopback(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && (addr.Unmap().IsLoopback() || addr.IsUnspecified())
}

// ensure opens the stack, once.
func (u *userStack) ensure(ctx context.Context) error {
	u.once.Do(func() { u.err = u.up(ctx) })
	return u.err
}

// up sets up the device and starts the stack on it.
func (u *userStack) up(ctx context.Context) error {
	o := u.run.o
	local, err := sourceIP(o.iface)
	if err != nil {
		return &httpget.Error{Code: httpget.InterfaceFailed, Msg: fmt.Sprintf("Couldn't bind to '%s': our own stack has one interface; --interface takes an address", o.iface)}
	}
	if u.impair, err = tun.ParseImpairment(o.impair); err != nil {
		return &exitError{code: exitUsage, err: fmt.Errorf("--impair: %w", err)}
	}
	cfg := tun.UpConfig{
		Name: o.tunName, MTU: o.mtu, NoOffload: o.offload == "off",
		Network: map[string]string{"tcp4": "ip4", "tcp6": "ip6"}[o.family],
	}
	if u.link, err = tun.Up(ctx, cfg); err != nil {
		return upError(err)
	}
	for _, n := range u.link.Notes {
		u.run.trace.remark("%s", n)
	}
	u.run.trace.remark("TUN %s: our address is %s", u.link.Name, addresses(u.link.Addrs))
	u.run.trace.remark("TUN %s: %s", u.link.Name, u.link.Mode)
	if err := u.start(local); err != nil {
		return errors.Join(err, u.link.Close())
	}
	return nil
}

// addresses lists addresses without their prefix lengths.
func addresses(prefixes []netip.Prefix) string {
	var list []string
	for _, p := range prefixes {
		list = append(list, p.Addr().String())
	}
	return strings.Join(list, " and ")
}

// upError says what to do when there is no device.
func upError(err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return &httpget.Error{
			Code: httpget.NoPrivilege, Err: err,
			Msg:  fmt.Sprintf("Failed to set up the stack: %v", err),
			Hint: "run it with sudo, or over the kernel's TCP with --stack kernel; sockeye doctor says more",
		}
	case errors.Is(err, context.Canceled):
		return &httpget.Error{Code: httpget.Interrupted, Err: err, Msg: "Interrupted while the stack was set up"}
	}
	return &httpget.Error{
		Code: httpget.InterfaceFailed, Err: err,
		Msg:  fmt.Sprintf("Failed to set up the stack: %v", err),
		Hint: "sockeye doctor says what is missing; --stack kernel goes without",
	}
}

// start puts the stack on the device, with whatever looks on in between.
func (u *userStack) start(local net.IP) error {
	o := u.run.o
	var dev tun.Device = u.link.Device
	if o.impair != "" {
		dev = tun.Impair(dev, u.impair)
	}
	if o.pcap != "" {
		file, err := u.run.target(o.pcap)
		if err != nil {
			return err
		}
		if dev, err = tun.Capture(dev, file); err != nil {
			return u.deviceError(err)
		}
	}
	cfg := stack.Config{Addrs: u.link.Addrs, MTU: o.mtu, DNS: u.link.DNS}
	if len(o.dnsServers) > 0 {
		cfg.DNS = o.dnsServers
	}
	cfg.TCP.Congestion = cfg.TCP.CongestionByName(o.congestion) // nil: the default
	u.watch.init(u.run)
	cfg.Trace = u.watch.event
	n, err := stack.New(dev, cfg)
	if err != nil {
		return &httpget.Error{Code: httpget.InterfaceFailed, Err: err, Msg: fmt.Sprintf("Failed to start the stack: %v", err)}
	}
	u.net = n
	return nil
}

// Resolver looks names up over our own UDP and TCP; nil before the stack is open.
func (u *userStack) Resolver() *net.Resolver {
	if u.net == nil {
		return nil
	}
	return u.net.Resolver()
}

func (u *userStack) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if host, _, err := net.SplitHostPort(address); err == nil && isLoopback(host) {
		return nil, u.loopbackError(host)
	}
	if err := u.ensure(ctx); err != nil {
		return nil, err
	}
	ip, err := sourceIP(u.run.o.iface)
	if err != nil {
		return nil, err
	}
	conn, err := dialFrom(ip, u.run.o.localPort, func(local net.Addr) (net.Conn, error) {
		d := stack.Dialer{Net: u.net, LocalAddr: local}
		return d.DialContext(ctx, network, address)
	})
	var loopback *stack.LoopbackError
	if errors.As(err, &loopback) {
		return nil, u.loopbackError(loopback.Addr.String())
	}
	if err != nil {
		return nil, err
	}
	return &userConn{Conn: conn.(*stack.Conn), watch: &u.watch}, nil
}

// loopbackError explains why our stack cannot reach the machine's own loopback.
func (u *userStack) loopbackError(host string) error {
	instead := "use --stack kernel, or another address of this machine"
	if u.link != nil && u.link.Gateway4.IsValid() {
		instead = fmt.Sprintf("use --stack kernel, or %s, which is this machine as our stack sees it", u.link.Gateway4)
	}
	return &httpget.Error{
		Code: httpget.CouldNotConnect,
		Msg:  fmt.Sprintf("%s is the kernel's own loopback and our stack is another host: %s", host, instead),
	}
}

// Shutdown sees the connections off; what does not end in time is reset.
func (u *userStack) Shutdown(ctx context.Context) {
	if u.net == nil {
		return
	}
	err := u.net.Shutdown(ctx)
	// That a peer did not end in time is its own affair.
	if err != nil && ctx.Err() == nil {
		u.closeErr = u.deviceError(err)
	}
}

// deviceError is what closing the device said: all that can fail is the capture.
func (u *userStack) deviceError(err error) error {
	if u.run.o.pcap == "" {
		return err
	}
	return &httpget.Error{Code: httpget.WriteError, Err: err, Msg: fmt.Sprintf("Failed to write the capture to %s: %s", u.run.o.pcap, cause(err))}
}

// Close takes the device down and draws the ladder.
func (u *userStack) Close() error {
	if u.link == nil {
		return nil
	}
	return errors.Join(u.closeErr, u.link.Close(), u.watch.drawLadder())
}

// userConn is a connection of our own stack that says how its TCP fares.
type userConn struct {
	*stack.Conn
	watch *stackWatch
}

// TCPInfo returns what the stack says.
func (c *userConn) TCPInfo() httpget.TCPInfo {
	i := c.Info()
	return httpget.TCPInfo{
		Stack: "user", MSS: i.SendMSS, RTT: i.SRTT, RTTVar: i.RTTVar,
		Retransmits: int(i.Stats.Retransmits),
		StatePath:   c.watch.path(c.LocalAddr(), c.RemoteAddr()),
	}
}
