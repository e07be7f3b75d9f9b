package tcp

import (
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// What a sender spends its time with, as Linux's TCP_INFO tells it.

// A timeUse is one of those.
type timeUse uint8

const (
	timeIdle   timeUse = iota
	timeBusy           // there is something to send, or to be acknowledged
	timeWindow         // the peer's window holds it back
	timeBuffer         // the application wants to write more than the send buffer takes
	numTimeUses
)

// A chronometer adds up the time for each use. The use with the highest number counts.
type chronometer struct {
	use   timeUse
	since ip.Time
	spent [numTimeUses]time.Duration
	full  bool // a writer found no room
}

// set changes the use.
func (t *chronometer) set(now ip.Time, use timeUse) {
	if use != t.use {
		t.spent[t.use] += now.Sub(t.since)
		t.use, t.since = use, now
	}
}

// start begins a use, unless a more telling one is on.
func (t *chronometer) start(now ip.Time, use timeUse) {
	if use > t.use {
		t.set(now, use)
	}
}

// stop ends a use.
func (t *chronometer) stop(now ip.Time, use timeUse) {
	if t.use == use {
		t.set(now, timeBusy)
	}
}

// read returns the time for a use up to now.
func (t *chronometer) read(now ip.Time, use timeUse) time.Duration {
	d := t.spent[use]
	if t.use == use {
		d += now.Sub(t.since)
	}
	return d
}

// countTime says what the sender does, when all has been sent that can be.
func (c *Conn) countTime(now ip.Time, why held) {
	t := &c.busy
	switch {
	case c.sent.n == 0 && c.unsent() == 0:
		t.set(now, timeIdle)
	case why == heldWindow:
		t.start(now, timeWindow)
	default:
		t.stop(now, timeWindow)
		if t.full = t.full && c.Writable() == 0; !t.full {
			t.stop(now, timeBuffer)
		} else if why == heldNot && !c.windowLimits() {
			t.start(now, timeBuffer)
		}
	}
}
