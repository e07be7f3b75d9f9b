package pcap

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"time"
)

// The pcapng format: sections of blocks. See draft-ietf-opsawg-pcapng.

// The types of block that are read; all others are passed over.
const (
	blockSection   = 0x0a0d0d0a
	blockInterface = 1
	blockPacket    = 2 // obsolete, but still met
	blockSimple    = 3
	blockEnhanced  = 6
)

const (
	// maxInterfaces of a section: more than any machine has.
	maxInterfaces = 1 << 12
	// blockFrame is what stands around the body of a block: its type, and its length twice.
	blockFrame = 12
)

// An ng is a pcapng file.
type ng struct {
	src        *source
	order      binary.ByteOrder
	interfaces []iface
}

// An iface is an interface of a section.
type iface struct {
	link   linkType
	snap   uint32 // 0: no limit
	perSec uint64 // units of time in a second
	offset int64  // seconds to add
}

// newNG reads the header of the first section.
func newNG(src *source) (*ng, error) {
	g := &ng{src: src}
	head, err := src.rest(8, "its header")
	if err != nil {
		return nil, err
	}
	return g, g.section([4]byte(head[4:]))
}

// section reads the header of a section, from behind its length. It sets the
// byte order, which the length needs already, and forgets the interfaces.
func (g *ng) section(length [4]byte) error {
	b, err := g.src.rest(16, "the header of a section")
	if err != nil {
		return err
	}
	switch [4]byte(b) {
	case [4]byte{0x1a, 0x2b, 0x3c, 0x4d}:
		g.order = binary.BigEndian
	case [4]byte{0x4d, 0x3c, 0x2b, 0x1a}:
		g.order = binary.LittleEndian
	default:
		return g.src.alien(fmt.Sprintf("not a pcapng: its byte order mark is % x", b[:4]))
	}
	if major := g.order.Uint16(b[4:]); major != 1 {
		return g.src.alien(fmt.Sprintf("a pcapng of version %d, where 1 is supported", major))
	}
	g.interfaces = nil
	n := int64(g.order.Uint32(length[:])) - 8 - 16
	if n < 4 || n%4 != 0 {
		return g.src.damaged(fmt.Sprintf("the header of a section of %d bytes", n+24))
	}
	return g.src.skip(n, "the header of a section")
}

// next reads blocks up to one that holds a packet.
func (g *ng) next() (frame, error) {
	for {
		g.src.begin()
		b, err := g.src.take(8, "the header of a block")
		if err != nil {
			return frame{}, err
		}
		if binary.BigEndian.Uint32(b) == blockSection { // reads the same in both orders
			if err := g.section([4]byte(b[4:])); err != nil {
				return frame{}, err
			}
			continue
		}
		kind, length := g.order.Uint32(b), g.order.Uint32(b[4:])
		if length < blockFrame || length%4 != 0 {
			return frame{}, g.src.damaged(fmt.Sprintf("a block of %d bytes", length))
		}
		f, found, err := g.block(kind, int64(length)-blockFrame)
		if err != nil || found {
			return f, err
		}
	}
}

// block reads the body of one block and its closing length; found says that it was a packet.
func (g *ng) block(kind uint32, n int64) (f frame, found bool, err error) {
	switch kind {
	case blockInterface, blockPacket, blockSimple, blockEnhanced:
	default:
		return frame{}, false, g.src.skip(n+4, "a block")
	}
	// Options may follow the packet: comments, a hash. Some leave room for them.
	if n > MaxPacket+64<<10 {
		return frame{}, false, g.src.damaged(fmt.Sprintf("a block of %d bytes, more than a packet of %d has", n+blockFrame, MaxPacket))
	}
	b, err := g.src.rest(int(n)+4, "a block")
	if err != nil {
		return frame{}, false, err
	}
	if end := g.order.Uint32(b[n:]); int64(end) != n+blockFrame {
		return frame{}, false, g.src.damaged(fmt.Sprintf("a block of %d bytes that ends as one of %d", n+blockFrame, end))
	}
	if b = b[:n]; kind == blockInterface {
		return frame{}, false, g.addInterface(b)
	}
	f, err = g.packetBlock(kind, b)
	return f, true, err
}

// packetBlock reads a packet out of the body of its block.
func (g *ng) packetBlock(kind uint32, b []byte) (frame, error) {
	head := 20
	if kind == blockSimple {
		head = 4
	}
	if len(b) < head {
		return frame{}, g.src.damaged(fmt.Sprintf("the block of a packet has %d bytes", len(b)+blockFrame))
	}
	var id, n, units = uint32(0), g.order.Uint32(b), uint64(0)
	if kind != blockSimple {
		id, n = g.order.Uint32(b), g.order.Uint32(b[12:])
		units = uint64(g.order.Uint32(b[4:]))<<32 | uint64(g.order.Uint32(b[8:]))
	}
	if kind == blockPacket {
		id = uint32(g.order.Uint16(b))
	}
	if int64(id) >= int64(len(g.interfaces)) {
		return frame{}, g.src.damaged(fmt.Sprintf("a packet of interface %d, where the section has %d", id, len(g.interfaces)))
	}
	on := &g.interfaces[id]
	if kind == blockSimple { // tells the length on the wire, and what was captured of it is the rest of the block
		if on.snap > 0 {
			n = min(n, on.snap)
		}
		n = min(n, uint32(len(b)-head))
	}
	if int64(n) > int64(len(b)-head) || n > MaxPacket {
		return frame{}, g.src.damaged(fmt.Sprintf("a packet of %d bytes in a block of %d", n, len(b)+blockFrame))
	}
	return frame{on.time(units), on.link, b[head : head+int(n)]}, nil
}

// time turns units since 1970 into a time.
func (i *iface) time(units uint64) time.Time {
	seconds, rest := units/i.perSec, units%i.perSec
	// rest < perSec, so the quotient fits 64 bits, and the product needs 128.
	high, low := bits.Mul64(rest, 1e9)
	nanos, _ := bits.Div64(high, low, i.perSec)
	return time.Unix(int64(seconds)+i.offset, int64(nanos)).UTC()
}

// addInterface reads the description of an interface.
func (g *ng) addInterface(b []byte) error {
	if len(b) < 8 {
		return g.src.damaged("the description of an interface is too short")
	}
	if len(g.interfaces) == maxInterfaces {
		return g.src.damaged(fmt.Sprintf("more than %d interfaces", maxInterfaces))
	}
	i := iface{link: linkType(g.order.Uint16(b)), snap: g.order.Uint32(b[4:]), perSec: 1e6}
	for b = b[8:]; len(b) >= 4; {
		code, n := g.order.Uint16(b), int(g.order.Uint16(b[2:]))
		padded := (n + 3) &^ 3
		if code == optionEnd || len(b) < 4+padded {
			break
		}
		if err := i.option(g, code, b[4:4+n]); err != nil {
			return err
		}
		b = b[4+padded:]
	}
	g.interfaces = append(g.interfaces, i)
	return nil
}

// The options of an interface that matter here.
const (
	optionEnd        = 0
	optionResolution = 9
	optionOffset     = 14
)

// option sets what an option of the description says.
func (i *iface) option(g *ng, code uint16, value []byte) error {
	switch {
	case code == optionResolution && len(value) == 1:
		exponent := value[0] & 0x7f
		switch {
		case value[0]&0x80 != 0 && exponent < 64:
			i.perSec = 1 << exponent
		case value[0]&0x80 == 0 && exponent < 20:
			i.perSec = 1
			for range exponent {
				i.perSec *= 10
			}
		default:
			return g.src.damaged(fmt.Sprintf("an interface with %#02x for its resolution of time", value[0]))
		}
	case code == optionOffset && len(value) == 8:
		i.offset = int64(g.order.Uint64(value))
	}
	return nil
}
