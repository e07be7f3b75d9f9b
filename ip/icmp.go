package ip

import (
	"encoding/binary"
	"net/netip"
)

// ICMP messages: RFC 792 over IPv4, RFC 4443 over IPv6. This file holds the
// message itself and echo; icmperror_in.go and icmperror_out.go hold errors.

const icmpHeaderLen = 8

// Types of ICMP messages over IPv4, RFC 792.
const (
	icmp4EchoReply        = 0
	icmp4Unreachable      = 3
	icmp4SourceQuench     = 4
	icmp4Redirect         = 5
	icmp4Echo             = 8
	icmp4TimeExceeded     = 11
	icmp4ParameterProblem = 12
)

// Types of ICMPv6 messages, RFC 4443. Those below 128 are errors.
const (
	icmp6Unreachable      = 1
	icmp6TooBig           = 2
	icmp6TimeExceeded     = 3
	icmp6ParameterProblem = 4
	icmp6Echo             = 128
	icmp6EchoReply        = 129
	icmp6Redirect         = 137 // RFC 4861 §4.5: no error by number, but never to be answered
)

// An ICMP is an ICMP message that arrived, over either family.
type ICMP struct {
	Version    uint8 // 4 or 6
	Type, Code uint8
	// Rest is what the second word of the header holds; its meaning depends
	// on Type: identifier and sequence number of an echo, MTU, pointer.
	Rest uint32
	// Body follows the header, inside the packet: the data of an echo, or
	// the start of the packet that an error is about.
	Body []byte
}

// ParseICMP reads the ICMP message b, the payload of an IP packet from src to
// dst, and checks its checksum unless checksumOK vouches for it. m.Body aliases b.
func ParseICMP(b []byte, src, dst netip.Addr, checksumOK bool, m *ICMP) Drop {
	*m = ICMP{Version: 6}
	var sum uint32
	if src.Is4() {
		m.Version = 4
	} else {
		sum = PseudoSum(src, dst, ProtoICMPv6, len(b))
	}
	if len(b) < icmpHeaderLen {
		return DropShort
	}
	if !checksumOK && Checksum(b, sum) != 0 {
		return DropChecksum
	}
	m.Type, m.Code = b[0], b[1]
	m.Rest, m.Body = binary.BigEndian.Uint32(b[4:]), b[icmpHeaderLen:]
	return NoDrop
}

// IsError reports whether the message tells of a packet that went astray. No
// message is ever sent about such a message.
func (m *ICMP) IsError() bool { return isICMPError(m.Version, m.Type) }

// IsEchoRequest reports whether the message asks for an echo.
func (m *ICMP) IsEchoRequest() bool {
	return m.Code == 0 && m.Type == echoType(m.Version, true)
}

// IsEchoReply reports whether the message answers an echo request.
func (m *ICMP) IsEchoReply() bool {
	return m.Code == 0 && m.Type == echoType(m.Version, false)
}

// Echo returns the identifier and the sequence number of an echo request or reply.
func (m *ICMP) Echo() (id, seq uint16) { return uint16(m.Rest >> 16), uint16(m.Rest) }

// AppendEchoRequest appends an ICMP echo request from src to dst to b.
// The message is of the addresses' family and has its checksum.
func AppendEchoRequest(b []byte, src, dst netip.Addr, id, seq uint16, data []byte) []byte {
	return appendICMP(b, src, dst, echoType(version(src), true), 0, uint32(id)<<16|uint32(seq), data)
}

// AppendEchoReply appends to b the answer to echo request m, to be sent from
// src to dst: identifier, sequence number and data return unchanged (RFC 1122 §3.2.2.6).
func AppendEchoReply(b []byte, src, dst netip.Addr, m *ICMP) []byte {
	return appendICMP(b, src, dst, echoType(m.Version, false), 0, m.Rest, m.Body)
}

// appendICMP appends a message of the family of src to b.
func appendICMP(b []byte, src, dst netip.Addr, typ, code uint8, rest uint32, body []byte) []byte {
	at := len(b)
	b = append(b, typ, code, 0, 0)
	b = binary.BigEndian.AppendUint32(b, rest)
	b = append(b, body...)
	var sum uint32
	if !src.Is4() {
		sum = PseudoSum(src, dst, ProtoICMPv6, len(b)-at)
	}
	binary.BigEndian.PutUint16(b[at+2:], Checksum(b[at:], sum))
	return b
}

// isICMPError reports whether messages of a type tell of errors, or are like
// them in that nothing may be sent about them (RFC 1122 §3.2.2, RFC 4443 §2.4(e)).
func isICMPError(version, typ uint8) bool {
	if version == 6 {
		return typ < 128 || typ == icmp6Redirect
	}
	switch typ {
	case icmp4Unreachable, icmp4SourceQuench, icmp4Redirect, icmp4TimeExceeded, icmp4ParameterProblem:
		return true
	}
	return false
}

// echoType returns the type of an echo request or reply.
func echoType(version uint8, request bool) uint8 {
	switch {
	case version == 4 && request:
		return icmp4Echo
	case version == 4:
		return icmp4EchoReply
	case request:
		return icmp6Echo
	}
	return icmp6EchoReply
}

// version returns the family of an address as an IP version.
func version(a netip.Addr) uint8 {
	if a.Is4() {
		return 4
	}
	return 6
}
