package ip

import "net/netip"

// The IP header in host form, both families: RFC 791 §3.1, RFC 8200 §3 and §4.

// Lengths in bytes.
const (
	HeaderLen4 = 20 // IPv4 header without options
	HeaderLen6 = 40 // IPv6 header without extension headers

	// MaxPacket is the longest packet: the IPv4 Total Length field has 16 bits.
	// IPv6 allows 40 bytes more; we never send them.
	MaxPacket = 65535

	MinMTU4 = 68   // every IPv4 link carries this much (RFC 791 §3.2)
	MinMTU6 = 1280 // every IPv6 link carries this much (RFC 8200 §5)
)

// DefaultTTL is the hop limit of packets whose sender does not choose one (RFC 1700, "IP time to live").
const DefaultTTL = 64

// A Header is the IP header of one packet, with all IPv4 options and IPv6
// extension headers. ParseHeader fills every field; AppendHeader reads those
// that are not marked "in".
type Header struct {
	Version   uint8 // in: 4 or 6; a header to be sent has the family of Dst
	TOS       uint8 // Differentiated Services and ECN; the IPv6 traffic class
	TTL       uint8 // hop limit; 0 is sent as DefaultTTL
	Protocol  Protocol
	Src, Dst  netip.Addr // of the same family, IPv4 never as IPv4-mapped IPv6
	FlowLabel uint32     // IPv6: 20 bits

	// ID is the identification: 16 bits in IPv4; in IPv6 the 32 bits of the
	// Fragment header, 0 when there is none. The sender of a packet that may
	// be cut must not use the same ID twice within the packets' lifetime
	// between the same addresses (and for the same protocol, in IPv4); in a
	// packet with DontFragment it means nothing (RFC 6864 §4.1).
	ID uint32

	// FragOffset is where in the datagram this fragment's payload belongs, in bytes: a multiple of 8.
	FragOffset    int
	MoreFragments bool
	DontFragment  bool // IPv4 DF; Cut obeys it for both families

	// HeaderLen is the offset of the payload in the packet: behind IPv4
	// options and all IPv6 extension headers. In an IPv6 fragment it lies just
	// behind the Fragment header. in.
	HeaderLen int
	// TotalLen is the length of the packet; link padding may follow it. in.
	TotalLen int
	// NextHeaderAt is the offset of the byte that names Protocol. in.
	NextHeaderAt int

	// Report and ReportAt are set when ParseHeader refuses a packet about
	// which its sender ought to be told: the kind and pointer for
	// AppendICMPError. Report is 0 when silence is right. in.
	Report   ErrorKind
	ReportAt int

	fragmentFrom int // IPv6: the offset of the byte that names the Fragment header
}

// IsFragment reports whether the packet is a part of a datagram. An IPv6
// "atomic" fragment, which has the header but is whole, is none (RFC 6946).
func (h *Header) IsFragment() bool { return h.MoreFragments || h.FragOffset != 0 }

// Payload returns what packet b, whose header is h, carries: no headers and no link padding.
func (h *Header) Payload(b []byte) []byte { return b[h.HeaderLen:h.TotalLen] }

// ParseHeader reads the IP header at the start of b, of either version, with
// everything up to the payload, and checks all of it. On NoDrop the payload is
// b[h.HeaderLen:h.TotalLen], and slicing it cannot fail. On any other result h
// holds no more than Report needs: when h.Report is set, h can be given to
// AppendICMPError. It never panics and does not allocate.
//
// The sender's address is checked to be one that another host can have; whether
// Dst is ours, and whether Src is the broadcast address of a subnet, only the
// host knows. A Protocol of which the host has no implementation is for the
// host to refuse too (DropProtocol).
func ParseHeader(b []byte, h *Header) Drop {
	if len(b) == 0 {
		*h = Header{}
		return DropShort
	}
	switch b[0] >> 4 {
	case 4:
		return parse4(b, h)
	case 6:
		return parse6(b, h)
	}
	*h = Header{}
	return DropVersion
}

// AppendHeader appends the IP header of a packet with payloadLen bytes of
// payload to dst and returns the result. IPv4 gets no options; IPv6 gets a
// Fragment header when h is that of a fragment, and no other extension
// header. It panics when the addresses are not of one family, or when the
// packet would be longer than MaxPacket: callers check lengths before.
func AppendHeader(dst []byte, h *Header, payloadLen int) []byte {
	switch {
	case h.Src.Is4() && h.Dst.Is4():
		return append4(dst, h, payloadLen)
	case h.Src.Is6() && h.Dst.Is6():
		return append6(dst, h, payloadLen)
	}
	panic("BUG: IP header with addresses of different families")
}

// isSourceBad reports whether no host outside can have the address, so that
// a packet from it is forged or astray (RFC 1122 §3.2.1.3, RFC 4291 §2.5-2.7).
// Unspecified addresses are refused altogether: we do neither DHCP nor
// duplicate address detection, which alone use them.
func isSourceBad(a netip.Addr) bool {
	// An IPv4-mapped source would pass for an IPv4 peer further up; Linux refuses it as well.
	return a.IsUnspecified() || a.IsMulticast() || a.IsLoopback() || a.Is4In6() || isBroadcast(a)
}

// isBroadcast reports whether a is the limited broadcast address.
func isBroadcast(a netip.Addr) bool { return a.Is4() && a.As4() == [4]byte{255, 255, 255, 255} }
