package ladder

import (
	"sync"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// DefaultLimit is the number of events that a Recorder keeps unless told
// otherwise: about 2 MiB, some hundred exchanges or a bulk transfer's two ends.
const DefaultLimit = 4096

// A Recorder keeps events for a ladder. Its Record method is made to be a
// tcp.Config's Trace. Of a record that grows beyond the limit it keeps the
// first half and the last, for the interesting parts of a connection are its
// ends. It is safe for use by several goroutines at once.
type Recorder struct {
	mu    sync.Mutex
	limit int
	head  []tcp.Event // the first limit/2 events
	tail  []tcp.Event // a ring of the last ones
	next  int         // where the ring is written next
	lost  int         // events overwritten in the ring
}

// NewRecorder returns a recorder for up to limit events; 0 means DefaultLimit.
func NewRecorder(limit int) *Recorder {
	if limit <= 0 {
		limit = DefaultLimit
	}
	return &Recorder{limit: max(limit, 2)}
}

// Record keeps a copy of an event.
func (r *Recorder) Record(e *tcp.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case len(r.head) < r.limit/2:
		r.head = append(r.head, *e)
	case len(r.tail) < r.limit-r.limit/2:
		r.tail = append(r.tail, *e)
	default:
		r.tail[r.next] = *e
		r.next = (r.next + 1) % len(r.tail)
		r.lost++
	}
}

// Events returns what was kept, in order. When lost is not zero, that many
// events are missing before the event with the index at.
func (r *Recorder) Events() (events []tcp.Event, at, lost int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	events = append(events, r.head...)
	events = append(events, r.tail[r.next:]...)
	events = append(events, r.tail[:r.next]...)
	return events, len(r.head), r.lost
}

// Ladders builds the ladders of what was kept.
func (r *Recorder) Ladders(o Options) []*Ladder {
	events, at, lost := r.Events()
	return build(events, at, lost, o)
}
