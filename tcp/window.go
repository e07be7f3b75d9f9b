package tcp

// The window that we offer: RFC 9293 §3.8.6, and its scale, RFC 7323 §2.

// windowScale returns the shift for our windows: the smallest that can show the whole buffer.
func (c *Conn) windowScale() uint8 {
	s := uint8(0)
	for c.cfg.RecvBuffer>>s > 0xffff && s < maxWindowScale {
		s++
	}
	return s
}

// synWindow is the window in a SYN, which is not scaled: whole segments, as Linux offers it.
func (c *Conn) synWindow() Size {
	w := min(c.cfg.RecvBuffer, 0xffff)
	if mss := c.rcv.mss; w > mss {
		w -= w % mss
	}
	return Size(w)
}

// newWindow returns the window that could be offered now. Its right edge never moves left
// (SHLD-14), and moves right by a segment or half of the buffer at least, so
// that the peer is not led to send small segments (MUST-39, §3.8.6.2.2). It stays closed while nobody reads (MAY-8).
func (c *Conn) newWindow() Size {
	cur := c.rcv.wnd()
	free := c.cfg.RecvBuffer - c.rcv.text.bytes
	free &^= 1<<c.rcv.scale - 1
	if !c.opt.ws {
		free = min(free, 0xffff)
	}
	if free < int(cur)+min(c.cfg.RecvBuffer/2, c.rcv.segMSS) {
		return cur
	}
	return Size(free)
}

// advertise fills in the window field and moves the right edge. A scaled window is rounded up while the
// buffer has room for that, because rounded down it shows less than was offered before; at the end of
// the buffer it does, by less than one step (RFC 7323 §2.4). What was offered is always honoured.
func (c *Conn) advertise() uint16 {
	w := c.newWindow()
	field := w >> c.rcv.scale
	up := (field + 1) << c.rcv.scale
	if field<<c.rcv.scale != w && c.rcv.text.bytes+int(up) <= c.cfg.RecvBuffer {
		field++
	}
	field = min(field, 0xffff)
	c.rcv.edge = maxSeq(c.rcv.edge, c.rcv.nxt.Add(field<<c.rcv.scale))
	return uint16(field)
}

// updateWindow makes a window update due when the reader has made so much room that
// the peer should hear of it: twice what it knows of, as Linux does.
func (c *Conn) updateWindow() {
	if c.state < Established || c.rcv.finned {
		return
	}
	cur := c.rcv.wnd()
	if 2*int(cur) > c.cfg.RecvBuffer {
		return
	}
	if w := c.newWindow(); w > cur && w >= 2*cur {
		c.ackNow(WhyWindowUpdate)
	}
}
