package impair

// This file holds the machine: one direction of a bad network.

import (
	"math/bits"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// A Wire carries packets in one direction and treats them as its Fault says.
//
//	Push          puts a packet in
//	Pop           takes the next one out that has arrived; call it until nil
//	Deadline      says when to call Pop next
//	Held, Stats   tell
//
// A Wire is not safe for use by several goroutines at once. It holds at most
// MaxHeld packets.
type Wire struct {
	fault Fault
	rng   *rand.PCG
	stats Stats
	bad   bool    // in a burst of losses
	aqm   manager // nil: none

	departs fifo[ip.Time] // when each packet at the bottleneck will have passed it
	line    fifo[item]    // on the way, by arrival
	aside   []item        // stepped aside to be overtaken
	due     fifo[item]    // overtaken, about to leave
}

// An item is a packet on its way.
type item struct {
	buf *ip.Buffer
	at  ip.Time // when it arrives; aside: when it goes on in any case
	// overtakers is how many packets are still to pass it, 0 for a packet
	// that keeps its place.
	overtakers int
}

// MaxHeld bounds the packets in a Wire, so also their memory: 64 MiB of small
// buffers. At 1500 bytes a packet it is a second of 400 Mbit/s.
const MaxHeld = 1 << 15

// Stats counts what happened to packets. Pushed + Duplicated = Lost + Full + Early +
// those that came out or are still in the Wire.
type Stats struct {
	Pushed     uint64 // put in
	Lost       uint64 // by Loss
	Duplicated uint64
	Corrupted  uint64
	Reordered  uint64 // stepped aside
	Full       uint64 // lost at the bottleneck's full queue, or because MaxHeld was reached
	Early      uint64 // lost because the queue grew: AQM
	Marked     uint64 // marked instead
}

// NewWire returns an empty wire. Wires of different streams have unrelated
// chances from the same seed. It panics on a Fault that Config.Check refuses.
func NewWire(f Fault, seed, stream uint64) *Wire {
	if err := f.check(); err != nil {
		panic("BUG: " + err.Error())
	}
	if f.Queue == 0 {
		f.Queue = DefaultQueue
	}
	w := &Wire{fault: f, rng: rand.NewPCG(seed, stream)}
	if f.AQM != DropTail {
		w.aqm = newManager(&f, seed, stream)
	}
	return w
}

// Reseed makes all chances from now on those of a new wire with this seed and
// stream. Packets in the wire keep the fate that they have met.
func (w *Wire) Reseed(seed, stream uint64) {
	w.rng.Seed(seed, stream)
	if w.aqm != nil {
		w.aqm.reseed(seed, stream)
	}
}

// Push puts a packet in at the time now, which must not go backwards. The
// wire owns the packet from now on.
func (w *Wire) Push(now ip.Time, b *ip.Buffer) {
	w.stats.Pushed++
	// Every packet draws all its chances, needed or not: so switching one
	// fault on or off changes nothing about the others.
	lost := w.loses()
	twice := w.chance(w.fault.Duplicate)
	corrupt, bit := w.chance(w.fault.Corrupt), w.below(8*len(b.Data))
	first, second := w.travel(), w.travel()
	if lost {
		w.stats.Lost++
		b.Free()
		return
	}
	var copied *ip.Buffer
	if twice {
		w.stats.Duplicated++
		copied = &ip.Buffer{Data: slices.Clone(b.Data), GSOSize: b.GSOSize, ChecksumOK: b.ChecksumOK}
	}
	if corrupt && len(b.Data) > 0 {
		w.stats.Corrupted++
		b.Data[bit/8] ^= 1 << (bit % 8)
		b.ChecksumOK = false
	}
	w.send(now, b, first)
	if copied != nil {
		w.send(now, copied, second)
	}
}

// loses draws whether the next packet is lost.
func (w *Wire) loses() bool {
	switch f := &w.fault; {
	case f.Burst == 0:
		return w.chance(f.Loss)
	case w.bad:
		w.bad = w.chance(1 - 1/f.Burst)
	default: // so that the share of bad times is Loss
		w.bad = w.chance(f.Loss / (f.Burst * (1 - f.Loss)))
	}
	return w.bad
}

// A travel is what chance says about a packet that is not lost.
type travel struct {
	jitter     time.Duration
	overtakers int
}

func (w *Wire) travel() travel {
	t := travel{jitter: time.Duration(w.below(int(2*w.fault.Jitter)+1)) - w.fault.Jitter}
	reorder, n := w.chance(w.fault.Reorder), 1+w.below(maxOvertakers)
	if reorder {
		t.overtakers = n
	}
	return t
}

// send lets the packet pass the bottleneck and puts it on the line.
func (w *Wire) send(now ip.Time, b *ip.Buffer, t travel) {
	if w.Held() >= MaxHeld {
		w.stats.Full++
		b.Free()
		return
	}
	depart, ok := w.bottleneck(now, b.Data)
	if !ok {
		b.Free()
		return
	}
	at := depart.Add(w.fault.Delay + t.jitter)
	if n := w.line.len(); n > 0 {
		at = max(at, w.line.at(n-1).at)
	}
	b.At = 0
	w.line.push(item{b, at, t.overtakers})
}

// bottleneck returns when a packet will have passed, or false when it does not: the queue is full, or
// grows too long.
func (w *Wire) bottleneck(now ip.Time, packet []byte) (ip.Time, bool) {
	if w.fault.Rate == 0 {
		return now, true
	}
	for w.departs.len() > 0 && !now.Before(*w.departs.at(0)) {
		w.departs.pop()
	}
	start, k := now, w.departs.len()
	if k >= w.fault.Queue {
		w.stats.Full++
		return 0, false
	} else if k > 0 {
		start = *w.departs.at(k - 1)
	}
	if w.aqm != nil && w.aqm.congested(now, start, k) {
		if !mark(packet) {
			w.stats.Early++
			return 0, false
		}
		w.stats.Marked++
	}
	size := 8 * int64(len(packet))
	whole, rest := size/w.fault.Rate, size%w.fault.Rate
	depart := start.Add(time.Duration(whole) * time.Second).Add(perSecond(rest, w.fault.Rate))
	w.departs.push(depart)
	return depart, true
}

// perSecond returns n/rate of a second, for n < rate, at least a nanosecond,
// so that packets stay apart.
func perSecond(n, rate int64) time.Duration {
	hi, lo := bits.Mul64(uint64(n), uint64(time.Second))
	q, _ := bits.Div64(hi, lo, uint64(rate))
	return max(1, time.Duration(q))
}

// Pop returns the next packet that has arrived, or nil. The caller owns it.
func (w *Wire) Pop(now ip.Time) *ip.Buffer {
	for {
		if w.due.len() > 0 {
			return w.due.pop().buf
		}
		// Those aside stepped there in the order of their times.
		if len(w.aside) > 0 && !now.Before(w.aside[0].at) && !w.lineBefore(w.aside[0].at) {
			b := w.aside[0].buf
			w.aside = slices.Delete(w.aside, 0, 1)
			return b
		}
		if w.line.len() == 0 || now.Before(w.line.at(0).at) {
			return nil
		}
		it := w.line.pop()
		if it.overtakers == 0 {
			w.overtake(it.at)
			return it.buf
		}
		w.stats.Reordered++
		it.at = it.at.Add(reorderHold)
		w.aside = append(w.aside, it)
	}
}

// lineBefore reports whether a packet on the line arrives before t.
func (w *Wire) lineBefore(t ip.Time) bool {
	return w.line.len() > 0 && w.line.at(0).at.Before(t)
}

// overtake counts a packet that passed those aside at the time t.
func (w *Wire) overtake(t ip.Time) {
	kept := w.aside[:0]
	for _, it := range w.aside {
		if it.overtakers--; it.overtakers > 0 {
			kept = append(kept, it)
			continue
		}
		it.at = t
		w.due.push(it)
	}
	clear(w.aside[len(kept):])
	w.aside = kept
}

// Deadline returns when Pop will have a packet, or zero when there is none in
// the wire. It may lie in the past: then Pop has one already.
func (w *Wire) Deadline() ip.Time {
	if w.due.len() > 0 {
		return w.due.at(0).at
	}
	var t ip.Time
	if w.line.len() > 0 {
		t = w.line.at(0).at
	}
	if len(w.aside) > 0 {
		t = ip.Earliest(t, w.aside[0].at)
	}
	return t
}

// Held returns how many packets are in the wire.
func (w *Wire) Held() int { return w.line.len() + len(w.aside) + w.due.len() }

// Stats returns what has happened so far.
func (w *Wire) Stats() Stats { return w.stats }

// Drain frees every packet in the wire.
func (w *Wire) Drain() {
	for _, q := range []*fifo[item]{&w.line, &w.due} {
		for q.len() > 0 {
			q.pop().buf.Free()
		}
	}
	for _, it := range w.aside {
		it.buf.Free()
	}
	w.aside = nil
	w.departs = fifo[ip.Time]{}
}

// chance draws a number and reports whether it is among the share p.
func (w *Wire) chance(p float64) bool {
	return float64(w.rng.Uint64()>>11)/(1<<53) < p
}

// below draws a number from 0 to n-1, or 0 when n is 0. It always draws
// exactly once, which is worth more here than the last digit of evenness.
func (w *Wire) below(n int) int {
	x := w.rng.Uint64()
	if n <= 0 {
		return 0
	}
	return int(x % uint64(n))
}
