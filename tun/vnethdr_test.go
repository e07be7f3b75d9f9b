package tun

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/sockeye-tcp/sockeye/ip"
)

// The virtio header, both ways.

func TestVnetHeaderOfPackets(t *testing.T) {
	tcp := func(version, flags byte) *ip.Packet {
		p := packet("")
		length := map[byte]int{4: 20, 6: 40}[version]
		p.Header = append(p.Header, make([]byte, length+32)...)
		p.Header[0] = version<<4 | 5
		p.Header[length+12], p.Header[length+13] = 8<<4, flags
		p.NeedsChecksum, p.ChecksumStart, p.ChecksumOffset = true, uint16(length), 16
		return p
	}
	udp := packet("")
	udp.Header = append(udp.Header, make([]byte, 28)...)
	udp.NeedsChecksum, udp.ChecksumStart, udp.ChecksumOffset = true, 20, 6
	for _, tt := range []struct {
		name string
		p    *ip.Packet
		gso  uint16
		want [vnetHeaderLen]byte
	}{
		{"nothing to do", packet("E"), 0, [vnetHeaderLen]byte{}},
		{"checksum", tcp(4, 0x10), 0, [vnetHeaderLen]byte{1, 0, 0, 0, 0, 0, 20, 0, 16, 0}},
		{"TCP over IPv4", tcp(4, 0x10), 1448, [vnetHeaderLen]byte{1, 1, 52, 0, 0xa8, 5, 20, 0, 16, 0}},
		{"TCP over IPv6", tcp(6, 0x10), 1428, [vnetHeaderLen]byte{1, 4, 72, 0, 0x94, 5, 40, 0, 16, 0}},
		{"CWR", tcp(4, 0x90), 1448, [vnetHeaderLen]byte{1, 0x81, 52, 0, 0xa8, 5, 20, 0, 16, 0}},
		{"UDP", udp, 0x1234, [vnetHeaderLen]byte{1, 5, 28, 0, 0x34, 0x12, 20, 0, 6, 0}},
		{"segments that have their checksums", packet("E"), 1448, [vnetHeaderLen]byte{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.p.GSOSize = tt.gso
			var got [vnetHeaderLen]byte
			h := vnetOf(tt.p)
			if h.put(&got); got != tt.want {
				t.Errorf("got % x, want % x", got, tt.want)
			}
		})
	}
}

func TestVnetHeaderDescribesBuffers(t *testing.T) {
	for _, tt := range []struct {
		name   string
		header [vnetHeaderLen]byte
		want   ip.Buffer
	}{
		{"nothing is known", [vnetHeaderLen]byte{}, ip.Buffer{}},
		{"verified", [vnetHeaderLen]byte{2}, ip.Buffer{ChecksumOK: true}},
		{"left undone", [vnetHeaderLen]byte{1, 0, 0, 0, 0, 0, 20, 0, 16, 0}, ip.Buffer{ChecksumOK: true, NeedsChecksum: true, ChecksumStart: 20, ChecksumOffset: 16}},
		{"left undone behind the packet", [vnetHeaderLen]byte{1, 0, 0, 0, 0, 0, 83, 0, 16, 0}, ip.Buffer{}},
		{"merged", [vnetHeaderLen]byte{1, 1, 52, 0, 0xa8, 5, 20, 0, 16, 0}, ip.Buffer{GSOSize: 1448, ChecksumOK: true, NeedsChecksum: true, ChecksumStart: 20, ChecksumOffset: 16}},
		{"size without a type", [vnetHeaderLen]byte{0, 0, 0, 0, 1, 1}, ip.Buffer{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := ip.Buffer{Data: make([]byte, 100)}
			h := parseVnet(&tt.header)
			h.describe(&got)
			got.Data = nil
			if got.GSOSize != tt.want.GSOSize || got.ChecksumOK != tt.want.ChecksumOK || got.NeedsChecksum != tt.want.NeedsChecksum ||
				got.ChecksumStart != tt.want.ChecksumStart || got.ChecksumOffset != tt.want.ChecksumOffset {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

// FuzzVnetHeader: no header of the kernel's makes us read beyond the packet, and one that says something of a TCP
// packet is the same when that is sent on.
func FuzzVnetHeader(f *testing.F) {
	f.Add([]byte{1, 1, 52, 0, 10, 0, 20, 0, 16, 0}, []byte("E..................."))
	f.Add([]byte{1, 5, 28, 0, 10, 0, 20, 0, 6, 0}, []byte("E..................."))
	f.Fuzz(func(t *testing.T, header, data []byte) {
		if len(header) < vnetHeaderLen {
			return
		}
		raw := [vnetHeaderLen]byte(header)
		h := parseVnet(&raw)
		var again [vnetHeaderLen]byte
		if h.put(&again); again != raw {
			t.Fatalf("got % x, want % x", again, raw)
		}
		b := ip.Buffer{Data: data}
		h.describe(&b)
		var p ip.Packet
		p.Carry(&b)
		out := vnetOf(&p)
		if p.NeedsChecksum != (out.flags&vnetNeedsChecksum != 0) || p.NeedsChecksum && (out.sumStart != h.sumStart || out.sumOffset != h.sumOffset) {
			t.Errorf("got %+v from %+v", out, h)
		}
		if out.gsoType != 0 && out.gsoSize != h.gsoSize {
			t.Errorf("got segments of %d, want %d", out.gsoSize, h.gsoSize)
		}
		b.CompleteChecksum()
		if s, ok := ip.NewSegmenter(&b); ok {
			s.Append(nil, s.Count()-1)
		}
	})
}

// longPacket is one of four segments, the last one short, with the checksum left undone.
func longPacket(src, dst string, proto ip.Protocol, ttl uint8) *ip.Buffer {
	h := ip.Header{Src: netip.MustParseAddr(src), Dst: netip.MustParseAddr(dst), Protocol: proto, TTL: ttl, ID: 7}
	transport := []byte{4, 1, 4, 2, 0xff, 0xff, 0xff, 0, 0, 0, 0, 9, 0x80, 0x99, 0x12, 0x34, 0, 0, 0, 0, 1, 1, 8, 10, 0, 0, 0, 7, 0, 0, 0, 9}
	offset := uint16(16) // of TCP's checksum
	if proto == ip.ProtoUDP {
		transport, offset = transport[:ip.UDPHeaderLen], 6
	}
	size := 1000
	transport = append(transport, bytes.Repeat([]byte("0123456789"), 350)...)
	if proto == ip.ProtoUDP {
		binary.BigEndian.PutUint16(transport[4:], uint16(len(transport)))
	}
	binary.BigEndian.PutUint16(transport[offset:], ip.Fold(ip.PseudoSum(h.Src, h.Dst, proto, len(transport))))
	b := &ip.Buffer{Data: ip.AppendHeader(nil, &h, len(transport)), GSOSize: uint16(size), NeedsChecksum: true, ChecksumOK: true}
	b.ChecksumStart, b.ChecksumOffset = uint16(len(b.Data)), offset
	b.Data = append(b.Data, transport...)
	return b
}
