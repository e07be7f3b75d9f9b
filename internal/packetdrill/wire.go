package packetdrill

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Segments on the wire. Headers are written and read here without the help of package tcp, so
// that a fault there cannot cancel itself out.

const tcpHeaderLen = 20

// A segment is a TCP segment as it crossed the wire.
type segment struct {
	at       ip.Time
	udp      bool // a datagram: of what follows, only ports and text
	ip       ip.Header
	src, dst netip.AddrPort
	seq, ack uint32
	flags    tcp.Flags
	reserved uint8 // the three bits that must be zero
	wnd, urg uint16
	options  []TCPOption
	optLen   int
	text     []byte
}

// AppendOptions appends options to b as they stand on the wire, without padding, and returns b. place turns the edges of
// SACK blocks into wire numbers; nil leaves them.
func AppendOptions(b []byte, list []TCPOption, place func(uint32) uint32) []byte {
	for _, o := range list {
		if o.Raw {
			b = append(b, o.Data...)
			continue
		}
		switch o.Kind {
		case kindEOL, kindNOP:
			b = append(b, o.Kind)
		case kindMSS:
			b = append(b, kindMSS, 4, byte(o.Value>>8), byte(o.Value))
		case kindWScale:
			b = append(b, kindWScale, 3, byte(o.Value))
		case kindSACKOK:
			b = append(b, kindSACKOK, 2)
		case kindTimestamp:
			b = append(b, kindTimestamp, 10)
			b = binary.BigEndian.AppendUint32(b, o.Value)
			b = binary.BigEndian.AppendUint32(b, o.Ecr)
		case kindSACK:
			b = append(b, kindSACK, byte(2+8*len(o.SACK)))
			for _, block := range o.SACK {
				for _, edge := range block {
					if place != nil {
						edge = place(edge)
					}
					b = binary.BigEndian.AppendUint32(b, edge)
				}
			}
		default:
			b = append(append(b, o.Kind, byte(2+len(o.Data))), o.Data...)
		}
	}
	return b
}

// readOptions is the reverse of AppendOptions. It is as strict as the script that the result is compared with:
// what makes no sense is an error.
func readOptions(b []byte) ([]TCPOption, error) {
	var list []TCPOption
	for len(b) > 0 {
		kind := b[0]
		if kind == kindEOL || kind == kindNOP {
			list = append(list, TCPOption{Kind: kind})
			b = b[1:]
			continue
		}
		if len(b) < 2 || b[1] < 2 || int(b[1]) > len(b) {
			return nil, fmt.Errorf("option %d has an impossible length", kind)
		}
		o, ok := readOption(kind, b[2:b[1]])
		if !ok {
			return nil, fmt.Errorf("option %d has the wrong length %d", kind, b[1])
		}
		list = append(list, o)
		b = b[b[1]:]
	}
	return list, nil
}

// readOption reads the value of one option.
func readOption(kind uint8, v []byte) (TCPOption, bool) {
	o := TCPOption{Kind: kind}
	switch kind {
	case kindMSS:
		if len(v) != 2 {
			return o, false
		}
		o.Value = uint32(binary.BigEndian.Uint16(v))
	case kindWScale:
		if len(v) != 1 {
			return o, false
		}
		o.Value = uint32(v[0])
	case kindSACKOK:
		return o, len(v) == 0
	case kindTimestamp:
		if len(v) != 8 {
			return o, false
		}
		o.Value, o.Ecr = binary.BigEndian.Uint32(v), binary.BigEndian.Uint32(v[4:])
	case kindSACK:
		if len(v) == 0 || len(v)%8 != 0 {
			return o, false
		}
		for ; len(v) > 0; v = v[8:] {
			o.SACK = append(o.SACK, [2]uint32{binary.BigEndian.Uint32(v), binary.BigEndian.Uint32(v[4:])})
		}
	default:
		o.Data = v
	}
	return o, true
}

// encode writes the segment as an IP packet, checksums included.
func (s *segment) encode(options []byte) []byte {
	t := binary.BigEndian.AppendUint16(nil, s.src.Port())
	t = binary.BigEndian.AppendUint16(t, s.dst.Port())
	t = binary.BigEndian.AppendUint32(t, s.seq)
	t = binary.BigEndian.AppendUint32(t, s.ack)
	t = binary.BigEndian.AppendUint16(t, uint16((tcpHeaderLen+len(options))/4)<<12|uint16(s.flags))
	t = binary.BigEndian.AppendUint16(t, s.wnd)
	t = append(t, 0, 0)
	t = binary.BigEndian.AppendUint16(t, s.urg)
	t = append(t, options...)
	t = append(t, s.text...)
	sum := ip.Checksum(t, ip.PseudoSum(s.src.Addr(), s.dst.Addr(), ip.ProtoTCP, len(t)))
	binary.BigEndian.PutUint16(t[16:], sum)
	s.ip.Src, s.ip.Dst, s.ip.Protocol = s.src.Addr(), s.dst.Addr(), ip.ProtoTCP
	return append(ip.AppendHeader(nil, &s.ip, len(t)), t...)
}

// decode reads a packet of the host. It checks everything that no line of a script says: lengths,
// checksums and fields that must be zero.
func decode(at ip.Time, packet []byte) (*segment, error) {
	s := &segment{at: at}
	if d := ip.ParseHeader(packet, &s.ip); d != ip.NoDrop {
		return nil, fmt.Errorf("the host sent a bad IP packet: %v", d)
	}
	if s.ip.TotalLen != len(packet) {
		return nil, fmt.Errorf("the host sent %d bytes in an IP packet of %d", len(packet), s.ip.TotalLen)
	}
	b := s.ip.Payload(packet)
	if s.ip.Protocol == ip.ProtoUDP {
		return decodeUDP(s, b)
	}
	if s.ip.Protocol != ip.ProtoTCP {
		return nil, nil
	}
	if len(b) < tcpHeaderLen {
		return nil, fmt.Errorf("the host sent a TCP segment of %d bytes", len(b))
	}
	if ip.Checksum(b, ip.PseudoSum(s.ip.Src, s.ip.Dst, ip.ProtoTCP, len(b))) != 0 {
		return nil, fmt.Errorf("the host sent a segment with a bad TCP checksum")
	}
	header := int(b[12]>>4) * 4
	if header < tcpHeaderLen || header > len(b) {
		return nil, fmt.Errorf("the host sent a segment of %d bytes with a header of %d", len(b), header)
	}
	s.src = netip.AddrPortFrom(s.ip.Src, binary.BigEndian.Uint16(b))
	s.dst = netip.AddrPortFrom(s.ip.Dst, binary.BigEndian.Uint16(b[2:]))
	s.seq, s.ack = binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])
	bits := binary.BigEndian.Uint16(b[12:])
	s.flags, s.reserved = tcp.Flags(bits&0x1ff), uint8(bits>>9&7)
	s.wnd, s.urg = binary.BigEndian.Uint16(b[14:]), binary.BigEndian.Uint16(b[18:])
	s.text, s.optLen = b[header:], header-tcpHeaderLen
	var err error
	if s.options, err = readOptions(b[tcpHeaderLen:header]); err != nil {
		return nil, fmt.Errorf("the host sent a segment whose %w", err)
	}
	return s, nil
}

// decodeUDP reads a UDP datagram of the host.
func decodeUDP(s *segment, b []byte) (*segment, error) {
	var u ip.UDP
	if d := ip.ParseUDP(b, s.ip.Src, s.ip.Dst, false, &u); d != ip.NoDrop {
		return nil, fmt.Errorf("the host sent a bad UDP datagram: %v", d)
	}
	s.udp, s.text = true, u.Payload
	s.src, s.dst = netip.AddrPortFrom(s.ip.Src, u.SrcPort), netip.AddrPortFrom(s.ip.Dst, u.DstPort)
	return s, nil
}

// encodeUDP writes a UDP datagram of the peer.
func (s *segment) encodeUDP() []byte {
	b := append(ip.AppendUDPHeader(nil, s.src, s.dst, s.text), s.text...)
	s.ip.Src, s.ip.Dst, s.ip.Protocol = s.src.Addr(), s.dst.Addr(), ip.ProtoUDP
	return append(ip.AppendHeader(nil, &s.ip, len(b)), b...)
}

// Text depends on its place in the stream, so that bytes that are misplaced, doubled or left out
// are found out. The two directions differ.

// textAt returns the byte at an offset of a stream.
func textAt(fromHost bool, offset int) byte {
	x := uint32(offset)*2654435761 + 0x9e37
	if fromHost {
		x ^= 0xa5a5a5a5
	}
	x ^= x >> 15
	return byte(x ^ x>>8)
}

// textFrom returns n bytes of a stream from an offset on.
func textFrom(fromHost bool, offset, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = textAt(fromHost, offset+i)
	}
	return b
}
