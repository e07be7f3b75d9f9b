package tcp

import (
	"crypto/sha256"
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// Initial sequence numbers (RFC 6528), timestamp offsets (RFC 7323 §5.4) and port offsets (RFC 6056): a keyed
// function of the connection's addresses that nobody outside can compute (MUST-9).

// isnTick is the period of the clock part of an ISN: 4 microseconds (RFC 9293 §3.4.1).
const isnTick = ip.Time(4 * time.Microsecond)

// A Secret is the key. The function is SHA-256 over key, purpose and
// addresses; it is computed once a connection. A Secret is safe for
// concurrent use.
type Secret struct{ key [32]byte }

// NewSecret returns a Secret with a key, which must be random and stay private to the host.
func NewSecret(key [32]byte) *Secret { return &Secret{key} }

// ISN returns the initial sequence number for a connection: M + F(addresses, key) (SHLD-1).
func (s *Secret) ISN(local, remote netip.AddrPort, now ip.Time) Seq {
	return Seq(now/isnTick) + Seq(s.hash('I', local, remote))
}

// TSOffset returns where the timestamp clock of a pair of hosts starts. It depends on
// the addresses alone, so that timestamps grow from one connection to the next (RFC 6191).
func (s *Secret) TSOffset(local, remote netip.AddrPort) uint32 {
	return s.hash('T', netip.AddrPortFrom(local.Addr(), 0), netip.AddrPortFrom(remote.Addr(), 0))
}

// PortOffset returns where the search for a free port towards remote starts (RFC 6056 §3.3.3).
func (s *Secret) PortOffset(local netip.Addr, remote netip.AddrPort) uint32 {
	return s.hash('P', netip.AddrPortFrom(local, 0), remote)
}

func (s *Secret) hash(purpose byte, a, b netip.AddrPort) uint32 {
	var buf [32 + 1 + 2*18]byte
	in := append(buf[:0], s.key[:]...)
	in = append(in, purpose)
	for _, p := range [...]netip.AddrPort{a, b} {
		addr := p.Addr().As16()
		in = append(in, addr[:]...)
		in = binary.BigEndian.AppendUint16(in, p.Port())
	}
	sum := sha256.Sum256(in)
	return binary.BigEndian.Uint32(sum[:])
}
