package tcp

import "github.com/sockeye-tcp/sockeye/ip"

// SACK as the sender: RFC 2018 §5. The scoreboard is the retransmission queue; RFC 6675's pipe is what of it flies. Which
// segments are lost is up to RACK (rack.go).

const (
	// minReordering is how far segments may come out of order before that looks like a loss: DupThresh.
	minReordering = 3
	// maxReordering bounds what is learnt about it, in segments, as in Linux.
	maxReordering = 300
)

// takeSACK marks what the peer reports, and notes in r what is new.
func (c *Conn) takeSACK(now ip.Time, seg *Segment, r *ackResult) {
	if !c.opt.sack || seg.Options.NumSACK == 0 {
		return
	}
	blocks := seg.Options.Blocks()
	lowest := c.snd.nxt // of what came late, although it was sent once
	for i, b := range blocks {
		if i == 0 && c.isDuplicateReport(seg, blocks) {
			c.takeDuplicate(b, r)
			continue
		}
		if !b.Start.Less(b.End) || c.snd.nxt.Less(b.End) || b.Start.Less(c.snd.una) {
			continue // reversed, from the future, or older than the ACK
		}
		lowest = minSeq(lowest, c.takeBlock(now, b, r))
	}
	if c.rec.state != CALoss || c.rec.undo.on {
		c.learnReordering(lowest)
	}
}

// takeBlock marks the records of one block, and returns the lowest that was sent once and comes after higher ones.
func (c *Conn) takeBlock(now ip.Time, b Block, r *ackResult) Seq {
	lowest := c.snd.nxt
	for i := c.sent.find(b.Start); i < c.sent.n; i++ {
		s := c.sent.at(i)
		if b.End.LessEq(s.seq) {
			break
		}
		if s.sacked {
			continue
		}
		if !c.cutTo(i, b) {
			continue
		}
		s = c.sent.at(i) // the ring may have grown
		if s.seq.Less(b.Start) {
			continue // what the block begins in; the next record is its part
		}
		c.rackAdvance(now, s)
		r.rate.add(s)
		if s.tx == 1 {
			if s.seq.Less(c.rec.fack) {
				lowest = minSeq(lowest, s.seq)
			}
			r.original = r.original || s.end().LessEq(c.rec.high)
			r.sampleSACK(s.at)
		}
		r.sacked += int(s.n)
		c.stats.Delivered += uint64((int(s.n) + c.win.MSS - 1) / c.win.MSS)
		c.sent.markSacked(i)
		c.rec.fack = maxSeq(c.rec.fack, s.end())
	}
	return lowest
}

// cutTo cuts record i so that a part of it lies inside the block, at borders of segments, and reports whether any does.
func (c *Conn) cutTo(i int, b Block) bool {
	s := c.sent.at(i)
	mss := Size(c.win.MSS)
	if s.seq.Less(b.Start) {
		n := b.Start.Sub(s.seq)
		n = (n + mss - 1) / mss * mss
		if n < s.n {
			c.sent.split(i, n)
		}
		return n < s.n
	}
	if b.End.Less(s.end()) {
		n := b.End.Sub(s.seq) / mss * mss
		if n == 0 {
			return false
		}
		c.sent.split(i, n)
	}
	return true
}

// isDuplicateReport reports whether the first block tells of text that came twice (RFC 2883 §4): below the
// acknowledgement, or inside the second block.
func (c *Conn) isDuplicateReport(seg *Segment, blocks []Block) bool {
	b := blocks[0]
	if b.End.LessEq(seg.Ack) {
		return true
	}
	return len(blocks) > 1 && b.End.LessEq(blocks[1].End) && blocks[1].Start.LessEq(b.Start)
}

// takeDuplicate takes a report of text that came twice: something was sent again for nothing.
func (c *Conn) takeDuplicate(b Block, r *ackResult) {
	if !b.Start.Less(b.End) || c.snd.nxt.Less(b.End) || c.snd.una.Sub(b.Start) > c.snd.maxWnd && b.Start.Less(c.snd.una) {
		return
	}
	r.duplicate = true
	c.rateDuplicate(int(b.End.Sub(b.Start)))
	c.rec.rack.duplicate = true
	u := &c.rec.undo
	if u.on && u.marker.Less(b.End) && u.retransmits > 0 {
		u.retransmits = max(0, u.retransmits-max(1, int(b.End.Sub(b.Start))/c.win.MSS))
	}
	if c.rec.tlp.again && b.End == c.rec.tlp.end {
		r.probeDuplicate = true
	}
}

// learnReordering takes a segment that was sent once and came behind higher ones as a measure of how
// far segments come out of order on this path (RFC 8985 §6.2, step 3; the extent is Linux's).
func (c *Conn) learnReordering(lowest Seq) {
	fack := maxSeq(c.rec.fack, c.snd.una)
	if !lowest.Less(fack) {
		return
	}
	mss := Size(c.win.MSS)
	n := int((fack.Sub(lowest) + mss - 1) / mss)
	c.rec.reordering = max(c.rec.reordering, min(n, maxReordering))
	c.rec.reordered = true
}

// sackedSegments returns how many segments the peer has behind a gap; without SACK that is a count of duplicate ACKs.
func (c *Conn) sackedSegments() int {
	if c.opt.sack {
		return (int(c.sent.sacked) + c.win.MSS - 1) / c.win.MSS
	}
	return c.rec.reno
}
