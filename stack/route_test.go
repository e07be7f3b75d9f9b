package stack

import (
	"net/netip"
	"testing"
)

// MUST-44.
func TestSourceAddress(t *testing.T) {
	a := newAddresses([]netip.Prefix{
		netip.MustParsePrefix("192.0.2.1/24"),
		netip.MustParsePrefix("10.0.0.1/8"),
		netip.MustParsePrefix("fe80::1/64"),
		netip.MustParsePrefix("2001:db8::1/64"),
		netip.MustParsePrefix("::ffff:172.16.0.1/112"), // mapped: IPv4 inside
	})
	for dst, want := range map[string]string{
		"198.51.100.1": "192.0.2.1", "10.1.2.3": "10.0.0.1", "10.0.0.1": "10.0.0.1", "172.16.3.4": "172.16.0.1",
		"2001:db8:9::1": "2001:db8::1", "fe80::9": "fe80::1", "2001:db8::9": "2001:db8::1",
	} {
		if got, ok := a.source(netip.MustParseAddr(dst)); !ok || got.String() != want {
			t.Errorf("to %s: got %v, want %s", dst, got, want)
		}
	}
	only4 := newAddresses([]netip.Prefix{netip.MustParsePrefix("192.0.2.1/24")})
	if got, ok := only4.source(netip.MustParseAddr("2001:db8::9")); ok {
		t.Errorf("got %v for an IPv6 destination without an IPv6 address", got)
	}
}

func TestBroadcastAddresses(t *testing.T) {
	a := newAddresses([]netip.Prefix{
		netip.MustParsePrefix("192.0.2.1/24"), netip.MustParsePrefix("10.0.0.0/31"), netip.MustParsePrefix("10.9.9.9/32"),
	})
	for addr, want := range map[string]bool{
		"192.0.2.255": true, "255.255.255.255": true, "224.0.0.1": true, "ff02::1": true,
		"192.0.2.254": false, "10.0.0.1": false, "10.9.9.9": false, "2001:db8::1": false,
	} {
		if got := a.broadcast(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: got %v, want %v", addr, got, want)
		}
	}
}
