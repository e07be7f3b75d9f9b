package tcp_test

import (
	"math/bits"
	"net/netip"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Initial sequence numbers: RFC 9293 §3.4.1, RFC 6528.

// MUST-8: the clock part ticks every 4 microseconds.
func TestISNFollowsTheClock(t *testing.T) {
	s := tcp.NewSecret([32]byte{1, 2, 3})
	first := s.ISN(addrA, addrB, start)
	for _, d := range []time.Duration{4 * time.Microsecond, time.Second, time.Hour, 24 * time.Hour} {
		if got, want := s.ISN(addrA, addrB, start.Add(d)).Sub(first), tcp.Size(d/(4*time.Microsecond)); got != want {
			t.Errorf("after %v: the ISN moved by %d, want %d", d, got, want)
		}
	}
	def := tcp.Prepare(tcp.Config{}).ISN
	if got := def(addrA, addrB, start.Add(time.Second)).Sub(def(addrA, addrB, start)); got != 250_000 {
		t.Errorf("the default moves by %d in a second, want 250000", got)
	}
}

// MUST-9, SHLD-1: each connection has its own place, which depends on every part of the addresses and on the key: half
// of the bits change.
func TestSecretDependsOnEverything(t *testing.T) {
	type function func(s *tcp.Secret, local, remote netip.AddrPort) uint32
	key := tcp.NewSecret([32]byte{1})
	otherKey := tcp.NewSecret([32]byte{2})
	port := func(a netip.AddrPort, p uint16) netip.AddrPort { return netip.AddrPortFrom(a.Addr(), p) }
	addr := func(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Next(), a.Port()) }
	for name, f := range map[string]struct {
		f     function
		ports [2]bool // whether it depends on them
	}{
		"ISN":      {func(s *tcp.Secret, l, r netip.AddrPort) uint32 { return uint32(s.ISN(l, r, start)) }, [2]bool{true, true}},
		"TSOffset": {func(s *tcp.Secret, l, r netip.AddrPort) uint32 { return s.TSOffset(l, r) }, [2]bool{false, false}},
		"PortOffset": {func(s *tcp.Secret, l, r netip.AddrPort) uint32 { return s.PortOffset(l.Addr(), r) },
			[2]bool{false, true}},
	} {
		t.Run(name, func(t *testing.T) {
			base := f.f(key, addrA, addrB)
			differs := func(what string, got uint32, want bool) {
				if n := bits.OnesCount32(got ^ base); want && (n < 4 || n > 28) || !want && n != 0 {
					t.Errorf("another %s changes %d bits", what, n)
				}
			}
			differs("key", f.f(otherKey, addrA, addrB), true)
			differs("local address", f.f(key, addr(addrA), addrB), true)
			differs("remote address", f.f(key, addrA, addr(addrB)), true)
			differs("local port", f.f(key, port(addrA, 7), addrB), f.ports[0])
			differs("remote port", f.f(key, addrA, port(addrB, 7)), f.ports[1])
			differs("direction", f.f(key, addrB, addrA), true)
			differs("nothing", f.f(key, addrA, addrB), false)
		})
	}
	if key.TSOffset(addrA, addrB) == uint32(key.ISN(addrA, addrB, 0)) {
		t.Error("two functions are one")
	}
}

// The clock must not overflow into a negative or a standing value.
func TestISNAfterYears(t *testing.T) {
	s := tcp.NewSecret([32]byte{})
	at := ip.Time(100 * 365 * 24 * time.Hour)
	if got := s.ISN(addrA, addrB, at.Add(4*time.Microsecond)).Sub(s.ISN(addrA, addrB, at)); got != 1 {
		t.Errorf("the ISN moves by %d, want 1", got)
	}
}
