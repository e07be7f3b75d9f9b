package ladder

import (
	"slices"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// What needs the whole record: relative numbers, windows, the states of an end that recorded nothing.

// finish fills all of this in.
func (c *connection) finish() {
	c.findISNs()
	left, right := c.scales()
	for i := range c.Lines {
		l := &c.Lines[i]
		if l.Kind != KindSegment {
			continue
		}
		from, to, scale := c.Left, c.Right, left
		if l.Dir == ToLeft {
			from, to, scale = c.Right, c.Left, right
		}
		h := &l.Segment.Header
		l.Segment.Seq, l.Segment.Ack = h.Seq.Sub(from.ISN), h.Ack.Sub(to.ISN)
		l.Segment.Window = int(h.Wnd)
		if !h.Flags.Has(tcp.SYN) {
			l.Segment.Window <<= scale
		}
	}
	for _, s := range []Side{OnRight, OnLeft} {
		if !c.End(s).Known {
			c.infer(s)
		}
	}
}

// findISNs finds where relative numbers count from: the SYNs, or what the
// variables say when the record begins after them, or else the numbers first seen.
func (c *connection) findISNs() {
	for i := range c.Lines {
		l := &c.Lines[i]
		if l.isSYN() {
			c.End(l.Dir.Sender()).setISN(l.Segment.Header.Seq)
		}
	}
	for i := range c.Lines {
		for _, s := range []Side{OnLeft, OnRight} {
			v := c.Lines[i].Vars(s)
			if v != nil && v.ISS != 0 { // 0: not chosen yet
				c.End(s).setISN(v.ISS)
			}
			if v != nil && v.IRS != 0 { // 0: not heard yet
				c.End(s.Other()).setISN(v.IRS)
			}
		}
	}
	first := slices.IndexFunc(c.Lines, func(l Line) bool {
		return l.Kind == KindSegment && l.Segment.Header.Flags.Has(tcp.ACK)
	})
	if first < 0 {
		return
	}
	l := &c.Lines[first]
	if sender := c.End(l.Dir.Sender()); !sender.HasISN {
		sender.ISN = l.Segment.Header.Seq - 1
	}
	if receiver := c.End(l.Dir.Receiver()); !receiver.HasISN {
		receiver.ISN = l.Segment.Header.Ack - 1
	}
}

// isSYN reports whether a line shows a SYN that an end really sent.
func (l *Line) isSYN() bool {
	return l.Kind == KindSegment && l.Segment.Header.Flags.Has(tcp.SYN) && !l.Injected &&
		(l.Drop == ip.NoDrop || l.Sent != Unknown)
}

// setISN sets the initial sequence number unless it is known already.
func (e *End) setISN(isn tcp.Seq) {
	if !e.HasISN {
		e.ISN, e.HasISN = isn, true
	}
}

// scales returns the window scales of both ends: those of the SYNs, when both
// have one (RFC 7323 §2.2), else none.
func (c *connection) scales() (left, right uint8) {
	var has [2]bool
	var scale [2]uint8
	for i := range c.Lines {
		if l := &c.Lines[i]; l.isSYN() {
			has[l.Dir] = l.Segment.Header.Options.HasWS
			scale[l.Dir] = l.Segment.Header.Options.WS
		}
	}
	if has[ToRight] && has[ToLeft] {
		return scale[ToRight], scale[ToLeft]
	}
	return 0, 0
}
