package tcp

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// naiveQueue is the retransmission queue as a plain list.
type naiveQueue []sent

// sums returns what the queue counts.
func (q naiveQueue) sums() (flight, sacked Size, waiting, lost, again int) {
	for _, s := range q {
		switch {
		case s.sacked:
			sacked += s.n
		case s.lost && !s.again:
			waiting++
		default:
			flight += s.n
		}
		if s.lost {
			lost++
		}
		if s.again {
			again++
		}
	}
	return flight, sacked, waiting, lost, again
}

// ack is what repeated calls of sentQueue.ack should do.
func (q *naiveQueue) ack(una Seq) (removed []sent) {
	for len(*q) > 0 && (*q)[0].seq.Less(una) {
		s := (*q)[0]
		if una.Less(s.end()) {
			q.split(0, una.Sub(s.seq))
			s = (*q)[0]
		}
		removed = append(removed, s)
		*q = (*q)[1:]
	}
	return removed
}

func (q *naiveQueue) split(i int, n Size) {
	s := (*q)[i]
	if n >= s.n {
		return
	}
	front, rest := s, s
	front.n, front.flags = n, s.flags&^(FIN|PSH)
	rest.seq, rest.n, rest.flags = s.seq.Add(n), s.n-n, s.flags&^SYN
	(*q)[i] = front
	*q = slices.Insert(*q, i+1, rest)
}

func (q naiveQueue) lose(i int) {
	if s := &q[i]; !s.sacked && !s.waits() {
		s.lost, s.again, s.why = true, false, WhyRTO
	}
}

func TestSentQueueAgainstTheModel(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 0))
		var q sentQueue
		var m naiveQueue
		una := ^Seq(0) - Seq(rng.IntN(5000))
		nxt := una
		for step := range 400 {
			switch action := rng.IntN(10); {
			case action < 4:
				s := sent{seq: nxt, n: 1 + Size(rng.IntN(500)), tx: 1, at: 1}
				if rng.IntN(20) == 0 {
					s.flags = FIN
				}
				q.push(s)
				m = append(m, s)
				nxt = s.end()
			case action < 6 && nxt != una:
				una = una.Add(Size(rng.IntN(int(nxt.Sub(una)) + 1)))
				var got []sent
				for s, ok := q.ack(una); ok; s, ok = q.ack(una) {
					got = append(got, s)
				}
				if want := m.ack(una); !slices.Equal(got, want) {
					t.Fatalf("seed %d, step %d: ack returned %+v, want %+v", seed, step, got, want)
				}
			case len(m) == 0:
			case action == 6:
				i := rng.IntN(len(m))
				q.markLost(i, WhyRTO)
				m.lose(i)
			case action == 7 && rng.IntN(5) == 0:
				q.markAllLost(WhyRTO)
				for i := range m {
					m.lose(i)
				}
			case action == 7 && rng.IntN(5) == 0:
				i := rng.IntN(len(m))
				q.unmark(i)
				m[i].sacked, m[i].lost, m[i].again = false, false, false
			case action == 7:
				i := rng.IntN(len(m))
				q.markSacked(i)
				m[i].sacked, m[i].lost, m[i].again = true, false, false
			case action == 8:
				i, n := rng.IntN(len(m)), 1+Size(rng.IntN(400))
				q.split(i, n)
				m.split(i, n)
			case action == 9:
				i := q.nextLost()
				if want := slices.IndexFunc(m, func(s sent) bool { return s.waits() }); i != want {
					t.Fatalf("seed %d, step %d: the first lost record is %d, want %d", seed, step, i, want)
				}
				if i >= 0 {
					q.resent(i, 7)
					m[i].again, m[i].at, m[i].tx = true, 7, m[i].tx+1
				}
			}
			flight, sacked, waiting, lost, again := m.sums()
			if q.n != len(m) || q.flight != flight || q.sacked != sacked || q.waiting != waiting || q.lost != lost || q.again != again {
				t.Fatalf("seed %d, step %d: got %+v, want %d records, %d in flight, %d sacked, %d waiting, %d lost, %d again",
					seed, step, q, len(m), flight, sacked, waiting, lost, again)
			}
			if seq := una.Add(Size(rng.IntN(5000))); len(m) > 0 {
				want := slices.IndexFunc(m, func(s sent) bool { return seq.Less(s.end()) })
				if want < 0 {
					want = len(m)
				}
				if got := q.find(seq); got != want {
					t.Fatalf("seed %d, step %d: found %d, want %d", seed, step, got, want)
				}
			}
			for i, want := range m {
				if got := *q.at(i); got != want {
					t.Fatalf("seed %d, step %d: record %d is %+v, want %+v", seed, step, i, got, want)
				}
			}
		}
	}
}

// A queue that was long gives its memory back.
func TestSentQueueShrinks(t *testing.T) {
	var q sentQueue
	for i := range 10_000 {
		q.push(sent{seq: Seq(i), n: 1, tx: 1})
	}
	for ok := true; ok; _, ok = q.ack(10_000) {
	}
	if len(q.ring) > 64 {
		t.Errorf("an empty queue keeps room for %d records", len(q.ring))
	}
}

// How many segments an acknowledgement covers: those that the device was to cut count as what they were cut into.
func TestSegmentsAcknowledged(t *testing.T) {
	var q sentQueue
	q.push(sent{seq: 0, n: 501, flags: SYN | PSH})
	q.push(sent{seq: 501, n: 2500})
	q.push(sent{seq: 3001, n: 1, flags: FIN})
	for una, want := range map[Seq]int{0: 0, 1: 1, 501: 1, 502: 1, 1000: 1, 1001: 2, 2001: 3, 2500: 3, 3001: 4, 3002: 5} {
		if got := q.segments(una, 1000); got != want {
			t.Errorf("up to %d: got %d, want %d", una, got, want)
		}
	}
}
