package ip

import (
	"encoding/binary"
	"net/netip"
)

// ICMP errors that arrive: what they say, and about which packet of ours.
// RFC 792, RFC 1191, RFC 4443 §3, RFC 8201.

// An ICMPError is an ICMP error about a packet that we sent, or that somebody
// made up: nothing in it is proved. RFC 5927 §4 tells what to check.
type ICMPError struct {
	Kind       ErrorKind
	Type, Code uint8 // as they were on the wire

	// The quoted packet: ours, so that Local is its source.
	Protocol      Protocol
	Local, Remote netip.AddrPort // ports are 0 unless Protocol is TCP or UDP
	Size          int            // its length, as its header says
	Seq           uint32         // TCP: the sequence number of the segment
	ID            uint16         // ICMP and ICMPv6: the identifier of the echo request

	MTU     int // TooBig: the next link's MTU in bytes, at least MinMTU4 or MinMTU6
	Pointer int // ParameterProblem and its like: the offset at fault
}

// ParseICMPError reads what error message m says into e. It returns
// DropICMPInvalid when m is no error that concerns a host (source quench, by
// RFC 6633, and redirect included), quotes too little to tell whose packet it
// is about, or reports an MTU that no link may have.
func ParseICMPError(m *ICMP, e *ICMPError) Drop {
	*e = ICMPError{Type: m.Type, Code: m.Code}
	var ok bool
	if m.Version == 4 {
		e.Kind = errorKind4(m.Type, m.Code)
		ok = e.Kind != 0 && readQuote4(m.Body, e)
	} else {
		e.Kind = errorKind6(m.Type, m.Code)
		ok = e.Kind != 0 && readQuote6(m.Body, e)
	}
	if !ok || !e.readRest(m) {
		return DropICMPInvalid
	}
	return NoDrop
}

// errorKind4 returns the kind of an IPv4 error, 0 when it is none of them.
func errorKind4(typ, code uint8) ErrorKind {
	switch typ {
	case icmp4Unreachable:
		return unreachableKind4(code)
	case icmp4TimeExceeded:
		if code == 1 {
			return ReassemblyTimeout
		}
		return HopLimitExceeded
	case icmp4ParameterProblem:
		return ParameterProblem
	}
	return 0
}

// unreachableKind4 sorts the codes of RFC 792, RFC 1122 §3.2.2.1 and RFC 1812 §5.2.7.1.
func unreachableKind4(code uint8) ErrorKind {
	switch code {
	case 2:
		return ProtocolUnreachable
	case 3:
		return PortUnreachable
	case 4:
		return TooBig
	case 1, 5, 7, 8, 12: // host unreachable, source route failed, unknown, isolated, not for this TOS
		return HostUnreachable
	case 9, 10, 13, 14, 15: // network, host, communication prohibited; precedence
		return Prohibited
	}
	return NetUnreachable // 0, 6, 11, and codes yet unknown
}

// errorKind6 returns the kind of an IPv6 error, 0 when it is none. Errors of
// an unknown type must still be passed up (RFC 4443 §2.4(a)).
func errorKind6(typ, code uint8) ErrorKind {
	switch {
	case typ >= 128:
		return 0
	case typ == icmp6Unreachable:
		return unreachableKind6(code)
	case typ == icmp6TooBig:
		return TooBig
	case typ == icmp6TimeExceeded && code == 1:
		return ReassemblyTimeout
	case typ == icmp6TimeExceeded:
		return HopLimitExceeded
	case typ == icmp6ParameterProblem && code == 1:
		return ProtocolUnreachable
	case typ == icmp6ParameterProblem && code == 2:
		return UnknownOption
	case typ == icmp6ParameterProblem:
		return ParameterProblem
	}
	return OtherError
}

// unreachableKind6 sorts the codes of RFC 4443 §3.1 and RFC 6550 §20.
func unreachableKind6(code uint8) ErrorKind {
	switch code {
	case 1, 5, 6: // prohibited, source address failed policy, reject route
		return Prohibited
	case 2, 3, 7: // beyond the scope of the source, address unreachable, source routing error
		return HostUnreachable
	case 4:
		return PortUnreachable
	}
	return NetUnreachable
}

// readQuote4 reads the IPv4 packet that an error quotes. It is ours, cut off
// somewhere, and routers may have changed it: its lengths and its checksum prove nothing.
func readQuote4(b []byte, e *ICMPError) bool {
	if len(b) < HeaderLen4 || b[0]>>4 != 4 {
		return false
	}
	n := int(b[0]&0x0f) * 4
	if n < HeaderLen4 || binary.BigEndian.Uint16(b[6:])&offsetMask != 0 {
		return false // only the first fragment holds ports
	}
	src, dst := netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20]))
	e.Size = int(binary.BigEndian.Uint16(b[2:]))
	if e.Kind == TooBig {
		e.MTU = plateau(e.Size) // unless the error knows better
	}
	return e.readTransport(b[min(n, len(b)):], Protocol(b[9]), src, dst)
}

// readQuote6 reads the IPv6 packet that an error quotes.
func readQuote6(b []byte, e *ICMPError) bool {
	if len(b) < HeaderLen6 || b[0]>>4 != 6 {
		return false
	}
	e.Size = HeaderLen6 + int(binary.BigEndian.Uint16(b[4:]))
	src, dst := netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40]))
	h := Header{Protocol: Protocol(b[6]), HeaderLen: HeaderLen6}
	for range maxExtensions {
		at := h.HeaderLen
		if !isExtension(&h) || at+8 > len(b) {
			break
		}
		n := (int(b[at+1]) + 1) * 8
		if h.Protocol == ProtoFragment {
			if n = fragmentHeaderLen; binary.BigEndian.Uint16(b[at+2:])&^7 != 0 {
				return false
			}
		}
		h.Protocol, h.HeaderLen = Protocol(b[at]), at+n
	}
	return e.readTransport(b[min(h.HeaderLen, len(b)):], h.Protocol, src, dst)
}

// readTransport reads the start of the quoted transport header. Eight bytes
// of it are the least that an error has to quote (RFC 792).
func (e *ICMPError) readTransport(b []byte, proto Protocol, src, dst netip.Addr) bool {
	if len(b) < 8 {
		return false
	}
	e.Protocol = proto
	var from, to uint16
	switch proto {
	case ProtoTCP:
		e.Seq = binary.BigEndian.Uint32(b[4:])
		fallthrough
	case ProtoUDP:
		from, to = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	case ProtoICMP, ProtoICMPv6:
		e.ID = binary.BigEndian.Uint16(b[4:])
	}
	e.Local, e.Remote = netip.AddrPortFrom(src, from), netip.AddrPortFrom(dst, to)
	return true
}

// readRest reads the MTU or the pointer and reports whether it is possible.
func (e *ICMPError) readRest(m *ICMP) bool {
	switch {
	case e.Kind == TooBig && m.Version == 4:
		if mtu := int(uint16(m.Rest)); mtu != 0 {
			e.MTU = mtu
		}
		return e.MTU >= MinMTU4
	case e.Kind == TooBig:
		// RFC 8201 §4: a report of less than the minimum must be discarded.
		e.MTU = int(min(m.Rest, MaxPacket))
		return e.MTU >= MinMTU6
	case m.Version == 4 && m.Type == icmp4ParameterProblem:
		e.Pointer = int(m.Rest >> 24)
	case m.Version == 6 && m.Type == icmp6ParameterProblem:
		e.Pointer = int(min(m.Rest, MaxPacket))
	}
	return true
}

// plateaus are the MTUs that were common when routers did not report theirs
// (RFC 1191 §7.1, Table 7-1).
var plateaus = [...]int{32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296, MinMTU4}

// plateau guesses the MTU at which a packet of the given length did not pass.
func plateau(length int) int {
	for _, mtu := range plateaus {
		if mtu < length {
			return mtu
		}
	}
	return MinMTU4
}
