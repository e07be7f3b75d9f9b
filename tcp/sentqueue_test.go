package tcp

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// naiveQueue is the retransmission queue as a plain list.
type naiveQueue []sent

func (q naiveQueue) flight() (n Size, lost int) {
	for _, s := range q {
		if s.lost {
			lost++
		} else {
			n += s.n
		}
	}
	return n, lost
}

// ack is what sentQueue.ack should do.
func (q *naiveQueue) ack(una Seq) (newest sent, once bool) {
	once = true
	for len(*q) > 0 {
		s := &(*q)[0]
		if una.Less(s.end()) {
			if n := una.Sub(s.seq); s.seq.Less(una) {
				s.seq, s.n, s.flags = una, s.n-n, s.flags&^SYN
			}
			break
		}
		newest, once = *s, once && s.tx == 1
		*q = (*q)[1:]
	}
	return newest, once && newest.n > 0
}

func (q *naiveQueue) split(i int, n Size) {
	s := (*q)[i]
	if n >= s.n {
		return
	}
	front, rest := s, s
	front.n, front.flags = n, s.flags&^FIN
	rest.seq, rest.n, rest.flags = s.seq.Add(n), s.n-n, s.flags&^SYN
	(*q)[i] = front
	*q = slices.Insert(*q, i+1, rest)
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
				got, gotOnce := q.ack(una)
				want, wantOnce := m.ack(una)
				if got != want || gotOnce != wantOnce {
					t.Fatalf("seed %d, step %d: ack returned %+v %v, want %+v %v", seed, step, got, gotOnce, want, wantOnce)
				}
			case len(m) == 0:
			case action == 6:
				i := rng.IntN(len(m))
				q.markLost(i)
				m[i].lost = true
			case action == 7 && rng.IntN(5) == 0:
				q.markAllLost()
				for i := range m {
					m[i].lost = true
				}
			case action == 8:
				i, n := rng.IntN(len(m)), 1+Size(rng.IntN(400))
				q.split(i, n)
				m.split(i, n)
			case action == 9:
				i := q.nextLost()
				if want := slices.IndexFunc(m, func(s sent) bool { return s.lost }); i != want {
					t.Fatalf("seed %d, step %d: the first lost record is %d, want %d", seed, step, i, want)
				}
				if i >= 0 {
					q.resent(i, 7)
					m[i].lost, m[i].at, m[i].tx = false, 7, m[i].tx+1
				}
			}
			flight, lost := m.flight()
			if q.n != len(m) || q.flight != flight || q.lost != lost {
				t.Fatalf("seed %d, step %d: got %d records, %d in flight, %d lost, want %d, %d, %d",
					seed, step, q.n, q.flight, q.lost, len(m), flight, lost)
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
	q.ack(10_000)
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
