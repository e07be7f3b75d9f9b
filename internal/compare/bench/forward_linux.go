package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"sync"

	"github.com/vishvananda/netlink"

	"github.com/sockeye-tcp/sockeye/internal/lab"
	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tun"
)

// The way out of the control and of its twin: a program that hands each packet
// between a client and a TUN device that tun.Up has connected. To a kernel it
// speaks by another TUN device, in a namespace that has nothing else; to our
// stack by a pair of sockets.

// playForwarder joins a client to the world and starts it; it talks on our standard files.
func playForwarder(ctx context.Context, s spec) (err error) {
	link, err := up(ctx, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, link.Close()) }()
	if s.Role == roleTwin {
		return forwardTwin(s, link)
	}
	return forwardKernel(s, link)
}

// forwardKernel makes the namespace and runs a kernel client in there.
func forwardKernel(s spec, link *tun.Link) (err error) {
	ns, err := lab.New()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ns.Close()) }()
	var inner *tun.TUN
	err = ns.Do(func() (err error) {
		inner, err = openInner(link)
		return err
	})
	if err != nil {
		return err
	}
	defer join(inner, link.Device).close()
	s.Role = roleKernel
	cmd, err := forwardedClient(s)
	if err != nil {
		return err
	}
	if err := ns.Run(cmd); err != nil {
		return fmt.Errorf("the client behind the forwarder: %w", err)
	}
	return nil
}

// packetsFd is where a client of ours behind a forwarder finds its packets:
// the first file after the standard ones.
const packetsFd = 3

// forwardTwin runs a client on our own stack.
func forwardTwin(s spec, link *tun.Link) error {
	near, far, err := socketPair(link.Device.MTU())
	if err != nil {
		return err
	}
	defer join(near, link.Device).close()
	s.Role, s.Addrs, s.MTU = roleUser, link.Addrs, link.Device.MTU()
	if len(s.DNS) == 0 {
		s.DNS = link.DNS
	}
	cmd, err := forwardedClient(s)
	if err != nil {
		far.Close()
		return err
	}
	cmd.ExtraFiles = []*os.File{far}
	err = cmd.Start()
	far.Close() // it is the client's now
	if err == nil {
		err = cmd.Wait()
	}
	if err != nil {
		return fmt.Errorf("the client behind the forwarder: %w", err)
	}
	return nil
}

// forwardedClient is the command that plays a client's part behind us.
func forwardedClient(s spec) (*exec.Cmd, error) {
	s.Forwarded = true
	arg, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args := append(append([]string(nil), os.Args[1:len(os.Args)-1]...), string(arg))
	cmd := exec.Command(exe, args...)
	cmd.Args[0] = os.Args[0]
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return cmd, nil
}

// openInner makes the TUN device in the namespace of the calling thread: with
// the address that a stack of ours would have, the same MTU and queue, and the
// way to everything.
func openInner(link *tun.Link) (*tun.TUN, error) {
	dev, err := tun.Open(tun.Config{Name: "control0", MTU: link.Device.MTU(), NoOffload: true})
	if err != nil {
		return nil, err
	}
	if err := configure(dev.Name(), link.Addrs); err != nil {
		dev.Close()
		return nil, err
	}
	return dev, nil
}

// configure gives an interface its addresses, brings it up, and sends everything there.
func configure(name string, addrs []netip.Prefix) error {
	l, err := netlink.LinkByName(name)
	if err != nil {
		return err
	}
	if err := netlink.LinkSetUp(l); err != nil {
		return err
	}
	for _, p := range addrs {
		if err := addAddr(l, p); err != nil {
			return err
		}
	}
	return nil
}

// join carries packets between two devices, both ways, until it is closed.
func join(a, b ip.Device) *joined {
	j := &joined{a: a, b: b}
	j.pumps.Go(func() { carry(a, b) })
	j.pumps.Go(func() { carry(b, a) })
	return j
}

// A joined pair of devices.
type joined struct {
	a, b  ip.Device
	pumps sync.WaitGroup
}

// close closes both devices and waits for the pumps.
func (j *joined) close() error {
	err := errors.Join(j.a.Close(), j.b.Close())
	j.pumps.Wait()
	return err
}

// batch is how many packets are read in one go.
const batch = 64

// carry moves packets one way until a device is closed.
func carry(from, to ip.Device) {
	bufs := make([]*ip.Buffer, batch)
	pkts := make([]*ip.Packet, batch)
	for i := range pkts {
		pkts[i] = new(ip.Packet)
	}
	for {
		n, err := from.Read(bufs)
		for i, b := range bufs[:n] {
			pkts[i].Reset()
			pkts[i].Header = b.Data
		}
		if err == nil {
			err = writeAll(to, pkts[:n])
		}
		for _, b := range bufs[:n] {
			b.Free()
		}
		if err != nil {
			return
		}
	}
}

// writeAll writes packets and waits for room as often as it takes.
func writeAll(dev ip.Device, pkts []*ip.Packet) error {
	for len(pkts) > 0 {
		n, err := dev.Write(pkts)
		if err != nil {
			return err
		}
		if pkts = pkts[n:]; len(pkts) > 0 {
			if err := dev.WaitWritable(); err != nil {
				return err
			}
		}
	}
	return nil
}
