package stack

import (
	"net/netip"
	"testing"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
	"github.com/sockeye-tcp/sockeye/tun"
)

// What the tests of this package share.

// addrsA and addrsB are those of the two hosts of newPair.
var (
	addrsA = []netip.Prefix{netip.MustParsePrefix("10.0.0.1/24"), netip.MustParsePrefix("fd00::1/64")}
	addrsB = []netip.Prefix{netip.MustParsePrefix("10.0.0.2/24"), netip.MustParsePrefix("fd00::2/64")}
)

// newPair returns two running stacks, joined by a pipe.
func newPair(t testing.TB, cfg Config) (a, b *Net) {
	t.Helper()
	da, db := tun.NewPipe(1500)
	ca, cb := cfg, cfg
	ca.Addrs, cb.Addrs = addrsA, addrsB
	return newNet(t, da, ca), newNet(t, db, cb)
}

// newNet returns a running stack, which is closed at the end of the test.
func newNet(t testing.TB, dev ip.Device, cfg Config) *Net {
	t.Helper()
	n, err := New(dev, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return n
}

// readSegment reads packets from a device until one is TCP, and returns it.
func readSegment(t *testing.T, dev ip.Device) tcp.Segment {
	t.Helper()
	bufs := make([]*ip.Buffer, 1)
	for {
		if _, err := dev.Read(bufs); err != nil {
			t.Fatal(err)
		}
		var h ip.Header
		if d := ip.ParseHeader(bufs[0].Data, &h); d != ip.NoDrop {
			t.Fatal(d)
		}
		if h.Protocol != ip.ProtoTCP {
			continue
		}
		var seg tcp.Segment
		if d := tcp.ParseSegment(h.Payload(bufs[0].Data), h.Src, h.Dst, false, &seg); d != ip.NoDrop {
			t.Fatal(d)
		}
		return seg
	}
}

// sendSegment sends a TCP segment through a device, from port 80 of 10.0.0.2.
func sendSegment(dev ip.Device, to string, h tcp.Header, text string) {
	dev.Write([]*ip.Packet{{Header: tcpPacket("10.0.0.2:80", to, h, text)}})
}
