package ip

import (
	"encoding/binary"
	"net/netip"
	"testing"
)

// Addresses for the tests: ours and a peer's (RFC 5737, RFC 3849).
var (
	ours4 = netip.MustParseAddr("192.0.2.1")
	peer4 = netip.MustParseAddr("198.51.100.7")
	ours6 = netip.MustParseAddr("2001:db8::1")
	peer6 = netip.MustParseAddr("2001:db8:ffff::7")
)

// from4 and from6 are headers of packets from the peer to us.
func from4(proto Protocol) Header { return Header{Src: peer4, Dst: ours4, Protocol: proto, TTL: 61} }
func from6(proto Protocol) Header { return Header{Src: peer6, Dst: ours6, Protocol: proto, TTL: 61} }

// build returns the packet of a header and its payload.
func build(h Header, payload []byte) []byte {
	return append(AppendHeader(nil, &h, len(payload)), payload...)
}

// resum corrects the header checksum of an IPv4 packet that a test has changed.
func resum(b []byte) []byte {
	n := int(b[0]&15) * 4
	b[10], b[11] = 0, 0
	binary.BigEndian.PutUint16(b[10:], Checksum(b[:n], 0))
	return b
}

// options4 returns an IPv4 UDP packet with options, which must be a multiple of 4 bytes, and 8 bytes of payload.
func options4(options ...byte) []byte {
	b := build(from4(ProtoUDP), append(append([]byte{}, options...), 1, 2, 3, 4, 5, 6, 7, 8))
	b[0] += byte(len(options) / 4)
	return resum(b)
}

// An extension is an IPv6 extension header: a kind, and its bytes after Next
// Header. The length byte is the test's own affair.
type extension struct {
	kind Protocol
	rest []byte
}

// chain6 returns an IPv6 packet with extension headers, the payload being of protocol proto.
func chain6(proto Protocol, payload []byte, exts ...extension) []byte {
	kinds := make([]Protocol, 0, len(exts)+1)
	for _, e := range exts {
		kinds = append(kinds, e.kind)
	}
	kinds = append(kinds, proto)
	var body []byte
	for i, e := range exts {
		body = append(append(body, byte(kinds[i+1])), e.rest...)
	}
	return build(from6(kinds[0]), append(body, payload...))
}

// frag6 returns the bytes of a Fragment header after Next Header.
func frag6(id uint32, offset int, more bool) []byte {
	f := uint16(offset)
	if more {
		f |= 1
	}
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16([]byte{0}, f), id)
}

// mustParse returns the header of a packet that must be good.
func mustParse(t testing.TB, b []byte) Header {
	t.Helper()
	var h Header
	if d := ParseHeader(b, &h); d != NoDrop {
		t.Fatalf("ParseHeader of % x: %v", b, d)
	}
	return h
}

// numbered returns n bytes that tell their places.
func numbered(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i ^ i>>8)
	}
	return b
}

// mustPanic fails the test unless f panics.
func mustPanic(t *testing.T, what string, f func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Errorf("%s did not panic", what)
		}
	}()
	f()
}
