package ip

import "encoding/binary"

// MaxHeaders is the room for the headers of a packet that is sent: an IPv6
// header (40), a fragment or hop-by-hop header (8) and the longest TCP header (60),
// rounded up. An ICMP error's own header and the start of what it quotes fit as well.
const MaxHeaders = 128

// A Packet is one IP packet on its way out: headers that the stack wrote, and
// payload that still lies in the sender's buffer. A device writes both in one
// system call. The packet may be longer than the MTU when GSOSize is set.
//
// A Packet is meant to be used again and again: Reset keeps the storage.
type Packet struct {
	// Header holds the network and transport headers, inside room.
	Header []byte

	// Payload follows the header. Its slices belong to someone else and stay
	// valid and unchanged until the packet is unpinned.
	Payload [][]byte

	// GSOSize is the payload length at which the device is to cut the packet
	// into segments; 0 when it goes out as it is.
	GSOSize uint16

	// NeedsChecksum asks the device to complete the transport checksum: it
	// lies at ChecksumStart+ChecksumOffset of the packet and holds the sum of
	// the pseudo-header. Only set for devices that offer it.
	NeedsChecksum  bool
	ChecksumStart  uint16
	ChecksumOffset uint16

	// Pins hold what Payload points into until the packet has been written.
	Pins []Pin

	room [MaxHeaders]byte
}

// A Pin keeps a piece of a send buffer from being used again while a packet
// that points into it is being written. It is released by the owner of the
// buffer, under the same lock as everything else of that owner.
type Pin interface{ Unpin() }

// Reset empties the packet for its next use. It must be unpinned already.
func (p *Packet) Reset() {
	p.Header = p.room[:0]
	p.Payload = p.Payload[:0]
	p.Pins = p.Pins[:0]
	p.GSOSize, p.NeedsChecksum, p.ChecksumStart, p.ChecksumOffset = 0, false, 0, 0
}

// Carry makes the packet one that sends on what has arrived in b, in place of
// what it was. It points into b, which must live until the packet is written. A
// device without Offload wants single packets: see Segmenter.
func (p *Packet) Carry(b *Buffer) {
	p.Reset()
	p.Header = b.Data
	p.GSOSize = b.GSOSize
	p.NeedsChecksum, p.ChecksumStart, p.ChecksumOffset = b.NeedsChecksum, b.ChecksumStart, b.ChecksumOffset
}

// CompleteChecksum does what a device with checksum offload would do (RFC 9293,
// MUST-2): the field holds the sum of the pseudo-header, which the sum over the
// rest includes that way. The field lies in Header.
func (p *Packet) CompleteChecksum() {
	if !p.NeedsChecksum {
		return
	}
	p.NeedsChecksum = false
	start := int(p.ChecksumStart)
	putChecksum(p.Header[start:], p.ChecksumOffset, p.TransportSum(start, 0))
}

// putChecksum stores the checksum with a sum into the field at an offset of a
// transport header. UDP's is never zero, which would mean that there is none (RFC 768).
func putChecksum(b []byte, offset uint16, sum uint32) {
	c := ^Fold(sum)
	if c == 0 && offset == udpChecksumOffset {
		c = 0xffff
	}
	binary.BigEndian.PutUint16(b[offset:], c)
}

// Unpin releases what the packet's payload points into. The caller must hold
// whatever guards the stack that made the packet.
func (p *Packet) Unpin() {
	for i, pin := range p.Pins {
		pin.Unpin()
		p.Pins[i] = nil
	}
	clear(p.Payload)
	p.Pins, p.Payload = p.Pins[:0], p.Payload[:0]
}

// Len returns the length of the packet in bytes.
func (p *Packet) Len() int {
	n := len(p.Header)
	for _, b := range p.Payload {
		n += len(b)
	}
	return n
}

// AppendTo appends the whole packet to b in one piece and returns the result.
func (p *Packet) AppendTo(b []byte) []byte {
	b = append(b, p.Header...)
	for _, q := range p.Payload {
		b = append(b, q...)
	}
	return b
}
