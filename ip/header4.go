package ip

import (
	"encoding/binary"
	"net/netip"
)

// The IPv4 header in and out, RFC 791 §3.1.

// The bits beside the fragment offset.
const (
	flagDF     = 0x4000
	flagMF     = 0x2000
	offsetMask = 0x1fff
)

// parse4 is ParseHeader for a packet whose first byte says 4.
func parse4(b []byte, h *Header) Drop {
	*h = Header{Version: 4}
	if len(b) < HeaderLen4 {
		return DropShort
	}
	headerLen := int(b[0]&0x0f) * 4
	totalLen := int(binary.BigEndian.Uint16(b[2:]))
	switch {
	case headerLen < HeaderLen4:
		return DropHeaderLength
	case headerLen > len(b) || totalLen > len(b):
		return DropShort
	case totalLen < headerLen:
		return DropHeaderLength
	case Checksum(b[:headerLen], 0) != 0:
		return DropHeaderChecksum
	}
	frag := binary.BigEndian.Uint16(b[6:])
	h.TOS, h.TTL, h.Protocol = b[1], b[8], Protocol(b[9])
	h.Src, h.Dst = netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20]))
	h.ID = uint32(binary.BigEndian.Uint16(b[4:]))
	h.FragOffset = int(frag&offsetMask) * 8
	h.MoreFragments, h.DontFragment = frag&flagMF != 0, frag&flagDF != 0
	h.HeaderLen, h.TotalLen, h.NextHeaderAt = headerLen, totalLen, 9

	if isSourceBad(h.Src) {
		return DropSource
	}
	if headerLen > HeaderLen4 {
		if d := checkOptions4(b[:headerLen], h); d != NoDrop {
			return d
		}
	}
	if h.IsFragment() {
		return checkFragment4(h)
	}
	return NoDrop
}

// checkFragment4 refuses fragments that no sender may make: RFC 791 §3.2,
// "Fragmentation": all but the last are a multiple of 8 bytes long, and the
// datagram with its header has at most 65535. Those that are merely tiny
// (RFC 1858) deceive filters, not a host that refuses overlaps.
func checkFragment4(h *Header) Drop {
	n := h.TotalLen - h.HeaderLen
	if n == 0 || h.MoreFragments && n%8 != 0 || h.FragOffset+n+HeaderLen4 > MaxPacket {
		return DropFragment
	}
	return NoDrop
}

// append4 is AppendHeader for IPv4.
func append4(dst []byte, h *Header, payloadLen int) []byte {
	total := HeaderLen4 + payloadLen
	if total > MaxPacket {
		panic("BUG: IPv4 packet too long")
	}
	frag := uint16(h.FragOffset / 8)
	if h.MoreFragments {
		frag |= flagMF
	}
	if h.DontFragment {
		frag |= flagDF
	}
	src, addr := h.Src.As4(), h.Dst.As4()
	at := len(dst)
	dst = append(dst, 4<<4|HeaderLen4/4, h.TOS)
	dst = binary.BigEndian.AppendUint16(dst, uint16(total))
	dst = binary.BigEndian.AppendUint16(dst, uint16(h.ID))
	dst = binary.BigEndian.AppendUint16(dst, frag)
	dst = append(dst, hopLimit(h), byte(h.Protocol), 0, 0)
	dst = append(dst, src[:]...)
	dst = append(dst, addr[:]...)
	binary.BigEndian.PutUint16(dst[at+10:], Checksum(dst[at:], 0))
	return dst
}

// hopLimit returns the TTL to be sent.
func hopLimit(h *Header) uint8 {
	if h.TTL == 0 {
		return DefaultTTL
	}
	return h.TTL
}
