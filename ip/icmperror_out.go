package ip

import "net/netip"

// ICMP errors that we send: RFC 1122 §3.2.2, RFC 1812 §4.3.2, RFC 4443 §2.4.

// How much of an offending packet is quoted: as much as keeps the whole error
// within what every host takes (RFC 1812 §4.3.2.3; RFC 4443 §2.4(c)).
const (
	maxQuote4 = 576 - HeaderLen4 - icmpHeaderLen
	maxQuote6 = MinMTU6 - HeaderLen6 - icmpHeaderLen
)

// AppendICMPError appends to b the ICMP message, checksum included, that
// tells the sender of a packet what became of it. Packet is the packet as it
// arrived and h its header; src is the address from which the error is to be
// sent, and h.Src the address to which. Arg is the MTU for TooBig, the offset
// at fault for ParameterProblem and UnknownOption (h.ReportAt), and unused otherwise.
//
// It reports false, and appends nothing, when no error may be sent about the
// packet: see MayReport. The caller limits the rate (RFC 1812 §4.3.2.8, RFC 4443 §2.4(f)).
func AppendICMPError(b []byte, src netip.Addr, kind ErrorKind, arg int, packet []byte, h *Header) ([]byte, bool) {
	if !MayReport(packet, h) {
		return b, false
	}
	if kind == ProtocolUnreachable {
		arg = h.NextHeaderAt
	}
	packet = packet[:h.TotalLen]
	if h.Version == 4 {
		typ, code := errorType4(kind)
		return appendICMP(b, src, h.Src, typ, code, errorRest4(kind, arg), quote(packet, maxQuote4)), true
	}
	typ, code := errorType6(kind)
	var rest uint32
	if typ == icmp6TooBig || typ == icmp6ParameterProblem {
		rest = uint32(arg)
	}
	return appendICMP(b, src, h.Src, typ, code, rest, quote(packet, maxQuote6)), true
}

// MayReport reports whether an ICMP error may be sent about a packet at all.
// None is sent about an ICMP error, about any fragment but the first, about a
// packet to many receivers, or to an address that is no single host's
// (RFC 1122 §3.2.2, RFC 4443 §2.4(e)). ICMPv6 would allow, for some errors,
// packets to many receivers: we stay silent there, as we join no groups.
func MayReport(packet []byte, h *Header) bool {
	if h.TotalLen == 0 || h.TotalLen > len(packet) || h.HeaderLen > h.TotalLen {
		return false
	}
	if h.FragOffset != 0 || isSourceBad(h.Src) || h.Dst.IsMulticast() || isBroadcast(h.Dst) {
		return false
	}
	if h.Protocol == ProtoICMP && h.Version == 4 || h.Protocol == ProtoICMPv6 && h.Version == 6 {
		m := h.Payload(packet)
		return len(m) > 0 && !isICMPError(h.Version, m[0])
	}
	return true
}

// quote returns as much of a packet as an error may hold.
func quote(packet []byte, limit int) []byte { return packet[:min(len(packet), limit)] }

// errorType4 returns the type and code that say kind in IPv4.
func errorType4(kind ErrorKind) (typ, code uint8) {
	switch kind {
	case NetUnreachable:
		return icmp4Unreachable, 0
	case HostUnreachable:
		return icmp4Unreachable, 1
	case ProtocolUnreachable:
		return icmp4Unreachable, 2
	case PortUnreachable:
		return icmp4Unreachable, 3
	case TooBig:
		return icmp4Unreachable, 4
	case Prohibited:
		return icmp4Unreachable, 13 // RFC 1812 §5.2.7.1
	case HopLimitExceeded:
		return icmp4TimeExceeded, 0
	case ReassemblyTimeout:
		return icmp4TimeExceeded, 1
	case ParameterProblem, UnknownOption:
		return icmp4ParameterProblem, 0
	}
	panic("BUG: ICMP error of no kind")
}

// errorRest4 returns the second word of an IPv4 error: the MTU in its low
// half (RFC 1191 §4), the pointer in its highest byte (RFC 792).
func errorRest4(kind ErrorKind, arg int) uint32 {
	switch kind {
	case TooBig:
		return uint32(uint16(arg))
	case ParameterProblem, UnknownOption:
		return uint32(uint8(arg)) << 24
	}
	return 0
}

// errorType6 returns the type and code that say kind in IPv6. An unreachable
// protocol is an unknown Next Header there (RFC 4443 §3.4).
func errorType6(kind ErrorKind) (typ, code uint8) {
	switch kind {
	case NetUnreachable:
		return icmp6Unreachable, 0
	case Prohibited:
		return icmp6Unreachable, 1
	case HostUnreachable:
		return icmp6Unreachable, 3
	case PortUnreachable:
		return icmp6Unreachable, 4
	case TooBig:
		return icmp6TooBig, 0
	case HopLimitExceeded:
		return icmp6TimeExceeded, 0
	case ReassemblyTimeout:
		return icmp6TimeExceeded, 1
	case ParameterProblem:
		return icmp6ParameterProblem, 0
	case ProtocolUnreachable:
		return icmp6ParameterProblem, 1
	case UnknownOption:
		return icmp6ParameterProblem, 2
	}
	panic("BUG: ICMP error of no kind")
}
