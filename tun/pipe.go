package tun

// This file holds the memory pair: two devices joined back to back.

import (
	"net"
	"sync"
	"sync/atomic"

	"github.com/sockeye-tcp/sockeye/ip"
)

// pipeQueue is how many packets wait in one direction of a Pipe: as many as a
// Linux TUN device queues by default (txqueuelen 500), rounded to a power of two.
const pipeQueue = 512

// A Pipe is one end of a pair of devices in memory. What is written to one end
// is read from the other, whole and in order. It needs no privilege and works
// under testing/synctest: everything that blocks, blocks on a condition variable.
//
// Closing one end is like pulling the cable there: what the other end writes
// from then on is lost without an error, and its Read waits until it is closed
// itself.
type Pipe struct {
	mtu     int
	in, out *packetQueue
}

// NewPipe returns the two ends of a pipe that carries packets of up to mtu
// bytes. Each direction holds a bounded number of packets; a full one makes
// Write take fewer. It panics when mtu is below 68, the least that IPv4 allows
// (RFC 791 §3.1).
func NewPipe(mtu int) (a, b *Pipe) {
	if mtu < minMTU {
		panic("BUG: MTU of a pipe below 68")
	}
	ab, ba := newPacketQueue(pipeQueue), newPacketQueue(pipeQueue)
	return &Pipe{mtu, ba, ab}, &Pipe{mtu, ab, ba}
}

// minMTU is what every IPv4 link must carry (RFC 791 §3.1). IPv6 needs 1280
// (RFC 8200 §5).
const minMTU = 68

var _ Device = (*Pipe)(nil)

// Read waits for at least one packet, as ip.Device says.
func (p *Pipe) Read(bufs []*ip.Buffer) (int, error) { return p.in.get(bufs) }

// Write copies packets into the queue of the other end until it is full. A
// packet longer than the MTU is dropped and counts as taken.
func (p *Pipe) Write(pkts []*ip.Packet) (int, error) {
	if p.in.closed.Load() {
		return 0, net.ErrClosed
	}
	return p.out.put(pkts, p.mtu), nil
}

// WaitWritable blocks while the queue of the other end is full.
func (p *Pipe) WaitWritable() error { return p.out.waitRoom(p.in) }

// MTU returns the MTU the pipe was made with.
func (p *Pipe) MTU() int { return p.mtu }

// Offload says that a pipe offers none.
func (p *Pipe) Offload() ip.Offload { return ip.Offload{} }

// Close pulls the cable at this end. It always returns nil.
func (p *Pipe) Close() error {
	p.in.close()
	p.out.wakeWriter()
	return nil
}

// A packetQueue is one direction: a ring of packets between one writer and one
// reader. The reader's end closes it.
type packetQueue struct {
	mu       sync.Mutex
	notEmpty sync.Cond
	notFull  sync.Cond
	ring     []*ip.Buffer
	head, n  int
	closed   atomic.Bool // atomic: the opposite direction asks without q.mu
}

func newPacketQueue(size int) *packetQueue {
	q := &packetQueue{ring: make([]*ip.Buffer, size)}
	q.notEmpty.L, q.notFull.L = &q.mu, &q.mu
	return q
}

func (q *packetQueue) get(bufs []*ip.Buffer) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.n == 0 && !q.closed.Load() {
		q.notEmpty.Wait()
	}
	if q.closed.Load() {
		return 0, net.ErrClosed
	}
	n := 0
	for n < len(bufs) && q.n > 0 {
		bufs[n] = q.pop()
		n++
	}
	q.notFull.Signal()
	return n, nil
}

func (q *packetQueue) pop() *ip.Buffer {
	b := q.ring[q.head]
	q.ring[q.head] = nil
	q.head, q.n = (q.head+1)%len(q.ring), q.n-1
	return b
}

// put returns how many packets it disposed of: queued, or dropped because they
// are too long or nobody is there any more.
func (q *packetQueue) put(pkts []*ip.Packet, mtu int) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, p := range pkts {
		if q.closed.Load() || p.Len() > mtu {
			continue
		}
		if q.n == len(q.ring) {
			return i
		}
		q.ring[(q.head+q.n)%len(q.ring)] = CopyPacket(p)
		q.n++
		q.notEmpty.Signal()
	}
	return len(pkts)
}

// waitRoom waits until put takes a packet, or until own, the writer's other
// direction, is closed.
func (q *packetQueue) waitRoom(own *packetQueue) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.n == len(q.ring) && !q.closed.Load() && !own.closed.Load() {
		q.notFull.Wait()
	}
	if own.closed.Load() {
		return net.ErrClosed
	}
	return nil
}

// close frees what waits and wakes both sides.
func (q *packetQueue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed.Store(true)
	for q.n > 0 {
		q.pop().Free()
	}
	q.notEmpty.Broadcast()
	q.notFull.Broadcast()
}

// wakeWriter makes a blocked waitRoom look again at whether its own end is closed.
func (q *packetQueue) wakeWriter() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.notFull.Broadcast()
}
