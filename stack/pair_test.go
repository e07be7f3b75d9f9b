package stack

import (
	"net/netip"
	"testing"

	"github.com/sockeye-tcp/sockeye/ip"
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
