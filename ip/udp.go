package ip

import (
	"encoding/binary"
	"net/netip"
)

// UDP, RFC 768, over IPv6 with RFC 8200 §8.1.

// UDPHeaderLen is the length of the UDP header in bytes.
const UDPHeaderLen = 8

// udpChecksumOffset is where the checksum lies in it.
const udpChecksumOffset = 6

// A UDP is a UDP datagram that arrived.
type UDP struct {
	SrcPort, DstPort uint16
	Payload          []byte // inside the packet
}

// ParseUDP reads the UDP datagram b, the payload of an IP packet from src to
// dst, and checks its length and checksum. With checksumOK the checksum counts
// as verified. What follows the length that the header gives is ignored
// (RFC 9868 puts options there). u.Payload aliases b.
func ParseUDP(b []byte, src, dst netip.Addr, checksumOK bool, u *UDP) Drop {
	*u = UDP{}
	if len(b) < UDPHeaderLen {
		return DropShort
	}
	n := int(binary.BigEndian.Uint16(b[4:]))
	if n < UDPHeaderLen {
		return DropMalformed
	}
	if n > len(b) {
		return DropShort
	}
	b = b[:n]
	if !checksumOK && !isUDPSumOK(b, src, dst) {
		return DropChecksum
	}
	u.SrcPort, u.DstPort = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	u.Payload = b[UDPHeaderLen:]
	return NoDrop
}

// isUDPSumOK verifies a checksum. Zero means that the sender computed none:
// good over IPv4 (RFC 768), refused over IPv6 (RFC 8200 §8.1).
func isUDPSumOK(b []byte, src, dst netip.Addr) bool {
	if b[6] == 0 && b[7] == 0 {
		return src.Is4()
	}
	return Checksum(b, PseudoSum(src, dst, ProtoUDP, len(b))) == 0
}

// AppendUDPHeader appends to b the UDP header for a datagram with the given
// payload, checksum included, and returns the result; the payload itself is
// left to the caller. It panics when the payload is longer than a datagram can be.
func AppendUDPHeader(b []byte, src, dst netip.AddrPort, payload []byte) []byte {
	n := UDPHeaderLen + len(payload)
	if n > MaxPacket {
		panic("BUG: UDP datagram too long")
	}
	at := len(b)
	b = binary.BigEndian.AppendUint16(b, src.Port())
	b = binary.BigEndian.AppendUint16(b, dst.Port())
	b = binary.BigEndian.AppendUint16(b, uint16(n))
	b = append(b, 0, 0)
	sum := Sum(b[at:], PseudoSum(src.Addr(), dst.Addr(), ProtoUDP, n))
	c := Checksum(payload, sum)
	if c == 0 {
		c = 0xffff // zero would say that there is no checksum (RFC 768)
	}
	binary.BigEndian.PutUint16(b[at+6:], c)
	return b
}
