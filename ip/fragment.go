package ip

// Cutting what we send: RFC 791 §3.2 ("Fragmentation") and RFC 8200 §4.5.

// A Cutter yields the packets that carry one datagram over a link: a single
// packet when it fits, fragments when it does not. Get one from Cut.
type Cutter struct {
	h       Header
	payload []byte
	step    int // payload bytes of every fragment but the last
	done    bool
}

// Cut prepares to send payload, a whole UDP or ICMP message, under header h over
// a link with the given MTU. It reports false when that cannot be: the packet
// is too long for IP, or too long for the MTU with h.DontFragment set or an
// MTU below the minimum of its family. The payload must stay unchanged until
// the packets have been written. h.ID should be fresh, in case it is needed.
func Cut(h *Header, payload []byte, mtu int) (Cutter, bool) {
	headerLen, fragmentLen, minMTU := HeaderLen4, HeaderLen4, MinMTU4
	if h.Dst.Is6() {
		headerLen, fragmentLen, minMTU = HeaderLen6, HeaderLen6+fragmentHeaderLen, MinMTU6
	}
	c := Cutter{h: *h, payload: payload, step: len(payload)}
	c.h.FragOffset, c.h.MoreFragments = 0, false
	total := headerLen + len(payload)
	if total <= mtu && total <= MaxPacket {
		return c, true
	}
	if total > MaxPacket || h.DontFragment || mtu < minMTU {
		return Cutter{done: true}, false
	}
	c.step = (mtu - fragmentLen) &^ 7
	return c, true
}

// Next writes the next packet into p, which it resets, and reports whether
// there was one. Its payload points into that given to Cut.
func (c *Cutter) Next(p *Packet) bool {
	if c.done {
		return false
	}
	n := min(c.step, len(c.payload))
	c.h.MoreFragments = n < len(c.payload)
	p.Reset()
	p.Header = AppendHeader(p.Header, &c.h, n)
	p.Payload = append(p.Payload, c.payload[:n])
	c.payload = c.payload[n:]
	c.h.FragOffset += n
	c.done = len(c.payload) == 0
	return true
}
