package ip

import (
	"encoding/binary"
	"net/netip"
)

// The IPv6 header in and out, RFC 8200 §3. extension.go has what follows it.

// parse6 is ParseHeader for a packet whose first byte says 6.
func parse6(b []byte, h *Header) Drop {
	*h = Header{Version: 6}
	if len(b) < HeaderLen6 {
		return DropShort
	}
	h.TotalLen = HeaderLen6 + int(binary.BigEndian.Uint16(b[4:]))
	if h.TotalLen > len(b) {
		return DropShort
	}
	first := binary.BigEndian.Uint32(b)
	h.TOS, h.FlowLabel = uint8(first>>20), first&0xfffff
	h.TTL = b[7]
	h.Src, h.Dst = netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40]))
	if isSourceBad(h.Src) {
		return DropSource
	}
	h.Protocol, h.HeaderLen, h.NextHeaderAt = Protocol(b[6]), HeaderLen6, 6
	return walkExtensions(b[:h.TotalLen], h)
}

// append6 is AppendHeader for IPv6.
func append6(dst []byte, h *Header, payloadLen int) []byte {
	next := h.Protocol
	if h.IsFragment() {
		next, payloadLen = ProtoFragment, payloadLen+fragmentHeaderLen
	}
	if HeaderLen6+payloadLen > MaxPacket {
		panic("BUG: IPv6 packet too long")
	}
	src, addr := h.Src.As16(), h.Dst.As16()
	dst = binary.BigEndian.AppendUint32(dst, 6<<28|uint32(h.TOS)<<20|h.FlowLabel&0xfffff)
	dst = binary.BigEndian.AppendUint16(dst, uint16(payloadLen))
	dst = append(dst, byte(next), hopLimit(h))
	dst = append(dst, src[:]...)
	dst = append(dst, addr[:]...)
	if h.IsFragment() {
		frag := uint16(h.FragOffset) // the offset in units of 8, shifted by 3: the same bits
		if h.MoreFragments {
			frag |= 1
		}
		dst = append(dst, byte(h.Protocol), 0)
		dst = binary.BigEndian.AppendUint16(dst, frag)
		dst = binary.BigEndian.AppendUint32(dst, h.ID)
	}
	return dst
}
