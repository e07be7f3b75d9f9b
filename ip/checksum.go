package ip

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
)

// The Internet checksum, RFC 1071, and the pseudo-headers of RFC 9293 §3.1 and RFC 8200 §8.1.

// oddSum marks a partial sum over an odd number of bytes: the next byte is the
// low half of a 16-bit word that the last one began. The sums themselves are
// kept below 1<<17, so that the bit is free.
const oddSum = 1 << 31

// Sum adds the bytes of b to a partial Internet checksum and returns the new
// partial sum. It starts from 0, from PseudoSum, or from an earlier Sum over
// the bytes just before b; the pieces may be of any length, odd ones too. The
// result means something only to Sum, Fold and Checksum. It does not allocate.
func Sum(b []byte, initial uint32) uint32 {
	// RFC 1071 §2(B): the sum does not depend on the byte order. Words are
	// read in the processor's own order (little-endian on the machines that
	// matter), and only the 16-bit result is turned round. When b starts in
	// the middle of a word it would have to be turned a second time.
	s := sumLittle(b)
	if initial&oddSum == 0 {
		s = bits.ReverseBytes16(s)
	}
	sum := uint32(Fold(initial)) + uint32(s)
	if (initial&oddSum != 0) != (len(b)%2 != 0) {
		sum |= oddSum
	}
	return sum
}

// Fold reduces a partial sum to 16 bits, in host order, without inverting it.
// A pseudo-header's folded sum is what a device with checksum offload expects
// in the checksum field.
func Fold(sum uint32) uint16 {
	sum &^= oddSum
	sum = sum>>16 + sum&0xffff
	sum = sum>>16 + sum&0xffff
	return uint16(sum)
}

// Checksum returns the Internet checksum of what initial holds followed by b:
// the value for the checksum field. Over data that contains a correct checksum it is 0.
func Checksum(b []byte, initial uint32) uint16 { return ^Fold(Sum(b, initial)) }

// PseudoSum returns the partial sum of the pseudo-header that TCP, UDP and
// ICMPv6 checksums cover. Length is that of the transport header and its payload.
// Both addresses must be of the same family.
func PseudoSum(src, dst netip.Addr, proto Protocol, length int) uint32 {
	var sum uint64
	if src.Is4() {
		s, d := src.As4(), dst.As4()
		sum = uint64(binary.BigEndian.Uint32(s[:])) + uint64(binary.BigEndian.Uint32(d[:]))
	} else {
		s, d := src.As16(), dst.As16()
		for i := 0; i < 16; i += 4 {
			sum += uint64(binary.BigEndian.Uint32(s[i:])) + uint64(binary.BigEndian.Uint32(d[i:]))
		}
	}
	sum += uint64(length) + uint64(proto)
	sum = sum>>32 + sum&0xffffffff
	sum = sum>>16 + sum&0xffff
	sum = sum>>16 + sum&0xffff
	return uint32(sum)
}

// TransportSum adds the packet from offset from of its Header on, and all of
// its Payload, to a partial sum. With from at the transport header and the
// sum of the pseudo-header, Fold of the result inverted is the checksum.
func (p *Packet) TransportSum(from int, initial uint32) uint32 {
	sum := Sum(p.Header[from:], initial)
	for _, b := range p.Payload {
		sum = Sum(b, sum)
	}
	return sum
}

// sumLittle returns the folded one's complement sum of the little-endian
// 16-bit words of b, padded with a zero byte when its length is odd.
func sumLittle(b []byte) uint16 {
	var s, c uint64
	for len(b) >= 64 {
		// One carry chain of eight words; the carry goes on into the next round.
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(b[0:8]), c)
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(b[8:16]), c)
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(b[16:24]), c)
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(b[24:32]), c)
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(b[32:40]), c)
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(b[40:48]), c)
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(b[48:56]), c)
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(b[56:64]), c)
		b = b[64:]
	}
	for len(b) >= 8 {
		s, c = bits.Add64(s, binary.LittleEndian.Uint64(b), c)
		b = b[8:]
	}
	if len(b) >= 4 {
		s, c = bits.Add64(s, uint64(binary.LittleEndian.Uint32(b)), c)
		b = b[4:]
	}
	var tail uint64 // the last 0 to 3 bytes, padded with zeros
	for i := len(b) - 1; i >= 0; i-- {
		tail = tail<<8 | uint64(b[i])
	}
	s, c = bits.Add64(s, tail, c)
	// This cannot carry: for s to be all ones beside a carry, it would have
	// had to be so before, and it began as 0.
	s += c
	s = s>>32 + s&0xffffffff
	s = s>>32 + s&0xffffffff
	return Fold(uint32(s>>16 + s&0xffff))
}
