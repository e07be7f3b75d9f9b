package ip

// A Device carries whole IP packets between the stack and the world. Read is
// called by one goroutine at a time, Write and WaitWritable by one at a time,
// and the two sides run at once. Close may be called at any time, from any
// goroutine, more than once; it makes blocked calls return net.ErrClosed.
//
// The interface lies here, below everything, so that a stack needs no
// particular device: package tun has several.
type Device interface {
	// Read waits for at least one packet, stores up to len(bufs) of them and
	// returns how many. The caller owns the buffers and frees them.
	// A returned error is final: no packet will follow.
	Read(bufs []*Buffer) (int, error)

	// Write sends packets, in order, without waiting, and returns how many it
	// took. Fewer than all with a nil error means that there is no room now:
	// the caller keeps the rest and calls WaitWritable. A packet is the
	// caller's again when Write has returned: the device has copied or
	// written it. A packet that can never be sent (too long, say) counts as taken.
	Write(pkts []*Packet) (int, error)

	// WaitWritable blocks until Write may take another packet.
	WaitWritable() error

	// MTU is the longest packet in bytes that the device carries uncut.
	MTU() int

	// Offload says what the device does for the sender.
	Offload() Offload

	// Close ends the device and removes what opening it created.
	Close() error
}

// An Offload says what a device takes off the sender's hands.
type Offload struct {
	// Checksum: packets may be sent with NeedsChecksum.
	Checksum bool
	// TSO4 and TSO6: TCP packets may be sent with GSOSize, over IPv4 and IPv6,
	// up to MaxGSO bytes of IP packet. They need Checksum.
	TSO4, TSO6 bool
	MaxGSO     int
}

// TSO reports whether TCP packets of an IP version may be sent with GSOSize.
func (o Offload) TSO(is4 bool) bool { return o.Checksum && (is4 && o.TSO4 || !is4 && o.TSO6) }
