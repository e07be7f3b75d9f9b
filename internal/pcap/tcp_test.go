package pcap

import (
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"path/filepath"
	"testing"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// segment4 and segment6 make packets of a segment with ten bytes of text.
func segment4(src, dst netip.Addr) []byte {
	h := ip.Header{Src: src, Dst: dst, Protocol: ip.ProtoTCP, TTL: 64}
	t := append(tcp.AppendHeader(nil, &tcp.Header{SrcPort: 1, DstPort: 2, Seq: 7, Flags: tcp.ACK}), "0123456789"...)
	return append(ip.AppendHeader(nil, &h, len(t)), t...)
}

// extended puts extension headers into an IPv6 packet.
func extended(b []byte, first byte, headers ...byte) []byte {
	out := append(append(append([]byte(nil), b[:40]...), headers...), b[40:]...)
	out[6] = first
	binary.BigEndian.PutUint16(out[4:], uint16(len(out)-40))
	return out
}

func TestSegmentsAreFound(t *testing.T) {
	a, b := netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.2")
	a6, b6 := netip.MustParseAddr("::1"), netip.MustParseAddr("2001:db8::1")
	four, six := segment4(a, b), segment4(a6, b6)
	change := func(p []byte, at int, v ...byte) []byte {
		p = append([]byte(nil), p...)
		copy(p[at:], v)
		return p
	}
	for _, test := range []struct {
		name   string
		packet []byte
		length int // -1: it is none
	}{
		{"IPv4 on loopback", four, 10},
		{"IPv6 on loopback", six, 10},
		{"without checksums", change(four, 10, 0, 0), 10},
		{"with link padding", append(append([]byte(nil), four...), 0, 0, 0, 0), 10},
		{"cut off in the text", four[:42], 10},
		{"cut off in the header", four[:39], -1},
		{"without a length", change(four, 2, 0, 0), 10},
		{"a later fragment", change(four, 6, 0x20, 1), -1},
		{"a first fragment", change(four, 6, 0x20, 0), 10},
		{"UDP", change(four, 9, 17), -1},
		{"a header length that is too short", change(four, 0, 0x44), -1},
		{"hop-by-hop options", extended(six, 0, 6, 0, 1, 4, 0, 0, 0, 0), 10},
		{"a destination header behind a routing header", extended(six, 43, append([]byte{60, 0, 0, 0, 0, 0, 0, 0}, 6, 0, 1, 4, 0, 0, 0, 0)...), 10},
		{"an IPv6 first fragment", extended(six, 44, 6, 0, 0, 1, 0, 0, 0, 9), 10},
		{"an IPv6 later fragment", extended(six, 44, 6, 0, 0, 9, 0, 0, 0, 9), -1},
		{"an IPv6 header that is unknown", extended(six, 99, 6, 0, 0, 0, 0, 0, 0, 0), -1},
		{"an extension header that reaches too far", extended(six, 0, 6, 255, 1, 4, 0, 0, 0, 0), -1},
		{"an extension header that is cut off", extended(six, 0)[:44], -1},
		{"nothing", nil, -1},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, ok := ParseTCP(moment, test.packet)
			if ok != (test.length >= 0) {
				t.Fatalf("found %v, want %v", ok, test.length >= 0)
			}
			if ok && (s.Len != test.length || s.Src.Port() != 1 || s.Dst.Port() != 2 || s.Header.Seq != 7 || !s.When.Equal(moment)) {
				t.Errorf("got %+v", s)
			}
		})
	}
}

func TestRealSegments(t *testing.T) {
	paths, err := filepath.Glob("../../../shared/pcaps/*.pcap")
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) == 0 {
		t.Skip("no captures beside the repository")
	}
	for _, path := range paths {
		r, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		syn, fin := 0, 0
		for {
			when, p, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if s, ok := ParseTCP(when, p); ok && s.Header.Flags.Has(tcp.SYN) {
				syn++
			} else if ok && s.Header.Flags.Has(tcp.FIN) {
				fin++
			}
		}
		if syn != 2 || fin != 2 {
			t.Errorf("%s: got %d SYNs and %d FINs, want 2 of each", path, syn, fin)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

// FuzzParseTCP holds the parser to this: no panic, and a length that the packet can have.
func FuzzParseTCP(f *testing.F) {
	f.Add(segment4(netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.2")))
	f.Add(segment4(netip.MustParseAddr("::1"), netip.MustParseAddr("::2")))
	f.Fuzz(func(t *testing.T, packet []byte) {
		if s, ok := ParseTCP(moment, packet); ok && (s.Len < 0 || s.Len > max(len(packet), 65535+40)) {
			t.Errorf("got %d bytes of text in %x", s.Len, packet)
		}
	})
}
