package ip

import "encoding/binary"

// Cutting a packet that holds several segments, as a network interface does that has been given one.

// A Segmenter cuts a packet with GSOSize into the packets that go over a wire,
// checksums included. Those who lose, delay or harm packets need single ones.
type Segmenter struct {
	packet  []byte // without padding
	header  Header
	headers int // length of the headers of IP and transport
	size    int // payload of each segment but the last
}

// Offsets in a TCP header (RFC 9293 §3.1), and the flags that are not for every segment.
const (
	tcpHeaderLen      = 20
	tcpSeqAt          = 4
	tcpLengthAt       = 12
	tcpFlagsAt        = 13
	tcpChecksumOffset = 16

	tcpFIN, tcpPSH, tcpCWR = 0x01, 0x08, 0x80
)

// NewSegmenter returns the segmenter of a packet that has arrived. ok is false when it is a single segment, or
// nothing that can be cut.
func NewSegmenter(b *Buffer) (s Segmenter, ok bool) {
	h := &s.header
	if b.GSOSize == 0 || ParseHeader(b.Data, h) != NoDrop || h.IsFragment() {
		return s, false
	}
	least, length := 0, 0 // of the transport header
	switch transport := h.Payload(b.Data); {
	case h.Protocol == ProtoTCP && len(transport) >= tcpHeaderLen:
		least, length = tcpHeaderLen, int(transport[tcpLengthAt]>>4)*4
	case h.Protocol == ProtoUDP && len(transport) >= UDPHeaderLen:
		least, length = UDPHeaderLen, UDPHeaderLen
	}
	s.packet, s.headers, s.size = b.Data[:h.TotalLen], h.HeaderLen+length, int(b.GSOSize)
	return s, least > 0 && length >= least && len(s.packet) > s.headers+s.size
}

// Count returns how many segments there are, two at least.
func (s *Segmenter) Count() int { return (len(s.packet) - s.headers + s.size - 1) / s.size }

// Len returns the length of segment i as a packet.
func (s *Segmenter) Len(i int) int {
	return min(s.headers+s.size, len(s.packet)-i*s.size)
}

// Append appends segment i to dst as a packet and returns the result.
func (s *Segmenter) Append(dst []byte, i int) []byte {
	at := len(dst)
	from := s.headers + i*s.size
	dst = append(dst, s.packet[:s.headers]...)
	dst = append(dst, s.packet[from:from+s.Len(i)-s.headers]...)
	b := dst[at:]
	if b[0]>>4 == 4 {
		s.fill4(b, i)
	} else {
		binary.BigEndian.PutUint16(b[4:], uint16(len(b)-HeaderLen6))
	}
	if s.header.Protocol == ProtoTCP {
		s.fillTCP(b[s.header.HeaderLen:], i)
	} else {
		s.fillUDP(b[s.header.HeaderLen:])
	}
	return dst
}

// fill4 completes an IPv4 header. Each packet has an ID of its own, though only those that may be cut need one (RFC 6864 §4).
func (s *Segmenter) fill4(b []byte, i int) {
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	binary.BigEndian.PutUint16(b[4:], binary.BigEndian.Uint16(b[4:])+uint16(i))
	binary.BigEndian.PutUint16(b[10:], 0)
	binary.BigEndian.PutUint16(b[10:], Checksum(b[:s.header.HeaderLen], 0))
}

// fillTCP completes a TCP header: the last segment alone ends what FIN and PSH end, and the first one confirms a
// congestion mark (RFC 3168 §6.1.2).
func (s *Segmenter) fillTCP(b []byte, i int) {
	binary.BigEndian.PutUint32(b[tcpSeqAt:], binary.BigEndian.Uint32(b[tcpSeqAt:])+uint32(i*s.size))
	if i > 0 {
		b[tcpFlagsAt] &^= tcpCWR
	}
	if i < s.Count()-1 {
		b[tcpFlagsAt] &^= tcpFIN | tcpPSH
	}
	s.fillChecksum(b, tcpChecksumOffset)
}

// fillUDP completes a UDP header. A datagram without a checksum (RFC 768) makes others without one.
func (s *Segmenter) fillUDP(b []byte) {
	binary.BigEndian.PutUint16(b[4:], uint16(len(b)))
	if binary.BigEndian.Uint16(b[udpChecksumOffset:]) != 0 {
		s.fillChecksum(b, udpChecksumOffset)
	}
}

func (s *Segmenter) fillChecksum(b []byte, offset uint16) {
	binary.BigEndian.PutUint16(b[offset:], 0)
	putChecksum(b, offset, Sum(b, PseudoSum(s.header.Src, s.header.Dst, s.header.Protocol, len(b))))
}

// A GSO is what a device must know of a packet to cut it.
type GSO struct {
	Protocol Protocol // ProtoTCP or ProtoUDP
	Headers  int      // length of the headers of IP and transport
	CWR      bool     // of TCP: only the first segment is to have the flag (RFC 3168 §6.1.2)
}

// GSO returns how the packet is to be cut. ok is false when it goes out as it is: it has no GSOSize, or no
// NeedsChecksum to say where its transport header is. That header must lie in Header.
func (p *Packet) GSO() (g GSO, ok bool) {
	if p.GSOSize == 0 || !p.NeedsChecksum {
		return g, false
	}
	transport, start := p.Header[p.ChecksumStart:], int(p.ChecksumStart)
	switch p.ChecksumOffset {
	case udpChecksumOffset:
		return GSO{Protocol: ProtoUDP, Headers: start + UDPHeaderLen}, true
	case tcpChecksumOffset:
		return GSO{ProtoTCP, start + int(transport[tcpLengthAt]>>4)*4, transport[tcpFlagsAt]&tcpCWR != 0}, true
	}
	return g, false
}
