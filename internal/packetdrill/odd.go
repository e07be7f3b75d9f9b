package packetdrill

import (
	"encoding/binary"
	"net/netip"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// What a peer may do wrong, or the network, and the original language has no words for: [badsum], [src 224.0.0.1],
// [dst ff02::1] and [ipopt 94040000] in front of a packet of the peer.

// Odd is what is wrong with a packet.
type Odd struct {
	BadSum   bool   // its TCP checksum
	Src, Dst string // other addresses than those of the connection
	Options  []byte // IPv4 header options, padded to whole words
}

// oddWord reads one of the words and what follows it.
func (p *parser) oddWord(word string, o *Odd) bool {
	switch word {
	case "badsum":
		o.BadSum = true
	case "src":
		o.Src = p.address()
	case "dst":
		o.Dst = p.address()
	case "ipopt":
		o.Options = p.data(kindExp, nil).Data
		if n := len(o.Options); n == 0 || n%4 != 0 {
			p.fail("the options of an IP header are whole words of 4 bytes, not %d bytes", n)
		}
	default:
		return false
	}
	return true
}

// address reads an IP address.
func (p *parser) address() string {
	p.blanks()
	text := p.while(func(b byte) bool { return isWord(b) || b == '.' || b == ':' })
	if _, err := netip.ParseAddr(text); err != nil {
		p.fail("%q is not an IP address", text)
	}
	return text
}

// isOdd reports whether anything is wrong.
func (o *Odd) isOdd() bool {
	return o.BadSum || o.Src != "" || o.Dst != "" || o.Options != nil
}

// fits reports whether it is about the IP version of an address.
func (o *Odd) fits(a netip.Addr) bool {
	same := func(b string) bool { return b == "" || a.Is4() == netip.MustParseAddr(b).Is4() }
	return same(o.Src) && same(o.Dst) && (o.Options == nil || a.Is4())
}

// encodeOdd writes a segment with what is wrong with it.
func (s *segment) encodeOdd(options []byte, o *Odd) []byte {
	if o.Src != "" {
		s.src = netip.AddrPortFrom(netip.MustParseAddr(o.Src), s.src.Port())
	}
	if o.Dst != "" {
		s.dst = netip.AddrPortFrom(netip.MustParseAddr(o.Dst), s.dst.Port())
	}
	b := s.encode(options)
	header := ip.HeaderLen6
	if s.ip.Src.Is4() {
		header = ip.HeaderLen4
	}
	if o.BadSum {
		b[header+tcp.ChecksumOffset] ^= 0x10
	}
	if o.Options == nil {
		return b
	}
	b = append(append(append([]byte(nil), b[:header]...), o.Options...), b[header:]...)
	b[0] += byte(len(o.Options) / 4)
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	binary.BigEndian.PutUint16(b[10:], 0)
	binary.BigEndian.PutUint16(b[10:], ip.Checksum(b[:header+len(o.Options)], 0))
	return b
}
