package tun

// This file holds the buffers that packets arrive in: two sizes, recycled.

import (
	"sync"

	"github.com/sockeye-tcp/sockeye/ip"
)

const (
	// smallBuffer holds a packet of any usual link: 1500 bytes of Ethernet,
	// with room to spare, in a size class of Go's allocator. A small payload
	// that waits in a receive queue must not pin 64 KiB.
	smallBuffer = 2 << 10

	// largeBuffer holds the longest packet that the length field of an IP
	// header can say: 65535 bytes for IPv4, 40 more for IPv6 without
	// jumbograms, which nobody sends.
	largeBuffer = 64<<10 + 64
)

// NewBuffer returns a buffer whose Data is n bytes long and holds anything.
// Its Free gives it back for reuse. It may be called from any goroutine.
func NewBuffer(n int) *ip.Buffer {
	b := poolFor(n).Get().(*ip.Buffer)
	if n > cap(b.Data) {
		return &ip.Buffer{Data: make([]byte, n)} // no IP packet is so long
	}
	b.Data, b.Home = b.Data[:n], recycler{}
	return b
}

// CopyPacket returns a buffer that holds a copy of the whole packet: what the
// packet would be on arrival. What a device was to do for it is still to be done.
func CopyPacket(p *ip.Packet) *ip.Buffer {
	b := NewBuffer(p.Len())
	p.AppendTo(b.Data[:0])
	b.GSOSize = p.GSOSize
	b.NeedsChecksum, b.ChecksumStart, b.ChecksumOffset = p.NeedsChecksum, p.ChecksumStart, p.ChecksumOffset
	b.ChecksumOK = p.NeedsChecksum // it has never been on a wire
	return b
}

var (
	smallPool = sync.Pool{New: func() any { return &ip.Buffer{Data: make([]byte, smallBuffer)} }}
	largePool = sync.Pool{New: func() any { return &ip.Buffer{Data: make([]byte, largeBuffer)} }}
)

func poolFor(n int) *sync.Pool {
	if n <= smallBuffer {
		return &smallPool
	}
	return &largePool
}

// A recycler is the ip.Recycler of this package's buffers.
type recycler struct{}

// Recycle sorts the buffer by what it can hold, not by what it held. It takes
// Home away, so that freeing a buffer twice in a row does no harm.
func (recycler) Recycle(b *ip.Buffer) {
	*b = ip.Buffer{Data: b.Data}
	poolFor(cap(b.Data)).Put(b)
}
