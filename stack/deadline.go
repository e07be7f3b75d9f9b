package stack

import (
	"sync"
	"time"
)

// Deadlines as net.Conn has them: they may be moved, cleared and passed, for calls that
// are blocked as well as for later ones.

// A deadline is one direction's. It begins with passed open.
type deadline struct {
	mu     sync.Mutex
	at     time.Time     // zero: none
	passed chan struct{} // closed when the deadline has passed
	closed bool          // passed is closed
	timer  *time.Timer
}

// set moves the deadline to t; the zero Time clears it.
func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at = t
	left := time.Until(t)
	if !t.IsZero() && left <= 0 {
		d.pass()
		return
	}
	if d.closed {
		d.passed, d.closed = make(chan struct{}), false
	}
	switch {
	case t.IsZero():
		if d.timer != nil {
			d.timer.Stop()
		}
	case d.timer == nil:
		d.timer = time.AfterFunc(left, d.expire)
	default:
		d.timer.Reset(left)
	}
}

// expire runs when the timer fires. The deadline may have moved meanwhile, or the
// wall clock been set back: then the timer goes on for what is left.
func (d *deadline) expire() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.at.IsZero() {
		return
	}
	if left := time.Until(d.at); left > 0 {
		d.timer.Reset(left)
		return
	}
	d.pass()
}

func (d *deadline) pass() {
	if !d.closed {
		close(d.passed)
		d.closed = true
	}
}

// wait returns a channel that is closed when the deadline passes.
func (d *deadline) wait() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.passed
}

// hasPassed reports whether the deadline is over.
func (d *deadline) hasPassed() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.closed
}

// stop ends the timer; the deadline will not be used again.
func (d *deadline) stop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at = time.Time{}
	if d.timer != nil {
		d.timer.Stop()
	}
}
