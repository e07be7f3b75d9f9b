package stack

import (
	"net"
	"net/netip"
	"os"
	"testing"

	"github.com/sockeye-tcp/sockeye/internal/lab"
	"github.com/sockeye-tcp/sockeye/internal/lab/labtest"
	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tun"
	"golang.org/x/net/nettest"
)

// The same against the kernel, over a TUN device in a network namespace of its own.

// kernelAddr4 and kernelAddr6 are the kernel's end of the TUN.
const kernelAddr4, kernelAddr6 = "198.51.100.1", "fd01::1"

// newTUN returns a stack on a TUN device, and the namespace that has the kernel's end.
func newTUN(t *testing.T) (*Net, *lab.Namespace) {
	t.Helper()
	return newTUNWith(t, Config{})
}

// newTUNWith is newTUN with a configuration, addresses excepted.
func newTUNWith(t *testing.T, cfg Config) (*Net, *lab.Namespace) {
	t.Helper()
	return newTUNLike(t, cfg, tun.UpConfig{MTU: 1500})
}

// newTUNLike is newTUNWith for a device of another kind.
func newTUNLike(t *testing.T, cfg Config, up tun.UpConfig) (*Net, *lab.Namespace) {
	t.Helper()
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		t.Skipf("needs /dev/net/tun: %v", err)
	}
	ns := labtest.New(t)
	var link *tun.Link
	labtest.Do(t, ns, func() (err error) {
		up.NoNAT, up.Prefix4 = true, netip.MustParsePrefix("198.51.100.0/24")
		if up.MTU >= ip.MinMTU6 {
			up.Prefix6 = netip.MustParsePrefix("fd01::/64")
		}
		link, err = tun.Up(t.Context(), up)
		return err
	})
	t.Cleanup(func() { link.Close() })
	cfg.Addrs = link.Addrs
	return newNet(t, link.Device, cfg), ns
}

func TestConnConformsAgainstTheKernel(t *testing.T) {
	n, ns := newTUN(t)
	for _, tt := range []struct {
		name string
		pipe func() (c1, c2 net.Conn, err error)
	}{
		{"we dial, IPv4", func() (c1, c2 net.Conn, err error) { return toKernel(n, ns, kernelAddr4) }},
		{"we dial, IPv6", func() (c1, c2 net.Conn, err error) { return toKernel(n, ns, kernelAddr6) }},
		{"the kernel dials", func() (c1, c2 net.Conn, err error) { return fromKernel(n, ns) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
				if c1, c2, err = tt.pipe(); err != nil {
					return nil, nil, nil, err
				}
				return c1, c2, func() { c1.Close(); c2.Close() }, nil
			})
		})
	}
}

// toKernel connects the stack to a listener of the kernel.
func toKernel(n *Net, ns *lab.Namespace, addr string) (c1, c2 net.Conn, err error) {
	var ln net.Listener
	if err := ns.Do(func() (err error) {
		ln, err = net.Listen("tcp", net.JoinHostPort(addr, "0"))
		return err
	}); err != nil {
		return nil, nil, err
	}
	defer ln.Close()
	if c1, err = n.Dial("tcp", ln.Addr().String()); err != nil {
		return nil, nil, err
	}
	c2, err = ln.Accept()
	return c1, c2, err
}

// fromKernel connects the kernel to a listener of the stack.
func fromKernel(n *Net, ns *lab.Namespace) (c1, c2 net.Conn, err error) {
	ln, err := n.Listen("tcp", n.Addrs()[0].Addr().String()+":0")
	if err != nil {
		return nil, nil, err
	}
	defer ln.Close()
	if err := ns.Do(func() (err error) {
		c1, err = net.Dial("tcp", ln.Addr().String())
		return err
	}); err != nil {
		return nil, nil, err
	}
	c2, err = ln.Accept()
	return c1, c2, err
}

// Data goes over whole, both ways at once.
func TestTransferAgainstTheKernel(t *testing.T) {
	n, ns := newTUN(t)
	c1, c2, err := toKernel(n, ns, kernelAddr4)
	if err != nil {
		t.Fatal(err)
	}
	defer c1.Close()
	defer c2.Close()
	if err := exchange(c1, c2, 50<<20); err != nil {
		t.Error(err)
	}
}
