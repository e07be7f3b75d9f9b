package tcp

import "github.com/sockeye-tcp/sockeye/ip"

// The retransmission queue (RFC 9293 §3.8.1): what was sent and is not yet acknowledged.

// A sent records one transmitted segment; SYN and FIN count as one each.
type sent struct {
	seq   Seq
	n     Size // sequence numbers, SYN and FIN included
	flags Flags
	lost  bool    // thought lost, waiting to be sent again: not in flight
	tx    uint16  // transmissions
	at    ip.Time // of the last transmission
	first ip.Time // of the first transmission
}

func (s *sent) end() Seq { return s.seq.Add(s.n) }

// A sentQueue holds records in order of sequence, in a ring.
type sentQueue struct {
	ring   []sent // length is a power of two
	head   int
	n      int
	flight Size // sequence numbers in records that are not lost
	lost   int  // records that are lost
}

func (q *sentQueue) at(i int) *sent { return &q.ring[(q.head+i)&(len(q.ring)-1)] }

// push adds a record at the end.
func (q *sentQueue) push(s sent) {
	if q.n == len(q.ring) {
		q.grow()
	}
	q.n++
	*q.at(q.n - 1) = s
	q.flight += s.n
}

func (q *sentQueue) grow() {
	ring := make([]sent, max(4, 2*len(q.ring)))
	for i := range q.n {
		ring[i] = *q.at(i)
	}
	q.ring, q.head = ring, 0
}

// ack removes everything before una and returns the last record that it removed whole (the newest
// data that is known to have arrived). once says that there was one, and that all of them
// were sent once only: one that was sent twice may have held up the ACK of those behind it.
func (q *sentQueue) ack(una Seq) (newest sent, once bool) {
	once = true
	for q.n > 0 {
		s := q.at(0)
		if una.Less(s.end()) {
			q.trim(s, una)
			break
		}
		q.forget(s, s.n)
		if s.lost {
			q.lost--
		}
		newest, once = *s, once && s.tx == 1
		q.head = (q.head + 1) & (len(q.ring) - 1)
		q.n--
	}
	if q.n == 0 && len(q.ring) > 64 {
		q.ring, q.head = nil, 0 // give back what a burst needed
	}
	return newest, once && newest.n > 0
}

// segments returns how many segments of size mss an acknowledgement of una covers. A SYN and the text that went with it are one.
func (q *sentQueue) segments(una Seq, mss int) (n int) {
	count := func(n Size) int { return (int(n) + mss - 1) / mss }
	for i := range q.n {
		s := q.at(i)
		switch {
		case !s.seq.Less(una):
			return n
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

// trim cuts off the front of a record that is acknowledged in part.
func (q *sentQueue) trim(s *sent, una Seq) {
	if !s.seq.Less(una) {
		return
	}
	n := una.Sub(s.seq)
	q.forget(s, n)
	s.seq, s.n = una, s.n-n
	s.flags &^= SYN
}

// forget takes n sequence numbers of s out of the flight.
func (q *sentQueue) forget(s *sent, n Size) {
	if !s.lost {
		q.flight -= n
	}
}

// markLost takes record i out of the flight: it will be sent again.
func (q *sentQueue) markLost(i int) {
	if s := q.at(i); !s.lost {
		s.lost = true
		q.lost++
		q.flight -= s.n
	}
}

// markAllLost does so with every record (RFC 5681 §3.1, after a timeout).
func (q *sentQueue) markAllLost() {
	for i := range q.n {
		q.markLost(i)
	}
}

// nextLost returns the index of the first record that waits to be sent again, or -1.
func (q *sentQueue) nextLost() int {
	if q.lost == 0 {
		return -1
	}
	for i := range q.n {
		if q.at(i).lost {
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
	if s.lost {
		q.lost++
	}
}

// resent notes that record i goes out again.
func (q *sentQueue) resent(i int, now ip.Time) {
	s := q.at(i)
	if s.lost {
		s.lost = false
		q.lost--
		q.flight += s.n
	}
	s.at = now
	s.tx++
}

// clear forgets everything.
func (q *sentQueue) clear() { *q = sentQueue{} }
