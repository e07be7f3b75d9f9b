package tcp_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// Two ends over a link, where bytes decide what is lost, late, doubled or corrupted, and what the
// applications do.

// Uint64 makes chance out of the script: each decision takes a byte. When they are used up nothing is lost any more.
func (s *script) Uint64() uint64 {
	b := byte(0xff)
	if len(*s) > 0 {
		b = s.byte()
	}
	return uint64(b) * 0x0101010101010101
}

// A fuzzPair drives a world.
type fuzzPair struct {
	*world
	in       script
	wrote    [2]int // by the application of each end
	read     [2]int
	ended    bool // an end has aborted: what was sent may be lost
	memories tcp.Memory
}

func newFuzzPair(t *testing.T, data []byte) *fuzzPair {
	f := &fuzzPair{in: data}
	mode := ecnOf(len(data))
	bits := f.in.byte()
	cfg := tcp.Config{Memory: &f.memories, NoTimestamps: bits&1 != 0, NoSACK: bits&2 != 0, NoWindowScale: bits&4 != 0}
	cfg.MTUProbing = tcp.MTUProbing(bits % 3)
	if bits&8 != 0 {
		cfg.RecvBuffer, cfg.SendBuffer = 3000, 4000
	}
	cfg.ECN = mode
	l := link{delay: 10 * time.Millisecond, late: 30 * time.Millisecond, loss: 0.2, dup: 0.1, reorder: 0.2, corrupt: 0.05}
	f.world = newWorld(t, 0, l, cfg)
	f.rng = rand.New(&f.in)
	f.tos = func(_ int, out *tcp.Output) uint8 {
		if out.TOS&3 != 0 && f.rng.Float64() < 0.3 {
			return out.TOS | 3
		}
		return out.TOS
	}
	for _, c := range f.conns {
		c.SetNoDelay(bits&16 != 0)
	}
	if bits&32 != 0 { // both at once (MUST-10)
		f.conns[1].Open(f.now)
		f.conns[0].Open(f.now)
		f.drain()
	} else {
		f.open()
	}
	return f
}

// act does one thing, and looks at everything.
func (f *fuzzPair) act() {
	op := f.in.byte()
	i := int(op & 1)
	c := f.conns[i]
	switch op >> 1 % 16 {
	case 0, 1, 2, 3:
		f.send(i, f.in.size()*16)
	case 4, 5, 6:
		f.receive(i, f.in.size()*16)
	case 7:
		if op > 200 {
			f.ended = f.ended || c.State() < tcp.SynReceived // §3.10.4: "delete the TCB"
			c.CloseWrite(f.now)
		}
	case 8:
		if op == 16 && f.in.byte() < 10 {
			c.Abort(f.now)
			f.ended = true
		}
	case 9:
		if op > 128 {
			c.SetKeepAlive(f.now, tcp.KeepAlive{Enable: true, Idle: time.Second, Interval: time.Second, Count: 100})
		}
	default:
		f.step()
	}
	f.drain()
	f.check()
}

func (f *fuzzPair) send(i, n int) {
	if f.conns[i].CanSend() {
		f.wrote[i] += f.conns[i].Send(f.now, pattern(f.wrote[i], n))
	}
}

// receive wants what it reads to be what the other end wrote there.
func (f *fuzzPair) receive(i, n int) {
	b := make([]byte, n)
	for _, got := range b[:f.conns[i].Receive(f.now, b)] {
		if f.read[i] >= f.wrote[1-i] || got != byte(f.read[i]%251) {
			f.t.Fatalf("byte %d of %d that were sent to %d is %d", f.read[i], f.wrote[1-i], i, got)
		}
		f.read[i]++
	}
}

func (f *fuzzPair) check() {
	for i, c := range f.conns {
		if err := c.CheckInvariants(); err != nil {
			f.t.Fatalf("end %d: %v", i, err)
		}
		if err := c.CheckTimers(); err != nil {
			f.t.Fatalf("end %d: %v", i, err)
		}
	}
}

// finish lets both ends close and wants everything to arrive, unless an end gave up.
func (f *fuzzPair) finish() {
	for range 20_000 {
		over := true
		for i, c := range f.conns {
			f.receive(i, 100_000)
			if c.State() != tcp.SynSent && c.CanSend() {
				c.CloseWrite(f.now)
			}
			over = over && (c.State() == tcp.Closed || c.State() == tcp.TimeWait)
		}
		f.drain()
		f.check()
		if over || !f.step() {
			break
		}
	}
	for i, c := range f.conns {
		for c.Readable() > 0 { // what had come when the end came
			f.receive(i, 100_000)
		}
		if f.ended || c.Cause() == tcp.CauseTimeout || f.conns[1-i].Cause() == tcp.CauseTimeout {
			continue
		}
		if c.State() != tcp.Closed && c.State() != tcp.TimeWait || c.Cause() > tcp.CauseDone {
			f.t.Errorf("end %d comes to rest in %v (%v)", i, c.State(), c.Cause())
		}
		if f.read[i] != f.wrote[1-i] {
			f.t.Errorf("end %d got %d of %d bytes", i, f.read[i], f.wrote[1-i])
		}
	}
	for _, c := range f.conns {
		c.Abort(f.now)
	}
	f.drain()
	if n := f.memories.Used(); n > 0 {
		f.t.Errorf("%d bytes of send buffer are still in use", n)
	}
}

func FuzzPair(f *testing.F) {
	f.Add([]byte{0, 0, 60, 20, 255, 255, 20, 255, 255, 1, 40, 20, 255, 20, 255, 8, 90, 20, 20, 20})
	f.Add([]byte{8, 0, 200, 20, 1, 20, 1, 20, 1, 20, 20, 20, 9, 100, 20, 20, 20, 20, 20})
	f.Add([]byte{32, 20, 20, 0, 60, 20, 20, 20, 20, 20})
	f.Fuzz(func(t *testing.T, data []byte) {
		x := newFuzzPair(t, data[:min(len(data), 1000)])
		for len(x.in) > 0 {
			x.act()
		}
		x.finish()
	})
}

// The same with bytes by chance.
func TestPairAtRandom(t *testing.T) {
	for seed := range uint64(200) {
		data := randomBytes(seed, 995+int(seed%6)) // its length chooses the kind of ECN
		t.Run("", func(t *testing.T) {
			x := newFuzzPair(t, data)
			for len(x.in) > 0 {
				x.act()
			}
			x.finish()
		})
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}
