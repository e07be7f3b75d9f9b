package packetdrill

import (
	"encoding/binary"

	"github.com/sockeye-tcp/sockeye/ip"
)

// ICMP errors that the network sends: RFC 792, RFC 1191, RFC 4443.

// icmpUnreachable4 are the codes of type 3 over IPv4.
var icmpUnreachable4 = map[string]uint8{
	"net_unreachable": 0, "host_unreachable": 1, "protocol_unreachable": 2, "port_unreachable": 3,
	"frag_needed": 4, "source_route_failed": 5, "net_unknown": 6, "host_unknown": 7,
	"net_prohibited": 9, "host_prohibited": 10, "packet_filtered": 13,
}

// icmpUnreachable6 are the codes of type 1 over IPv6.
var icmpUnreachable6 = map[string]uint8{
	"no_route": 0, "admin_prohibited": 1, "not_neighbour": 2, "addr_unreachable": 3, "port_unreachable": 4,
}

// icmpNumbers returns type and code of a message for an IP version.
func icmpNumbers(i *ICMP, version uint8) (typ, code uint8, ok bool) {
	switch {
	case version == 4 && i.Type == "unreachable":
		code, ok = icmpUnreachable4[i.Code]
		return 3, code, ok
	case version == 4 && i.Type == "source_quench":
		return 4, 0, i.Code == ""
	case version == 4 && i.Type == "time_exceeded":
		return 11, 0, i.Code == "" || i.Code == "exc_ttl"
	case version == 6 && i.Type == "unreachable":
		code, ok = icmpUnreachable6[i.Code]
		return 1, code, ok
	case version == 6 && i.Type == "packet_too_big":
		return 2, 0, i.Code == ""
	case version == 6 && i.Type == "time_exceeded":
		return 3, 0, i.Code == "" || i.Code == "exc_hop_limit"
	}
	return 0, 0, false
}

// encodeICMP writes the message about a segment that the host is said to have sent: its IP header and
// the first eight bytes of its TCP header are quoted, which is the least there must be.
func (r *runner) encodeICMP(i *ICMP, f *flow, seq uint32) ([]byte, bool) {
	version := uint8(4)
	if f.remote.Addr().Is6() {
		version = 6
	}
	typ, code, ok := icmpNumbers(i, version)
	if !ok {
		return nil, false
	}
	header := ip.Header{Src: f.local.Addr(), Dst: f.remote.Addr(), Protocol: ip.ProtoTCP, TTL: 64, DontFragment: true}
	quote := ip.AppendHeader(nil, &header, tcpHeaderLen)
	quote = binary.BigEndian.AppendUint16(quote, f.local.Port())
	quote = binary.BigEndian.AppendUint16(quote, f.remote.Port())
	quote = binary.BigEndian.AppendUint32(quote, seq)
	b := []byte{typ, code, 0, 0}
	b = binary.BigEndian.AppendUint32(b, uint32(i.MTU))
	b = append(b, quote...)
	header = ip.Header{Src: f.remote.Addr(), Dst: f.local.Addr(), Protocol: ip.ProtoICMP, TTL: 255}
	var sum uint32
	if version == 6 {
		header.Protocol = ip.ProtoICMPv6
		sum = ip.PseudoSum(header.Src, header.Dst, header.Protocol, len(b))
	}
	binary.BigEndian.PutUint16(b[2:], ip.Checksum(b, sum))
	return append(ip.AppendHeader(nil, &header, len(b)), b...), true
}
