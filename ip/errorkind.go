package ip

// What ICMP errors say, without the difference between the families:
// RFC 792, RFC 1812 §5.2.7 and RFC 4443 §3.

// An ErrorKind is what an ICMP error says about a packet, in words that hold
// for both families. Zero is no error.
type ErrorKind uint8

// The kinds of ICMP errors.
const (
	NetUnreachable ErrorKind = iota + 1
	HostUnreachable
	ProtocolUnreachable
	PortUnreachable
	Prohibited        // a filter or a policy stands in the way
	TooBig            // longer than the next link's MTU
	HopLimitExceeded  // the TTL ran out on the way
	ReassemblyTimeout // not all fragments came in time
	ParameterProblem  // a header field is wrong
	UnknownOption     // an IPv6 option that must be known is not
	OtherError        // an ICMPv6 error of an unknown type

	numErrorKinds
)

var errorKindText = [numErrorKinds]string{
	"no error", "network unreachable", "host unreachable", "protocol unreachable", "port unreachable",
	"communication prohibited", "packet too big", "hop limit exceeded", "reassembly timed out",
	"header field wrong", "unknown option", "unknown ICMP error",
}

// String says the kind in a few words.
func (k ErrorKind) String() string {
	if int(k) < len(errorKindText) {
		return errorKindText[k]
	}
	return "unknown"
}

// IsHard reports whether the error says that trying again is of no use
// (RFC 1122 §4.2.3.9 for the unreachable protocol and port; Linux counts
// prohibitions as well). TooBig is not hard: smaller packets may pass (RFC 1191).
// Whether TCP believes a hard error is TCP's affair (RFC 5927 §5.2).
func (k ErrorKind) IsHard() bool {
	return k == ProtocolUnreachable || k == PortUnreachable || k == Prohibited
}
