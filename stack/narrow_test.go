package stack

import (
	"net"
	"sync"
	"testing"

	"github.com/sockeye-tcp/sockeye/ip"
)

// A device with room for few packets, which is mostly full.

// A narrow device is one end of a pair. It hands packets on only as fast as the other end reads.
type narrow struct {
	in, out *narrowQueue
}

type narrowQueue struct {
	mu     sync.Mutex
	cond   sync.Cond
	room   int
	bufs   []*ip.Buffer
	closed bool
}

func newNarrowPair(room int) (a, b *narrow) {
	ab, ba := &narrowQueue{room: room}, &narrowQueue{room: room}
	ab.cond.L, ba.cond.L = &ab.mu, &ba.mu
	return &narrow{ba, ab}, &narrow{ab, ba}
}

func (d *narrow) Read(bufs []*ip.Buffer) (int, error) {
	q := d.in
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.bufs) == 0 && !q.closed {
		q.cond.Wait()
	}
	if q.closed {
		return 0, net.ErrClosed
	}
	n := copy(bufs, q.bufs)
	q.bufs = q.bufs[n:]
	q.cond.Broadcast()
	return n, nil
}

func (d *narrow) Write(pkts []*ip.Packet) (int, error) {
	q := d.out
	q.mu.Lock()
	defer q.mu.Unlock()
	n := 0
	for n < len(pkts) && len(q.bufs) < q.room {
		q.bufs = append(q.bufs, &ip.Buffer{Data: pkts[n].AppendTo(nil)})
		n++
	}
	q.cond.Broadcast()
	return n, nil
}

func (d *narrow) WaitWritable() error {
	q := d.out
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.bufs) >= q.room && !q.closed {
		q.cond.Wait()
	}
	if q.closed {
		return net.ErrClosed
	}
	return nil
}

func (d *narrow) Close() error {
	for _, q := range []*narrowQueue{d.in, d.out} {
		q.mu.Lock()
		q.closed = true
		q.cond.Broadcast()
		q.mu.Unlock()
	}
	return nil
}

func (d *narrow) MTU() int            { return 1500 }
func (d *narrow) Offload() ip.Offload { return ip.Offload{} }

// newNarrowNets returns two stacks over a narrow pair.
func newNarrowNets(t *testing.T, room int) (a, b *Net) {
	t.Helper()
	da, db := newNarrowPair(room)
	return newNet(t, da, Config{Addrs: addrsA}), newNet(t, db, Config{Addrs: addrsB})
}
