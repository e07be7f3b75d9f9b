//go:build cgo && linux

package main

// #include "bridge.h"
import "C"

import (
	"net/netip"
	"syscall"
	"unsafe"

	"github.com/sockeye-tcp/sockeye/internal/sockets"
)

// Memory of the program: from pointers to slices.

// bytesAt returns the n bytes at p; nil when p leads nowhere.
func bytesAt(p unsafe.Pointer, n int) []byte {
	if p == nil || n < 0 {
		return nil
	}
	return unsafe.Slice((*byte)(p), n)
}

// vectors returns the memory that a message is about.
func vectors(m *C.struct_msghdr) ([]sockets.IOVec, syscall.Errno) {
	const most = 1024 // UIO_MAXIOV
	switch {
	case m.msg_iovlen > most:
		return nil, syscall.EMSGSIZE
	case m.msg_iovlen > 0 && m.msg_iov == nil:
		return nil, syscall.EFAULT
	}
	var v []sockets.IOVec
	for _, e := range unsafe.Slice(m.msg_iov, m.msg_iovlen) {
		n := int(e.iov_len)
		if n < 0 {
			return nil, syscall.EINVAL
		}
		v = append(v, sockets.IOVec{Base: bytesAt(e.iov_base, n), Len: n})
	}
	return v, 0
}

// address reads an address of the program.
func address(p unsafe.Pointer, n C.socklen_t) (netip.AddrPort, syscall.Errno) {
	if p == nil {
		return netip.AddrPort{}, syscall.EFAULT
	}
	return sockets.ParseSockaddr(bytesAt(p, int(n)))
}

// putAddress writes an address, as much of it as there is room for, and its whole length.
func putAddress(p unsafe.Pointer, n *C.socklen_t, family int, a netip.AddrPort) {
	if p == nil || n == nil {
		return
	}
	b := sockets.AppendSockaddr(nil, family, a)
	copy(bytesAt(p, int(*n)), b)
	*n = C.socklen_t(len(b))
}
