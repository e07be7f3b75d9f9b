package ip

import "strconv"

// Protocol numbers, RFC 791 §3.1 and RFC 8200 §3; IANA keeps one list for both families.

// A Protocol says what follows the IP header: the Protocol field of IPv4 and
// the last Next Header field of IPv6.
type Protocol uint8

// The protocols and extension headers that this package names.
const (
	ProtoHopByHop     Protocol = 0 // RFC 8200 §4.3
	ProtoICMP         Protocol = 1 // RFC 792, over IPv4
	ProtoTCP          Protocol = 6
	ProtoUDP          Protocol = 17
	ProtoRouting      Protocol = 43 // RFC 8200 §4.4
	ProtoFragment     Protocol = 44 // RFC 8200 §4.5
	ProtoESP          Protocol = 50 // not supported
	ProtoAH           Protocol = 51 // not supported
	ProtoICMPv6       Protocol = 58 // RFC 4443
	ProtoNoNextHeader Protocol = 59 // nothing follows, and that is no error (RFC 8200 §4.7)
	ProtoDestOptions  Protocol = 60 // RFC 8200 §4.6
)

// String returns the protocol's usual name, or its number.
func (p Protocol) String() string {
	switch p {
	case ProtoHopByHop:
		return "hop-by-hop options"
	case ProtoICMP:
		return "ICMP"
	case ProtoTCP:
		return "TCP"
	case ProtoUDP:
		return "UDP"
	case ProtoRouting:
		return "routing header"
	case ProtoFragment:
		return "fragment header"
	case ProtoESP:
		return "ESP"
	case ProtoAH:
		return "AH"
	case ProtoICMPv6:
		return "ICMPv6"
	case ProtoNoNextHeader:
		return "no next header"
	case ProtoDestOptions:
		return "destination options"
	}
	return "protocol " + strconv.Itoa(int(p))
}
