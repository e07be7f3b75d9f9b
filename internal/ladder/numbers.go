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
	c.number()
	if n := len(c.Lines); n > 0 {
		c.Until = c.Lines[n-1].At
	}
	for _, s := range []Side{OnRight, OnLeft} {
		if !c.End(s).Known {
			c.infer(s)
		}
	}
}

// number fills in relative numbers and scaled windows.
func (c *connection) number() {
	left, right := c.scales()
	counts := [2]counter{{isn: c.Left.ISN}, {isn: c.Right.ISN}}
	for i := range c.Lines {
		l := &c.Lines[i]
		if l.Kind != KindSegment {
			continue
		}
		from, to, scale := &counts[OnLeft], &counts[OnRight], left
		if l.Dir == ToLeft {
			from, to, scale = to, from, right
		}
		h := &l.Segment.Header
		if l.Injected || l.Finding == FoundForged {
			l.Segment.Seq = from.near(h.Seq)
		} else {
			l.Segment.Seq = from.sent(h.Seq)
		}
		if h.Flags.Has(tcp.ACK) {
			l.Segment.Ack = to.acked(h.Ack)
		}
		l.Segment.Window = int(h.Wnd)
		if !h.Flags.Has(tcp.SYN) {
			l.Segment.Window <<= scale
		}
	}
}

// A counter counts the sequence numbers of one end on, beyond 32 bits.
type counter struct {
	isn   tcp.Seq
	begun bool
	last  int64 // the highest so far, relative
}

// near returns a number relative to the ISN: of those it may stand for, the one that is nearest to the highest so far.
func (n *counter) near(s tcp.Seq) int64 {
	return n.last + int64(int32(s-n.isn.Add(tcp.Size(n.last))))
}

// sent is near for a number that the end sends, acked for one that the other acknowledges. A record may begin anywhere in a connection.
func (n *counter) sent(s tcp.Seq) int64 {
	r := n.acked(s)
	n.begun, n.last = true, max(n.last, r)
	return r
}

func (n *counter) acked(s tcp.Seq) int64 {
	if !n.begun {
		return int64(s.Sub(n.isn))
	}
	return n.near(s)
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
