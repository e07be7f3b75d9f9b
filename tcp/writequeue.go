package tcp

import "github.com/sockeye-tcp/sockeye/ip"

// The write queue: how text that waits is grouped into portions, and where PSH goes (RFC 9293 §3.9.1.2).
// The grouping is Linux's, so that the flags on the wire are the ones that middleboxes and traces know.

// A portion is a stretch of text that waits. Writes fill the last one up to its goal; what leaves in one packet
// belongs to one portion.
type portion struct {
	end  Seq
	push bool // its last segment has PSH
	eor  bool // the application has ended a record here: nothing is added
}

// SendFlags say how text is to be sent, as the flags of send(2) do.
type SendFlags uint8

// The flags.
const (
	SendMore SendFlags = 1 << iota // more text follows soon: a segment that is not full may wait for it, and is not pushed
	SendEOR                        // a record ends here: later text never shares a segment with this
	SendPart                       // this is a part of one write, whose next part follows at once; see Push
)

// A writeQueue holds the portions, in order; together they are the text that was never sent.
type writeQueue struct {
	portions []portion
	head     int
	pushed   Seq  // end of the text that was pushed last
	gone     Seq  // what precedes it leaves now, whatever is written next
	packet   Seq  // end of the packet that is going out, segment by segment
	several  bool // it has more than one segment
	writing  bool // between two parts of one write
	more     bool // the last write was to be followed by more
	lowat    int  // see SetNotSentLowat
	flush    bool // what waits in the last portion may go, however small
}

func (q *writeQueue) len() int { return len(q.portions) - q.head }

func (q *writeQueue) at(i int) *portion { return &q.portions[q.head+i] }

func (q *writeQueue) last() *portion { return &q.portions[len(q.portions)-1] }

// add appends a portion.
func (q *writeQueue) add(p portion) {
	if q.head > 32 && 2*q.head > len(q.portions) {
		q.portions = append(q.portions[:0], q.portions[q.head:]...)
		q.head = 0
	}
	q.portions = append(q.portions, p)
}

// sent removes the portions that end at nxt or before.
func (q *writeQueue) sent(nxt Seq) {
	for q.len() > 0 && q.at(0).end.LessEq(nxt) {
		q.head++
	}
	if q.len() == 0 {
		q.portions, q.head = q.portions[:0], 0
	}
}

// unsent returns how much of the queue lies behind nxt.
func (q *writeQueue) unsent(nxt Seq) int {
	if q.len() == 0 {
		return 0
	}
	return int(q.last().end.Sub(nxt))
}

// reset empties the queue; text will be written from seq on.
func (q *writeQueue) reset(seq Seq) {
	*q = writeQueue{pushed: seq, gone: seq, packet: seq, lowat: q.lowat}
}

// queueText groups the last n bytes of the send buffer, which belong to a write with flags f.
func (c *Conn) queueText(now ip.Time, n int, f SendFlags) {
	q := &c.queue
	goal := c.portionGoal()
	end := c.snd.buf.end.Add(-Size(n))
	for n > 0 {
		k := min(n, c.tailRoom(goal))
		if k <= 0 {
			k = min(n, goal)
			q.add(portion{end: end})
			q.flush = false
		}
		tail := q.last()
		if !q.writing {
			tail.push, q.writing = false, true
		}
		end = end.Add(Size(k))
		tail.end = end
		n -= k
		if (n > 0 || f&SendPart != 0) && c.tailRoom(goal) <= 0 {
			c.portionFull(now, end)
		}
	}
	if f&SendPart == 0 {
		c.endWrite(f)
	}
}

// tailRoom returns how much the last portion can take. The part of it that is about to leave does not count.
func (c *Conn) tailRoom(goal int) int {
	q := &c.queue
	if q.len() == 0 || q.last().eor {
		return 0
	}
	start := maxSeq(c.snd.nxt, q.gone)
	if q.len() > 1 {
		start = maxSeq(start, q.at(q.len()-2).end)
	}
	if !start.Less(q.last().end) {
		return 0
	}
	return goal - int(q.last().end.Sub(start))
}

// portionFull follows each portion that a write has filled, except the last. Every half window the text is pushed, so that the
// receiver does not wait for the end of a long write.
func (c *Conn) portionFull(now ip.Time, end Seq) {
	q := &c.queue
	if c.pushIsDue(end) {
		q.last().push, q.pushed = true, end
		c.depart(now, true)
	} else if q.len() == 1 || q.at(q.len()-2).end.LessEq(maxSeq(q.gone, c.snd.nxt)) {
		c.depart(now, false)
	}
}

// pushIsDue reports whether more than half of the largest window was written since the last push.
func (c *Conn) pushIsDue(end Seq) bool { return end.Sub(c.queue.pushed) > c.snd.maxWnd/2 }

// endWrite pushes the text at the end of a write (MUST-61: the segment that empties the buffer has PSH), unless the application
// has said that more follows.
func (c *Conn) endWrite(f SendFlags) {
	q := &c.queue
	q.writing = false
	q.more = f&SendMore != 0
	if q.len() == 0 {
		return
	}
	q.last().eor = f&SendEOR != 0
	if end := q.last().end; !q.more || c.pushIsDue(end) {
		q.last().push, q.pushed = true, end
	}
}

// takeText takes text out of the queue that is sent, up to end, and returns the PSH of its last segment.
func (c *Conn) takeText(end Seq) Flags {
	push := c.queue.len() > 0 && c.queue.at(0).end == end && c.queue.at(0).push
	c.queue.sent(end)
	if push {
		return PSH
	}
	return 0
}

// Push ends a write, begun with SendPart, that cannot go on: what it has written is sent, however little.
func (c *Conn) Push(now ip.Time) {
	if c.queue.writing {
		c.endWrite(0)
		c.queue.flush = true
	}
}

// depart works out how much of the queue leaves as soon as this input is over, all of it or one packet: that is no
// longer a part of the last portion, and makes room in it.
func (c *Conn) depart(now ip.Time, all bool) {
	q := &c.queue
	if !c.state.Synchronized() && !c.early() || c.sent.waiting > 0 {
		return
	}
	mss := c.fullMSS()
	q.gone = maxSeq(q.gone, c.snd.nxt)
	for i := 0; i < q.len(); i++ {
		for q.gone.Less(q.at(i).end) {
			n, held := c.plan(now, i, q.gone, mss)
			if held != heldNot {
				return
			}
			q.gone = q.gone.Add(Size(n))
			if !all {
				return
			}
		}
	}
}

// SetCork holds back what does not fill a segment while it is on, for 200 ms at most; switching it off sends it (TCP_CORK).
func (c *Conn) SetCork(on bool) {
	c.corked = on
	if !on && c.noDelay {
		c.queue.flush = true
	}
}

// SetNotSentLowat makes Send take no more while n bytes or more wait that were never sent (TCP_NOTSENT_LOWAT), so that what is
// written late is not old when it leaves; 0, the default, sets no such limit. Portions of the text are taken whole.
func (c *Conn) SetNotSentLowat(n int) { c.queue.lowat = max(n, 0) }

// tooMuchUnsent reports whether that limit is reached.
func (c *Conn) tooMuchUnsent() bool {
	q := &c.queue
	if q.lowat == 0 || q.len() == 0 || c.tailRoom(c.portionGoal()) > 0 {
		return false
	}
	return int(q.last().end.Sub(maxSeq(c.snd.nxt, q.gone))) >= q.lowat
}
