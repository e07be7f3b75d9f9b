package ladder

import (
	"slices"
	"time"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// What a segment on the wire is, judged by those before it.

// A wire is what has been seen of a connection.
type wire struct {
	from [2]stream // by Direction
}

// A stream is what has been seen of one direction.
type stream struct {
	seen     bool
	syn      tcp.Flags     // of its SYN: with ACK or without
	isn      tcp.Seq       // when syn is not 0
	next     tcp.Seq       // after the last sequence number
	last     time.Duration // when its last segment passed
	fin, rst bool

	acked bool // an ACK has passed
	ack   tcp.Seq
	wnd   uint16
	sacks bool    // its last ACK had SACK blocks
	dups  int     // duplicate ACKs in a row
	found Finding // of its last segment
	mss   int     // as the other end wants it; 0: unknown

	copies map[tcp.Seq]int // how often a text that begins here was sent again
	holes  []hole
}

// A hole is a range that was skipped.
type hole struct {
	start, end tcp.Seq
	at         time.Duration
}

const (
	// maxCopies and maxHoles bound what is kept of one direction. Beyond them the count of copies starts anew, and
	// what fills a hole is taken for sent again.
	maxCopies = 4096
	maxHoles  = 64
	// overtakenWithin is the time within which what fills a hole was overtaken and not
	// sent again: that takes a round trip at least. A guess; Wireshark draws the line at 3 ms, too.
	overtakenWithin = 3 * time.Millisecond
	// leastRTO is the shortest retransmission timeout in use, Linux's, less what a clock may err.
	leastRTO = 190 * time.Millisecond
	// fastAfter is how many duplicate ACKs make a fast retransmission (RFC 5681 §3.2).
	fastAfter = 3
)

// opensAnew reports whether a segment begins another connection of the same ends: a SYN that is
// not one of those seen.
func (w *wire) opensAnew(s *Seen) bool {
	right, left := &w.from[ToRight], &w.from[ToLeft]
	if !s.Header.Flags.Has(tcp.SYN) || s.Header.Flags.Has(tcp.ACK) {
		return false
	}
	copied := right.syn != 0 && right.isn == s.Header.Seq || left.syn != 0 && left.isn == s.Header.Seq
	over := right.rst || left.rst || right.fin && left.fin
	begun := right.acked && left.acked // a SYN in the middle is another connection's, too
	return over || begun && !copied
}

// judge sets what is worked out about a line, and learns from its segment.
func (w *wire) judge(l *Line) {
	f, back := &w.from[l.Dir], &w.from[1-l.Dir]
	l.Finding = f.find(l, back)
	if l.Finding.retransmission() {
		l.Nth = f.countCopy(l.Segment.Header.Seq)
	}
	if f.mss > 0 && l.Segment.Len > f.mss {
		l.Segment.Count = (l.Segment.Len + f.mss - 1) / f.mss
	}
	f.learn(l, back)
}

// find says what a segment is.
func (f *stream) find(l *Line, back *stream) Finding {
	h, n := &l.Segment.Header, l.Segment.Len
	switch flags := h.Flags; {
	case flags.Has(tcp.RST):
		return f.findReset(h, back)
	case flags.Has(tcp.SYN):
		return f.findSYN(h, back)
	case f.behind(h, n, back):
		if back.wnd == 0 {
			return FoundProbe
		}
		return FoundKeepAlive
	case n > 0 || flags.Has(tcp.FIN):
		return f.findText(l, back)
	}
	return f.findAck(h, back)
}

// behind reports whether a segment has the last sequence number that the peer has acknowledged: only
// keep-alives (RFC 9293 §3.8.4) and some zero-window probes do.
func (f *stream) behind(h *tcp.Header, n int, back *stream) bool {
	return f.seen && n <= 1 && !h.Flags.Has(tcp.FIN) && h.Seq == f.next-1 && back.acked && back.ack == f.next
}

// findReset tells resets that the receiver will believe from others (RFC 5961 §3.2).
func (f *stream) findReset(h *tcp.Header, back *stream) Finding {
	if back.acked && f.seen && h.Seq != back.ack && h.Seq != f.next && !h.Seq.In(back.ack, tcp.Size(max(f.next.Sub(back.ack), 1))) {
		return FoundForged
	}
	return FoundReset
}

// findSYN tells the four sorts of SYN apart.
func (f *stream) findSYN(h *tcp.Header, back *stream) Finding {
	kind := h.Flags & (tcp.SYN | tcp.ACK)
	switch {
	case f.syn == kind && f.isn == h.Seq:
		return FoundTimeout
	case kind == tcp.SYN && back.syn == tcp.SYN, kind != tcp.SYN && f.syn == tcp.SYN:
		return FoundSimultaneousOpen
	case kind == tcp.SYN:
		return FoundOpen
	}
	return FoundSynAck
}

// findText judges a segment with text or FIN.
func (f *stream) findText(l *Line, back *stream) Finding {
	h := &l.Segment.Header
	switch end := endAfter(h, l.Segment.Len); {
	case f.seen && end.LessEq(f.next):
		return f.findOld(l, end, back)
	case f.seen && f.next.Less(h.Seq):
		return FoundGap
	case f.seen && back.acked && back.wnd == 0 && l.Segment.Len == 1:
		return FoundProbe
	case h.Flags.Has(tcp.FIN):
		return FoundClose
	}
	return FoundData
}

// findOld judges a segment that ends before others of its direction did.
func (f *stream) findOld(l *Line, end tcp.Seq, back *stream) Finding {
	h := &l.Segment.Header
	i := slices.IndexFunc(f.holes, func(g hole) bool { return h.Seq.In(g.start, g.end.Sub(g.start)) })
	switch {
	case i >= 0 && l.At-f.holes[i].at < overtakenWithin && back.dups < fastAfter:
		return FoundOutOfOrder
	case i < 0 && back.acked && end.LessEq(back.ack):
		return FoundSpurious
	case back.dups >= fastAfter:
		return FoundFastRetransmission
	case l.At-f.last >= leastRTO && !back.sacks:
		return FoundTimeout
	}
	return FoundRetransmission
}

// findAck judges a segment that does nothing but acknowledge.
func (f *stream) findAck(h *tcp.Header, back *stream) Finding {
	again := f.acked && h.Ack == f.ack
	blocks := h.Options.Blocks()
	switch {
	case !h.Flags.Has(tcp.ACK):
		return NoFinding
	case back.seen && back.next.Less(h.Ack):
		return FoundUnseenAck
	case len(blocks) > 0 && blocks[0].Start.Less(h.Ack): // RFC 2883 §4
		return FoundDupSACK
	case again && back.found == FoundProbe && h.Wnd <= f.wnd:
		return FoundProbeAck
	case again && back.found == FoundKeepAlive:
		return FoundKeepAliveAck
	case again && back.fin && back.found.retransmission() && h.Ack == back.next:
		return FoundTimeWaitAck
	case h.Wnd == 0 && f.wnd != 0:
		return FoundZeroWindow
	case again && h.Wnd > f.wnd && len(blocks) == 0:
		return FoundWindowUpdate
	case again && (h.Ack.Less(back.next) || back.found.retransmission()):
		return FoundDupAck
	}
	return FoundAck
}

// learn notes what a segment tells.
func (f *stream) learn(l *Line, back *stream) {
	h := &l.Segment.Header
	f.found = l.Finding
	if l.Finding == FoundForged {
		return
	}
	end := endAfter(h, l.Segment.Len)
	switch {
	case h.Flags.Has(tcp.SYN):
		f.syn, f.isn, f.next = h.Flags&(tcp.SYN|tcp.ACK), h.Seq, end
		if h.Options.HasMSS {
			back.mss = int(h.Options.MSS)
		}
	case !f.seen:
		f.next = end
	default:
		f.advance(h.Seq, end, l.At)
	}
	f.seen, f.last = true, l.At
	f.fin = f.fin || h.Flags.Has(tcp.FIN)
	f.rst = f.rst || h.Flags.Has(tcp.RST)
	if h.Flags.Has(tcp.ACK) {
		f.learnAck(l)
	}
}

// advance moves the end of what was seen, and keeps track of the holes.
func (f *stream) advance(start, end tcp.Seq, now time.Duration) {
	for i := range f.holes {
		if g := &f.holes[i]; start.LessEq(g.start) && g.start.Less(end) {
			g.start = end
		} else if start.In(g.start, g.end.Sub(g.start)) {
			g.end = start
		}
	}
	f.holes = slices.DeleteFunc(f.holes, func(g hole) bool { return !g.start.Less(g.end) })
	if f.next.Less(start) && len(f.holes) < maxHoles {
		f.holes = append(f.holes, hole{f.next, start, now})
	}
	if f.next.Less(end) {
		f.next = end
	}
}

// learnAck notes what a segment acknowledges.
func (f *stream) learnAck(l *Line) {
	h := &l.Segment.Header
	switch {
	case !f.acked || f.ack.Less(h.Ack):
		f.ack, f.dups = h.Ack, 0
	case l.Finding == FoundDupAck:
		f.dups++
	}
	f.acked, f.wnd = true, h.Wnd
	f.sacks = h.Options.NumSACK > 0
}

// countCopy returns how often a text that begins here was sent before.
func (f *stream) countCopy(start tcp.Seq) int {
	if f.copies == nil || len(f.copies) >= maxCopies {
		f.copies = map[tcp.Seq]int{}
	}
	f.copies[start]++
	return f.copies[start]
}
