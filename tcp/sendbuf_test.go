package tcp

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// The send buffer and the retransmission queue against models.

// A sendBufferTest holds a send buffer against the bytes that were written, and every segment in flight
// against those it had when it was built.
type sendBufferTest struct {
	t       *testing.T
	b       sendBuffer
	mem     Memory
	rng     *rand.Rand
	base    Seq
	written []byte
	acked   int
	flying  []Output // pinned
}

func newSendBufferTest(t *testing.T, seed uint64) *sendBufferTest {
	x := &sendBufferTest{t: t, rng: rand.New(rand.NewPCG(seed, 0))}
	x.base = ^Seq(0) - Seq(x.rng.IntN(100_000))
	x.b = sendBuffer{mem: &x.mem, start: x.base, end: x.base}
	return x
}

// write reserves, lets something happen, and commits.
func (x *sendBufferTest) write(n int, between func()) {
	room := x.b.reserve(n)
	if len(room) > n {
		x.t.Fatalf("asked for %d bytes, got room for %d", n, len(room))
	}
	for i := range room {
		room[i] = byte(x.rng.Uint32())
	}
	between()
	if len(room) == 0 {
		return
	}
	n = x.rng.IntN(len(room) + 1)
	x.written = append(x.written, room[:n]...)
	x.b.commit(n)
}

// build makes a segment of up to n bytes somewhere in what is unacknowledged.
func (x *sendBufferTest) build(n int) {
	have := len(x.written) - x.acked
	if have == 0 {
		return
	}
	at := x.acked + x.rng.IntN(have)
	n = min(n, len(x.written)-at)
	var out Output
	x.b.text(x.base.Add(Size(at)), n, &out)
	out.Seq = Seq(at)
	if out.Len != n || len(out.Pins) != len(out.Text) {
		x.t.Fatalf("got %d bytes in %d slices with %d pins, want %d bytes", out.Len, len(out.Text), len(out.Pins), n)
	}
	x.flying = append(x.flying, out)
}

// land wants a segment's text to be what it was, and unpins it.
func (x *sendBufferTest) land() {
	if len(x.flying) == 0 {
		return
	}
	i := x.rng.IntN(len(x.flying))
	out := x.flying[i]
	x.flying = append(x.flying[:i], x.flying[i+1:]...)
	got := bytes.Join(out.Text, nil)
	if want := x.written[out.Seq : int(out.Seq)+out.Len]; !bytes.Equal(got, want) {
		x.t.Fatalf("%d bytes at %d changed while they were pinned", out.Len, out.Seq)
	}
	for _, p := range out.Pins {
		p.Unpin()
	}
}

func (x *sendBufferTest) ack(n int) {
	x.acked += n
	x.b.ack(x.base.Add(Size(x.acked)))
}

func (x *sendBufferTest) check() {
	x.t.Helper()
	c := &Conn{cfg: &Config{SendBuffer: maxBuffer}}
	c.snd.buf = x.b
	if err := c.checkSendBuffer(); err != nil {
		x.t.Fatal(err)
	}
	if got, want := x.b.len(), len(x.written)-x.acked; got != want {
		x.t.Fatalf("got %d bytes held, want %d", got, want)
	}
}

func TestSendBufferAgainstTheModel(t *testing.T) {
	for seed := range uint64(50) {
		x := newSendBufferTest(t, seed)
		largest := 1 << (4 + x.rng.IntN(14))
		step := func() {
			switch x.rng.IntN(4) {
			case 0:
				x.build(1 + x.rng.IntN(largest))
			case 1:
				x.land()
			case 2:
				x.ack(x.rng.IntN(len(x.written) - x.acked + 1))
			}
		}
		for range 500 {
			x.write(1+x.rng.IntN(largest), step)
			x.check()
			step()
			x.check()
		}
		x.ack(len(x.written) - x.acked)
		x.check()
		x.b.clear()
		for len(x.flying) > 0 {
			x.land()
		}
		if got := x.mem.Used(); got != 0 {
			t.Fatalf("seed %d: %d bytes are still in use", seed, got)
		}
	}
}

// An abort between Reserve and Commit: the writer's room stays its own until then, and goes home after it.
func TestReserveAcrossAnAbort(t *testing.T) {
	x := newSendBufferTest(t, 1)
	x.b.commitAll(x.b.reserve(100))
	room := x.b.reserve(1000)
	x.b.clear()
	if x.mem.Used() == 0 {
		t.Fatal("the room was taken away from its writer")
	}
	other := sendBuffer{mem: &x.mem}
	theirs := other.reserve(1000)
	clear(room)
	theirs[0] = 7
	room[0] = 9
	if theirs[0] != 7 {
		t.Fatal("two writers share their room")
	}
	other.commit(0)
	other.clear()
	x.b.commit(1000)
	if x.b.len() != 0 || x.mem.Used() != 0 {
		t.Errorf("%d bytes held, %d in use", x.b.len(), x.mem.Used())
	}
}

func (b *sendBuffer) commitAll(room []byte) { b.commit(len(room)) }

// Acknowledged while a reservation is open: the room stays valid, and the numbers go on.
func TestAckAcrossAReservation(t *testing.T) {
	x := newSendBufferTest(t, 1)
	x.written = append(x.written, x.b.reserve(10)...)
	x.b.commit(10)
	room := x.b.reserve(2000)
	x.ack(10)
	for i := range room {
		room[i] = byte(i)
	}
	x.written = append(x.written, room...)
	x.b.commit(len(room))
	x.check()
	x.build(len(room))
	x.land()
}

func TestTwoReservationsAreABug(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	b := sendBuffer{mem: new(Memory)}
	b.reserve(1)
	b.reserve(1)
}

// The memory of all buffers together is bounded, and what is free is used again.
func TestMemoryLimit(t *testing.T) {
	mem := &Memory{Limit: 5 * maxChunk}
	var buffers [8]sendBuffer
	got := 0
	for i := range buffers {
		buffers[i].mem = mem
		if room := buffers[i].reserve(maxChunk); room != nil {
			got += len(room)
			buffers[i].commit(len(room))
		}
	}
	if got != mem.Limit || mem.Used() != mem.Limit {
		t.Errorf("got %d bytes in use, want the limit of %d", mem.Used(), mem.Limit)
	}
	kept := buffers[0].head
	buffers[0].clear()
	if room := buffers[7].reserve(maxChunk); room == nil || buffers[7].tail != kept {
		t.Error("the chunk that went home is not used again")
	}
}

// What is kept for later is bounded too.
func TestMemoryKeepsFewFreeChunks(t *testing.T) {
	mem := new(Memory)
	b := sendBuffer{mem: mem}
	for range 100 {
		b.commit(len(b.reserve(maxChunk)))
	}
	b.clear()
	if len(mem.free) != maxFreeChunks || mem.Used() != 0 {
		t.Errorf("%d chunks are kept, %d bytes in use", len(mem.free), mem.Used())
	}
}

// A connection that has said a little and rests holds little.
func TestIdleSendBufferIsSmall(t *testing.T) {
	for _, n := range []int{1, 100, 1500, 5000, 30_000, 40_000, 64 << 10, 1 << 20} {
		mem := new(Memory)
		b := sendBuffer{mem: mem}
		for left := n; left > 0; {
			room := b.reserve(left)
			b.commit(len(room))
			left -= len(room)
		}
		b.ack(b.end)
		if mem.Used() > minChunk {
			t.Errorf("after %d bytes: %d are in use", n, mem.Used())
		}
	}
}
