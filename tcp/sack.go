package tcp

// SACK as the receiver: RFC 2018 §4, with D-SACK, RFC 2883.

// duplicate notes that text in b arrived although it was there already. The
// next acknowledgement reports it once (RFC 2883 §4).
func (c *Conn) duplicate(b Block) {
	if c.opt.sack && b.Start != b.End {
		c.rcv.dsack = b
	}
}

// addSACK adds to the options of a segment that is not a SYN what we hold
// beyond RCV.NXT: first a duplicate, then the newest runs.
func (c *Conn) addSACK(o *Options) {
	if !c.opt.sack {
		return
	}
	room := (maxOptions - o.len() - 4) / 8
	if d := c.rcv.dsack; d.Start != d.End && room > 0 {
		o.addBlock(d) // forgotten once it is sent, in acked
		room--
	}
	if len(c.rcv.text.runs) > 0 {
		c.rcv.text.newest(o, room)
	}
}
