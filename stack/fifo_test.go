package stack

import "testing"

// A queue is the same as a slice, however it wraps and grows.
func TestFifoKeepsOrder(t *testing.T) {
	var q fifo[int]
	var want []int
	next := 0
	for round := range 100 {
		for range round%7 + 1 {
			q.push(next)
			want = append(want, next)
			next++
		}
		for range round % 6 {
			if got := q.pop(); got != want[0] {
				t.Fatalf("got %d, want %d", got, want[0])
			}
			want = want[1:]
			if len(want) == 0 {
				break
			}
		}
		if q.len() != len(want) {
			t.Fatalf("got length %d, want %d", q.len(), len(want))
		}
	}
}
