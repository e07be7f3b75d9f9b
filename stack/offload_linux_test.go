package stack

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/sockeye-tcp/sockeye/internal/lab"
	"github.com/sockeye-tcp/sockeye/internal/lab/labtest"
	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tun"
)

// Long packets to and from the kernel, and the same without.

func TestTransferAgainstTheKernelByLengthOfPackets(t *testing.T) {
	for _, tt := range []struct {
		mtu   int
		plain bool
	}{{576, false}, {576, true}, {1280, false}, {1500, false}, {1500, true}, {9000, false}, {65520, false}, {65520, true}} {
		name := fmt.Sprintf("MTU %d", tt.mtu)
		if tt.plain {
			name += ", plain"
		}
		t.Run(name, func(t *testing.T) {
			up := tun.UpConfig{MTU: tt.mtu, NoOffload: tt.plain}
			addrs := []string{kernelAddr4, kernelAddr6}
			if tt.mtu < ip.MinMTU6 {
				up.Network, addrs = "ip4", addrs[:1]
			}
			n, ns := newTUNLike(t, Config{}, up)
			for _, addr := range addrs {
				c1, c2, err := toKernel(n, ns, addr)
				if err != nil {
					t.Fatal(err)
				}
				if err := exchange(c1, c2, 4<<20); err != nil {
					t.Error(err)
				}
				c1.Close()
				c2.Close()
			}
			s := n.Stats()
			for d, count := range s.Drops {
				if d != ip.DropNotOurs { // the kernel speaks to groups now and then
					t.Errorf("%d packets dropped: %v", count, d)
				}
			}
			whole := !tt.plain && tt.mtu <= 9000
			if many := s.InSegs+s.OutSegs > 2*(s.PacketsIn+s.PacketsOut); many != whole {
				t.Errorf("got %d segments in %d packets, and %d sent in %d", s.InSegs, s.PacketsIn, s.OutSegs, s.PacketsOut)
			}
		})
	}
}

// A kernel on the way merges segments as well (GRO), and hands over the long packet.
func TestTransferOfPacketsMergedOnTheWay(t *testing.T) {
	n, ns := newTUNLike(t, Config{}, tun.UpConfig{MTU: 1500})
	far := labtest.New(t)
	if err := lab.Veth(
		lab.End{Namespace: ns, Name: "eth0", Addrs: []netip.Prefix{netip.MustParsePrefix("192.0.2.1/24")}},
		lab.End{Namespace: far, Name: "eth0", Addrs: []netip.Prefix{netip.MustParsePrefix("192.0.2.2/24")}}); err != nil {
		t.Fatal(err)
	}
	labtest.Output(t, ns, "sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")
	labtest.Output(t, ns, "ethtool", "-K", "eth0", "gro", "on")
	labtest.Output(t, far, "ethtool", "-K", "eth0", "tso", "off", "gso", "off", "tx", "off") // as over a cable
	if err := far.AddRoute(netip.MustParsePrefix("198.51.100.0/24"), netip.MustParseAddr("192.0.2.1")); err != nil {
		t.Fatal(err)
	}
	c1, c2, err := toKernel(n, far, "192.0.2.2")
	if err != nil {
		t.Fatal(err)
	}
	defer c1.Close()
	defer c2.Close()
	if err := exchange(c1, c2, 8<<20); err != nil {
		t.Error(err)
	}
	s := n.Stats()
	if mean := s.BytesIn / s.PacketsIn; mean < 1500 {
		t.Errorf("a packet has %d bytes on average: nothing was merged", mean)
	}
	if c := s.Drops[ip.DropHeaderChecksum]; c > 0 {
		t.Errorf("%d packets dropped because of the IP checksum", c)
	}
}
