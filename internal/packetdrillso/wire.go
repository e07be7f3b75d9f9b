//go:build cgo && linux

package main

// #include "bridge.h"
import "C"

import (
	"time"
	"unsafe"
)

// The wire and the clock.

//export goPacketIn
func goPacketIn(p unsafe.Pointer, n C.size_t) { process.Send(bytesAt(p, int(n))) }

// goPacketOut returns the length of the packet, 0 when there is none.
//
//export goPacketOut
func goPacketOut(p unsafe.Pointer, room C.size_t, usec *C.longlong) C.size_t {
	data, at, ok := process.Receive()
	if !ok {
		return 0
	}
	*usec = C.longlong(at)
	return C.size_t(copy(bytesAt(p, int(room)), data))
}

//export goSleep
func goSleep(usec C.uint) { process.Sleep(time.Duration(usec) * time.Microsecond) }

//export goClock
func goClock() C.longlong { return C.longlong(process.Clock()) }
