//go:build cgo && linux

package main

// #include "bridge.h"
import "C"

import (
	"encoding/binary"
	"syscall"
	"unsafe"

	"github.com/sockeye-tcp/sockeye/internal/sockets"
	"github.com/sockeye-tcp/sockeye/ip"
)

// Waiting for readiness: poll and epoll.

//export goPoll
func goPoll(p *C.struct_pollfd, n C.nfds_t, timeout C.int) C.long {
	if p == nil && n > 0 {
		return fails(syscall.EFAULT)
	}
	list := unsafe.Slice(p, n)
	fds := make([]sockets.PollFD, n)
	for i, e := range list {
		fds[i] = sockets.PollFD{FD: int(e.fd), Events: int(e.events)}
	}
	got := process.Do(func(now ip.Time, t *sockets.Table) *sockets.Call { return t.Poll(now, fds, milliseconds(timeout)) })
	for i := range list {
		list[i].revents = C.short(fds[i].Revents)
	}
	return C.long(got)
}

//export goEpollCreate
func goEpollCreate(size C.int) C.long {
	if size <= 0 {
		return fails(syscall.EINVAL)
	}
	return at(func(_ ip.Time, t *sockets.Table) (int, syscall.Errno) { return t.EpollCreate() })
}

// An event is a packed structure in C, which cgo cannot look into: a uint32 and a uint64.

//export goEpollCtl
func goEpollCtl(epfd, op, fd C.int, p *C.struct_epoll_event) C.long {
	var event sockets.EpollEvent
	switch b := bytesAt(unsafe.Pointer(p), C.sizeof_struct_epoll_event); {
	case b != nil:
		event = sockets.EpollEvent{Events: binary.NativeEndian.Uint32(b), Data: binary.NativeEndian.Uint64(b[len(b)-8:])}
	case op != sockets.EPOLL_CTL_DEL:
		return fails(syscall.EFAULT)
	}
	return at(func(_ ip.Time, t *sockets.Table) (int, syscall.Errno) {
		return 0, t.EpollCtl(int(epfd), int(op), int(fd), event)
	})
}

//export goEpollWait
func goEpollWait(epfd C.int, p *C.struct_epoll_event, most, timeout C.int) C.long {
	if most <= 0 {
		return fails(syscall.EINVAL)
	}
	if p == nil {
		return fails(syscall.EFAULT)
	}
	events := make([]sockets.EpollEvent, most)
	got := process.Do(func(now ip.Time, t *sockets.Table) *sockets.Call {
		return t.EpollWait(now, int(epfd), events, milliseconds(timeout))
	})
	const size = C.sizeof_struct_epoll_event
	room := bytesAt(unsafe.Pointer(p), int(most)*size)
	for i := range max(got, 0) {
		b := room[i*size:][:size]
		binary.NativeEndian.PutUint32(b, events[i].Events)
		binary.NativeEndian.PutUint64(b[size-8:], events[i].Data)
	}
	return C.long(got)
}
