package ip

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// Packets of several segments, and the single ones that they become.

// tcpSegment returns a TCP segment without a checksum: flags, and 12 bytes of options.
func tcpSegment(flags byte, text []byte) []byte {
	b := make([]byte, 32, 32+len(text))
	copy(b, []byte{0x12, 0x34, 0, 80, 0xff, 0xff, 0xff, 0, 1, 2, 3, 4, 0x80, flags, 2, 0})
	copy(b[20:], []byte{1, 1, 8, 10, 0, 0, 0, 7, 0, 0, 0, 9})
	return append(b, text...)
}

// segmentsOf cuts a packet.
func segmentsOf(t *testing.T, b *Buffer) (out [][]byte) {
	t.Helper()
	s, ok := NewSegmenter(b)
	if !ok {
		t.Fatal("nothing to cut")
	}
	for i := range s.Count() {
		p := s.Append([]byte("before"), i)
		if len(p) != len("before")+s.Len(i) {
			t.Errorf("segment %d has %d bytes, Len says %d", i, len(p)-len("before"), s.Len(i))
		}
		out = append(out, p[len("before"):])
	}
	return out
}

func TestSegmentsOfTCP(t *testing.T) {
	const fin, psh, ack, cwr = 1, 8, 16, 128
	text := numbered(3500)
	for _, tt := range []struct {
		name string
		h    Header
	}{{"IPv4", from4(ProtoTCP)}, {"IPv6", from6(ProtoTCP)}} {
		t.Run(tt.name, func(t *testing.T) {
			tt.h.ID = 0xffff
			whole := build(tt.h, tcpSegment(fin|psh|ack|cwr, text))
			got := segmentsOf(t, &Buffer{Data: whole, GSOSize: 1000})
			flags := []byte{ack | cwr, ack, ack, ack | fin | psh}
			if len(got) != len(flags) {
				t.Fatalf("got %d segments, want %d", len(got), len(flags))
			}
			for i, p := range got {
				h := mustParse(t, p)
				seg := h.Payload(p)
				if Checksum(seg, PseudoSum(h.Src, h.Dst, ProtoTCP, len(seg))) != 0 {
					t.Errorf("segment %d: bad checksum", i)
				}
				if seq := binary.BigEndian.Uint32(seg[4:]); seq != 0xffffff00+uint32(1000*i) {
					t.Errorf("segment %d: sequence number %#x", i, seq)
				}
				if seg[13] != flags[i] {
					t.Errorf("segment %d: flags %#x, want %#x", i, seg[13], flags[i])
				}
				if want := text[1000*i : min(1000*i+1000, len(text))]; !bytes.Equal(seg[32:], want) {
					t.Errorf("segment %d: wrong text of %d bytes", i, len(seg)-32)
				}
				if h.Version == 4 && h.ID != uint32(uint16(0xffff+i)) {
					t.Errorf("segment %d: ID %#x", i, h.ID)
				}
			}
		})
	}
}

func TestSegmentsOfUDP(t *testing.T) {
	none := datagram4(numbered(25))
	none[6], none[7] = 0, 0
	for _, tt := range []struct {
		name   string
		packet []byte
		zero   bool // no checksum
	}{
		{"IPv4", build(from4(ProtoUDP), datagram4(numbered(25))), false},
		{"IPv6", build(from6(ProtoUDP), datagram6(numbered(25))), false},
		{"no checksum", build(from4(ProtoUDP), none), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := segmentsOf(t, &Buffer{Data: tt.packet, GSOSize: 10})
			if len(got) != 3 {
				t.Fatalf("got %d datagrams, want 3", len(got))
			}
			var payload []byte
			for i, p := range got {
				h := mustParse(t, p)
				var u UDP
				if d := ParseUDP(h.Payload(p), h.Src, h.Dst, false, &u); d != NoDrop {
					t.Errorf("datagram %d is refused: %v", i, d)
				}
				if sum := h.Payload(p)[6:8]; (sum[0]|sum[1] == 0) != tt.zero {
					t.Errorf("datagram %d has checksum % x", i, sum)
				}
				payload = append(payload, u.Payload...)
			}
			if !bytes.Equal(payload, numbered(25)) {
				t.Errorf("got payload % x", payload)
			}
		})
	}
}

func TestNothingToCut(t *testing.T) {
	short := tcpSegment(16, nil)
	short[12] = 0x40 // a header of 16 bytes
	long := tcpSegment(16, numbered(10))
	long[12] = 0xf0 // one longer than the packet
	first := build(Header{Src: peer4, Dst: ours4, Protocol: ProtoTCP, MoreFragments: true}, tcpSegment(16, numbered(200))[:200])
	for _, tt := range []struct {
		name   string
		packet []byte
		size   uint16
	}{
		{"single segment", build(from4(ProtoTCP), tcpSegment(16, numbered(1000))), 0},
		{"not longer than one", build(from4(ProtoTCP), tcpSegment(16, numbered(1000))), 1000},
		{"another protocol", build(from4(ProtoICMP), numbered(1000)), 100},
		{"TCP header too short", build(from4(ProtoTCP), append(short, numbered(1000)...)), 100},
		{"TCP header too long", build(from4(ProtoTCP), long), 1},
		{"fragment", first, 10},
		{"no packet", []byte{1, 2, 3}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, ok := NewSegmenter(&Buffer{Data: tt.packet, GSOSize: tt.size}); ok {
				t.Error("got a segmenter")
			}
		})
	}
}

func TestCompleteChecksum(t *testing.T) {
	h := from4(ProtoTCP)
	segment := tcpSegment(16, numbered(333))
	binary.BigEndian.PutUint16(segment[16:], Fold(PseudoSum(h.Src, h.Dst, ProtoTCP, len(segment))))
	b := &Buffer{Data: build(h, segment), NeedsChecksum: true, ChecksumStart: 20, ChecksumOffset: 16}
	var p Packet
	p.Carry(b)
	p.Header, p.Payload = bytes.Clone(b.Data[:52]), [][]byte{b.Data[52:99], b.Data[99:]}
	p.CompleteChecksum()
	b.CompleteChecksum()
	for name, packet := range map[string][]byte{"buffer": b.Data, "packet": p.AppendTo(nil)} {
		if sum := Checksum(packet[20:], PseudoSum(h.Src, h.Dst, ProtoTCP, len(segment))); sum != 0 {
			t.Errorf("%s: the checksum is off by %#x", name, sum)
		}
	}
	want := bytes.Clone(b.Data)
	b.CompleteChecksum()
	if p.CompleteChecksum(); b.NeedsChecksum || p.NeedsChecksum || !bytes.Equal(b.Data, want) {
		t.Error("a checksum is completed twice")
	}
}

// RFC 768: "If the computed checksum is zero, it is transmitted as all ones".
func TestCompleteChecksumOfUDPIsNeverZero(t *testing.T) {
	b := &Buffer{Data: make([]byte, 28), NeedsChecksum: true, ChecksumStart: 20, ChecksumOffset: 6}
	b.Data[20], b.Data[21] = 0xff, 0xff
	if b.CompleteChecksum(); b.Data[26] != 0xff || b.Data[27] != 0xff {
		t.Errorf("got % x", b.Data[26:28])
	}
}

// FuzzSegmenter: whatever the packet is, what is cut is whole and good.
func FuzzSegmenter(f *testing.F) {
	f.Add(build(from4(ProtoTCP), tcpSegment(25, numbered(35))), uint16(10))
	f.Add(build(from6(ProtoTCP), tcpSegment(25, numbered(30))), uint16(9))
	f.Add(build(from4(ProtoUDP), datagram4(numbered(25))), uint16(10))
	f.Add(chain6(ProtoTCP, tcpSegment(25, numbered(30)), extension{ProtoDestOptions, []byte{0, 1, 4, 0, 0, 0, 0}}), uint16(7))
	f.Fuzz(func(t *testing.T, b []byte, size uint16) {
		s, ok := NewSegmenter(&Buffer{Data: b, GSOSize: size})
		if !ok {
			return
		}
		whole := mustParse(t, b)
		var payload []byte
		for i := range s.Count() {
			p := s.Append(nil, i)
			h := mustParse(t, p)
			if h.Protocol != whole.Protocol || h.Src != whole.Src || h.Dst != whole.Dst || h.TotalLen != len(p) || len(p) != s.Len(i) {
				t.Fatalf("segment %d: got %+v, want something of %+v", i, h, whole)
			}
			part := p[len(p)-(s.Len(i)-s.headers):]
			if i < s.Count()-1 && len(part) != int(size) || len(part) == 0 || len(part) > int(size) {
				t.Fatalf("segment %d of %d has %d bytes", i, s.Count(), len(part))
			}
			transport := h.Payload(p)
			hasSum := h.Protocol == ProtoTCP || transport[6]|transport[7] != 0
			if hasSum && Checksum(transport, PseudoSum(h.Src, h.Dst, h.Protocol, len(transport))) != 0 {
				t.Fatalf("segment %d: bad checksum", i)
			}
			payload = append(payload, part...)
		}
		if !bytes.Equal(payload, b[s.headers:whole.TotalLen]) {
			t.Error("the payload is not what it was")
		}
	})
}
