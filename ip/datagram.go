package ip

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
)

// One datagram on its way through reassembly: which pieces it has, and how
// they make a packet. RFC 791 §3.2, RFC 8200 §4.5, RFC 5722.

// sizeUnknown is the size of a datagram whose last fragment has not come.
const sizeUnknown = -1

// The ECN codepoints that matter here, RFC 3168 §5.
const (
	ecnMask   = 3
	ecnNotECT = 0
	ecnCE     = 3
)

// A datagram collects the fragments of one packet.
type datagram struct {
	key     fragmentKey
	expires Time
	refused Drop // void since then; only here to refuse the rest

	header Header  // of the first fragment; until that comes, of another
	head   []byte  // the first fragment's headers as they arrived; nil until it comes
	pieces []piece // by offset; they never overlap
	have   int     // bytes in pieces
	size   int     // bytes of payload in all, or sizeUnknown
	ecn    uint8   // bit 1<<n: a fragment had ECN codepoint n
	cost   int     // what of the memory limit it uses
}

// A piece is the payload of one fragment.
type piece struct {
	offset int
	last   bool
	data   []byte
}

func (p *piece) end() int { return p.offset + len(p.data) }

// check says whether a fragment with header h and the given payload may join.
// DropDuplicate leaves the datagram as it is; any other reason voids it.
func (d *datagram) check(h *Header, data []byte, limit int) Drop {
	i, found := d.find(h.FragOffset)
	if found && d.pieces[i].last == !h.MoreFragments && bytes.Equal(d.pieces[i].data, data) {
		return DropDuplicate
	}
	end := h.FragOffset + len(data)
	if i > 0 && d.pieces[i-1].end() > h.FragOffset || i < len(d.pieces) && end > d.pieces[i].offset {
		return DropFragmentOverlap
	}
	if d.size != sizeUnknown && end > d.size {
		return DropFragment // behind the end
	}
	if !h.MoreFragments && len(d.pieces) > i {
		return DropFragment // an end before what is already there
	}
	if len(d.pieces) >= limit {
		return DropFragmentMemory
	}
	return NoDrop
}

// find returns the place of the piece at an offset, or where it would be.
func (d *datagram) find(offset int) (int, bool) {
	return slices.BinarySearchFunc(d.pieces, offset, func(p piece, offset int) int {
		return cmp.Compare(p.offset, offset)
	})
}

// costOf returns what a fragment will add to d.cost.
func (d *datagram) costOf(h *Header) int {
	n := pieceCost + h.TotalLen - h.HeaderLen
	if h.FragOffset == 0 {
		n += h.HeaderLen
	}
	return n
}

// insert copies a fragment, which has passed check, out of packet b and returns its cost.
func (d *datagram) insert(h *Header, b []byte) int {
	p := piece{offset: h.FragOffset, last: !h.MoreFragments, data: bytes.Clone(h.Payload(b))}
	i, _ := d.find(p.offset)
	d.pieces = slices.Insert(d.pieces, i, p)
	d.have += len(p.data)
	d.ecn |= 1 << (h.TOS & ecnMask)
	if p.last {
		d.size = p.end()
	}
	if p.offset == 0 {
		d.header, d.head = *h, bytes.Clone(b[:h.HeaderLen])
	}
	cost := d.costOf(h)
	d.cost += cost
	return cost
}

// isComplete reports whether every byte is there.
func (d *datagram) isComplete() bool { return d.have == d.size }

// first returns the first fragment as it arrived, nil when it has not.
func (d *datagram) first() []byte {
	if d.head == nil {
		return nil
	}
	return append(bytes.Clone(d.head), d.pieces[0].data...)
}

// join returns the packet that the fragments make, with a header that
// ParseHeader accepts. It refuses a packet longer than IP allows, and one in
// which some fragments met congestion though others were sent as not ECN-capable (RFC 3168 §5.3).
func (d *datagram) join() ([]byte, Drop) {
	ce := d.ecn&(1<<ecnCE) != 0
	if ce && d.ecn&(1<<ecnNotECT) != 0 {
		return nil, DropFragment
	}
	headLen, limit := len(d.head), MaxPacket
	if d.header.Version == 6 {
		headLen, limit = headLen-fragmentHeaderLen, HeaderLen6+MaxPacket
	}
	if headLen+d.size > limit {
		return nil, DropFragment
	}
	b := append(make([]byte, 0, headLen+d.size), d.head[:headLen]...)
	for i := range d.pieces {
		b = append(b, d.pieces[i].data...)
	}
	if d.header.Version == 4 {
		d.patch4(b, headLen, ce)
	} else {
		d.patch6(b, ce)
	}
	return b, NoDrop
}

// patch4 turns the header of the first fragment into that of the whole IPv4 packet.
func (d *datagram) patch4(b []byte, headLen int, ce bool) {
	if ce {
		b[1] |= ecnCE
	}
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	binary.BigEndian.PutUint16(b[6:], 0) // no flags, offset 0
	binary.BigEndian.PutUint16(b[10:], 0)
	binary.BigEndian.PutUint16(b[10:], Checksum(b[:headLen], 0))
}

// patch6 turns the headers of the first fragment, without its Fragment
// header, into those of the whole IPv6 packet. The next header of the first
// fragment is the one that counts (RFC 8200 §4.5).
func (d *datagram) patch6(b []byte, ce bool) {
	if ce {
		b[1] |= ecnCE << 4 // the traffic class lies across two bytes
	}
	b[d.header.fragmentFrom] = byte(d.header.Protocol)
	binary.BigEndian.PutUint16(b[4:], uint16(len(b)-HeaderLen6))
}
