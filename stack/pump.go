package stack

import (
	"github.com/sockeye-tcp/sockeye/ip"
)

// Packets between host and device.
//
// Whoever has made output due pumps it out, without a change of goroutine: a caller of
// Write, the reader after a batch of arrivals, the timer. One pumps at a time; who finds the pump busy
// leaves the work to whoever pumps, who looks again before stopping. A
// pump that meets a full device, or that has worked for others long enough, hands itself over to the
// flusher, a goroutine of its own, so that no caller and no reader ever waits for the device.

const (
	// readBatch is how many packets one Read may return.
	readBatch = 64
	// writeBatch is how many packets one Write may be offered. What is pulled out of the
	// connections and not taken by the device is at most this much.
	writeBatch = 32
	// inlineBatches is how many full batches a caller writes before the flusher goes on for it.
	inlineBatches = 8
)

// A pump is the state of the way out. It is guarded by Net.mu, but for pkts,
// which belong to whoever pumps.
type pump struct {
	busy    bool // somebody pumps
	stalled bool // it is the flusher, waiting for room in the device
	limit   int  // packets to pull at once: small after a full device, whose room is not known
	pkts    []*ip.Packet
	pending []*ip.Packet  // the end of pkts that the device has not taken
	flush   chan struct{} // hands the pump to the flusher
}

func (p *pump) init() {
	p.flush = make(chan struct{}, 1)
	p.limit = writeBatch
	for range writeBatch {
		p.pkts = append(p.pkts, new(ip.Packet))
	}
}

// pumpOut sends what is due, as far as the device takes it, or leaves that to whoever does so
// already. It is called with n.mu held after every input, and returns with it held, but gives it up meanwhile.
func (n *Net) pumpOut(now ip.Time) {
	if !n.pump.busy && n.failure == nil {
		n.pump.busy = true
		n.pumpInline(now)
	}
	n.arm(now)
	n.rest()
}

// rest wakes those who wait for the stack as a whole: for an end, or for memory.
func (n *Net) rest() {
	n.idle.Broadcast()
	for c := range n.starved {
		delete(n.starved, c)
		c.write.notify()
	}
}

// pumpInline pumps for a while, and hands over what is left. The caller owns the pump.
func (n *Net) pumpInline(now ip.Time) {
	for range inlineBatches {
		switch n.pumpBatch(now) {
		case pumpEmpty:
			n.pump.busy = false
			return
		case pumpFull:
			n.pump.stalled = true
			n.pump.flush <- struct{}{} // has room: only the owner of the pump sends
			return
		}
		now = n.now()
	}
	n.pump.flush <- struct{}{}
}

// A pumpResult says how a batch went.
type pumpResult uint8

const (
	pumpMore  pumpResult = iota // all was taken; there may be more
	pumpEmpty                   // nothing to send
	pumpFull                    // the device is full
)

// pumpBatch pulls a batch out of the host and writes it, without the lock. The caller owns the pump.
func (n *Net) pumpBatch(now ip.Time) pumpResult {
	p := &n.pump
	if len(p.pending) == 0 && !n.pull(now) {
		return pumpEmpty
	}
	batch := p.pending
	n.mu.Unlock()
	for _, pkt := range batch {
		if !n.cfg.Offload.Checksum {
			pkt.CompleteChecksum()
		}
	}
	took, err := n.dev.Write(batch)
	n.mu.Lock()
	if err != nil {
		took = len(batch) // the device has failed: the reader hears of it too, and ends the stack
	}
	for _, pkt := range batch[:took] {
		pkt.Unpin()
	}
	p.pending = batch[took:]
	if len(p.pending) > 0 {
		p.limit = 1
		return pumpFull
	}
	p.limit = min(2*p.limit, writeBatch)
	return pumpMore
}

// pull takes packets out of the host, as many as a batch may have.
func (n *Net) pull(now ip.Time) bool {
	p := &n.pump
	i := 0
	for i < p.limit && n.host.next(now, p.pkts[i]) {
		i++
	}
	p.pending = p.pkts[:i]
	return i > 0
}

// flushLoop is the flusher: it takes the pump over from those who must not wait for the device.
func (n *Net) flushLoop() {
	for {
		select {
		case <-n.pump.flush:
			n.flush()
		case <-n.done:
			return
		}
	}
}

// flush pumps until nothing is left, waiting for room whenever the device is full.
func (n *Net) flush() {
	n.mu.Lock()
	defer n.mu.Unlock()
	result := pumpMore
	if n.pump.stalled {
		result = pumpFull
	}
	for result != pumpEmpty {
		if result == pumpFull {
			n.pump.stalled = true
			n.idle.Broadcast()
			n.mu.Unlock()
			err := n.dev.WaitWritable()
			n.mu.Lock()
			n.pump.stalled = false
			if err != nil {
				break // closed, or failed: the reader ends the stack
			}
		}
		result = n.pumpBatch(n.now())
	}
	n.pump.busy = false
	n.arm(n.now())
	n.rest()
}

// readLoop takes packets in, and sends what they bring about.
func (n *Net) readLoop() {
	bufs := make([]*ip.Buffer, readBatch)
	for {
		k, err := n.dev.Read(bufs)
		if err != nil {
			n.fail(err)
			return
		}
		n.arriving.Store(true)
		at := n.now() // whoever holds the lock, and however long, has no part in round trips
		for _, b := range bufs[:k] {
			if b.At.IsZero() {
				b.At = at
			}
			verify(b)
		}
		n.mu.Lock()
		n.arriving.Store(false)
		now := n.now()
		for i, b := range bufs[:k] {
			n.host.Arrive(now, b)
			bufs[i] = nil
		}
		n.advance(now)
		n.pumpOut(now)
		n.mu.Unlock()
	}
}

// timerLoop wakes the host at its deadlines. When packets have arrived that the host has not seen, it leaves that to the
// reader, who waits for the lock with them: what they acknowledge must not be sent again.
func (n *Net) timerLoop() {
	for {
		select {
		case <-n.timer.C:
			n.mu.Lock()
			n.armed = 0
			if !n.arriving.Load() {
				now := n.now()
				n.advance(now)
				n.pumpOut(now)
			}
			n.mu.Unlock()
		case <-n.done:
			n.timer.Stop()
			return
		}
	}
}

// advance runs what is due.
func (n *Net) advance(now ip.Time) {
	if at := n.host.Deadline(); !at.IsZero() && at <= now {
		n.host.Advance(now)
	}
}

// arm sets the timer, unless it fires earlier anyway: then it will be set again.
func (n *Net) arm(now ip.Time) {
	at := n.host.Deadline()
	if at.IsZero() || n.armed != 0 && n.armed <= at {
		return
	}
	n.armed = at
	n.timer.Reset(max(0, at.Sub(now)))
}
