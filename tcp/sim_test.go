package tcp_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Two connections joined by a link in virtual time. Segments cross the link as bytes, so that
// the wire format and the checksum are part of every test.

// A link says what happens to the packets of a direction, in probabilities and time.
type link struct {
	loss, dup, corrupt, reorder float64
	delay, late                 time.Duration // late is added to packets that are reordered
}

// A packet is under way.
type packet struct {
	at    ip.Time
	order int
	to    int
	tos   uint8
	b     []byte
}

// A world is two ends and what is under way between them.
type world struct {
	t       testing.TB
	now     ip.Time
	rng     *rand.Rand
	link    link
	conns   [2]*tcp.Conn
	transit []packet
	order   int
	sent    int // packets handed to the link
	log     eventLog
	filter  func(from int, out *tcp.Output) bool  // false: lost
	tos     func(from int, out *tcp.Output) uint8 // what the link makes of the service field; nil: nothing
	errors  []timed                               // under way to A
}

// A timed is an ICMP error and when it arrives.
type timed struct {
	at  ip.Time
	err tcp.ICMPError
}

func newWorld(t testing.TB, seed uint64, l link, cfg tcp.Config) *world {
	w := &world{t: t, now: start, rng: rand.New(rand.NewPCG(seed, 1)), link: l}
	if cfg.ISN == nil {
		cfg.ISN = wrapISN
	}
	cfg.Trace = w.log.trace
	prepared := tcp.Prepare(cfg)
	w.conns[0] = tcp.New(prepared, addrA, addrB, 1500)
	w.conns[1] = tcp.New(prepared, addrB, addrA, 1500)
	w.log.showOnFailure(t)
	return w
}

// open lets A connect to B, which listens.
func (w *world) open() {
	w.conns[1].OpenPassive(w.now)
	w.conns[0].Open(w.now)
	w.drain()
}

// drain sends what both ends have to send.
func (w *world) drain() {
	for i := range w.conns {
		w.drainEnd(i)
	}
}

func (w *world) drainEnd(i int) {
	var out tcp.Output
	for w.conns[i].Next(w.now, &out) {
		w.carry(i, &out)
		for _, p := range out.Pins {
			p.Unpin()
		}
	}
}

// carry puts a segment on the link.
func (w *world) carry(from int, out *tcp.Output) {
	w.sent++
	if w.filter != nil && !w.filter(from, out) {
		return
	}
	b := tcp.AppendHeader(nil, &out.Header)
	for _, s := range out.Text {
		b = append(b, s...)
	}
	src, dst := w.conns[from].Local().Addr(), w.conns[from].Remote().Addr()
	sum := ip.Checksum(b, ip.PseudoSum(src, dst, ip.ProtoTCP, len(b)))
	b[16], b[17] = byte(sum>>8), byte(sum)
	tos := out.TOS
	if w.tos != nil {
		tos = w.tos(from, out)
	}
	n := 1
	if w.rng.Float64() < w.link.dup {
		n = 2
	}
	for range n {
		if w.rng.Float64() < w.link.loss {
			continue
		}
		p := packet{at: w.now.Add(w.link.delay), order: w.order, to: 1 - from, tos: tos, b: bytes.Clone(b)}
		w.order++
		if w.rng.Float64() < w.link.reorder {
			p.at = p.at.Add(time.Duration(w.rng.Int64N(int64(w.link.late) + 1)))
		}
		if w.rng.Float64() < w.link.corrupt {
			p.b[w.rng.IntN(len(p.b))] ^= 1 << w.rng.IntN(8)
		}
		w.transit = append(w.transit, p)
	}
}

// step moves time to the next packet or timer and handles it. It returns false when nothing is left to happen.
func (w *world) step() bool {
	next := ip.Time(0)
	for _, p := range w.transit {
		next = ip.Earliest(next, p.at)
	}
	for _, c := range w.conns {
		next = ip.Earliest(next, c.Deadline())
	}
	for _, e := range w.errors {
		next = ip.Earliest(next, e.at)
	}
	if next == 0 {
		return false
	}
	w.now = max(w.now, next)
	for len(w.errors) > 0 && w.errors[0].at <= w.now {
		w.conns[0].ICMP(w.now, w.errors[0].err)
		w.errors = w.errors[1:]
	}
	w.deliver()
	for _, c := range w.conns {
		if d := c.Deadline(); d != 0 && d <= w.now {
			c.Advance(w.now)
		}
	}
	w.drain()
	return true
}

// deliver hands over the packets that have arrived by now.
func (w *world) deliver() {
	slices.SortStableFunc(w.transit, func(a, b packet) int {
		if a.at != b.at {
			return int(a.at - b.at)
		}
		return a.order - b.order
	})
	for len(w.transit) > 0 && w.transit[0].at <= w.now {
		p := w.transit[0]
		w.transit = w.transit[1:]
		c := w.conns[p.to]
		var seg tcp.Segment
		if d := tcp.ParseSegment(p.b, c.Remote().Addr(), c.Local().Addr(), false, &seg); d != ip.NoDrop {
			continue
		}
		if seg.SrcPort != c.Remote().Port() || seg.DstPort != c.Local().Port() {
			continue // a corrupted port whose checksum is right by chance
		}
		seg.TOS = p.tos
		c.Arrive(w.now, &seg)
	}
}

// transfer sends data from A to B and back from B to A, closes both, and wants everything to arrive.
func (w *world) transfer(ab, ba []byte) {
	w.t.Helper()
	data := [2][]byte{ab, ba}
	var got [2][]byte // got[i]: received by i
	buf := make([]byte, 20000)
	for steps := 0; ; steps++ {
		for i, c := range w.conns {
			if len(data[i]) > 0 {
				n := c.Send(w.now, data[i])
				data[i] = data[i][n:]
			}
			if len(data[i]) == 0 && c.CanSend() && c.State() != tcp.SynSent {
				c.CloseWrite(w.now)
			}
			for {
				n := c.Receive(w.now, buf[:1+w.rng.IntN(len(buf))])
				if n == 0 {
					break
				}
				got[i] = append(got[i], buf[:n]...)
			}
		}
		w.drain()
		a, b := w.conns[0], w.conns[1]
		if a.EOF() && b.EOF() && (a.State() == tcp.Closed || a.State() == tcp.TimeWait) && (b.State() == tcp.Closed || b.State() == tcp.TimeWait) {
			break
		}
		if !w.step() || steps > 1_000_000 {
			w.t.Fatalf("the transfer stands still after %d steps: A %v %v, B %v %v; got %d of %d and %d of %d bytes", steps,
				a.State(), a.Cause(), b.State(), b.Cause(), len(got[1]), len(ab), len(got[0]), len(ba))
		}
	}
	if !bytes.Equal(got[1], ab) {
		w.t.Errorf("B got %d bytes that differ from the %d sent", len(got[1]), len(ab))
	}
	if !bytes.Equal(got[0], ba) {
		w.t.Errorf("A got %d bytes that differ from the %d sent", len(got[0]), len(ba))
	}
}

func randomBytes(seed uint64, n int) []byte {
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
	b := make([]byte, n)
	r.Read(b)
	return b
}

func TestTransfer(t *testing.T) {
	links := map[string]link{
		"clean":     {delay: 10 * time.Millisecond},
		"loss":      {delay: 10 * time.Millisecond, loss: 0.05},
		"reorder":   {delay: 10 * time.Millisecond, reorder: 0.1, late: 20 * time.Millisecond},
		"duplicate": {delay: 10 * time.Millisecond, dup: 0.2},
		"corrupt":   {delay: 10 * time.Millisecond, corrupt: 0.02},
		"all":       {delay: 10 * time.Millisecond, loss: 0.05, reorder: 0.1, late: 20 * time.Millisecond, dup: 0.02, corrupt: 0.01},
	}
	configs := map[string]tcp.Config{
		"":                {},
		", small buffers": {RecvBuffer: 5000, SendBuffer: 3000},
		", no options":    {NoSACK: true, NoTimestamps: true, NoWindowScale: true},
	}
	for name, l := range links {
		for suffix, cfg := range configs {
			t.Run(name+suffix, func(t *testing.T) {
				for seed := range uint64(20) {
					w := newWorld(t, seed, l, cfg)
					w.open()
					w.transfer(randomBytes(seed, 100_000), randomBytes(seed+1000, int(seed)*1000))
					if t.Failed() {
						t.Fatalf("seed %d", seed)
					}
				}
			})
		}
	}
}
