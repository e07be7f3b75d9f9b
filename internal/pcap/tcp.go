package pcap

import (
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// TCP segments in captured packets. A host refuses what a capture shows all the time: packets
// of loopback, checksums that hardware had yet to fill in, packets of which only the beginning
// was kept. So this looks at less than package ip does.

// A Segment is a captured TCP segment.
type Segment struct {
	When     time.Time
	Src, Dst netip.AddrPort
	Header   tcp.Header
	Len      int // bytes of text, on the wire: the capture may hold fewer
}

// ParseTCP finds the TCP segment in an IP packet. It returns false when the packet holds none, or not all of its header.
func ParseTCP(when time.Time, packet []byte) (Segment, bool) {
	src, dst, header, total, ok := addresses(packet)
	if !ok || header > len(packet) {
		return Segment{}, false
	}
	end := len(packet)
	if total > header {
		end = min(end, total) // link padding may follow
	}
	var seg tcp.Segment
	if tcp.ParseSegment(packet[header:end], src, dst, true, &seg) != ip.NoDrop {
		return Segment{}, false
	}
	length := len(seg.Text)
	if total > end {
		length += total - end // cut off by the capture
	}
	return Segment{
		When: when, Header: seg.Header, Len: length,
		Src: netip.AddrPortFrom(src, seg.SrcPort), Dst: netip.AddrPortFrom(dst, seg.DstPort),
	}, true
}

// addresses reads an IP header: where TCP begins, and how long the packet is; 0 when it does not
// say, as on the way to hardware that cuts segments.
func addresses(b []byte) (src, dst netip.Addr, header, total int, ok bool) {
	switch {
	case len(b) >= 20 && b[0]>>4 == 4:
		src, dst = netip.AddrFrom4([4]byte(b[12:])), netip.AddrFrom4([4]byte(b[16:]))
		header, total = int(b[0]&15)*4, int(binary.BigEndian.Uint16(b[2:]))
		first := binary.BigEndian.Uint16(b[6:])&0x1fff == 0
		return src, dst, header, total, header >= 20 && first && ip.Protocol(b[9]) == ip.ProtoTCP
	case len(b) >= 40 && b[0]>>4 == 6:
		src, dst = netip.AddrFrom16([16]byte(b[8:])), netip.AddrFrom16([16]byte(b[24:]))
		if n := int(binary.BigEndian.Uint16(b[4:])); n > 0 {
			total = 40 + n
		}
		header, ok = behindExtensions(b)
		return src, dst, header, total, ok
	}
	return netip.Addr{}, netip.Addr{}, 0, 0, false
}

// IPv6 extension headers: RFC 8200 §4.
const (
	hopByHop    = 0
	routing     = 43
	fragment    = 44
	destination = 60
)

// behindExtensions returns where TCP begins in an IPv6 packet.
func behindExtensions(b []byte) (at int, ok bool) {
	next, at := b[6], 40
	for {
		if ip.Protocol(next) == ip.ProtoTCP {
			return at, true
		}
		if len(b) < at+8 {
			return 0, false
		}
		switch next {
		case hopByHop, routing, destination:
			next, at = b[at], at+8+int(b[at+1])*8
		case fragment:
			if binary.BigEndian.Uint16(b[at+2:])&^7 != 0 {
				return 0, false // not the first
			}
			next, at = b[at], at+8
		default:
			return 0, false
		}
	}
}
