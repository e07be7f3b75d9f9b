package tcp

import "github.com/sockeye-tcp/sockeye/ip"

// The retransmission queue (RFC 9293 §3.8.1): what was sent and is not yet acknowledged.

// A sent records one transmitted segment, or the segments of one packet; SYN and FIN count as one byte each.
type sent struct {
	seq    Seq
	n      Size // sequence numbers, SYN and FIN included
	flags  Flags
	lost   bool    // thought lost, until it is acknowledged
	again  bool    // sent again since it was thought lost
	sacked bool    // the peer has it, behind a gap
	why    Why     // of its next transmission, while it is lost
	tx     uint16  // transmissions
	mss    uint16  // it went in segments of this size; 0: in one
	at     ip.Time // of the last transmission
	first  ip.Time // of the first transmission
	rate   sentRate
}

func (s *sent) end() Seq { return s.seq.Add(s.n) }

// segment returns the length of its longest segment.
func (s *sent) segment() Size {
	if s.mss == 0 {
		return s.n
	}
	return min(s.n, Size(s.mss))
}

// waits reports whether it is to be sent again.
func (s *sent) waits() bool { return s.lost && !s.again && !s.sacked }

// flies reports whether it is in the network, as far as we know.
func (s *sent) flies() bool { return !s.sacked && (!s.lost || s.again) }

// A sentQueue holds records in order of sequence, in a ring.
type sentQueue struct {
	ring    []sent // length is a power of two
	head    int
	n       int
	flight  Size // sequence numbers in records that fly: RFC 6675's pipe
	sacked  Size // sequence numbers in records that are SACKed
	waiting int  // records that wait to be sent again
	lost    int  // records that are lost
	again   int  // records that were lost and have been sent again

	lostBytes, againBytes Size
}

func (q *sentQueue) at(i int) *sent { return &q.ring[(q.head+i)&(len(q.ring)-1)] }

// count takes a record into the sums, or out of them with sign -1.
func (q *sentQueue) count(s *sent, sign int) {
	if s.flies() {
		q.flight += s.n * Size(sign)
	}
	if s.sacked {
		q.sacked += s.n * Size(sign)
	}
	if s.waits() {
		q.waiting += sign
	}
	if s.lost {
		q.lost += sign
		q.lostBytes += s.n * Size(sign)
	}
	if s.again {
		q.again += sign
		q.againBytes += s.n * Size(sign)
	}
}

// push adds a record at the end.
func (q *sentQueue) push(s sent) {
	if q.n == len(q.ring) {
		q.grow()
	}
	q.n++
	*q.at(q.n - 1) = s
	q.count(&s, 1)
}

func (q *sentQueue) grow() {
	ring := make([]sent, max(4, 2*len(q.ring)))
	for i := range q.n {
		ring[i] = *q.at(i)
	}
	q.ring, q.head = ring, 0
}

// ack removes the first record, or its front, when una covers it, and returns what it has removed.
func (q *sentQueue) ack(una Seq) (s sent, ok bool) {
	if q.n == 0 || una.LessEq(q.at(0).seq) {
		if q.n == 0 && len(q.ring) > 64 {
			q.ring, q.head = nil, 0 // give back what a burst needed
		}
		return sent{}, false
	}
	first := q.at(0)
	q.count(first, -1)
	s = *first
	if first.end().LessEq(una) {
		q.head = (q.head + 1) & (len(q.ring) - 1)
		q.n--
		return s, true
	}
	s.n = una.Sub(s.seq)
	s.flags &^= FIN | PSH
	first.seq, first.n = una, first.n-s.n
	first.flags &^= SYN
	q.count(first, 1)
	return s, true
}

// segments returns how many segments of size mss an acknowledgement of una covers that were not SACKed before. A SYN and
// the text that went with it are one.
func (q *sentQueue) segments(una Seq, mss int) (n int) {
	count := func(n Size) int { return (int(n) + mss - 1) / mss }
	for i := range q.n {
		s := q.at(i)
		switch {
		case !s.seq.Less(una):
			return n
		case s.sacked:
		case s.flags.Has(SYN):
			n++
		case una.Less(s.end()):
			return n + count(s.n) - count(s.end().Sub(una))
		default:
			n += count(s.n)
		}
	}
	return n
}

// markLost says that record i was lost: it will be sent again, for the reason why.
func (q *sentQueue) markLost(i int, why Why) {
	s := q.at(i)
	switch {
	case s.sacked:
		return
	case s.waits():
		s.why = why
		return
	}
	q.count(s, -1)
	s.lost, s.again, s.why = true, false, why
	q.count(s, 1)
}

// markAllLost does so with every record (RFC 5681 §3.1, after a timeout).
func (q *sentQueue) markAllLost(why Why) {
	for i := range q.n {
		q.markLost(i, why)
	}
}

// markSacked says that the peer has record i. Whether it was lost is no longer a question.
func (q *sentQueue) markSacked(i int) {
	s := q.at(i)
	q.count(s, -1)
	s.sacked, s.lost, s.again = true, false, false
	q.count(s, 1)
}

// unmark takes back what was concluded about record i: that it was SACKed, or lost.
func (q *sentQueue) unmark(i int) {
	s := q.at(i)
	q.count(s, -1)
	s.sacked, s.lost, s.again = false, false, false
	q.count(s, 1)
}

// nextLost returns the index of the first record that waits to be sent again, or -1.
func (q *sentQueue) nextLost() int {
	if q.waiting == 0 {
		return -1
	}
	for i := range q.n {
		if q.at(i).waits() {
			return i
		}
	}
	panic("BUG: lost records are miscounted")
}

// split cuts record i after n sequence numbers, so that its front can be sent alone.
func (q *sentQueue) split(i int, n Size) {
	s := *q.at(i)
	if n >= s.n {
		return
	}
	q.count(&s, -1)
	q.push(sent{}) // makes room; its n is 0
	for k := q.n - 1; k > i+1; k-- {
		*q.at(k) = *q.at(k - 1)
	}
	rest := s
	rest.seq, rest.n = s.seq.Add(n), s.n-n
	rest.flags &^= SYN
	s.n = n
	s.flags &^= FIN | PSH
	*q.at(i), *q.at(i + 1) = s, rest
	q.count(&s, 1)
	q.count(&rest, 1)
}

// resent notes that record i goes out again.
func (q *sentQueue) resent(i int, now ip.Time) {
	s := q.at(i)
	q.count(s, -1)
	s.again = s.lost
	s.at = now
	if s.tx++; s.tx == 0 {
		s.tx-- // as many as that is no different
	}
	q.count(s, 1)
}

// find returns the index of the record that holds seq, or of the first behind it.
func (q *sentQueue) find(seq Seq) int {
	lo, hi := 0, q.n
	for lo < hi {
		mid := (lo + hi) / 2
		if q.at(mid).end().LessEq(seq) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// clear forgets everything.
func (q *sentQueue) clear() { *q = sentQueue{} }
