package virtual

import (
	"slices"
	"syscall"
	"time"

	"github.com/sockeye-tcp/sockeye/internal/sockets"
	"github.com/sockeye-tcp/sockeye/ip"
)

// The clock, and everything that happens when it moves.

const (
	// early is by how much a program stops sleeping before the time it waits for, to spin for the rest: Sleep
	// sleeps longer by that, so that nothing is left to spin for.
	early = 20 * time.Microsecond
	// patientReads is how often the clock is read in a row before it ticks. A program reads it a few times
	// for each thing it does, and must get the same answer.
	patientReads = 8
	// deadlock is the error of a call that waits for what cannot happen.
	deadlock = syscall.EDEADLK
	// pause and maxPause say how to wait, in real time, for threads that are about to do something.
	pause    = 50 * time.Microsecond
	maxPause = 2 * time.Second
	// grace is given to a thread that may be on its way before saying that nothing will ever come.
	grace = 20 * time.Millisecond
	// stallCheck is how often, in real time, somebody looks whether the main thread stands still, and patientChecks
	// how often it must have been found so.
	stallCheck    = 10 * time.Millisecond
	patientChecks = 3
	// maxIdle is how often a deadline may stand still.
	maxIdle = 1000
)

// Clock returns the time of day in microseconds since 1970.
func (p *Process) Clock() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if thread := p.cfg.Thread(); p.unread[thread] {
		delete(p.unread, thread)
		p.change.Broadcast()
	} else if p.reads++; p.reads > patientReads && len(p.unread) == 0 && thread == p.main {
		p.reads = 0
		p.quiet()
		p.sleepUntil(p.now.Add(time.Microsecond))
	}
	return microseconds(p.now)
}

// microseconds returns the time of day in microseconds.
func microseconds(t ip.Time) int64 { return (epoch + int64(t)) / int64(time.Microsecond) }

// Sleep lets a time pass.
func (p *Process) Sleep(d time.Duration) {
	p.enter()
	defer p.leave()
	p.sleepUntil(p.now.Add(d + early))
}

// sleepUntil runs every timer up to t.
func (p *Process) sleepUntil(t ip.Time) {
	for idle := 0; idle < maxIdle; idle++ {
		p.quiet()
		d := p.deadline()
		if d.IsZero() || t.Before(d) {
			break
		}
		if p.now.Before(d) {
			idle = 0
		}
		p.runTo(d)
	}
	p.now = max(p.now, t)
}

// runTo moves the clock to a deadline and does what is due.
func (p *Process) runTo(d ip.Time) {
	p.now = max(p.now, d)
	p.host.Advance(p.now)
	p.settle()
}

// deadline returns when something happens by itself; zero: never.
func (p *Process) deadline() ip.Time {
	d := p.host.Deadline()
	for _, w := range p.waiting {
		d = ip.Earliest(d, w.call.Deadline())
	}
	return d
}

// quiet waits, in real time, until nobody is about to do anything at this moment: each thread that is in a system
// call waits there, and each whose call has ended has looked at the clock.
func (p *Process) quiet() {
	for waited := time.Duration(0); waited < maxPause; waited += pause {
		if len(p.unread) == 0 && p.cfg.Inside() <= len(p.waiting) {
			return
		}
		p.rest(pause)
	}
}

// watch makes the time pass when nobody else does: the main thread does not sleep here but waits, in real time, until
// the call of another thread is over, before it makes one of its own.
func (p *Process) watch(call *sockets.Call) {
	p.mu.Lock()
	defer p.mu.Unlock()
	stalled, before := 0, p.entered
	for {
		p.rest(stallCheck)
		switch {
		case call.Done():
			return
		case p.entered != before || p.entered%2 == 1 || !p.cfg.Stalled(p.main):
			stalled, before = 0, p.entered
		default:
			stalled++
		}
		if d := p.deadline(); stalled >= patientChecks && !d.IsZero() {
			p.runTo(d)
		}
	}
}

// rest sleeps in real time and lets others go on meanwhile.
func (p *Process) rest(d time.Duration) {
	p.mu.Unlock()
	time.Sleep(d)
	p.mu.Lock()
}

// settle follows everything that may change the host: it takes what the host sends, and ends the calls that
// waited for it.
func (p *Process) settle() {
	for again := true; again; {
		p.drain()
		p.table.Progress(p.now)
		again = p.wake()
	}
}

// drain takes what the host has to send.
func (p *Process) drain() {
	var out ip.Packet
	for p.host.Next(p.now, &out) {
		p.sent = append(p.sent, packet{p.now, out.AppendTo(nil)})
		out.Unpin()
	}
}

// wake ends calls whose time has come, and reports whether there was any.
func (p *Process) wake() bool {
	was := len(p.waiting)
	p.waiting = slices.DeleteFunc(p.waiting, func(w *waiter) bool {
		over := w.call.Again(p.now)
		if over {
			p.mustRead(w.thread)
		}
		return over
	})
	if len(p.waiting) == was {
		return false
	}
	p.change.Broadcast()
	return true
}

// without removes the call from a list.
func without(list []*waiter, call *sockets.Call) []*waiter {
	return slices.DeleteFunc(list, func(w *waiter) bool { return w.call == call })
}
