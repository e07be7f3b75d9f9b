package netsim

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// The clock, and what happens next.

// start is the time at which every simulation begins. It is not zero, which means "none".
const start = ip.Time(time.Second)

// maxAtOnce bounds what happens at one instant. The most that any sound network needs is a window of segments and
// their ACKs.
const maxAtOnce = 200_000

// A Net is a network in virtual time.
type Net struct {
	// Trace, when set, hears of every event of every host. It must not keep the event.
	Trace func(*tcp.Event)
	// Tap, when set, sees every packet that a host sends or gets, as it is on the wire. It must not keep the packet.
	Tap func(at ip.Time, h *Host, packet []byte)

	now    ip.Time
	seed   uint64
	random *rand.Rand
	hosts  []*Host
	lanes  []*Lane
	calls  callHeap
	order  int // of calls made so far
	atOnce int // happenings at this instant
	events int // traced so far
	digest uint64
	failed error

	packet  ip.Packet
	spare   *Spare
	streams []*stream
}

// New returns a network without hosts, in which all chance comes from a seed.
func New(seed uint64) *Net { return NewWith(seed, new(Spare)) }

// NewWith is New with storage that was used before.
func NewWith(seed uint64, s *Spare) *Net {
	return &Net{now: start, seed: seed, random: rand.New(rand.NewPCG(seed, 0)), digest: seed, spare: s}
}

// Now returns the time, for calls on hosts and their sockets.
func (n *Net) Now() ip.Time { return n.now }

// Elapsed returns how long the simulation has run.
func (n *Net) Elapsed() time.Duration { return n.now.Sub(start) }

// Digest returns a number for all that has happened so far: equal runs have equal ones.
func (n *Net) Digest() uint64 { return n.digest }

// Err returns what rule has been broken, a *Violation, or nil.
func (n *Net) Err() error { return n.failed }

// At calls f at a time, before anything else that happens then.
func (n *Net) At(t ip.Time, f func()) {
	n.order++
	heap.Push(&n.calls, call{max(t, n.now), n.order, f})
}

// After calls f when some time has passed.
func (n *Net) After(d time.Duration, f func()) { n.At(n.now.Add(d), f) }

// Run lets time pass, until a rule is broken.
func (n *Net) Run(d time.Duration) error {
	until := n.now.Add(d)
	n.RunUntil(until, nil)
	if n.failed == nil {
		n.now = until
	}
	return n.failed
}

// RunUntil runs until done returns true, until nothing will happen any more up to a time, or until a rule is
// broken. It asks after everything that happens, and returns what done has said last; nil says no.
func (n *Net) RunUntil(limit ip.Time, done func() bool) bool {
	for _, h := range n.hosts {
		n.settle(h) // the caller may have made calls
	}
	for n.failed == nil {
		if done != nil && done() {
			return true
		}
		if !n.step(limit) {
			return false
		}
	}
	return false
}

// Idle reports whether nothing will ever happen by itself.
func (n *Net) Idle() bool { return n.next() == 0 }

// next returns when the next thing happens, zero for never.
func (n *Net) next() ip.Time {
	var t ip.Time
	if len(n.calls) > 0 {
		t = n.calls[0].at
	}
	for _, h := range n.hosts {
		t = ip.Earliest(t, h.deadline)
	}
	for _, l := range n.lanes {
		t = ip.Earliest(t, l.deadline)
	}
	return t
}

// step lets the next thing happen: calls come first, then timers, then packets, each in the order in which hosts and
// links were added. It returns false when nothing happens up to the limit.
func (n *Net) step(limit ip.Time) bool {
	at := n.next()
	if at == 0 || at > limit {
		return false
	}
	if n.atOnce++; at > n.now {
		n.atOnce = 0
	}
	n.now = max(n.now, at)
	if n.atOnce > maxAtOnce {
		n.fail("time", "it stands still: a deadline does not pass, or packets go round without end")
	}
	if len(n.calls) > 0 && n.calls[0].at <= n.now {
		heap.Pop(&n.calls).(call).f()
		for _, h := range n.hosts {
			n.settle(h)
		}
		return true
	}
	for _, h := range n.hosts {
		if h.deadline != 0 && h.deadline <= n.now {
			h.Stack.Advance(n.now)
			n.settle(h)
			return true
		}
	}
	for _, l := range n.lanes {
		if l.deadline != 0 && l.deadline <= n.now {
			l.deliver()
			return true
		}
	}
	panic("BUG: nothing happens at its time")
}

// settle follows every input to a host: it sends, its applications work, and it sends again.
func (n *Net) settle(h *Host) {
	n.drain(h)
	for _, a := range h.apps {
		a.Work(n.now)
	}
	n.drain(h)
	h.deadline = h.Stack.Deadline()
	h.settled()
}

// drain takes what a host has to send.
func (n *Net) drain(h *Host) {
	for h.Stack.Next(n.now, &n.packet) {
		b := n.spare.packets.get(n.packet.Len())
		b.Data = n.packet.AppendTo(b.Data[:0])
		n.packet.Unpin()
		if n.Tap != nil {
			n.Tap(n.now, h, b.Data)
		}
		if h.out == nil {
			b.Free() // a host without a link
			continue
		}
		h.out.push(b)
	}
}

// A Violation says which rule was broken.
type Violation struct {
	Check string // the name of the check
	At    time.Duration
	Text  string
}

func (v *Violation) Error() string { return fmt.Sprintf("%s, after %s: %s", v.Check, v.At, v.Text) }

// fail notes that a rule is broken. The first counts.
func (n *Net) fail(check, format string, args ...any) {
	if n.failed == nil {
		n.failed = &Violation{check, n.Elapsed(), fmt.Sprintf(format, args...)}
	}
}

// A call is made at a time.
type call struct {
	at    ip.Time
	order int
	f     func()
}

// A callHeap has the next call in front.
type callHeap []call

func (h callHeap) Len() int { return len(h) }
func (h callHeap) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].order < h[j].order
}
func (h callHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *callHeap) Push(x any)   { *h = append(*h, x.(call)) }
func (h *callHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = call{}
	*h = old[:len(old)-1]
	return last
}
