package sockets

import (
	"encoding/binary"
	"net/netip"
	"syscall"
)

// Socket addresses, struct sockaddr_in and sockaddr_in6.

const (
	sockaddrLen4 = 16
	sockaddrLen6 = 28
)

// AppendSockaddr appends an address as a socket of a family has it: an AF_INET6 socket shows IPv4 in mapped form.
func AppendSockaddr(b []byte, family int, a netip.AddrPort) []byte {
	b = binary.LittleEndian.AppendUint16(b, uint16(family))
	b = binary.BigEndian.AppendUint16(b, a.Port())
	if family == AF_INET {
		addr := netip.IPv4Unspecified()
		if a.Addr().Unmap().Is4() {
			addr = a.Addr().Unmap()
		}
		b = append(b, addr.AsSlice()...)
		return append(b, make([]byte, 8)...)
	}
	b = append(b, 0, 0, 0, 0) // flow label
	var addr [16]byte
	if a.Addr().IsValid() {
		addr = a.Addr().As16()
	}
	b = append(b, addr[:]...)
	return append(b, 0, 0, 0, 0) // zone
}

// ParseSockaddr reads an address. AF_UNSPEC gives the zero AddrPort.
func ParseSockaddr(b []byte) (netip.AddrPort, syscall.Errno) {
	if len(b) < 2 {
		return netip.AddrPort{}, syscall.EINVAL
	}
	switch binary.LittleEndian.Uint16(b) {
	case AF_UNSPEC:
		return netip.AddrPort{}, 0
	case AF_INET:
		if len(b) < sockaddrLen4 {
			return netip.AddrPort{}, syscall.EINVAL
		}
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[4:8])), binary.BigEndian.Uint16(b[2:])), 0
	case AF_INET6:
		if len(b) < sockaddrLen6-4 {
			return netip.AddrPort{}, syscall.EINVAL
		}
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte(b[8:24])), binary.BigEndian.Uint16(b[2:])), 0
	}
	return netip.AddrPort{}, syscall.EAFNOSUPPORT
}
