package netsim

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Middleboxes that real paths have.

// The kinds of TCP options that boxes look at.
const (
	OptionMSS         = 2
	OptionWindowScale = 3
	OptionSACK        = 4
	OptionTimestamps  = 8
	OptionFastOpen    = 34
)

// StripOptions takes options out of SYNs, as some firewalls do. Without one in its SYN neither end may use it later.
func StripOptions(kinds ...byte) Box {
	return rewrite(func(seg []byte) bool {
		if !flags(seg).Has(tcp.SYN) {
			return true
		}
		for _, kind := range kinds {
			if o := option(seg, kind); o != nil {
				for i := range o {
					o[i] = 1 // no operation
				}
			}
		}
		return true
	})
}

// ClampMSS lowers the maximum segment size in SYNs, as routers in front of tunnels do.
func ClampMSS(mss uint16) Box {
	return rewrite(func(seg []byte) bool {
		if o := option(seg, OptionMSS); flags(seg).Has(tcp.SYN) && len(o) == 4 {
			binary.BigEndian.PutUint16(o[2:], min(mss, binary.BigEndian.Uint16(o[2:])))
		}
		return true
	})
}

// ShrinkWindows makes some windows smaller than their sender has promised, down to 0 (RFC 9293 §3.8.6: a receiver
// SHOULD NOT shrink the window, a sender MUST be robust against it: MUST-34).
func ShrinkWindows(r *rand.Rand) Box {
	return rewrite(func(seg []byte) bool {
		if !flags(seg).Has(tcp.SYN) && r.IntN(4) == 0 {
			w := binary.BigEndian.Uint16(seg[14:])
			binary.BigEndian.PutUint16(seg[14:], w>>r.IntN(17))
		}
		return true
	})
}

// DropFastOpen loses SYNs that have a Fast Open option or text.
func DropFastOpen() Box {
	return rewrite(func(seg []byte) bool {
		return !flags(seg).Has(tcp.SYN) || option(seg, OptionFastOpen) == nil && len(seg) == headerLen(seg)
	})
}

// BleachECN clears the ECN bits of the IP header.
func BleachECN(_ ip.Time, b *ip.Buffer) bool {
	switch {
	case len(b.Data) >= ip.HeaderLen4 && b.Data[0]>>4 == 4:
		b.Data[1] &^= 3
		b.Data[10], b.Data[11] = 0, 0
		binary.BigEndian.PutUint16(b.Data[10:], ip.Checksum(b.Data[:ip.HeaderLen4], 0))
	case len(b.Data) >= ip.HeaderLen6 && b.Data[0]>>4 == 6:
		b.Data[1] &^= 3 << 4
	}
	return true
}

// Strays lets copies of some packets arrive up to a time later, when they are long forgotten. The time should be less than
// an MSL, which is what TCP can bear (RFC 9293 §3.4.1).
func Strays(l *Lane, r *rand.Rand, share float64, most time.Duration) Box {
	return func(_ ip.Time, b *ip.Buffer) bool {
		if late := time.Duration(r.Int64N(int64(most))); r.Float64() < share {
			c := &ip.Buffer{Data: bytes.Clone(b.Data)}
			l.net.After(late, func() { l.carry(c) })
		}
		return true
	}
}

// Forge lets segments pass, and behind some of them one that somebody has made who knows the addresses and ports, but
// not the sequence numbers: a RST or a SYN (RFC 5961).
func Forge(l *Lane, r *rand.Rand, share float64) Box {
	return func(_ ip.Time, b *ip.Buffer) bool {
		if r.Float64() >= share {
			return true
		}
		c := &ip.Buffer{Data: bytes.Clone(b.Data)}
		seg, _, _ := segment(c.Data)
		if seg == nil || flags(seg)&(tcp.SYN|tcp.ACK|tcp.RST) != tcp.ACK {
			return true
		}
		rewrite(func(seg []byte) bool {
			binary.BigEndian.PutUint32(seg[4:], r.Uint32())
			binary.BigEndian.PutUint32(seg[8:], r.Uint32())
			seg[13] = byte([]tcp.Flags{tcp.RST, tcp.RST | tcp.ACK, tcp.SYN, tcp.SYN | tcp.ACK}[r.IntN(4)])
			return true
		})(0, c)
		l.net.After(0, func() { l.carry(c) })
		return true
	}
}

// Chain is one box behind the other.
func Chain(boxes ...Box) Box {
	return func(now ip.Time, b *ip.Buffer) bool {
		for _, box := range boxes {
			if !box(now, b) {
				return false
			}
		}
		return true
	}
}

// rewrite is a box that changes TCP segments and makes their checksums good again.
func rewrite(change func(seg []byte) bool) Box {
	return func(_ ip.Time, b *ip.Buffer) bool {
		seg, src, dst := segment(b.Data)
		if seg == nil {
			return true
		}
		if !change(seg) {
			return false
		}
		seg[tcp.ChecksumOffset], seg[tcp.ChecksumOffset+1] = 0, 0
		sum := ip.Checksum(seg, ip.PseudoSum(src, dst, ip.ProtoTCP, len(seg)))
		binary.BigEndian.PutUint16(seg[tcp.ChecksumOffset:], sum)
		return true
	}
}

// segment returns the TCP segment in a packet, nil when there is no whole one.
func segment(b []byte) (seg []byte, src, dst netip.Addr) {
	var h ip.Header
	if ip.ParseHeader(b, &h) != ip.NoDrop || h.Protocol != ip.ProtoTCP || h.IsFragment() {
		return nil, src, dst
	}
	seg = h.Payload(b)
	if len(seg) < tcp.HeaderLen || headerLen(seg) < tcp.HeaderLen || headerLen(seg) > len(seg) {
		return nil, src, dst
	}
	return seg, h.Src, h.Dst
}

func flags(seg []byte) tcp.Flags { return tcp.Flags(seg[13]) }

func headerLen(seg []byte) int { return int(seg[12]>>4) * 4 }

// option returns an option of a segment, nil when it has none of that kind.
func option(seg []byte, kind byte) []byte {
	o := seg[tcp.HeaderLen:headerLen(seg)]
	for len(o) > 0 && o[0] != 0 {
		if o[0] == 1 {
			o = o[1:]
			continue
		}
		if len(o) < 2 || int(o[1]) < 2 || int(o[1]) > len(o) {
			return nil
		}
		if o[0] == kind {
			return o[:o[1]]
		}
		o = o[o[1]:]
	}
	return nil
}
