package stack

import (
	"io"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"testing"

	"github.com/sockeye-tcp/sockeye/internal/lab"
	"github.com/sockeye-tcp/sockeye/internal/lab/labtest"
	"github.com/sockeye-tcp/sockeye/tcp"
	"github.com/sockeye-tcp/sockeye/tun"
)

// The path MTU against the kernel, which is a router with a narrow link behind it, and the server.

// narrowMTU is that of the link.
const narrowMTU = 1300

// silence keeps the router from saying that packets were too long.
const silence = `table inet quiet {
	chain out {
		type filter hook output priority 0;
		icmp type destination-unreachable icmp code frag-needed drop
		icmpv6 type packet-too-big drop
	}
}`

// newNarrowPath returns a stack behind a router that sends packets of narrowMTU bytes to the server, and the server's namespace.
func newNarrowPath(t *testing.T, silent bool, trace func(*tcp.Event)) (*Net, *lab.Namespace) {
	t.Helper()
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		t.Skipf("needs /dev/net/tun: %v", err)
	}
	router, server := labtest.New(t), labtest.New(t)
	err := lab.Veth(
		lab.End{Namespace: router, Name: "eth0", MTU: narrowMTU, Addrs: []netip.Prefix{
			netip.MustParsePrefix("192.0.2.2/24"), netip.MustParsePrefix("2001:db8::2/64")}},
		lab.End{Namespace: server, Name: "eth0", Addrs: []netip.Prefix{
			netip.MustParsePrefix("192.0.2.1/24"), netip.MustParsePrefix("2001:db8::1/64")}})
	if err != nil {
		t.Fatal(err)
	}
	for dst, via := range map[string]string{"198.51.100.0/24": "192.0.2.2", "fd01::/64": "2001:db8::2"} {
		if err := server.AddRoute(netip.MustParsePrefix(dst), netip.MustParseAddr(via)); err != nil {
			t.Fatal(err)
		}
	}
	if silent {
		labtest.Output(t, router, "nft", silence)
	}
	var link *tun.Link
	labtest.Do(t, router, func() (err error) {
		for _, file := range []string{"/proc/sys/net/ipv4/ip_forward", "/proc/sys/net/ipv6/conf/all/forwarding"} {
			if err := os.WriteFile(file, []byte("1"), 0); err != nil {
				return err
			}
		}
		link, err = tun.Up(t.Context(), tun.UpConfig{
			MTU: 1500, NoNAT: true,
			Prefix4: netip.MustParsePrefix("198.51.100.0/24"), Prefix6: netip.MustParsePrefix("fd01::/64"),
		})
		return err
	})
	t.Cleanup(func() { link.Close() })
	return newNet(t, link.Device, Config{Addrs: link.Addrs, Trace: trace}), server
}

// An upload over a narrow path arrives whole, whether the router speaks or not. Where it does, no recovery begins.
func TestUploadOverANarrowPath(t *testing.T) {
	for _, tt := range []struct {
		name, addr string
		silent     bool
	}{
		{"the router speaks, IPv4", "192.0.2.1", false},
		{"the router speaks, IPv6", "2001:db8::1", false},
		{"the router is silent, IPv4", "192.0.2.1", true},
		{"the router is silent, IPv6", "2001:db8::1", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var recoveries atomic.Int32
			n, ns := newNarrowPath(t, tt.silent, func(e *tcp.Event) {
				if e.Kind == tcp.EventRecovery {
					recoveries.Add(1)
				}
			})
			i := upload(t, n, ns, tt.addr, 1<<20)
			i.Stats.BytesAcked = 0 // for the message
			if i.SendMSS > narrowMTU-40 || i.SendMSS < 1024 {
				t.Errorf("got MSS %d", i.SendMSS)
			}
			switch {
			case tt.silent && (i.Stats.BlackHoles == 0 || i.MTU != 1500):
				t.Errorf("got %d black holes, MTU %d, want one found", i.Stats.BlackHoles, i.MTU)
			case !tt.silent && (i.MTU != narrowMTU || recoveries.Load() > 0 || i.Stats.BlackHoles > 0):
				t.Errorf("got MTU %d, %d events of recovery, %d black holes", i.MTU, recoveries.Load(), i.Stats.BlackHoles)
			}
		})
	}
}

// upload sends n bytes to a server of the kernel, and returns what the connection knows when all has arrived.
func upload(t *testing.T, n *Net, ns *lab.Namespace, addr string, size int) tcp.Info {
	t.Helper()
	var ln net.Listener
	labtest.Do(t, ns, func() (err error) {
		ln, err = net.Listen("tcp", net.JoinHostPort(addr, "0"))
		return err
	})
	defer ln.Close()
	got := make(chan int64, 1)
	go func() {
		defer close(got)
		c, err := ln.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		k, _ := io.CopyN(io.Discard, c, int64(size))
		got <- k
	}()
	c, err := n.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write(make([]byte, size)); err != nil {
		t.Fatal(err)
	}
	if k := <-got; k != int64(size) {
		t.Errorf("got %d bytes, want %d", k, size)
	}
	return c.(*Conn).Info()
}
