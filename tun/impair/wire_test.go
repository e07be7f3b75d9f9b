package impair

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// An arrival is a packet that came out: its number and when.
type arrival struct {
	id int
	at ip.Time
}

// numbered is a packet of the given length that carries a number.
func numbered(id, length int) *ip.Buffer {
	b := &ip.Buffer{Data: make([]byte, length), ChecksumOK: true}
	binary.BigEndian.PutUint32(b.Data, uint32(id))
	return b
}

// run pushes n packets of the given length, one every gap, lets the wire run
// dry by its deadlines, and returns what came out.
func run(t *testing.T, w *Wire, n, length int, gap time.Duration) []arrival {
	t.Helper()
	var got []arrival
	popUntil := func(now ip.Time) {
		for d := w.Deadline(); d != 0 && !now.Before(d); d = w.Deadline() {
			b := w.Pop(d)
			if b == nil {
				if next := w.Deadline(); next == d {
					t.Fatalf("Pop at the deadline %d returns nothing", d)
				}
				continue // a packet stepped aside
			}
			got = append(got, arrival{int(binary.BigEndian.Uint32(b.Data)), d})
		}
	}
	now := ip.Time(1)
	for id := range n {
		popUntil(now)
		w.Push(now, numbered(id, length))
		now = now.Add(gap)
	}
	popUntil(ip.Time(1 << 62))
	if w.Held() != 0 || w.Deadline() != 0 || w.Pop(ip.Time(1<<62)) != nil {
		t.Errorf("the wire is not empty at the end: %d held", w.Held())
	}
	s := w.Stats()
	if s.Pushed+s.Duplicated != s.Lost+s.Full+uint64(len(got)) {
		t.Errorf("the books do not balance: %+v, %d came out", s, len(got))
	}
	return got
}

func ids(a []arrival) []int {
	var s []int
	for _, x := range a {
		s = append(s, x.id)
	}
	return s
}

func TestPerfectWireChangesNothing(t *testing.T) {
	got := run(t, NewWire(Fault{}, 1, 0), 100, 40, time.Millisecond)
	for i, a := range got {
		if want := (arrival{i, ip.Time(1).Add(time.Duration(i) * time.Millisecond)}); a != want {
			t.Fatalf("packet %d: got %+v, want %+v", i, a, want)
		}
	}
	if len(got) != 100 {
		t.Errorf("%d of 100 packets arrived", len(got))
	}
}

// The numbers of these seeds are exact, and each within three standard
// deviations of what is expected; they change only with the model.
func TestChancesBySeed(t *testing.T) {
	all := Fault{Loss: 0.05, Duplicate: 0.02, Corrupt: 0.01, Reorder: 0.1}
	tests := []struct {
		name  string
		fault Fault
		seed  uint64
		want  Stats
	}{
		{"loss alone", Fault{Loss: 0.05}, 7, Stats{Pushed: 10000, Lost: 477}},
		{"all together", all, 7, Stats{Pushed: 10000, Lost: 477, Duplicated: 196, Corrupted: 102, Reordered: 961}},
		{"another seed", all, 8, Stats{Pushed: 10000, Lost: 487, Duplicated: 173, Corrupted: 90, Reordered: 987}},
		{"certain loss", Fault{Loss: 1}, 7, Stats{Pushed: 10000, Lost: 10000}},
		{"certain duplicates", Fault{Duplicate: 1}, 7, Stats{Pushed: 10000, Duplicated: 10000}},
		{"certain corruption", Fault{Corrupt: 1}, 7, Stats{Pushed: 10000, Corrupted: 10000}},
		{"certain reordering", Fault{Reorder: 1}, 7, Stats{Pushed: 10000, Reordered: 10000}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := NewWire(tt.fault, tt.seed, 0)
			run(t, w, 10000, 40, time.Millisecond)
			if got := w.Stats(); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestSameSeedSameFate(t *testing.T) {
	f := Fault{Loss: 0.1, Duplicate: 0.1, Reorder: 0.2, Delay: 20 * time.Millisecond, Jitter: 5 * time.Millisecond, Rate: 1e6}
	a := run(t, NewWire(f, 3, 1), 1000, 100, time.Millisecond)
	if b := run(t, NewWire(f, 3, 1), 1000, 100, time.Millisecond); !slices.Equal(a, b) {
		t.Error("the same seed gave different results")
	}
	if b := run(t, NewWire(f, 3, 0), 1000, 100, time.Millisecond); slices.Equal(a, b) {
		t.Error("both streams of a seed gave the same results")
	}
}

func TestFaultsDoNotDisturbEachOther(t *testing.T) {
	lost := func(f Fault) []int {
		arrived := ids(run(t, NewWire(f, 5, 0), 1000, 40, time.Millisecond))
		return slices.DeleteFunc(slices.Collect(seq(1000)), func(id int) bool { return slices.Contains(arrived, id) })
	}
	alone := lost(Fault{Loss: 0.1})
	f := Fault{Loss: 0.1, Duplicate: 0.3, Corrupt: 0, Reorder: 0.3, Delay: time.Second, Jitter: time.Second}
	if together := lost(f); !slices.Equal(alone, together) {
		t.Errorf("lost %v alone, %v with other faults", alone, together)
	}
}

func seq(n int) func(func(int) bool) {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

func TestCorruptFlipsOneBitAnywhere(t *testing.T) {
	w := NewWire(Fault{Corrupt: 1}, 1, 0)
	seen := make(map[int]bool)
	const length = 40
	for range 20000 {
		w.Push(1, &ip.Buffer{Data: make([]byte, length), ChecksumOK: true})
		b := w.Pop(1)
		flipped := 0
		for i, x := range b.Data {
			if flipped += bits.OnesCount8(x); x != 0 {
				seen[8*i+bits.TrailingZeros8(x)] = true
			}
		}
		if flipped != 1 {
			t.Fatalf("%d bits flipped, want 1", flipped)
		}
		if b.ChecksumOK {
			t.Fatal("a corrupted packet still vouches for its checksum")
		}
	}
	if len(seen) != 8*length {
		t.Errorf("only %d of %d bits were ever hit", len(seen), 8*length)
	}
}

func TestDuplicateIsAnIntactCopy(t *testing.T) {
	w := NewWire(Fault{Duplicate: 1, Corrupt: 1}, 1, 0)
	w.Push(1, &ip.Buffer{Data: make([]byte, 40), GSOSize: 9, ChecksumOK: true})
	a, b := w.Pop(1), w.Pop(1)
	if a == nil || b == nil {
		t.Fatal("one packet, not two, came out")
	}
	if &a.Data[0] == &b.Data[0] {
		t.Error("both share their bytes")
	}
	if slices.Max(a.Data) == 0 || slices.Max(b.Data) != 0 {
		t.Error("the first is to be corrupted, the second not")
	}
	if b.GSOSize != 9 || !b.ChecksumOK {
		t.Errorf("the copy lost its marks: %+v", b)
	}
}

func TestDelayAndJitter(t *testing.T) {
	const delay, jitter, gap = 20 * time.Millisecond, 5 * time.Millisecond, time.Millisecond
	got := run(t, NewWire(Fault{Delay: delay, Jitter: jitter}, 2, 0), 1000, 40, gap)
	var least, most time.Duration = time.Hour, 0
	for i, a := range got {
		if a.id != i {
			t.Fatalf("jitter reordered: packet %d came as number %d", a.id, i)
		}
		d := a.at.Sub(ip.Time(1).Add(time.Duration(i) * gap))
		least, most = min(least, d), max(most, d)
	}
	if least < delay-jitter || least > delay-jitter+time.Millisecond/2 || most > delay+jitter || most < delay+jitter-time.Millisecond/2 {
		t.Errorf("delays from %s to %s, want nearly all of 15ms to 25ms", least, most)
	}
}

func TestRateSpacesPacketsAndTheQueueOverflows(t *testing.T) {
	// 125 bytes at 1 Mbit/s take a millisecond.
	w := NewWire(Fault{Rate: 1e6, Queue: 10, Delay: time.Second}, 1, 0)
	for id := range 15 {
		w.Push(1, numbered(id, 125))
	}
	if got := w.Stats().Full; got != 5 {
		t.Errorf("%d found the queue full, want 5", got)
	}
	for i := range 10 {
		want := ip.Time(1).Add(time.Second + time.Duration(i+1)*time.Millisecond)
		if got := w.Deadline(); got != want {
			t.Fatalf("packet %d arrives at %d, want %d", i, got, want)
		}
		if b := w.Pop(want); b == nil || int(binary.BigEndian.Uint32(b.Data)) != i {
			t.Fatalf("packet %d is not there", i)
		}
	}
	// A millisecond later one place is free, and the wait goes on from there.
	w = NewWire(Fault{Rate: 1e6, Queue: 2}, 1, 0)
	for _, now := range []ip.Time{1, 1, 1, ip.Time(1).Add(time.Millisecond)} {
		w.Push(now, numbered(0, 125))
	}
	if got := w.Stats(); got.Full != 1 || w.Held() != 3 {
		t.Errorf("got %+v with %d held, want one overflow and 3 held", got, w.Held())
	}
}

func TestSlowestAndFastestRate(t *testing.T) {
	for rate, want := range map[int64]time.Duration{MinRate: 524280 * time.Millisecond, MaxRate: 524 * time.Nanosecond} {
		w := NewWire(Fault{Rate: rate, Queue: MaxQueue}, 1, 0)
		longest := make([]byte, 65535)
		for range MaxQueue {
			w.Push(1, &ip.Buffer{Data: longest})
		}
		if got := w.Deadline().Sub(1); got != want {
			t.Errorf("at %d bit/s the first packet takes %s, want %s", rate, got, want)
		}
		last := *w.departs.at(w.departs.len() - 1)
		if got := last.Sub(1); got != MaxQueue*want {
			t.Errorf("at %d bit/s the last packet takes %s, want %s", rate, got, MaxQueue*want)
		}
		w.Drain()
	}
}

func TestReorderIsBeingOvertaken(t *testing.T) {
	got := run(t, NewWire(Fault{Reorder: 0.1}, 1, 0), 10000, 40, time.Microsecond)
	late := make(map[int]int) // by how many places
	for place, a := range got {
		overtaken := 0
		for _, b := range got[max(0, place-20):place] {
			if b.id > a.id {
				overtaken++
			}
		}
		late[overtaken]++
	}
	for n := 1; n <= maxOvertakers; n++ {
		if late[n] < 100 {
			t.Errorf("%d packets were overtaken by %d, want about 200", late[n], n)
		}
	}
}

func TestReorderedPacketWithoutSuccessorsGoesOn(t *testing.T) {
	got := run(t, NewWire(Fault{Reorder: 1}, 1, 0), 1, 40, 0)
	if want := []arrival{{0, ip.Time(1).Add(reorderHold)}}; !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestWireIsBounded(t *testing.T) {
	w := NewWire(Fault{Delay: time.Second, Duplicate: 0.5, Reorder: 0.5}, 1, 0)
	for id := range 2 * MaxHeld {
		w.Push(1, numbered(id, 4))
	}
	if w.Held() != MaxHeld || w.Stats().Full == 0 {
		t.Errorf("%d packets held, want %d; %+v", w.Held(), MaxHeld, w.Stats())
	}
	w.Drain()
	if w.Held() != 0 || w.Deadline() != 0 {
		t.Error("Drain left packets")
	}
}

func TestReseedRepeatsTheFate(t *testing.T) {
	w := NewWire(Fault{Loss: 0.3}, 1, 0)
	pass := func() (lost []int) {
		for id := range 200 {
			w.Push(1, numbered(id, 4))
			if b := w.Pop(1); b == nil {
				lost = append(lost, id)
			}
		}
		return lost
	}
	first, second := pass(), pass()
	w.Reseed(1, 0)
	if third := pass(); !slices.Equal(first, third) {
		t.Errorf("after reseeding, %v are lost, want %v as at first", third, first)
	}
	if slices.Equal(first, second) {
		t.Error("without reseeding, the same packets are lost")
	}
}
