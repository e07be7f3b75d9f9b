package pcap

import (
	"encoding/binary"
	"fmt"
)

// What stands in front of the IP header, by kind of link.

// A linkType is a LINKTYPE_ number, https://www.tcpdump.org/linktypes.html.
type linkType uint32

// The links that are supported.
const (
	linkNull     linkType = 0 // BSD loopback, in the byte order of the machine
	linkEthernet linkType = 1
	linkRawBSD   linkType = 12 // raw IP, as BSD numbered it
	linkRawOld   linkType = 14 // and OpenBSD
	linkRaw      linkType = 101
	linkLoop     linkType = 108 // OpenBSD loopback, in network byte order
	linkSLL      linkType = 113
	linkIPv4     linkType = 228
	linkIPv6     linkType = 229
	linkSLL2     linkType = 276
)

// unsupported names links that people do capture.
var unsupported = map[linkType]string{
	9: "PPP", 105: "802.11", 127: "802.11 with radiotap", 189: "USB", 220: "USB", 195: "802.15.4", 201: "Bluetooth", 239: "netfilter log", 253: "netlink",
}

// supported reports whether IP can be found on the link.
func (l linkType) supported() bool {
	switch l {
	case linkNull, linkEthernet, linkRawBSD, linkRawOld, linkRaw, linkLoop, linkSLL, linkIPv4, linkIPv6, linkSLL2:
		return true
	}
	return false
}

// refusal says that a link is not supported.
func (l linkType) refusal() string {
	name := ""
	if s := unsupported[l]; s != "" {
		name = " (" + s + ")"
	}
	return fmt.Sprintf("a capture of link type %d%s; Ethernet, Linux cooked, loopback and raw IP are supported", l, name)
}

// EtherTypes.
const (
	etherIPv4 = 0x0800
	etherIPv6 = 0x86dd
	etherVLAN = 0x8100
	etherQinQ = 0x88a8
	etherOld  = 0x9100 // the tag of tags before 802.1ad
)

// network returns the IP packet in a frame, nil when there is none.
func network(link linkType, b []byte) []byte {
	switch link {
	case linkEthernet:
		return tagged(b, 12, 14)
	case linkSLL:
		return tagged(b, 14, 16)
	case linkSLL2:
		return tagged(b, 0, 20)
	case linkNull, linkLoop:
		return loopback(b)
	case linkRaw, linkRawBSD, linkRawOld, linkIPv4, linkIPv6:
		return versioned(b)
	}
	return nil
}

// tagged returns the packet behind a header with an EtherType at some place, and behind any VLAN tags.
func tagged(b []byte, at, header int) []byte {
	if len(b) < header {
		return nil
	}
	kind := binary.BigEndian.Uint16(b[at:])
	b = b[header:]
	for kind == etherVLAN || kind == etherQinQ || kind == etherOld {
		if len(b) < 4 {
			return nil
		}
		kind, b = binary.BigEndian.Uint16(b[2:]), b[4:]
	}
	if kind != etherIPv4 && kind != etherIPv6 {
		return nil
	}
	return versioned(b)
}

// loopback returns the packet behind an address family: 2 is IPv4 everywhere, IPv6 has
// three numbers. The machine that wrote it may have had the other byte order.
func loopback(b []byte) []byte {
	if len(b) < 4 {
		return nil
	}
	for _, family := range []uint32{binary.LittleEndian.Uint32(b), binary.BigEndian.Uint32(b)} {
		switch family {
		case 2, 10, 24, 28, 30:
			return versioned(b[4:])
		}
	}
	return nil
}

// versioned returns b when it begins with a version of IP, nil otherwise.
func versioned(b []byte) []byte {
	if len(b) == 0 || b[0]>>4 != 4 && b[0]>>4 != 6 {
		return nil
	}
	return b
}
