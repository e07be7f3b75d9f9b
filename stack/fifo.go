package stack

// A queue, used for everything that waits its turn.

// A fifo is a queue in a ring that grows. Its users bound it.
type fifo[T any] struct {
	ring []T // len is a power of two, or 0
	head int
	n    int
}

func (q *fifo[T]) len() int { return q.n }

func (q *fifo[T]) push(v T) {
	if q.n == len(q.ring) {
		q.grow()
	}
	q.ring[(q.head+q.n)&(len(q.ring)-1)] = v
	q.n++
}

// pop takes the oldest element out. The queue must not be empty.
func (q *fifo[T]) pop() T {
	var zero T
	v := q.ring[q.head]
	q.ring[q.head] = zero // let go of what it points to
	q.head = (q.head + 1) & (len(q.ring) - 1)
	q.n--
	return v
}

func (q *fifo[T]) grow() {
	ring := make([]T, max(4, 2*len(q.ring)))
	for i := range q.n {
		ring[i] = q.ring[(q.head+i)&(len(q.ring)-1)]
	}
	q.ring, q.head = ring, 0
}
