package ip

import (
	"bytes"
	"testing"
)

// Extension headers for the tests, without Next Header.
var (
	padding6     = []byte{0, 1, 4, 0, 0, 0, 0}                   // PadN
	pad1s6       = []byte{0, 0, 0, 0, 0, 0, 0}                   // six Pad1
	routerAlert6 = []byte{0, 5, 2, 0, 0, 1, 0}                   // RFC 2711, PadN of no bytes
	routed6      = []byte{0, 0, 0, 0, 0, 0, 0}                   // type 0, no segments left
	atomic6      = frag6(77, 0, false)                           // RFC 6946
	long6        = append([]byte{1, 1, 12}, make([]byte, 12)...) // PadN over 16 bytes
)

func TestParseHeaderWalksExtensionHeaders(t *testing.T) {
	tests := []struct {
		name      string
		exts      []extension
		headerLen int
	}{
		{"none", nil, 40},
		{"hop-by-hop", []extension{{ProtoHopByHop, routerAlert6}}, 48},
		{"destination options of 16 bytes", []extension{{ProtoDestOptions, long6}}, 56},
		{"routing header that has done its work", []extension{{ProtoRouting, routed6}}, 48},
		{"atomic fragment", []extension{{ProtoFragment, atomic6}}, 48},
		{"the order that RFC 8200 recommends", []extension{
			{ProtoHopByHop, padding6}, {ProtoDestOptions, pad1s6}, {ProtoRouting, routed6},
			{ProtoFragment, atomic6}, {ProtoDestOptions, padding6},
		}, 80},
		{"as many as are allowed", repeat(extension{ProtoDestOptions, padding6}, maxExtensions), 40 + 8*maxExtensions},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			payload := numbered(13)
			b := chain6(ProtoUDP, payload, tt.exts...)
			h := mustParse(t, b)
			if h.Protocol != ProtoUDP || h.HeaderLen != tt.headerLen || h.IsFragment() {
				t.Errorf("got %v at %d, fragment %v; want UDP at %d", h.Protocol, h.HeaderLen, h.IsFragment(), tt.headerLen)
			}
			if !bytes.Equal(h.Payload(b), payload) {
				t.Errorf("payload % x", h.Payload(b))
			}
			if b[h.NextHeaderAt] != byte(ProtoUDP) {
				t.Errorf("NextHeaderAt is %d, where %d lies", h.NextHeaderAt, b[h.NextHeaderAt])
			}
		})
	}
}

func repeat(e extension, n int) []extension {
	var list []extension
	for range n {
		list = append(list, e)
	}
	return list
}

func TestParseHeaderReportsUnknownNextHeader(t *testing.T) {
	tests := []struct {
		name string
		b    []byte
		want Protocol
		at   int
	}{
		{"unknown at once", chain6(253, numbered(4)), 253, 6},
		{"unknown behind an extension header", chain6(253, numbered(4), extension{ProtoDestOptions, padding6}), 253, 40},
		{"hop-by-hop that is not the first", chain6(ProtoTCP, numbered(20),
			extension{ProtoDestOptions, padding6}, extension{ProtoHopByHop, padding6}), ProtoHopByHop, 40},
		{"encrypted", chain6(ProtoESP, numbered(4)), ProtoESP, 6},
		{"nothing follows", chain6(ProtoNoNextHeader, nil), ProtoNoNextHeader, 6},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := mustParse(t, tt.b)
			if h.Protocol != tt.want || h.NextHeaderAt != tt.at {
				t.Errorf("got %v named at %d, want %v at %d", h.Protocol, h.NextHeaderAt, tt.want, tt.at)
			}
		})
	}
}

func TestParseHeaderRefusesExtensionHeaders(t *testing.T) {
	dest := func(rest ...byte) []byte { return chain6(ProtoTCP, numbered(20), extension{ProtoDestOptions, rest}) }
	tests := []struct {
		name   string
		b      []byte
		want   Drop
		report ErrorKind
		at     int
	}{
		{"too many", chain6(ProtoTCP, numbered(20), repeat(extension{ProtoDestOptions, padding6}, maxExtensions+1)...),
			DropOptions, 0, 0},
		{"cut off after 7 bytes", chain6(ProtoNoNextHeader, nil, extension{ProtoHopByHop, padding6[:6]}), DropShort, 0, 0},
		{"longer than the packet", chain6(ProtoTCP, nil, extension{ProtoHopByHop, []byte{1, 1, 4, 0, 0, 0, 0}}), DropShort, 0, 0},
		{"Fragment header cut off", chain6(ProtoTCP, nil, extension{ProtoFragment, frag6(1, 0, true)[:5]}), DropShort, 0, 0},
		{"segments left", chain6(ProtoTCP, numbered(20), extension{ProtoRouting, []byte{0, 4, 1, 0, 0, 0, 0}}),
			DropOptions, ParameterProblem, 42},
		{"option longer than its header", dest(0, 1, 5, 0, 0, 0, 0), DropOptions, ParameterProblem, 42},
		{"option without room for a length", dest(0, 1, 3, 0, 0, 0, 1), DropOptions, ParameterProblem, 47},
		{"unknown option to be skipped", dest(0, 0x1e, 4, 0, 0, 0, 0), NoDrop, 0, 0},
		{"unknown option to be refused silently", dest(0, 0x5e, 4, 0, 0, 0, 0), DropOptions, 0, 0},
		{"unknown option to be refused aloud", dest(0, 0x9e, 4, 0, 0, 0, 0), DropOptions, UnknownOption, 42},
		{"unknown option to be refused aloud, unless multicast", dest(0, 0, 0xde, 3, 0, 0, 0), DropOptions, UnknownOption, 43},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var h Header
			if got := ParseHeader(tt.b, &h); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if h.Report != tt.report || h.ReportAt != tt.at {
				t.Errorf("report %v at %d, want %v at %d", h.Report, h.ReportAt, tt.report, tt.at)
			}
		})
	}
}

func TestParseHeaderOfFragments6(t *testing.T) {
	tests := []struct {
		name   string
		b      []byte
		want   Drop
		report ErrorKind
		at     int
	}{
		{"first", chain6(ProtoUDP, numbered(16), extension{ProtoFragment, frag6(9, 0, true)}), NoDrop, 0, 0},
		{"middle", chain6(ProtoUDP, numbered(16), extension{ProtoFragment, frag6(9, 16, true)}), NoDrop, 0, 0},
		{"last, of odd length", chain6(ProtoUDP, numbered(13), extension{ProtoFragment, frag6(9, 32, false)}), NoDrop, 0, 0},
		{"not a multiple of 8", chain6(ProtoUDP, numbered(15), extension{ProtoFragment, frag6(9, 16, true)}),
			DropFragment, ParameterProblem, 4},
		{"empty", chain6(ProtoUDP, nil, extension{ProtoFragment, frag6(9, 16, false)}), DropFragment, 0, 0},
		{"beyond 65535", chain6(ProtoUDP, numbered(16), extension{ProtoFragment, frag6(9, 65528, false)}),
			DropFragment, ParameterProblem, 42},
		{"first without the whole transport header", chain6(ProtoTCP, numbered(16), extension{ProtoFragment, frag6(9, 0, true)}),
			DropFragment, 0, 0},
		{"first that ends in an extension header", chain6(ProtoUDP, nil,
			extension{ProtoFragment, frag6(9, 0, true)}, extension{ProtoDestOptions, padding6}), DropFragment, 0, 0},
		{"first that ends between extension headers", chain6(ProtoDestOptions, nil,
			extension{ProtoFragment, frag6(9, 0, true)}, extension{ProtoDestOptions, padding6}), DropFragment, 0, 0},
		{"first with the whole ICMPv6 header", chain6(ProtoICMPv6, numbered(8), extension{ProtoFragment, frag6(9, 0, true)}), NoDrop, 0, 0},
		{"first with options and transport header", chain6(ProtoUDP, numbered(8),
			extension{ProtoFragment, frag6(9, 0, true)}, extension{ProtoDestOptions, padding6}), NoDrop, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var h Header
			if got := ParseHeader(tt.b, &h); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if h.Report != tt.report || h.ReportAt != tt.at {
				t.Errorf("report %v at %d, want %v at %d", h.Report, h.ReportAt, tt.report, tt.at)
			}
			if tt.want == NoDrop && (!h.IsFragment() || h.HeaderLen != 48 || h.ID != 9) {
				t.Errorf("got %+v, want fragment 9 with its payload at 48", h)
			}
		})
	}
}
