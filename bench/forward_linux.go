package main

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// The process that joins the two devices of kernelTUN.

// Where it finds them: behind the standard files.
const (
	firstTUN  = 3
	secondTUN = 4
)

// playForward carries packets both ways. Each comes with its virtio header and leaves with it: the header says which
// checksums are open and how the packet may be cut, and that is as true on the other side.
func playForward() error {
	go carry(firstTUN, secondTUN)
	go carry(secondTUN, firstTUN)
	return ready()
}

// wholePacket is the longest packet and its header.
const wholePacket = 10 + 1<<16

// carry carries packets one way until a device is gone.
func carry(from, to int) {
	runtime.LockOSThread() // it does nothing but wait for the kernel
	buf := make([]byte, wholePacket)
	for {
		n, err := unix.Read(from, buf)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return
		}
		// What the other side does not want is lost, as on a wire.
		_, _ = unix.Write(to, buf[:n])
	}
}
