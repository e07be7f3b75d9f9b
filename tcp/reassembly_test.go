package tcp

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/sockeye-tcp/sockeye/ip"
)

// Reassembly against a model that keeps a map of bytes.

// A counter is a Recycler that wants every buffer back exactly once.
type counter struct {
	t    testing.TB
	out  map[*ip.Buffer]bool // not yet freed
	held int                 // bytes of buffers that are out
}

func newCounter(t testing.TB) *counter { return &counter{t: t, out: map[*ip.Buffer]bool{}} }

// buffer returns a buffer of size bytes whose end is text.
func (c *counter) buffer(size int, text []byte) (*ip.Buffer, []byte) {
	b := &ip.Buffer{Data: make([]byte, max(size, len(text))), Home: c}
	at := len(b.Data) - len(text)
	copy(b.Data[at:], text)
	c.out[b] = true
	c.held += len(b.Data)
	return b, b.Data[at:]
}

func (c *counter) Recycle(b *ip.Buffer) {
	if !c.out[b] {
		c.t.Fatal("a buffer is freed twice")
	}
	delete(c.out, b)
	c.held -= len(b.Data)
	for i := range b.Data {
		b.Data[i] = 0xee // whoever still looks will see it
	}
}

// A model is what reassembly should do: the first byte at a place stays.
type model struct {
	base, next, end Seq // end is behind the last byte of all
	at              map[Seq]byte
}

// add adds text and returns the first run of bytes that was there already.
func (m *model) add(seq Seq, text []byte) (dup Block) {
	open := false
	for i, b := range text {
		s := seq.Add(Size(i))
		if _, ok := m.at[s]; ok {
			if dup == (Block{}) {
				dup, open = Block{s, s}, true
			}
			if open {
				dup.End = s.Add(1)
			}
			continue
		}
		open = false
		m.at[s] = b
	}
	m.end = maxSeq(m.end, seq.Add(Size(len(text))))
	for {
		if _, ok := m.at[m.next]; !ok {
			return dup
		}
		m.next++
	}
}

// runs returns the ranges beyond next.
func (m *model) runs() (runs []Block) {
	for s := m.next; s != m.end; s++ {
		if _, ok := m.at[s]; !ok {
			continue
		}
		if n := len(runs); n > 0 && runs[n-1].End == s {
			runs[n-1].End++
		} else {
			runs = append(runs, Block{s, s + 1})
		}
	}
	return runs
}

// A reassemblyTest holds a reassembly against a model.
type reassemblyTest struct {
	t       testing.TB
	r       reassembly
	m       model
	buffers *counter
	out     []byte // what the reader got
	taken   []Text // not yet freed by the reader
}

func newReassemblyTest(t testing.TB, base Seq) *reassemblyTest {
	x := &reassemblyTest{t: t, buffers: newCounter(t)}
	x.r.next = base
	x.m = model{base: base, next: base, end: base, at: map[Seq]byte{}}
	return x
}

// add hands in n bytes that start off bytes behind base, in a packet of size bytes. Bytes depend on the place and on
// salt, so that a later copy of a place may differ from an earlier one, as an attacker's would.
func (x *reassemblyTest) add(off, n, size int, salt byte) {
	x.t.Helper()
	seq := x.m.base.Add(Size(off))
	if seq.Less(x.m.next) { // the window cuts that off
		n -= int(x.m.next.Sub(seq))
		seq = x.m.next
	}
	if n <= 0 {
		return
	}
	text := make([]byte, n)
	for i := range text {
		text[i] = byte(int(seq.Sub(x.m.base))+i)*5 + salt
	}
	s := &Segment{}
	s.Buf, s.Text = x.buffers.buffer(size, text)
	dup, drop := x.r.add(seq, s)
	if drop != ip.NoDrop {
		x.t.Fatalf("%d bytes at %d: got %v", n, off, drop)
	}
	if s.Buf != nil || s.Text != nil {
		x.t.Fatal("the segment keeps its text")
	}
	if want := x.m.add(seq, text); dup != want {
		x.t.Fatalf("%d bytes at %d: got the duplicate %v, want %v", n, off, dup, want)
	}
	x.check()
}

// read reads up to n bytes, by copying them out or by taking whole pieces.
func (x *reassemblyTest) read(n int, take bool) {
	x.t.Helper()
	if take {
		text, ok := x.r.take(n)
		if ok {
			x.taken = append(x.taken, text)
			x.out = append(x.out, text.Bytes...)
		}
		if len(x.taken) > 3 {
			x.freeOne()
		}
	} else {
		b := make([]byte, n)
		x.out = append(x.out, b[:x.r.read(b)]...)
	}
	x.check()
}

// freeOne frees the oldest piece that the reader took, and wants its bytes to be untouched until then.
func (x *reassemblyTest) freeOne() {
	x.taken[0].Free()
	x.taken = x.taken[1:]
}

func (x *reassemblyTest) check() {
	x.t.Helper()
	c := &Conn{state: Established}
	c.rcv.text, c.rcv.edge = x.r, x.m.end
	if err := c.checkRuns(); err != nil {
		x.t.Fatal(err)
	}
	if x.r.next != x.m.next {
		x.t.Fatalf("got RCV.NXT %d, want %d", x.r.next.Sub(x.m.base), x.m.next.Sub(x.m.base))
	}
	want := x.m.runs()
	if len(want) != len(x.r.runs) {
		x.t.Fatalf("got %d runs, want %v", len(x.r.runs), want)
	}
	for i, u := range x.r.runs {
		if u.Block != want[i] {
			x.t.Fatalf("run %d: got %v, want %v", i, u.Block, want[i])
		}
	}
	if got, want := len(x.out)+x.r.bytes, int(x.m.next.Sub(x.m.base)); got != want {
		x.t.Fatalf("%d bytes read and ready, want %d", got, want)
	}
}

// finish reads the rest and wants what the model has, and every buffer back.
func (x *reassemblyTest) finish() {
	x.t.Helper()
	for x.r.bytes > 0 {
		x.read(1000, false)
	}
	for i, b := range x.out {
		if want := x.m.at[x.m.base.Add(Size(i))]; b != want {
			x.t.Fatalf("byte %d: got %#x, want %#x", i, b, want)
		}
	}
	for len(x.taken) > 0 {
		x.freeOne()
	}
	x.r.clear()
	if n := len(x.buffers.out); n > 0 {
		x.t.Fatalf("%d buffers were never freed", n)
	}
	x.r.clear()
}

// FuzzReassembly reads four bytes as one action: where, how much, into how large a packet, or a read.
func FuzzReassembly(f *testing.F) {
	f.Add(uint32(0), []byte{0, 10, 0, 0, 20, 10, 0, 0, 10, 10, 0, 0})
	f.Add(^uint32(0)-15, []byte{5, 5, 9, 1, 15, 5, 9, 2, 0, 40, 1, 3, 0, 9, 255, 0})
	f.Add(^uint32(0)-3, []byte{1, 1, 3, 0, 3, 1, 3, 0, 5, 1, 3, 0, 0, 1, 3, 0, 2, 1, 3, 0, 0, 7, 254, 9, 4, 1, 3, 0})
	f.Fuzz(func(t *testing.T, base uint32, actions []byte) {
		x := newReassemblyTest(t, Seq(base))
		for ; len(actions) >= 4 && x.m.next.Sub(x.m.base) < 1<<14; actions = actions[4:] {
			where, n, kind, salt := int(actions[0]), int(actions[1]), actions[2], actions[3]
			if kind >= 0xf0 {
				x.read(n*8, kind&1 == 0)
				continue
			}
			x.add(int(x.m.next.Sub(x.m.base))+where, n, int(kind)*8, salt)
		}
		x.finish()
	})
}

// SHLD-31: whatever the order in which text comes, and however it overlaps, the reader gets all of it.
func TestReassemblyAgainstTheModel(t *testing.T) {
	for seed := range uint64(100) {
		rng := rand.New(rand.NewPCG(seed, 0))
		x := newReassemblyTest(t, Seq(rng.Uint32()|0xffff_f000))
		span := 1 + rng.IntN(3000)
		for range 300 {
			switch rng.IntN(4) {
			case 0:
				x.read(rng.IntN(500), rng.IntN(2) == 0)
			case 1: // in order
				x.add(int(x.m.next.Sub(x.m.base)), 1+rng.IntN(200), rng.IntN(2000), 0)
			default:
				x.add(int(x.m.next.Sub(x.m.base))+rng.IntN(span), rng.IntN(1+span/2), rng.IntN(2000), byte(rng.IntN(3)))
			}
		}
		x.finish()
	}
}

// CVE-2018-5390: a peer that sends every other byte gets so far and no farther; gaps can still be closed, and what is
// refused is freed.
func TestHolesAreBounded(t *testing.T) {
	buffers := newCounter(t)
	r := reassembly{}
	put := func(at int) ip.Drop {
		s := &Segment{}
		s.Buf, s.Text = buffers.buffer(1500, []byte{byte(at)})
		_, drop := r.add(Seq(at), s)
		return drop
	}
	for i := range maxHoles {
		if d := put(1 + 2*i); d != ip.NoDrop {
			t.Fatalf("hole %d: got %v", i, d)
		}
	}
	for i := range 10 {
		if d := put(5000 + 2*i); d != ip.DropTooManyHoles {
			t.Fatalf("beyond the bound: got %v", d)
		}
	}
	if n := len(buffers.out); n != 0 {
		t.Errorf("%d packets are pinned by one byte each", n)
	}
	if d := put(2); d != ip.NoDrop || len(r.runs) != maxHoles-1 {
		t.Errorf("closing a gap: got %v, and %d runs", d, len(r.runs))
	}
	if d := put(2*maxHoles + 1); d != ip.NoDrop {
		t.Errorf("with room again: got %v", d)
	}
	if d := put(2*maxHoles + 2); d != ip.NoDrop || len(r.runs) != maxHoles {
		t.Errorf("growing a run at the bound: got %v", d)
	}
	for r.next != 2*maxHoles+3 {
		put(int(r.next))
	}
	if len(r.runs) != 0 || r.bytes != 2*maxHoles+3 {
		t.Errorf("got %d runs and %d bytes", len(r.runs), r.bytes)
	}
}

// Small texts do not pin large packets, and large ones are not copied.
func TestSmallTextsAreCopied(t *testing.T) {
	for _, test := range []struct {
		name       string
		text, size int
		pinned     bool
	}{
		{"a full packet", 1448, 1500, true},
		{"a quarter", 375, 1500, true},
		{"less than a quarter", 374, 1500, false},
		{"one byte in 64 KiB", 1, 65_536, false},
		{"16 KiB in 64 KiB", 16 << 10, 65_536, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, at := range []Seq{0, 1000} { // in order, and not
				buffers := newCounter(t)
				r := reassembly{}
				s := &Segment{}
				s.Buf, s.Text = buffers.buffer(test.size, make([]byte, test.text))
				r.add(at, s)
				if got := len(buffers.out) == 1; got != test.pinned {
					t.Errorf("at %d: got pinned %v, want %v", at, got, test.pinned)
				}
				r.clear()
			}
		})
	}
}

// What a peer can make us hold is bounded by a multiple of its text.
func TestMemoryOfTinySegments(t *testing.T) {
	buffers := newCounter(t)
	r := reassembly{}
	for i := range 100_000 {
		s := &Segment{}
		s.Buf, s.Text = buffers.buffer(1500, []byte{byte(i)})
		r.add(Seq(i), s)
	}
	if len(buffers.out) != 0 {
		t.Errorf("%d packets are pinned", len(buffers.out))
	}
	pieces := 0
	for p := r.ready.first; p != nil; p = p.next {
		pieces++
	}
	if pieces > 100_000/compactSize+2 {
		t.Errorf("100000 bytes lie in %d pieces", pieces)
	}
	got := make([]byte, 100_001)
	if n := r.read(got); n != 100_000 {
		t.Errorf("read %d bytes", n)
	}
	if !bytes.Equal(got[:3], []byte{0, 1, 2}) {
		t.Errorf("got %v", got[:3])
	}
}

func TestPeekLeavesTextWhereItIs(t *testing.T) {
	var r reassembly
	for _, text := range []string{"abc", "de", "fghi"} {
		r.add(r.next, &Segment{Text: []byte(text)})
	}
	for _, test := range []struct {
		offset, room int
		want         string
	}{{0, 2, "ab"}, {2, 4, "cdef"}, {5, 9, "fghi"}, {9, 1, ""}} {
		b := make([]byte, test.room)
		if n := r.peek(test.offset, b); string(b[:n]) != test.want {
			t.Errorf("%d bytes from %d on: got %q, want %q", test.room, test.offset, b[:n], test.want)
		}
	}
	if r.bytes != 9 {
		t.Errorf("%d bytes are left, want 9", r.bytes)
	}
}
