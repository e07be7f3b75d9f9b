package tcp_test

import (
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// What the machine costs for each segment, without host, device and clock.

func BenchmarkParseSegment(b *testing.B) {
	for _, bb := range []struct {
		name    string
		options []byte
	}{
		{"plain", nil},
		{"timestamps", []byte{1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2}},
		{"SYN", []byte{2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 3, 3, 7}},
	} {
		raw := header(bb.options...)
		b.Run(bb.name, func(b *testing.B) {
			var in tcp.Segment
			b.ReportAllocs()
			for b.Loop() {
				if tcp.ParseSegment(raw, addrA.Addr(), addrB.Addr(), true, &in) != ip.NoDrop {
					b.Fatal("dropped")
				}
			}
		})
	}
}

// BenchmarkArrive takes segments with text, two at a time: their way through the eight steps, the ACK that answers them, and
// taking the text out. ns/segment is for one of them.
func BenchmarkArrive(b *testing.B) {
	for _, bb := range []struct {
		name      string
		reordered bool
	}{{"in order", false}, {"reordered", true}} {
		b.Run(bb.name, func(b *testing.B) {
			l := newLong(b, tcp.Config{})
			home := &reuse{}
			bufs := [2]*ip.Buffer{{Data: make([]byte, 1500), Home: home}, {Data: make([]byte, 1500), Home: home}}
			const n = 1500 - 52
			seq := l.irs + 1
			b.ReportAllocs()
			for b.Loop() {
				l.now = l.now.Add(ms)
				at := [2]tcp.Seq{seq, seq + n}
				if bb.reordered {
					at[0], at[1] = at[1], at[0]
				}
				for i, buf := range bufs {
					in := tcp.Segment{Buf: buf, Text: buf.Data[52:]}
					in.Header = tcp.Header{Seq: at[i], Ack: l.iss + 1, Flags: A, Wnd: l.wnd}
					l.c.Arrive(l.now, &in)
					l.drain()
				}
				for got := 0; got < 2*n; {
					text, ok := l.c.Take(l.now, 1<<20)
					if !ok {
						b.Fatal("nothing to take")
					}
					got += len(text.Bytes)
					text.Free()
				}
				l.drain()
				seq += 2 * n
			}
			perSegment(b, b.Elapsed(), 2, "ns/segment")
		})
	}
}

// BenchmarkSend sends a flight over Ethernet and has it acknowledged segment by segment: ns/next is what Next takes for a
// packet, of one segment or as many as fit a super-packet, and ns/ack what an ACK of new text takes.
func BenchmarkSend(b *testing.B) {
	for _, bb := range []struct {
		name string
		gso  int
	}{{"segments", 0}, {"super-packets", 65_535}} {
		b.Run(bb.name, func(b *testing.B) {
			l := newEthernet(b, bb.gso)
			const flight = 128
			var sending, acking time.Duration
			packets := 0
			b.ReportAllocs()
			for b.Loop() {
				l.now = l.now.Add(ms)
				l.c.Send(l.now, l.chunk[:flight*1460])
				begun := time.Now()
				for l.c.Next(l.now, &l.out) {
					packets++
					for _, p := range l.out.Pins {
						p.Unpin()
					}
				}
				sent := time.Now()
				una := l.c.Vars().SndUna
				for i := range flight {
					l.arrive(tcp.Segment{Header: tcp.Header{Seq: l.irs + 1, Ack: una + 1460*tcp.Seq(i+1), Flags: A, Wnd: l.wnd}})
				}
				sending, acking = sending+sent.Sub(begun), acking+time.Since(sent)
			}
			b.ReportMetric(float64(sending.Nanoseconds())/float64(packets), "ns/next")
			perSegment(b, acking, flight, "ns/ack")
		})
	}
}

// newEthernet returns a long whose segments have 1460 bytes and whose congestion window is no limit any more.
func newEthernet(b *testing.B, gso int) *long {
	l := &long{t: b, now: start, wnd: 4096, chunk: make([]byte, longChunk)}
	l.iss, l.irs = wrapISN(addrA, addrB, 0), wrapISN(addrB, addrA, 0)
	l.c = tcp.New(tcp.Prepare(tcp.Config{ISN: wrapISN, SendBuffer: 16 << 20}), addrA, addrB, 1500)
	l.c.SetGSO(gso)
	l.c.Open(l.now)
	l.drain()
	l.arrive(tcp.Segment{Header: tcp.Header{
		Seq: l.irs, Ack: l.iss + 1, Flags: S | A, Wnd: 65_535, Options: tcp.Options{HasMSS: true, MSS: 1460, HasWS: true, WS: 14},
	}})
	for range 20 { // slow start doubles it each time
		l.c.Send(l.now, l.chunk)
		l.drain()
		l.now = l.now.Add(ms)
		l.ack(l.irs + 1)
		l.drain()
	}
	for l.c.Vars().SndUna != l.c.Vars().SndNxt {
		l.ack(l.irs + 1)
		l.drain()
	}
	return l
}

// perSegment reports what one of the segments took, of so many in each turn of the loop.
func perSegment(b *testing.B, d time.Duration, segments int, unit string) {
	b.ReportMetric(float64(d.Nanoseconds())/float64(b.N*segments), unit)
}

// BenchmarkHandshake makes two connections and opens one to the other: SYN, SYN-ACK, ACK.
func BenchmarkHandshake(b *testing.B) {
	cfg := tcp.Prepare(tcp.Config{ISN: wrapISN})
	var out tcp.Output
	carry := func(from, to *tcp.Conn) {
		for from.Next(start, &out) {
			to.Arrive(start, &tcp.Segment{Header: out.Header})
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		x, y := tcp.New(cfg, addrA, addrB, 1500), tcp.New(cfg, addrB, addrA, 1500)
		y.OpenPassive(start)
		x.Open(start)
		carry(x, y)
		carry(y, x)
		carry(x, y)
		if x.State() != tcp.Established || y.State() != tcp.Established {
			b.Fatalf("got %s and %s", x.State(), y.State())
		}
	}
}
