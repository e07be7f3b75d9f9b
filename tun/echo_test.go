package tun

// This file builds echo requests by hand, so that tests need no other stack.

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"github.com/sockeye-tcp/sockeye/ip"
)

// echoRequest is an ICMP echo request (RFC 792), checksummed.
func echoRequest(payload []byte) []byte {
	b := append([]byte{8, 0, 0, 0, 0, 1, 0, 1}, payload...)
	return setChecksum(b, 2)
}

// setChecksum fills in the Internet checksum (RFC 1071) of b at offset at.
func setChecksum(b []byte, at int) []byte {
	var sum uint32
	b[at], b[at+1] = 0, 0
	for i := 0; i < len(b); i += 2 {
		if sum += uint32(b[i]) << 8; i+1 < len(b) {
			sum += uint32(b[i+1])
		}
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	binary.BigEndian.PutUint16(b[at:], ^uint16(sum))
	return b
}

// echoPacket is an ICMP or ICMPv6 echo request (RFC 792, RFC 4443 §4.1).
func echoPacket(src, dst netip.Addr) *ip.Packet {
	p := packet("")
	if src.Is4() {
		body := echoRequest([]byte("sockeye"))
		h := []byte{0x45, 0, 0, byte(20 + len(body)), 0, 1, 0, 0, 64, 1, 0, 0}
		h = append(append(h, src.AsSlice()...), dst.AsSlice()...)
		p.Header = append(p.Header, setChecksum(h, 10)...)
		p.Payload = [][]byte{body}
		return p
	}
	body := []byte{128, 0, 0, 0, 0, 1, 0, 1, 's', 'o', 'c', 'k'}
	h := []byte{0x60, 0, 0, 0, 0, byte(len(body)), 58, 64}
	h = append(append(h, src.AsSlice()...), dst.AsSlice()...)
	pseudo := slices.Concat(h[8:], binary.BigEndian.AppendUint32(nil, uint32(len(body))), []byte{0, 0, 0, 58}, body)
	setChecksum(pseudo, 40+2)
	p.Header = append(p.Header, h...)
	p.Payload = [][]byte{pseudo[40:]}
	return p
}
