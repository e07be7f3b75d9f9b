package tcp_test

import (
	"testing"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// The steady path allocates nothing.

// reuse keeps one freed packet for the next.
type reuse struct{ free *ip.Buffer }

func (r *reuse) Recycle(b *ip.Buffer) { r.free = b }

// wantNoAllocs wants step to allocate nothing, once it has run often enough for every buffer to have its size.
func wantNoAllocs(t *testing.T, step func()) {
	t.Helper()
	for range 1000 {
		step()
	}
	if n := testing.AllocsPerRun(1000, step); n != 0 {
		t.Errorf("got %v allocations a step, want none", n)
	}
}

func TestReceivingAllocatesNothing(t *testing.T) {
	for _, test := range []struct {
		name      string
		reordered bool
		copied    bool // Receive instead of Take
	}{{"in order", false, false}, {"copied out", false, true}, {"reordered", true, false}} {
		t.Run(test.name, func(t *testing.T) {
			l := newLong(t, tcp.Config{})
			home := &reuse{}
			seq := l.irs + 1
			bufs := [2]*ip.Buffer{{Data: make([]byte, 1500), Home: home}, {Data: make([]byte, 1500), Home: home}}
			arrive := func(b *ip.Buffer, at tcp.Seq) {
				in := tcp.Segment{Buf: b, Text: b.Data[52:]}
				in.Header = tcp.Header{Seq: at, Ack: l.iss + 1, Flags: A, Wnd: l.wnd}
				l.c.Arrive(l.now, &in)
			}
			const n = 1500 - 52
			wantNoAllocs(t, func() {
				l.now = l.now.Add(ms)
				first, second := seq, seq+n
				if test.reordered {
					first, second = second, first
				}
				arrive(bufs[0], first)
				l.drain()
				arrive(bufs[1], second)
				l.drain()
				seq += 2 * n
				for got := 0; got < 2*n; {
					if test.copied {
						got += l.c.Receive(l.now, l.reader)
						continue
					}
					text, ok := l.c.Take(l.now, 1<<20)
					if !ok {
						t.Fatal("nothing to take")
					}
					got += len(text.Bytes)
					text.Free()
				}
				l.drain()
			})
			l.check()
		})
	}
}

func TestSendingAllocatesNothing(t *testing.T) {
	for i, gso := range []int{0, 65_535, 65_535} {
		cfg := tcp.Config{}
		if i == 2 {
			cfg.Congestion = tcp.NewBBR
		}
		l := newLong(t, cfg)
		l.c.SetGSO(gso)
		l.out.Text = make([][]byte, 0, 8)
		l.out.Pins = make([]ip.Pin, 0, 8)
		wantNoAllocs(t, func() {
			l.now = l.now.Add(ms)
			for todo := l.chunk[:4*longMSS]; len(todo) > 0; {
				room := l.c.Reserve(len(todo))
				n := copy(room, todo)
				l.c.Commit(l.now, n, 0)
				todo = todo[n:]
			}
			l.drain()
			una := l.c.Vars().SndUna
			for i := range 4 {
				l.arrive(tcp.Segment{Header: tcp.Header{Seq: l.irs + 1, Ack: una + longMSS*tcp.Seq(i+1), Flags: A, Wnd: l.wnd}})
				l.drain()
			}
		})
		l.check()
	}
}

// Both ways at once, with answers, as a request and its response.
func TestExchangeAllocatesNothing(t *testing.T) {
	l := newLong(t, tcp.Config{})
	seq := l.irs + 1
	home := &reuse{}
	b := &ip.Buffer{Data: make([]byte, 600), Home: home}
	wantNoAllocs(t, func() {
		l.now = l.now.Add(ms)
		in := tcp.Segment{Buf: b, Text: b.Data[52:]}
		in.Header = tcp.Header{Seq: seq, Ack: l.c.Vars().SndNxt, Flags: A | P, Wnd: l.wnd}
		l.c.Arrive(l.now, &in)
		seq += 600 - 52
		l.drain()
		l.c.Receive(l.now, l.reader)
		l.drain()
		l.c.Send(l.now, l.chunk[:300])
		l.drain()
		l.c.TakeChanges()
	})
}

// What never becomes a connection costs nothing either.
func TestParsingAndResettingAllocateNothing(t *testing.T) {
	raw := header(2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 3, 3, 7)
	var in tcp.Segment
	var out tcp.Output
	room := make([]byte, 0, 60)
	wantNoAllocs(t, func() {
		if d := tcp.ParseSegment(raw, addrA.Addr(), addrB.Addr(), true, &in); d != ip.NoDrop || !tcp.ReplyReset(&in, &out) {
			t.Fatal("no answer")
		}
		tcp.AppendHeader(room, &out.Header)
	})
}
