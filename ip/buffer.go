package ip

// A Buffer holds one packet that arrived, whole, from the IP header on. It has
// one owner at a time and travels by reference: the device fills it, the IP
// layer reads its headers, TCP keeps it in the receive queue, and the reader
// who copied the last byte out of it frees it. A Buffer is not safe for use by
// several goroutines at once; handing it over hands over the right to use it.
type Buffer struct {
	// Data is the packet. It may be up to 64 KiB long when the device
	// merges segments (see GSOSize), so it can be larger than the MTU.
	Data []byte

	// At is when the device handed the packet over. Zero means "now": the
	// host stamps it on arrival. RACK needs arrival times, not the times at
	// which a busy host got round to a packet (RFC 8985 §5.2).
	At Time

	// GSOSize is the payload length of the segments that were merged into
	// this packet, 0 when it is a single segment.
	GSOSize uint16

	// ChecksumOK says that the transport checksum needs no verification,
	// because the device vouches for it.
	ChecksumOK bool

	// NeedsChecksum says that the sender's kernel has left the transport
	// checksum to whoever lets the packet out on a wire: the fields are those
	// of Packet. Such a packet has never been on one, so ChecksumOK is set too.
	NeedsChecksum  bool
	ChecksumStart  uint16
	ChecksumOffset uint16

	// Home takes the buffer back when it is freed; nil leaves it to the
	// garbage collector.
	Home Recycler
}

// CompleteChecksum computes the transport checksum that was left to others, if
// it was: who records a packet, changes it or sends it on needs it.
func (b *Buffer) CompleteChecksum() {
	if !b.NeedsChecksum {
		return
	}
	b.NeedsChecksum = false
	sum := Sum(b.Data[b.ChecksumStart:], 0)
	putChecksum(b.Data[int(b.ChecksumStart):], b.ChecksumOffset, sum)
}

// A Recycler takes back freed buffers. It may be called from any goroutine.
type Recycler interface {
	Recycle(*Buffer)
}

// Free gives the buffer back to where it came from. The caller must not touch
// it, nor any slice of its Data, afterwards. Freeing nil does nothing.
func (b *Buffer) Free() {
	if b != nil && b.Home != nil {
		b.Home.Recycle(b)
	}
}
