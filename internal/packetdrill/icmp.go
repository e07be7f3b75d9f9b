package packetdrill

import (
	"encoding/binary"

	"github.com/sockeye-tcp/sockeye/ip"
)

// ICMP errors that the network sends: RFC 792, RFC 1191, RFC 4443.

// icmpUnreachable4 are the codes of type 3 over IPv4.
var icmpUnreachable4 = map[string]uint8{
	"net_unreachable": 0, "host_unreachable": 1, "protocol_unreachable": 2, "port_unreachable": 3,
	"frag_needed": 4, "source_route_failed": 5, "net_unknown": 6, "host_unknown": 7, "source_host_isolated": 8,
	"net_prohibited": 9, "host_prohibited": 10, "net_unreachable_for_tos": 11, "host_unreachable_for_tos": 12,
	"packet_filtered": 13, "host_precedence_violation": 14, "precedence_cutoff": 15,
}

// icmpUnreachable6 are the codes of type 1 over IPv6.
var icmpUnreachable6 = map[string]uint8{
	"no_route": 0, "admin_prohibited": 1, "not_neighbour": 2, "addr_unreachable": 3, "address_unreachable": 3,
	"port_unreachable": 4, "policy_fail": 5, "reject_route": 6,
}

// An icmpType is a type of message with the codes that it can have; "" is the code when none is written.
type icmpType struct {
	number uint8
	codes  map[string]uint8
}

var icmpTypes4 = map[string]icmpType{
	"unreachable":       {3, icmpUnreachable4},
	"source_quench":     {4, map[string]uint8{"": 0}},
	"redirect":          {5, map[string]uint8{"": 0, "net": 0, "host": 1, "tos_net": 2, "tos_host": 3}},
	"time_exceeded":     {11, map[string]uint8{"": 0, "exc_ttl": 0, "exc_frag_time": 1}},
	"parameter_problem": {12, map[string]uint8{"": 0, "pointer": 0, "option": 1, "length": 2}},
}

var icmpTypes6 = map[string]icmpType{
	"unreachable":       {1, icmpUnreachable6},
	"packet_too_big":    {2, map[string]uint8{"": 0}},
	"time_exceeded":     {3, map[string]uint8{"": 0, "exc_hop_limit": 0, "exc_frag_time": 1}},
	"parameter_problem": {4, map[string]uint8{"": 0, "header_field": 0, "next_header": 1, "option": 2}},
}

// icmpNumbers returns type and code of a message for an IP version.
func icmpNumbers(i *ICMP, version uint8) (typ, code uint8, ok bool) {
	types := icmpTypes4
	if version == 6 {
		types = icmpTypes6
	}
	t, ok := types[i.Type]
	if !ok {
		return 0, 0, false
	}
	code, ok = t.codes[i.Code]
	return t.number, code, ok
}

// encodeICMP writes the message about a segment that the host is said to have sent: its IP header and
// the first eight bytes of its TCP header are quoted, which is the least there must be.
func (r *runner) encodeICMP(i *ICMP, f *flow, seq uint32) ([]byte, bool) {
	version := uint8(4)
	if f.remote.Addr().Is6() {
		version = 6
	}
	if meaning, ok := r.set.defines[i.Code]; ok {
		named := *i
		named.Code = meaning
		i = &named
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
