package tun

// This file holds the header that the kernel puts before each packet of a TUN
// device opened with IFF_VNET_HDR, and wants before each that is written: struct
// virtio_net_hdr of the virtio specification, §5.1.6, little-endian.

import (
	"encoding/binary"

	"github.com/sockeye-tcp/sockeye/ip"
)

// vnetHeaderLen is its length without the number of merged buffers, which no TUN needs.
const vnetHeaderLen = 10

// A vnetHeader says what is left to do for a packet. Zero: nothing.
type vnetHeader struct {
	flags     uint8
	gsoType   uint8
	headers   uint16 // hdr_len: length of IP and transport header, a hint
	gsoSize   uint16 // payload of each segment
	sumStart  uint16 // csum_start
	sumOffset uint16 // csum_offset, from there
}

// The flags, and the types of packets that hold several segments.
const (
	vnetNeedsChecksum = 1 // the field holds the sum of the pseudo-header
	vnetDataValid     = 2 // the checksum has been verified

	vnetTCP4 = 1
	vnetTCP6 = 4
	vnetUDP  = 5
	vnetECN  = 0x80 // beside a type: the first segment alone has CWR
)

// parseVnet reads a header.
func parseVnet(b *[vnetHeaderLen]byte) vnetHeader {
	return vnetHeader{
		flags: b[0], gsoType: b[1],
		headers:   binary.LittleEndian.Uint16(b[2:]),
		gsoSize:   binary.LittleEndian.Uint16(b[4:]),
		sumStart:  binary.LittleEndian.Uint16(b[6:]),
		sumOffset: binary.LittleEndian.Uint16(b[8:]),
	}
}

// put writes the header to b.
func (h *vnetHeader) put(b *[vnetHeaderLen]byte) {
	b[0], b[1] = h.flags, h.gsoType
	binary.LittleEndian.PutUint16(b[2:], h.headers)
	binary.LittleEndian.PutUint16(b[4:], h.gsoSize)
	binary.LittleEndian.PutUint16(b[6:], h.sumStart)
	binary.LittleEndian.PutUint16(b[8:], h.sumOffset)
}

// describe tells the buffer that holds the packet behind the header what it is. A checksum
// that was left undone is that of a packet which has never been on a wire, so it counts as good.
func (h *vnetHeader) describe(b *ip.Buffer) {
	needs := h.flags&vnetNeedsChecksum != 0 && int(h.sumStart)+int(h.sumOffset)+2 <= len(b.Data)
	if needs {
		b.NeedsChecksum, b.ChecksumStart, b.ChecksumOffset = true, h.sumStart, h.sumOffset
	}
	b.ChecksumOK = needs || h.flags&vnetDataValid != 0
	if h.gsoType != 0 {
		b.GSOSize = h.gsoSize
	}
}

// vnetOf makes the header of a packet that goes out.
func vnetOf(p *ip.Packet) (h vnetHeader) {
	if p.NeedsChecksum {
		h.flags, h.sumStart, h.sumOffset = vnetNeedsChecksum, p.ChecksumStart, p.ChecksumOffset
	}
	gso, ok := p.GSO()
	if !ok {
		return h
	}
	h.gsoSize, h.headers = p.GSOSize, uint16(gso.Headers)
	switch {
	case gso.Protocol == ip.ProtoUDP:
		h.gsoType = vnetUDP
	case p.Header[0]>>4 == 4:
		h.gsoType = vnetTCP4
	default:
		h.gsoType = vnetTCP6
	}
	if gso.CWR {
		h.gsoType |= vnetECN
	}
	return h
}
