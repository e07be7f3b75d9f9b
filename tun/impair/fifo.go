package impair

// This file holds a queue that grows and keeps its storage.

// A fifo is a ring of values. The zero fifo is empty.
type fifo[T any] struct {
	ring []T
	head int
	n    int
}

func (q *fifo[T]) len() int { return q.n }

// at returns the i-th value from the front.
func (q *fifo[T]) at(i int) *T { return &q.ring[(q.head+i)%len(q.ring)] }

func (q *fifo[T]) push(v T) {
	if q.n == len(q.ring) {
		grown := make([]T, max(16, 2*len(q.ring)))
		for i := range q.n {
			grown[i] = *q.at(i)
		}
		q.ring, q.head = grown, 0
	}
	q.n++
	*q.at(q.n - 1) = v
}

func (q *fifo[T]) pop() T {
	var zero T
	v := *q.at(0)
	*q.at(0) = zero
	q.head, q.n = (q.head+1)%len(q.ring), q.n-1
	return v
}
