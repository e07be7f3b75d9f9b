package tcp

import (
	"encoding/binary"
	"net/netip"

	"github.com/sockeye-tcp/sockeye/ip"
)

// The header on the wire, RFC 9293 §3.1.

const (
	// HeaderLen is the length of a header without options.
	HeaderLen = 20
	// ChecksumOffset is where the checksum lies in the header.
	ChecksumOffset = 16
)

// ParseSegment reads the TCP segment b, which came from src to dst, into seg.
// seg.Text is a slice of b. It returns ip.NoDrop, or why the segment must be thrown away;
// it allocates nothing, and no input makes it panic. checksumOK says that the checksum is known to be good;
// otherwise it is verified (MUST-3).
func ParseSegment(b []byte, src, dst netip.Addr, checksumOK bool, seg *Segment) ip.Drop {
	if len(b) < HeaderLen {
		return ip.DropShort
	}
	off := int(b[12]>>4) * 4
	if off < HeaderLen || off > len(b) {
		return ip.DropMalformed
	}
	if !checksumOK && ip.Checksum(b, ip.PseudoSum(src, dst, ip.ProtoTCP, len(b))) != 0 {
		return ip.DropChecksum
	}
	seg.SrcPort = binary.BigEndian.Uint16(b)
	seg.DstPort = binary.BigEndian.Uint16(b[2:])
	seg.Seq = Seq(binary.BigEndian.Uint32(b[4:]))
	seg.Ack = Seq(binary.BigEndian.Uint32(b[8:]))
	seg.Flags = Flags(binary.BigEndian.Uint16(b[12:])) & (AE<<1 - 1)
	seg.Wnd = binary.BigEndian.Uint16(b[14:])
	seg.Urg = binary.BigEndian.Uint16(b[18:])
	parseOptions(b[HeaderLen:off], seg.Flags.Has(SYN), &seg.Options)
	seg.Text = b[off:]
	return ip.NoDrop
}

// AppendHeader appends the header to b and returns the result. The checksum
// field is zero. Options that do not fit into 40 bytes are a bug of the caller.
func AppendHeader(b []byte, h *Header) []byte {
	start := len(b)
	b = binary.BigEndian.AppendUint16(b, h.SrcPort)
	b = binary.BigEndian.AppendUint16(b, h.DstPort)
	b = binary.BigEndian.AppendUint32(b, uint32(h.Seq))
	b = binary.BigEndian.AppendUint32(b, uint32(h.Ack))
	b = append(b, 0, 0)
	b = binary.BigEndian.AppendUint16(b, h.Wnd)
	b = append(b, 0, 0)
	b = binary.BigEndian.AppendUint16(b, h.Urg)
	b = h.Options.appendTo(b)
	length := len(b) - start
	if length > HeaderLen+maxOptions {
		panic("BUG: TCP options longer than 40 bytes")
	}
	binary.BigEndian.PutUint16(b[start+12:], uint16(length/4)<<12|uint16(h.Flags))
	return b
}
