package ip

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"
)

// tcpStart returns the first n bytes of a TCP header from port 40000 to 80
// with sequence number 0xfffffff0.
func tcpStart(n int) []byte {
	b := make([]byte, max(n, 20))
	binary.BigEndian.PutUint16(b, 40000)
	binary.BigEndian.PutUint16(b[2:], 80)
	binary.BigEndian.PutUint32(b[4:], 0xfffffff0)
	b[12] = 5 << 4
	return b[:n]
}

// sent4 and sent6 return packets that we sent to the peer.
func sent4(proto Protocol, payload []byte) []byte {
	return build(Header{Src: ours4, Dst: peer4, Protocol: proto, ID: 5, DontFragment: true}, payload)
}

func sent6(proto Protocol, payload []byte) []byte {
	return build(Header{Src: ours6, Dst: peer6, Protocol: proto}, payload)
}

// The kinds, and how they travel: RFC 792, RFC 1812 §5.2.7, RFC 4443 §3.
func TestErrorsTravelThereAndBack(t *testing.T) {
	tests := []struct {
		kind         ErrorKind
		arg          int
		type4, code4 uint8
		back4        ErrorKind
		type6, code6 uint8
	}{
		{NetUnreachable, 0, 3, 0, NetUnreachable, 1, 0},
		{HostUnreachable, 0, 3, 1, HostUnreachable, 1, 3},
		{ProtocolUnreachable, 0, 3, 2, ProtocolUnreachable, 4, 1},
		{PortUnreachable, 0, 3, 3, PortUnreachable, 1, 4},
		{Prohibited, 0, 3, 13, Prohibited, 1, 1},
		{TooBig, 1400, 3, 4, TooBig, 2, 0},
		{HopLimitExceeded, 0, 11, 0, HopLimitExceeded, 3, 0},
		{ReassemblyTimeout, 0, 11, 1, ReassemblyTimeout, 3, 1},
		{ParameterProblem, 9, 12, 0, ParameterProblem, 4, 0},
		{UnknownOption, 42, 12, 0, ParameterProblem, 4, 2},
	}
	for _, tt := range tests {
		t.Run(tt.kind.String(), func(t *testing.T) {
			checkErrorTrip(t, tt.kind, tt.arg, sent4(ProtoTCP, tcpStart(40)), tt.type4, tt.code4, tt.back4)
			checkErrorTrip(t, tt.kind, tt.arg, sent6(ProtoTCP, tcpStart(40)), tt.type6, tt.code6, tt.kind)
		})
	}
}

// checkErrorTrip has the peer report a packet of ours, and reads the report.
func checkErrorTrip(t *testing.T, kind ErrorKind, arg int, packet []byte, typ, code uint8, back ErrorKind) {
	t.Helper()
	h := mustParse(t, packet)
	b, ok := AppendICMPError([]byte("x"), h.Dst, kind, arg, packet, &h)
	if !ok {
		t.Fatalf("IPv%d: no error sent", h.Version)
	}
	var m ICMP
	if d := ParseICMP(b[1:], h.Dst, h.Src, false, &m); d != NoDrop {
		t.Fatalf("IPv%d: message refused: %v", h.Version, d)
	}
	if m.Type != typ || m.Code != code || !m.IsError() || !bytes.Equal(m.Body, packet) {
		t.Errorf("IPv%d: type %d code %d about % x, want %d %d about the packet", h.Version, m.Type, m.Code, m.Body, typ, code)
	}
	var got ICMPError
	if d := ParseICMPError(&m, &got); d != NoDrop {
		t.Fatalf("IPv%d: error refused: %v", h.Version, d)
	}
	want := ICMPError{
		Kind: back, Type: typ, Code: code, Protocol: ProtoTCP, Seq: 0xfffffff0,
		Local: netip.AddrPortFrom(h.Src, 40000), Remote: netip.AddrPortFrom(h.Dst, 80), Size: len(packet),
	}
	switch kind {
	case TooBig:
		want.MTU = arg
	case ParameterProblem, UnknownOption:
		want.Pointer = arg
	case ProtocolUnreachable:
		if h.Version == 6 {
			want.Pointer = 6 // the byte that names the next header
		}
	}
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestErrorsQuoteAsMuchAsEveryHostTakes(t *testing.T) {
	for _, tt := range []struct {
		packet []byte
		total  int // of the error with its IP header
	}{
		{sent4(ProtoUDP, make([]byte, 1000)), 576},                   // RFC 1812 §4.3.2.3
		{sent6(ProtoUDP, make([]byte, 1400)), 1280},                  // RFC 4443 §2.4(c)
		{append(sent4(ProtoUDP, make([]byte, 8)), 9, 9, 9), 20 + 36}, // no link padding
	} {
		h := mustParse(t, tt.packet)
		b, _ := AppendICMPError(nil, h.Dst, PortUnreachable, 0, tt.packet, &h)
		if got := len(build(Header{Src: h.Dst, Dst: h.Src}, b)); got != tt.total {
			t.Errorf("IPv%d: got %d bytes, want %d", h.Version, got, tt.total)
		}
	}
}

func TestNoErrorsAboutWhatMustNotBeReported(t *testing.T) {
	to := func(h Header, dst string) Header { h.Dst = netip.MustParseAddr(dst); return h }
	offset := func(h Header, n int) Header { h.FragOffset, h.MoreFragments = n, true; return h }
	udp := make([]byte, 8)
	tests := []struct {
		name string
		b    []byte
		want bool
	}{
		{"IPv4 UDP", build(from4(ProtoUDP), udp), true},
		{"IPv6 UDP", build(from6(ProtoUDP), udp), true},
		{"IPv4 multicast", build(to(from4(ProtoUDP), "224.0.0.251"), udp), false},
		{"IPv4 broadcast", build(to(from4(ProtoUDP), "255.255.255.255"), udp), false},
		{"IPv6 multicast", build(to(from6(ProtoUDP), "ff02::fb"), udp), false},
		{"IPv4 first fragment", build(offset(from4(ProtoUDP), 0), udp), true},
		{"IPv4 second fragment", build(offset(from4(ProtoUDP), 8), udp), false},
		{"IPv6 first fragment", build(offset(from6(ProtoUDP), 0), udp), true},
		{"IPv6 second fragment", build(offset(from6(ProtoUDP), 8), udp), false},
		{"IPv4 echo request", build(from4(ProtoICMP), []byte{8, 0, 0, 0, 0, 0, 0, 0}), true},
		{"IPv4 port unreachable", build(from4(ProtoICMP), []byte{3, 3, 0, 0, 0, 0, 0, 0}), false},
		{"IPv4 redirect", build(from4(ProtoICMP), []byte{5, 0, 0, 0, 0, 0, 0, 0}), false},
		{"IPv4 ICMP without a type", build(from4(ProtoICMP), nil), false},
		{"IPv6 echo request", build(from6(ProtoICMPv6), []byte{128, 0, 0, 0, 0, 0, 0, 0}), true},
		{"IPv6 port unreachable", build(from6(ProtoICMPv6), []byte{1, 4, 0, 0, 0, 0, 0, 0}), false},
		{"IPv6 unknown error", build(from6(ProtoICMPv6), []byte{99, 0, 0, 0, 0, 0, 0, 0}), false},
		{"IPv6 redirect", build(from6(ProtoICMPv6), []byte{137, 0, 0, 0, 0, 0, 0, 0}), false},
		{"IPv4 packet with the number of ICMPv6", build(from4(ProtoICMPv6), []byte{1, 4}), true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := mustParse(t, tt.b)
			b, ok := AppendICMPError(nil, h.Dst, HostUnreachable, 0, tt.b, &h)
			if ok != tt.want || (len(b) > 0) != tt.want {
				t.Errorf("sent %v with %d bytes, want %v", ok, len(b), tt.want)
			}
		})
	}
}

func TestNoErrorsToImpossibleSources(t *testing.T) {
	for _, src := range []string{"0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "::", "::1", "ff02::1"} {
		h := from4(ProtoUDP)
		if h.Src = netip.MustParseAddr(src); h.Src.Is6() {
			h.Dst = ours6
		}
		b := build(h, make([]byte, 8))
		ParseHeader(b, &h)
		if h.TotalLen == 0 {
			t.Fatalf("%s: header not read", src)
		}
		if MayReport(b, &h) {
			t.Errorf("would send an error to %s", src)
		}
	}
}

func TestNoErrorsAboutHeadersThatWereNotRead(t *testing.T) {
	var h Header
	for _, b := range [][]byte{nil, {0x50}, sent4(ProtoUDP, numbered(8))[:19], sent6(ProtoUDP, numbered(8))[:47]} {
		if ParseHeader(b, &h) == NoDrop || MayReport(b, &h) {
			t.Errorf("would send an error about % x", b)
		}
	}
}

// What ParseHeader wants reported can be reported as it stands.
func TestRefusedPacketsCanBeReported(t *testing.T) {
	for _, b := range [][]byte{
		options4(1, 7, 0, 0),
		chain6(ProtoTCP, numbered(20), extension{ProtoDestOptions, []byte{0, 0x9e, 4, 0, 0, 0, 0}}),
	} {
		var h Header
		if ParseHeader(b, &h) == NoDrop || h.Report == 0 {
			t.Fatalf("% x was not refused with a report", b)
		}
		msg, ok := AppendICMPError(nil, h.Dst, h.Report, h.ReportAt, b, &h)
		var m ICMP
		if !ok || ParseICMP(msg, h.Dst, h.Src, false, &m) != NoDrop || !m.IsError() {
			t.Errorf("IPv%d: no good error: % x", h.Version, msg)
		}
	}
}

func TestAppendICMPErrorPanicsWithoutKind(t *testing.T) {
	for _, b := range [][]byte{sent4(ProtoTCP, tcpStart(20)), sent6(ProtoTCP, tcpStart(20))} {
		h := mustParse(t, b)
		mustPanic(t, "an error of no kind", func() { AppendICMPError(nil, h.Dst, 0, 0, b, &h) })
	}
}

func TestErrorKindsByTypeAndCode(t *testing.T) {
	kinds := func(version, typ uint8, codes ...ErrorKind) {
		t.Helper()
		for code, want := range codes {
			body := sent4(ProtoTCP, tcpStart(8))
			if version == 6 {
				body = sent6(ProtoTCP, tcpStart(8))
			}
			var e ICMPError
			m := ICMP{Version: version, Type: typ, Code: uint8(code), Rest: 1300, Body: body}
			if d := ParseICMPError(&m, &e); d != NoDrop || e.Kind != want {
				t.Errorf("IPv%d type %d code %d: got %v (%v), want %v", version, typ, code, e.Kind, d, want)
			}
		}
	}
	const n, h, x = NetUnreachable, HostUnreachable, Prohibited
	kinds(4, 3, n, h, ProtocolUnreachable, PortUnreachable, TooBig, h, n, h, h, x, x, n, h, x, x, x, n)
	kinds(4, 11, HopLimitExceeded, ReassemblyTimeout)
	kinds(4, 12, ParameterProblem, ParameterProblem, ParameterProblem)
	kinds(6, 1, n, x, h, h, PortUnreachable, x, x, h, n)
	kinds(6, 2, TooBig)
	kinds(6, 3, HopLimitExceeded, ReassemblyTimeout)
	kinds(6, 4, ParameterProblem, ProtocolUnreachable, UnknownOption, ParameterProblem)
	kinds(6, 99, OtherError)
}

func TestHardErrors(t *testing.T) {
	for k := range numErrorKinds {
		want := k == ProtocolUnreachable || k == PortUnreachable || k == Prohibited
		if k.IsHard() != want {
			t.Errorf("%v: hard %v, want %v", k, k.IsHard(), want)
		}
	}
}

func TestParseICMPErrorRefuses(t *testing.T) {
	tcp4, tcp6 := sent4(ProtoTCP, tcpStart(8)), sent6(ProtoTCP, tcpStart(8))
	fragment4 := build(Header{Src: ours4, Dst: peer4, Protocol: ProtoUDP, FragOffset: 8}, make([]byte, 8))
	fragment6 := build(Header{Src: ours6, Dst: peer6, Protocol: ProtoUDP, FragOffset: 8}, make([]byte, 8))
	tests := []struct {
		name string
		m    ICMP
	}{
		{"echo reply", ICMP{Version: 4, Type: 0, Body: tcp4}},
		{"source quench", ICMP{Version: 4, Type: 4, Body: tcp4}},
		{"redirect", ICMP{Version: 4, Type: 5, Body: tcp4}},
		{"IPv6 echo request", ICMP{Version: 6, Type: 128, Body: tcp6}},
		{"IPv6 redirect", ICMP{Version: 6, Type: 137, Body: tcp6}},
		{"no quote", ICMP{Version: 4, Type: 3, Code: 3}},
		{"no quote in IPv6", ICMP{Version: 6, Type: 1, Code: 4}},
		{"seven bytes of transport", ICMP{Version: 4, Type: 3, Code: 3, Body: tcp4[:27]}},
		{"seven bytes of transport in IPv6", ICMP{Version: 6, Type: 1, Code: 4, Body: tcp6[:47]}},
		{"IPv6 quoted in IPv4", ICMP{Version: 4, Type: 3, Code: 3, Body: tcp6}},
		{"IPv4 quoted in IPv6", ICMP{Version: 6, Type: 1, Code: 4, Body: append(tcp4, tcp4...)}},
		{"quoted header of 16 bytes", ICMP{Version: 4, Type: 3, Code: 3, Body: change(bytes.Clone(tcp4), 0, 0x44)}},
		{"quoted second fragment", ICMP{Version: 4, Type: 3, Code: 3, Body: fragment4}},
		{"quoted second fragment in IPv6", ICMP{Version: 6, Type: 1, Code: 4, Body: fragment6}},
		{"IPv4 MTU of 67", ICMP{Version: 4, Type: 3, Code: 4, Rest: 67, Body: tcp4}},
		{"IPv6 MTU of 1279", ICMP{Version: 6, Type: 2, Rest: 1279, Body: tcp6}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var e ICMPError
			if got := ParseICMPError(&tt.m, &e); got != DropICMPInvalid {
				t.Errorf("got %q with %+v, want %q", got, e, DropICMPInvalid)
			}
		})
	}
}

func TestParseICMPErrorLooksBehindHeaders(t *testing.T) {
	udp := datagram6([]byte("x"))
	withOptions := options4(1, 1, 1, 1) // UDP ports 0x0102 and 0x0304
	atomic := chain6(ProtoUDP, udp, extension{ProtoDestOptions, padding6}, extension{ProtoFragment, atomic6})
	echo := AppendEchoRequest(nil, ours4, peer4, 0xcafe, 1, nil)
	tests := []struct {
		name   string
		m      ICMP
		ports  [2]uint16
		id     uint16
		number Protocol
	}{
		{"IPv4 options", ICMP{Version: 4, Type: 3, Code: 3, Body: withOptions}, [2]uint16{0x0102, 0x0304}, 0, ProtoUDP},
		{"IPv6 extension headers", ICMP{Version: 6, Type: 1, Code: 4, Body: atomic}, [2]uint16{5353, 53}, 0, ProtoUDP},
		{"echo request", ICMP{Version: 4, Type: 3, Code: 1, Body: sent4(ProtoICMP, echo)}, [2]uint16{}, 0xcafe, ProtoICMP},
		{"another protocol", ICMP{Version: 4, Type: 3, Code: 2, Body: sent4(132, numbered(8))}, [2]uint16{}, 0, 132},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var e ICMPError
			if d := ParseICMPError(&tt.m, &e); d != NoDrop {
				t.Fatalf("refused: %v", d)
			}
			ports := [2]uint16{e.Local.Port(), e.Remote.Port()}
			if ports != tt.ports || e.ID != tt.id || e.Protocol != tt.number {
				t.Errorf("got %v ports %v ID %#x, want %v %v %#x", e.Protocol, ports, e.ID, tt.number, tt.ports, tt.id)
			}
		})
	}
}

// RFC 1191 §5: when the router does not report the MTU, the next plateau below
// the length of the quoted packet is tried.
func TestTooBigWithoutMTUFallsToPlateau(t *testing.T) {
	for _, tt := range []struct{ length, want int }{
		{65535, 32000}, {32001, 32000}, {32000, 17914}, {1500, 1492}, {1492, 1006}, {576, 508}, {69, 68}, {68, 68}, {40, 68},
	} {
		body := sent4(ProtoTCP, tcpStart(20))
		binary.BigEndian.PutUint16(body[2:], uint16(tt.length))
		m := ICMP{Version: 4, Type: 3, Code: 4, Body: body}
		var e ICMPError
		if d := ParseICMPError(&m, &e); d != NoDrop || e.MTU != tt.want {
			t.Errorf("packet of %d bytes: got MTU %d (%v), want %d", tt.length, e.MTU, d, tt.want)
		}
	}
}

func TestTooBigIgnoresTheUnusedHalfOfItsWord(t *testing.T) {
	m := ICMP{Version: 4, Type: 3, Code: 4, Rest: 5<<16 | 1400, Body: sent4(ProtoTCP, tcpStart(20))} // RFC 4884 puts a length there
	var e ICMPError
	if d := ParseICMPError(&m, &e); d != NoDrop || e.MTU != 1400 {
		t.Errorf("got MTU %d (%v), want 1400", e.MTU, d)
	}
}
