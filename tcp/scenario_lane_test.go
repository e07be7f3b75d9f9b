package tcp_test

import (
	"container/heap"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// A lane is a world for much traffic: it loses nothing, keeps no log, and hands headers over as they are.
type lane struct {
	t       testing.TB
	now     ip.Time
	conns   [2]*tcp.Conn
	queue   laneQueue
	order   int
	delay   func(from int, out *tcp.Output) time.Duration
	onSend  func(from int, out *tcp.Output)      // after a segment left
	onTaken func(to int, seg *tcp.Header, n int) // after a segment was taken
}

// A lanePacket is under way.
type lanePacket struct {
	at    ip.Time
	order int
	to    int
	seg   tcp.Segment
}

type laneQueue []*lanePacket

func (q laneQueue) Len() int { return len(q) }
func (q laneQueue) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].order < q[j].order
}
func (q laneQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *laneQueue) Push(p any)   { *q = append(*q, p.(*lanePacket)) }
func (q *laneQueue) Pop() any {
	old := *q
	p := old[len(old)-1]
	*q = old[:len(old)-1]
	return p
}

// newLane returns two ends whose packets take d. They are not connected yet.
func newLane(t testing.TB, cfg tcp.Config, d time.Duration) *lane {
	l := &lane{t: t, now: start}
	l.delay = func(int, *tcp.Output) time.Duration { return d }
	cfg.ISN = wrapISN
	prepared := tcp.Prepare(cfg)
	l.conns[0], l.conns[1] = tcp.New(prepared, addrA, addrB, 1500), tcp.New(prepared, addrB, addrA, 1500)
	return l
}

// open connects A to B.
func (l *lane) open() {
	l.conns[1].OpenPassive(l.now)
	l.conns[0].Open(l.now)
	l.drain()
	for l.conns[1].State() != tcp.Established {
		l.step()
	}
}

// drain sends what both ends have to send.
func (l *lane) drain() {
	var out tcp.Output
	for i, c := range l.conns {
		for c.Next(l.now, &out) {
			p := &lanePacket{at: l.now.Add(l.delay(i, &out)), order: l.order, to: 1 - i}
			l.order++
			p.seg.Header = out.Header
			for k, b := range out.Text {
				p.seg.Text = append(p.seg.Text, b...)
				out.Pins[k].Unpin()
			}
			heap.Push(&l.queue, p)
			if l.onSend != nil {
				l.onSend(i, &out)
			}
		}
	}
}

// step moves time to the next packet or timer and handles it. It fails when nothing is left to happen.
func (l *lane) step() {
	next := ip.Earliest(l.conns[0].Deadline(), l.conns[1].Deadline())
	if len(l.queue) > 0 {
		next = ip.Earliest(next, l.queue[0].at)
	}
	if next == 0 {
		l.t.Fatal("the lane stands still")
	}
	l.now = max(l.now, next)
	for len(l.queue) > 0 && l.queue[0].at <= l.now {
		p := heap.Pop(&l.queue).(*lanePacket)
		h, n := p.seg.Header, len(p.seg.Text)
		l.conns[p.to].Arrive(l.now, &p.seg)
		if l.onTaken != nil {
			l.onTaken(p.to, &h, n)
		}
	}
	for _, c := range l.conns {
		if d := c.Deadline(); d != 0 && d <= l.now {
			c.Advance(l.now)
		}
	}
	l.drain()
}

// busy reports whether anything of A's is unacknowledged.
func (l *lane) busy() bool { i := l.conns[0].Info(); return i.Unacked+i.Unsent > 0 }
