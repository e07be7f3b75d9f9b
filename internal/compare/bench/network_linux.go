package bench

import (
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sockeye-tcp/sockeye/internal/compare/campaign"
	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tun"
	"github.com/sockeye-tcp/sockeye/tun/impair"
)

// The bad network of a recovery campaign, between two ends. Whoever drives it, wireLink or wireDevice, does so in one thread that
// waits with the kernel's clock; nothing is handed from one goroutine to another. That is what matters at a gigabit a second and
// for small delays, and how it differs from tun.Impaired.

// A network is what is between the ends. The client is at end 0, the server at end 1.
type network struct {
	start time.Time

	mu       sync.Mutex
	wires    [2]*impair.Wire // by the end where packets enter; nil: the network is cut
	observer *campaign.Observer
}

// A networkSpec says what a network does to one connection.
type networkSpec struct {
	FromClient, FromServer impair.Fault
	Seed                   uint64
	ClientSends            bool // the data go from the client to the server
}

func newNetwork() network { return network{start: time.Now()} }

// now is the time on the wires' clock, which starts above zero.
func (n *network) now() ip.Time { return ip.Time(time.Since(n.start)) + 1 }

// open begins anew. The caller holds the lock.
func (n *network) open(s networkSpec) {
	n.drain()
	n.wires = [2]*impair.Wire{impair.NewWire(s.FromClient, s.Seed, 0), impair.NewWire(s.FromServer, s.Seed, 1)}
	n.observer = &campaign.Observer{FromClient: s.ClientSends}
}

// cut loses what is on its way and everything from now on, and returns what the observer has counted. The caller holds the lock.
func (n *network) cut() campaign.Counts {
	n.drain()
	n.wires = [2]*impair.Wire{}
	return n.observer.Counts()
}

func (n *network) drain() {
	for _, w := range n.wires {
		if w != nil {
			w.Drain()
		}
	}
}

// push puts a packet in at an end, and owns it from now on.
func (n *network) push(now ip.Time, end int, b *ip.Buffer) {
	w := n.wires[end]
	if w == nil {
		b.Free()
		return
	}
	segment, ok := campaign.Parse(b.Data)
	before := w.Stats()
	w.Push(now, b)
	if after := w.Stats(); ok {
		n.observer.Sees(segment, end == 0, after.Lost+after.Full > before.Lost+before.Full)
	}
}

// pop returns a packet that has arrived at an end, or nil.
func (n *network) pop(now ip.Time, end int) *ip.Buffer {
	if w := n.wires[1-end]; w != nil {
		return w.Pop(now)
	}
	return nil
}

// deadline returns when the next packet arrives at an end, zero when none will.
func (n *network) deadline(end int) ip.Time {
	if w := n.wires[1-end]; w != nil {
		return w.Deadline()
	}
	return 0
}

// tapBatch is how many packets are taken from one end before the other has its turn.
const tapBatch = 64

// A tap is an end that is a file, which does not block and is read and written a packet at a time.
type tap struct {
	fd   int
	held *ip.Buffer // there was no room for it
}

// take reads packets into the network.
func (t *tap) take(n *network, end, mtu int) error {
	now := n.now()
	for range tapBatch {
		b := tun.NewBuffer(mtu)
		k, err := unix.Read(t.fd, b.Data)
		if err == nil && k > 0 {
			b.Data = b.Data[:k]
			n.push(now, end, b)
			continue
		}
		b.Free()
		switch err {
		case unix.EINTR:
		case nil, unix.EAGAIN:
			return nil
		default:
			return fmt.Errorf("read from the link's end: %w", err)
		}
	}
	return nil
}

// hand writes out what has arrived. isFull says that there is no more room.
func (t *tap) hand(n *network, end int) (isFull bool, err error) {
	for now := n.now(); ; {
		b := t.held
		if b == nil {
			if b = n.pop(now, end); b == nil {
				return false, nil
			}
		}
		t.held = nil
		_, err := unix.Write(t.fd, b.Data)
		switch err {
		case unix.EAGAIN:
			t.held = b
			return true, nil
		case unix.EINTR:
			t.held = b
		case nil, unix.EIO, unix.EINVAL:
			b.Free() // who is down gets nothing, as on a wire
		default:
			b.Free()
			return false, fmt.Errorf("write to the link's end: %w", err)
		}
	}
}

// drop loses what had no room.
func (t *tap) drop() {
	if t.held != nil {
		t.held.Free()
		t.held = nil
	}
}

// until is how long from now to t, as poll takes it: nil without end, for zero.
func (n *network) until(t ip.Time) *unix.Timespec {
	if t == 0 {
		return nil
	}
	ts := unix.NsecToTimespec(int64(max(0, t.Sub(n.now()))))
	return &ts
}
