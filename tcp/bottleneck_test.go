package tcp_test

import (
	"container/heap"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Connections that send as fast as they may through one bottleneck, in virtual time.

// A bottleneck is what they share.
type bottleneck struct {
	rate    float64       // bytes a second, headers included
	delay   time.Duration // each way
	queue   int           // packets that wait
	loss    float64
	reorder float64       // share of packets that are late by as much as late
	late    time.Duration // and those that are not lost arrive by so much later
	sleepy  time.Duration // how late timers fire
}

// A flow is one connection, from its two ends.
type flow struct {
	ends  [2]*tcp.Conn
	wake  ip.Time // when the sender's timer fires
	got   int     // bytes that the reader has
	sent  []burst
	quiet bool // the application has nothing to send
}

// A burst is what left at one instant.
type burst struct {
	at    ip.Time
	bytes int
}

// An arrival is a segment under way.
type arrival struct {
	at    ip.Time
	order int
	flow  *flow
	to    int
	h     tcp.Header
	n     int
}

type arrivals []arrival

func (a arrivals) Len() int { return len(a) }
func (a arrivals) Less(i, j int) bool {
	return a[i].at < a[j].at || a[i].at == a[j].at && a[i].order < a[j].order
}
func (a arrivals) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *arrivals) Push(x any)   { *a = append(*a, x.(arrival)) }
func (a *arrivals) Pop() any {
	old := *a
	x := old[len(old)-1]
	*a = old[:len(old)-1]
	return x
}

// A path is the simulation.
type path struct {
	bottleneck
	t       testing.TB
	now     ip.Time
	rng     *rand.Rand
	flows   []*flow
	transit arrivals
	order   int
	free    ip.Time // when the bottleneck has sent what waits
	longest time.Duration
	dropped int
	buf     *ip.Buffer
	chunk   []byte
	out     tcp.Output
	watch   func(*flow)
}

type nowhere struct{}

func (nowhere) Recycle(*ip.Buffer) {}

func newPath(t testing.TB, seed uint64, b bottleneck) *path {
	return &path{
		bottleneck: b, t: t, now: start, rng: rand.New(rand.NewPCG(seed, 2)),
		buf: &ip.Buffer{Data: make([]byte, 1600), Home: nowhere{}}, chunk: make([]byte, 1<<20),
	}
}

// add opens a connection.
func (p *path) add(cfg tcp.Config) *flow {
	if cfg.ISN == nil {
		cfg.ISN = wrapISN
	}
	cfg.SendBuffer, cfg.RecvBuffer = 64<<20, 64<<20
	f := &flow{}
	a := netip.AddrPortFrom(addrA.Addr(), uint16(2000+len(p.flows)))
	f.ends[0] = tcp.New(tcp.Prepare(cfg), a, addrB, 1500)
	cfg.Congestion = nil
	f.ends[1] = tcp.New(tcp.Prepare(cfg), addrB, a, 1500)
	p.flows = append(p.flows, f)
	f.ends[1].OpenPassive(p.now)
	f.ends[0].Open(p.now)
	p.drain(f)
	return f
}

// drain sends what a connection may send.
func (p *path) drain(f *flow) {
	s := f.ends[0]
	if !f.quiet && s.CanSend() && s.Info().Unsent < len(p.chunk) {
		s.Send(p.now, p.chunk)
	}
	for i, c := range f.ends {
		for c.Next(p.now, &p.out) {
			p.carry(f, i)
			for _, pin := range p.out.Pins {
				pin.Unpin()
			}
		}
	}
	if d := s.Deadline(); d != 0 {
		f.wake = d.Add(p.sleepy)
	} else {
		f.wake = 0
	}
}

// carry puts a segment on the path: text waits at the bottleneck, ACKs do not.
func (p *path) carry(f *flow, from int) {
	h, n := p.out.Header, p.out.Len
	p.order++
	at := p.now
	if from == 0 && n > 0 {
		if k := len(f.sent); k > 0 && f.sent[k-1].at == p.now {
			f.sent[k-1].bytes += n
		} else {
			f.sent = append(f.sent, burst{p.now, n})
		}
		if p.rng.Float64() < p.loss {
			return
		}
		size := time.Duration(float64(n+52) / p.rate * float64(time.Second))
		wait := max(0, p.free.Sub(p.now))
		if wait > time.Duration(p.queue)*size {
			p.dropped++
			return
		}
		p.longest = max(p.longest, wait)
		p.free = max(p.free, p.now).Add(size)
		at = p.free
		if p.rng.Float64() < p.reorder {
			at = at.Add(time.Duration(p.rng.Int64N(int64(p.late) + 1)))
		}
	}
	heap.Push(&p.transit, arrival{at.Add(p.delay), p.order, f, 1 - from, h, n})
}

// run goes on for a time.
func (p *path) run(d time.Duration) {
	for end := p.now.Add(d); ; {
		next := end
		if len(p.transit) > 0 {
			next = min(next, p.transit[0].at)
		}
		for _, f := range p.flows {
			next = ip.Earliest(ip.Earliest(next, f.wake), f.ends[1].Deadline())
		}
		if p.now = max(p.now, next); next == end {
			return
		}
		for len(p.transit) > 0 && p.transit[0].at <= p.now {
			p.arrive(heap.Pop(&p.transit).(arrival))
		}
		for _, f := range p.flows {
			due := f.wake != 0 && f.wake <= p.now
			if due {
				f.ends[0].Advance(p.now)
			}
			if d := f.ends[1].Deadline(); d != 0 && d <= p.now {
				f.ends[1].Advance(p.now)
				due = true
			}
			if due {
				p.drain(f)
			}
		}
	}
}

func (p *path) arrive(a arrival) {
	seg := tcp.Segment{Header: a.h}
	if a.n > 0 {
		seg.Buf, seg.Text = p.buf, p.buf.Data[52:52+a.n]
	}
	c := a.flow.ends[a.to]
	c.Arrive(p.now, &seg)
	for c.Readable() > 0 {
		n := c.Receive(p.now, p.chunk)
		if a.to == 1 {
			a.flow.got += n
		}
	}
	p.drain(a.flow)
	if p.watch != nil {
		p.watch(a.flow)
	}
}

// share runs for a time and returns what part of the bottleneck each flow has used, as text.
func (p *path) share(d time.Duration) []float64 {
	var before []int
	for _, f := range p.flows {
		before = append(before, f.got)
	}
	p.run(d)
	var got []float64
	for i, f := range p.flows {
		got = append(got, float64(f.got-before[i])*1500/1448/p.rate/d.Seconds())
	}
	return got
}
