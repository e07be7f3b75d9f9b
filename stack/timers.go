package stack

import (
	"container/heap"

	"github.com/sockeye-tcp/sockeye/ip"
)

// The timers of all connections: one entry each, in a heap.
//
// Deadlines move with almost every segment, mostly later. So the heap is
// corrected lazily: an entry may stand earlier than its connection's deadline,
// never later, and is put right when it comes to the top.

// A timerHeap orders sockets by when they may have to be woken.
type timerHeap []*Socket

// schedule makes sure that the socket comes up at its deadline, or earlier.
func (t *timerHeap) schedule(s *Socket) {
	at := s.conn.Deadline()
	switch {
	case at.IsZero():
	case s.timerAt.IsZero():
		s.timerAt = at
		heap.Push(t, s)
	case at.Before(s.timerAt):
		s.timerAt = at
		heap.Fix(t, s.timerPos)
	}
}

// remove takes the socket out for good.
func (t *timerHeap) remove(s *Socket) {
	if !s.timerAt.IsZero() {
		heap.Remove(t, s.timerPos)
		s.timerAt = 0
	}
}

// next returns the earliest true deadline, or zero, and puts entries right on the way.
func (t *timerHeap) next() ip.Time {
	for len(*t) > 0 {
		s := (*t)[0]
		at := s.conn.Deadline()
		if at == s.timerAt {
			return at
		}
		if at.IsZero() {
			t.remove(s)
			continue
		}
		s.timerAt = at
		heap.Fix(t, 0)
	}
	return 0
}

// expired returns a socket whose deadline has passed, or nil. The socket stays in the heap.
func (t *timerHeap) expired(now ip.Time) *Socket {
	if at := t.next(); at.IsZero() || now.Before(at) {
		return nil
	}
	return (*t)[0]
}

// The methods below are for package heap alone.

func (t timerHeap) Len() int           { return len(t) }
func (t timerHeap) Less(i, j int) bool { return t[i].timerAt < t[j].timerAt }
func (t timerHeap) Swap(i, j int) {
	t[i], t[j] = t[j], t[i]
	t[i].timerPos, t[j].timerPos = i, j
}

func (t *timerHeap) Push(x any) {
	s := x.(*Socket)
	s.timerPos = len(*t)
	*t = append(*t, s)
}

func (t *timerHeap) Pop() any {
	old := *t
	s := old[len(old)-1]
	old[len(old)-1] = nil
	*t = old[:len(old)-1]
	return s
}
