package ip

import "encoding/binary"

// IPv6 extension headers of packets that arrive, RFC 8200 §4.

// maxExtensions bounds the extension headers of one packet. RFC 8200 §4.1 lists
// seven that a sensible packet can have, and RFC 8504 §5.3 allows a bound.
const maxExtensions = 8

// fragmentHeaderLen is the length of the Fragment header in bytes.
const fragmentHeaderLen = 8

// The options that are known, RFC 8200 §4.2 and RFC 2711. Their two highest
// bits are 0, as those of any option that may be skipped.
const optionPad1 = 0

// walkExtensions reads the chain of extension headers of the packet b, which
// ends where the IPv6 payload ends. It stops at the first header that is none,
// or at a Fragment header that says that this is a fragment. A hop-by-hop
// header anywhere but first counts as an unknown protocol (RFC 8200 §4.1).
func walkExtensions(b []byte, h *Header) Drop {
	for range maxExtensions {
		if !isExtension(h) {
			return NoDrop
		}
		at := h.HeaderLen
		if at+8 > len(b) {
			return DropShort
		}
		if h.Protocol == ProtoFragment {
			if whole, d := readFragment(b, h); !whole {
				return d
			}
			continue
		}
		end := at + (int(b[at+1])+1)*8
		if end > len(b) {
			return DropShort
		}
		if d := checkExtension(b[:end], at, h); d != NoDrop {
			return d
		}
		h.Protocol, h.HeaderLen, h.NextHeaderAt = Protocol(b[at]), end, at
	}
	if isExtension(h) {
		return DropOptions // too many
	}
	return NoDrop
}

// isExtension reports whether what lies at h.HeaderLen is an extension header that we can read.
func isExtension(h *Header) bool {
	switch h.Protocol {
	case ProtoHopByHop:
		return h.HeaderLen == HeaderLen6
	case ProtoRouting, ProtoFragment, ProtoDestOptions:
		return true
	}
	return false
}

// checkExtension checks the extension header b[at:], which is not a Fragment header.
func checkExtension(b []byte, at int, h *Header) Drop {
	if h.Protocol == ProtoRouting {
		// With no segments left the header is history. Otherwise we would
		// have to forward, and no routing type is known to us (RFC 8200 §4.4; RFC 5095 for type 0).
		if b[at+3] != 0 {
			return refuse(h, ParameterProblem, at+2)
		}
		return NoDrop
	}
	for i := at + 2; i < len(b); {
		if b[i] == optionPad1 {
			i++
			continue
		}
		if i+1 >= len(b) || i+2+int(b[i+1]) > len(b) {
			return refuse(h, ParameterProblem, i)
		}
		switch b[i] >> 6 { // what to do with an unknown option (RFC 8200 §4.2)
		case 1:
			return DropOptions
		case 2, 3:
			return refuse(h, UnknownOption, i)
		}
		i += 2 + int(b[i+1])
	}
	return NoDrop
}

// refuse says what the sender is to be told, and returns DropOptions.
func refuse(h *Header, kind ErrorKind, at int) Drop {
	h.Report, h.ReportAt = kind, at
	return DropOptions
}

// readFragment reads the Fragment header at h.HeaderLen, RFC 8200 §4.5, and
// steps over it. It reports whether the packet is whole: an atomic fragment,
// which is handled as if the header were absent (RFC 6946 §4).
func readFragment(b []byte, h *Header) (whole bool, d Drop) {
	at := h.HeaderLen
	frag := binary.BigEndian.Uint16(b[at+2:])
	h.fragmentFrom = h.NextHeaderAt
	h.ID = binary.BigEndian.Uint32(b[at+4:])
	h.FragOffset, h.MoreFragments = int(frag&^7), frag&1 != 0
	h.Protocol, h.HeaderLen, h.NextHeaderAt = Protocol(b[at]), at+fragmentHeaderLen, at
	if !h.IsFragment() {
		return true, NoDrop
	}
	n := len(b) - h.HeaderLen
	switch {
	case n == 0:
		return false, DropFragment
	case h.MoreFragments && n%8 != 0:
		h.Report, h.ReportAt = ParameterProblem, 4 // the payload length
		return false, DropFragment
	case h.FragOffset+n > MaxPacket:
		h.Report, h.ReportAt = ParameterProblem, at+2 // the fragment offset
		return false, DropFragment
	case h.FragOffset == 0:
		return false, checkFirst(b, *h)
	}
	return false, NoDrop
}

// checkFirst refuses a first fragment that does not hold the whole chain of
// headers: such are made to slip past filters (RFC 7112 §5). It works on a
// copy of the header, as the fragment's own ends behind the Fragment header.
func checkFirst(b []byte, h Header) Drop {
	for range maxExtensions {
		if h.Protocol == ProtoFragment || !isExtension(&h) {
			break
		}
		at := h.HeaderLen
		if at+8 > len(b) {
			return DropFragment
		}
		h.Protocol, h.HeaderLen = Protocol(b[at]), at+(int(b[at+1])+1)*8
	}
	if h.HeaderLen+transportMin(h.Protocol) > len(b) {
		return DropFragment
	}
	return NoDrop
}

// transportMin returns the length of the shortest header of a protocol, 0 when it is not known.
func transportMin(p Protocol) int {
	switch p {
	case ProtoTCP:
		return 20
	case ProtoUDP:
		return UDPHeaderLen
	case ProtoICMPv6:
		return icmpHeaderLen
	}
	return 0
}
