package stack

import (
	"os"
	"time"
)

// How calls wait: for news from the host, a deadline, or the end.

// A direction is one side of a connection, reading or writing. One call at a time goes
// through its gate; the others wait there.
type direction struct {
	gate     chan struct{} // holds a token while nobody is in
	news     chan struct{} // holds a token when something has changed since the last look
	deadline deadline
}

func (d *direction) init() {
	d.gate, d.news = make(chan struct{}, 1), make(chan struct{}, 1)
	d.gate <- struct{}{}
	d.deadline.passed = make(chan struct{})
}

// notify makes whoever waits look again.
func (d *direction) notify() {
	select {
	case d.news <- struct{}{}:
	default:
	}
}

// events are both directions of a connection and its end.
type events struct {
	read, write direction
	closed      chan struct{} // closed with isClosed
	isClosed    bool          // guarded by Net.mu
	reason      error         // why it is closed: net.ErrClosed, or ENETDOWN
}

func (e *events) init() {
	e.read.init()
	e.write.init()
	e.closed = make(chan struct{})
}

// close ends all waiting. The caller holds Net.mu.
func (e *events) close(reason error) {
	if e.isClosed {
		return
	}
	e.isClosed, e.reason = true, reason
	close(e.closed)
	e.read.deadline.stop()
	e.write.deadline.stop()
}

// enter goes through the gate of a direction; leave must follow.
func (e *events) enter(d *direction) error {
	select {
	case <-d.gate:
	default:
		select {
		case <-d.gate:
		case <-e.closed:
			return e.reason
		}
	}
	if e.over() {
		d.leave()
		return e.reason
	}
	return nil
}

func (d *direction) leave() { d.gate <- struct{}{} }

// check says why a call must not even begin: a deadline that has passed counts before
// everything that is ready.
func (e *events) check(d *direction) error {
	if d.deadline.hasPassed() {
		return os.ErrDeadlineExceeded
	}
	return nil
}

// wait blocks until there is news, the deadline has passed, or the connection is closed.
func (e *events) wait(d *direction) error {
	select {
	case <-d.news:
		return nil
	case <-e.closed:
		return e.reason
	case <-d.deadline.wait():
		return os.ErrDeadlineExceeded
	}
}

func (e *events) over() bool {
	select {
	case <-e.closed:
		return true
	default:
		return false
	}
}

// setDeadlines sets the deadline of each of the directions.
func (e *events) setDeadlines(t time.Time, ds ...*direction) error {
	if e.over() {
		return e.reason
	}
	for _, d := range ds {
		d.deadline.set(t)
	}
	return nil
}
