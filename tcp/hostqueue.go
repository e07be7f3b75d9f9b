package tcp

// What has been sent may not have left the host: a device that is full takes packets later. No timer may take that for a loss of
// the network's. Linux looks for the same (skb_still_in_host_queue).

// inHost reports whether record i waits in the host. It goes by the pins of the send buffer, so that other text that
// waits nearby counts as well.
func (c *Conn) inHost(i int) bool {
	return i < c.sent.n && c.snd.buf.pinned(c.sent.at(i).seq)
}

// pinned reports whether a packet holds on to the text at seq, or to some beside it.
func (b *sendBuffer) pinned(seq Seq) bool {
	for c := b.head; c != nil; c = c.next {
		if seq.Sub(c.seq) < Size(c.w-c.r) {
			return c.pins > 1 || c.pins == 1 && c != b.reserved
		}
	}
	return false
}
