package ip

import (
	"bytes"
	"net/netip"
	"testing"
)

func TestHeaderSurvivesTheWire(t *testing.T) {
	tests := []struct {
		name      string
		h         Header
		headerLen int
	}{
		{"IPv4", Header{Version: 4, TOS: 0xb9, TTL: 3, Protocol: ProtoTCP, Src: peer4, Dst: ours4, ID: 0xfffe, DontFragment: true}, 20},
		{"IPv4 first fragment", Header{Version: 4, TTL: 255, Protocol: ProtoUDP, Src: peer4, Dst: ours4, ID: 1, MoreFragments: true}, 20},
		{"IPv4 last fragment", Header{Version: 4, TTL: 1, Protocol: ProtoUDP, Src: peer4, Dst: ours4, FragOffset: 65472}, 20},
		{"IPv6", Header{Version: 6, TOS: 0xb9, TTL: 3, Protocol: ProtoTCP, Src: peer6, Dst: ours6, FlowLabel: 0xabcde}, 40},
		{"IPv6 first fragment", Header{Version: 6, TTL: 9, Protocol: ProtoUDP, Src: peer6, Dst: ours6, ID: 0xfedcba98, MoreFragments: true}, 48},
		{"IPv6 last fragment", Header{Version: 6, TTL: 9, Protocol: ProtoUDP, Src: peer6, Dst: ours6, ID: 7, FragOffset: 65472}, 48},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			payload := numbered(24)
			b := build(tt.h, payload)
			b = append(b, "padding of the link"...)
			got, want := mustParse(t, b), tt.h
			want.HeaderLen, want.TotalLen = tt.headerLen, tt.headerLen+len(payload)
			want.NextHeaderAt, want.fragmentFrom = got.NextHeaderAt, got.fragmentFrom
			if got != want {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
			if next := Protocol(b[got.NextHeaderAt]); next != tt.h.Protocol {
				t.Errorf("NextHeaderAt leads to %v, want %v", next, tt.h.Protocol)
			}
			if !bytes.Equal(got.Payload(b), payload) {
				t.Errorf("payload % x, want % x", got.Payload(b), payload)
			}
		})
	}
}

func TestAppendHeaderDefaultsToTTL64(t *testing.T) {
	for _, h := range []Header{{Src: peer4, Dst: ours4, Protocol: ProtoTCP}, {Src: peer6, Dst: ours6, Protocol: ProtoTCP}} {
		got := mustParse(t, AppendHeader(nil, &h, 0))
		if got.TTL != DefaultTTL {
			t.Errorf("IPv%d: TTL %d, want %d", got.Version, got.TTL, DefaultTTL)
		}
	}
}

func TestAppendHeaderKeepsWhatIsThere(t *testing.T) {
	h := Header{Src: ours4, Dst: peer4}
	b := AppendHeader([]byte("abc"), &h, 0)
	if string(b[:3]) != "abc" {
		t.Errorf("got %q before the header, want abc", b[:3])
	}
	mustParse(t, b[3:])
}

func TestAppendHeaderPanicsOnMisuse(t *testing.T) {
	mustPanic(t, "mixed families", func() { AppendHeader(nil, &Header{Src: ours4, Dst: peer6}, 0) })
	mustPanic(t, "no addresses", func() { AppendHeader(nil, &Header{}, 0) })
	mustPanic(t, "IPv4 packet too long", func() { AppendHeader(nil, &Header{Src: ours4, Dst: peer4}, 65516) })
	mustPanic(t, "IPv6 packet too long", func() { AppendHeader(nil, &Header{Src: ours6, Dst: peer6}, 65496) })
}

// change returns a good packet with one byte changed; IPv4 is summed anew.
func change(b []byte, at int, to byte) []byte {
	b[at] = to
	if b[0]>>4 == 4 && len(b) >= int(b[0]&15)*4 && b[0]&15 >= 5 {
		resum(b)
	}
	return b
}

func TestParseHeaderRefuses(t *testing.T) {
	good4 := func() []byte { return build(from4(ProtoTCP), numbered(20)) }
	good6 := func() []byte { return build(from6(ProtoTCP), numbered(20)) }
	flip := func(b []byte, at int) []byte { b[at] ^= 1; return b }
	frag4 := func(offset, n int, more bool) []byte {
		h := from4(ProtoUDP)
		h.FragOffset, h.MoreFragments = offset, more
		return build(h, numbered(n))
	}
	tests := []struct {
		name string
		b    []byte
		want Drop
	}{
		{"nothing", nil, DropShort},
		{"version 5", change(good4(), 0, 0x55), DropVersion},
		{"version 0", []byte{0}, DropVersion},
		{"IPv4 of 19 bytes", good4()[:19], DropShort},
		{"IPv4 shorter than its total length", good4()[:39], DropShort},
		{"IPv4 shorter than its header length", change(good4()[:20], 0, 0x46), DropShort},
		{"IPv4 header of 16 bytes", change(good4(), 0, 0x44), DropHeaderLength},
		{"IPv4 total length inside the header", change(good4(), 3, 19), DropHeaderLength},
		{"IPv4 total length zero", change(good4(), 3, 0), DropHeaderLength},
		{"IPv4 checksum, first byte", flip(good4(), 1), DropHeaderChecksum},
		{"IPv4 checksum, last byte", flip(good4(), 19), DropHeaderChecksum},
		{"IPv4 fragment without payload", frag4(8, 0, false), DropFragment},
		{"IPv4 fragment of 7 bytes with more to come", frag4(8, 7, true), DropFragment},
		{"IPv4 fragment beyond 65535", frag4(65528, 8, false), DropFragment},
		{"IPv6 of 39 bytes", good6()[:39], DropShort},
		{"IPv6 shorter than its payload length", good6()[:59], DropShort},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var h Header
			if got := ParseHeader(tt.b, &h); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if h.Report != 0 {
				t.Errorf("would report %v", h.Report)
			}
		})
	}
}

func TestParseHeaderRefusesImpossibleSources(t *testing.T) {
	tests := []struct {
		src  string
		want Drop
	}{
		{"0.0.0.0", DropSource},
		{"127.0.0.1", DropSource},
		{"127.255.255.254", DropSource},
		{"224.0.0.1", DropSource},
		{"239.255.255.255", DropSource},
		{"255.255.255.255", DropSource},
		{"10.0.0.255", NoDrop}, // only the host knows its subnets
		{"128.0.0.1", NoDrop},
		{"::", DropSource},
		{"::1", DropSource},
		{"ff02::1", DropSource},
		{"::ffff:192.0.2.9", DropSource},
		{"fe80::1", NoDrop},
		{"fd00::1", NoDrop},
	}
	for _, tt := range tests {
		t.Run(tt.src, func(t *testing.T) {
			h := Header{Src: netip.MustParseAddr(tt.src), Dst: ours4, Protocol: ProtoTCP}
			if h.Src.Is6() {
				h.Dst = ours6
			}
			var got Header
			if d := ParseHeader(build(h, numbered(20)), &got); d != tt.want {
				t.Errorf("got %q, want %q", d, tt.want)
			}
		})
	}
}

func TestParseHeaderOptions4(t *testing.T) {
	tests := []struct {
		name     string
		options  []byte
		want     Drop
		reportAt int // 0: no report
	}{
		{"no operation", []byte{1, 1, 1, 1}, NoDrop, 0},
		{"end of list, garbage after it", []byte{0, 255, 255, 255}, NoDrop, 0},
		{"router alert", []byte{148, 4, 0, 0}, NoDrop, 0},
		{"record route and end", []byte{7, 7, 4, 0, 0, 0, 0, 0}, NoDrop, 0},
		{"unknown option", []byte{222, 4, 9, 9}, NoDrop, 0},
		{"the most there can be", bytes.Repeat([]byte{1}, 40), NoDrop, 0},
		{"length zero", []byte{1, 7, 0, 0}, DropOptions, 21},
		{"length one", []byte{7, 1, 0, 0}, DropOptions, 20},
		{"longer than the header", []byte{1, 7, 4, 0}, DropOptions, 21},
		{"no room for the length", []byte{1, 1, 1, 7}, DropOptions, 23},
		{"loose source route", []byte{131, 3, 4, 0}, DropOptions, 0},
		{"strict source route", []byte{137, 3, 4, 0}, DropOptions, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := options4(tt.options...)
			var h Header
			if got := ParseHeader(b, &h); got != tt.want {
				t.Fatalf("got %q, want %q", got, tt.want)
			}
			if h.ReportAt != tt.reportAt || (h.Report == ParameterProblem) != (tt.reportAt != 0) {
				t.Errorf("report %v at %d, want at %d", h.Report, h.ReportAt, tt.reportAt)
			}
			if tt.want == NoDrop && !bytes.Equal(h.Payload(b), []byte{1, 2, 3, 4, 5, 6, 7, 8}) {
				t.Errorf("payload % x", h.Payload(b))
			}
		})
	}
}

func TestParseHeaderTakesPacketsLongerThanAnyMTU(t *testing.T) {
	for _, h := range []Header{from4(ProtoTCP), from6(ProtoTCP)} {
		b := build(h, make([]byte, 65000)) // segments that the device has merged
		if got := mustParse(t, b); len(got.Payload(b)) != 65000 {
			t.Errorf("IPv%d: payload of %d bytes, want 65000", got.Version, len(got.Payload(b)))
		}
	}
}

func TestHeadersCostNoAllocation(t *testing.T) {
	packets := [][]byte{
		build(from4(ProtoTCP), numbered(20)),
		options4(1, 1, 1, 1),
		chain6(ProtoTCP, numbered(20), extension{ProtoHopByHop, []byte{0, 1, 4, 0, 0, 0, 0}}),
	}
	var h Header
	var sum uint32
	room := make([]byte, 0, MaxHeaders)
	for _, b := range packets {
		n := testing.AllocsPerRun(100, func() {
			if ParseHeader(b, &h) != NoDrop {
				t.Error("refused")
			}
			AppendHeader(room, &h, 100)
			sum = PseudoSum(h.Src, h.Dst, ProtoTCP, 100)
		})
		if n != 0 {
			t.Errorf("IPv%d: %v allocations (sum %#x), want none", h.Version, n, sum)
		}
	}
}

func TestProtocolNames(t *testing.T) {
	tests := map[Protocol]string{
		ProtoTCP: "TCP", ProtoUDP: "UDP", ProtoICMP: "ICMP", ProtoICMPv6: "ICMPv6", 132: "protocol 132",
		ProtoHopByHop: "hop-by-hop options", ProtoRouting: "routing header", ProtoFragment: "fragment header",
		ProtoDestOptions: "destination options", ProtoNoNextHeader: "no next header", ProtoESP: "ESP", ProtoAH: "AH",
	}
	for p, want := range tests {
		if got := p.String(); got != want {
			t.Errorf("%d: got %q, want %q", uint8(p), got, want)
		}
	}
}

func BenchmarkParseHeader(b *testing.B) {
	for _, h := range []Header{from4(ProtoTCP), from6(ProtoTCP)} {
		packet := build(h, numbered(20))
		var got Header
		b.Run(h.Src.String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				ParseHeader(packet, &got)
			}
		})
	}
}
