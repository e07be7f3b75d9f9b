package ip

import (
	"bytes"
	"math/rand/v2"
	"net"
	"net/netip"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// What we write, and what an implementation that is not ours writes, must be
// the same bytes. Both start from the same random values.

// serialize returns what gopacket makes of layers.
func serialize(t *testing.T, list ...gopacket.SerializableLayer) []byte {
	t.Helper()
	buf := gopacket.NewSerializeBuffer()
	err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, list...)
	if err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// randomHeader returns a header with random fields.
func randomHeader(rng *rand.Rand, v6 bool, proto Protocol) Header {
	h := Header{TOS: uint8(rng.Uint32()), TTL: uint8(1 + rng.IntN(255)), Protocol: proto}
	if v6 {
		h.Src, h.Dst = peer6, netip.AddrFrom16([16]byte(randomBytes(rng, 16)))
		h.FlowLabel = rng.Uint32N(1 << 20)
		return h
	}
	h.Src, h.Dst = peer4, netip.AddrFrom4([4]byte(randomBytes(rng, 4)))
	h.ID, h.DontFragment = rng.Uint32N(1<<16), rng.IntN(2) == 0
	return h
}

// theirs returns gopacket's layer for a header.
func theirs(h Header) interface {
	gopacket.NetworkLayer
	gopacket.SerializableLayer
} {
	src, dst := net.IP(h.Src.AsSlice()), net.IP(h.Dst.AsSlice())
	if h.Dst.Is6() {
		return &layers.IPv6{
			Version: 6, TrafficClass: h.TOS, FlowLabel: h.FlowLabel, HopLimit: h.TTL,
			NextHeader: layers.IPProtocol(h.Protocol), SrcIP: src, DstIP: dst,
		}
	}
	l := &layers.IPv4{Version: 4, TOS: h.TOS, TTL: h.TTL, Id: uint16(h.ID), Protocol: layers.IPProtocol(h.Protocol), SrcIP: src, DstIP: dst}
	if h.DontFragment {
		l.Flags = layers.IPv4DontFragment
	}
	return l
}

func TestUDPPacketsEqualGopackets(t *testing.T) {
	rng := rand.New(rand.NewPCG(768, 1))
	for i := range 1000 {
		h := randomHeader(rng, i%2 == 0, ProtoUDP)
		data := randomBytes(rng, rng.IntN(200))
		sport, dport := uint16(rng.Uint32()), uint16(rng.Uint32())
		network := theirs(h)
		udp := &layers.UDP{SrcPort: layers.UDPPort(sport), DstPort: layers.UDPPort(dport)}
		if err := udp.SetNetworkLayerForChecksum(network); err != nil {
			t.Fatal(err)
		}
		want := serialize(t, network, udp, gopacket.Payload(data))

		got := AppendUDPHeader(nil, netip.AddrPortFrom(h.Src, sport), netip.AddrPortFrom(h.Dst, dport), data)
		if got = build(h, append(got, data...)); !bytes.Equal(got, want) {
			t.Fatalf("%+v\ngot  % x\nwant % x", h, got, want)
		}
		var back Header
		var u UDP
		if d := ParseHeader(want, &back); d != NoDrop {
			t.Fatalf("header refused: %v", d)
		}
		if d := ParseUDP(back.Payload(want), back.Src, back.Dst, false, &u); d != NoDrop || u.SrcPort != sport || !bytes.Equal(u.Payload, data) {
			t.Fatalf("datagram refused: %v, or changed: %+v", d, u)
		}
	}
}

func TestEchoesEqualGopackets(t *testing.T) {
	data := []byte("as large as life")
	want := serialize(t, &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(8, 0), Id: 0x1234, Seq: 9}, gopacket.Payload(data))
	if got := AppendEchoRequest(nil, ours4, peer4, 0x1234, 9, data); !bytes.Equal(got, want) {
		t.Errorf("IPv4:\ngot  % x\nwant % x", got, want)
	}
	icmp := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(128, 0)}
	if err := icmp.SetNetworkLayerForChecksum(theirs(Header{Src: ours6, Dst: peer6})); err != nil {
		t.Fatal(err)
	}
	want = serialize(t, icmp, &layers.ICMPv6Echo{Identifier: 0x1234, SeqNumber: 9}, gopacket.Payload(data))
	if got := AppendEchoRequest(nil, ours6, peer6, 0x1234, 9, data); !bytes.Equal(got, want) {
		t.Errorf("IPv6:\ngot  % x\nwant % x", got, want)
	}
}

func TestErrorsDecodeInGopacket(t *testing.T) {
	p4, p6 := sent4(ProtoTCP, tcpStart(40)), sent6(ProtoTCP, tcpStart(40))
	h4, h6 := mustParse(t, p4), mustParse(t, p6)
	msg, _ := AppendICMPError(nil, peer4, TooBig, 1400, p4, &h4)
	got := gopacket.NewPacket(build(from4(ProtoICMP), msg), layers.LayerTypeIPv4, gopacket.Default)
	icmp4, ok := got.Layer(layers.LayerTypeICMPv4).(*layers.ICMPv4)
	if !ok || icmp4.TypeCode.String() != "DestinationUnreachable(FragmentationNeeded)" || icmp4.Seq != 1400 || !bytes.Equal(icmp4.Payload, p4) {
		t.Errorf("IPv4 too big: %v", got)
	}
	msg, _ = AppendICMPError(nil, peer6, ProtocolUnreachable, 0, p6, &h6)
	got = gopacket.NewPacket(build(from6(ProtoICMPv6), msg), layers.LayerTypeIPv6, gopacket.Default)
	icmp6, ok := got.Layer(layers.LayerTypeICMPv6).(*layers.ICMPv6)
	if !ok || icmp6.TypeCode.String() != "ParameterProblem(UnrecognizedNextHeader)" || !bytes.Equal(icmp6.Payload, append([]byte{0, 0, 0, 6}, p6...)) {
		t.Errorf("IPv6 unknown next header: %v", got)
	}
}

// gopacket reads the fragment fields as we meant them, and what they say makes the payload.
func TestFragmentsDecodeInGopacket(t *testing.T) {
	h := from6(ProtoUDP)
	h.ID = 0xabcdef01
	payload := numbered(5000)
	var joined []byte
	for i, b := range cut(t, h, payload, 1500) {
		got := gopacket.NewPacket(b, layers.LayerTypeIPv6, gopacket.Default)
		f, ok := got.Layer(layers.LayerTypeIPv6Fragment).(*layers.IPv6Fragment)
		if !ok || f.Identification != h.ID || int(f.FragmentOffset)*8 != len(joined) || f.MoreFragments != (i < 3) {
			t.Fatalf("IPv6 fragment %d: %v", i, got)
		}
		joined = append(joined, f.Payload...)
	}
	if !bytes.Equal(joined, payload) {
		t.Error("IPv6: the fragments do not make the payload")
	}

	joined = nil
	for i, b := range cut(t, from4(ProtoUDP), payload, 1500) {
		got := gopacket.NewPacket(b, layers.LayerTypeIPv4, gopacket.Default)
		l, ok := got.Layer(layers.LayerTypeIPv4).(*layers.IPv4)
		if !ok || int(l.FragOffset)*8 != len(joined) || (l.Flags == layers.IPv4MoreFragments) != (i < 3) {
			t.Fatalf("IPv4 fragment %d: %v", i, got)
		}
		joined = append(joined, l.Payload...)
	}
	if !bytes.Equal(joined, payload) {
		t.Error("IPv4: the fragments do not make the payload")
	}
}

func TestOptionsAndExtensionsOfGopacketAreRead(t *testing.T) {
	l := theirs(from4(ProtoUDP)).(*layers.IPv4)
	l.Options = []layers.IPv4Option{{OptionType: 148, OptionLength: 4, OptionData: []byte{0, 0}}, {OptionType: 1}}
	b := serialize(t, l, gopacket.Payload("payload"))
	if h := mustParse(t, b); h.HeaderLen != 28 || string(h.Payload(b)) != "payload" {
		t.Errorf("IPv4: got %+v, want 28 bytes of header", h)
	}
	network := theirs(from6(ProtoHopByHop)).(*layers.IPv6)
	network.HopByHop = &layers.IPv6HopByHop{Options: []*layers.IPv6HopByHopOption{
		{OptionType: 5, OptionLength: 2, ActualLength: 4, OptionData: []byte{0, 0}}, // router alert
		{OptionType: 0x1e, ActualLength: 2},                                         // unknown, to be skipped
	}}
	network.HopByHop.NextHeader = layers.IPProtocolUDP
	b = serialize(t, network, gopacket.Payload("payload"))
	if h := mustParse(t, b); h.HeaderLen != 48 || h.Protocol != ProtoUDP || string(h.Payload(b)) != "payload" {
		t.Errorf("IPv6: got %+v with %q, want UDP at 48", h, h.Payload(b))
	}
}
