package campaign

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// A told segment has n bytes of text from an offset on; the link loses it or not.
type told struct {
	offset, n int
	lost      bool
}

const iss = 0xffff_fc00 // numbers wrap within the tests

// observe shows an observer the segments of a client's connection.
func observe(list []told) Counts {
	o := &Observer{FromClient: true}
	o.Sees(Segment{src: 1000, dst: 80, seq: iss, flags: flagSyn}, true, false)
	for _, x := range list {
		o.Sees(Segment{src: 1000, dst: 80, seq: iss + 1 + uint32(x.offset), n: x.n}, true, x.lost)
	}
	return o.Counts()
}

func TestObserver(t *testing.T) {
	const full = 1000
	for _, tt := range []struct {
		name string
		list []told
		want Counts
	}{
		{"in order", []told{{0, full, false}, {full, full, false}}, Counts{Segments: 2}},
		{"lost and repaired", []told{{0, full, true}, {full, full, false}, {0, full, false}}, Counts{Segments: 3, Retransmits: 1, Lost: 1}},
		{"for nothing", []told{{0, full, false}, {full, full, false}, {0, full, false}}, Counts{Segments: 3, Retransmits: 1, Spurious: 1}},
		{"lost twice", []told{{0, full, true}, {0, full, true}, {0, full, false}, {0, full, false}}, Counts{Segments: 4, Retransmits: 3, Lost: 2, Spurious: 1}},
		{"for nothing, and lost", []told{{0, full, false}, {0, full, true}}, Counts{Segments: 2, Retransmits: 1, Lost: 1, Spurious: 1}},
		{"half of it was lost", []told{{0, full, true}, {full, full, false}, {0, 2 * full, false}}, Counts{Segments: 3, Retransmits: 1, Lost: 1}},
		{"with something new", []told{{0, full, false}, {0, 2 * full, false}}, Counts{Segments: 2, Retransmits: 1}},
		{"before the first text", []told{{-1, 1, false}}, Counts{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := observe(tt.list); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

// What the observer says of many segments is what a map of every byte says.
func TestObserverAgreesWithBytes(t *testing.T) {
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var list []told
		var want Counts
		passed, next := map[int]bool{}, 0
		for range 400 {
			x := told{n: 1 + rng.IntN(40), lost: rng.IntN(3) == 0, offset: next}
			if rng.IntN(3) == 0 {
				x.offset = rng.IntN(next + 1)
			}
			list = append(list, x)
			want.Segments++
			all := true
			for i := range x.n {
				all = all && passed[x.offset+i]
			}
			if x.offset < next {
				want.Retransmits++
				if all {
					want.Spurious++
				}
			}
			if x.lost {
				want.Lost++
			}
			for i := range x.n {
				passed[x.offset+i] = passed[x.offset+i] || !x.lost
			}
			next = max(next, x.offset+x.n)
		}
		if got := observe(list); got != want {
			t.Fatalf("seed %d: got %+v, want %+v", seed, got, want)
		}
	}
}

func TestObserverKeepsToItsConnection(t *testing.T) {
	o := &Observer{}
	syn := Segment{src: 1000, dst: 80, seq: 5, flags: flagSyn}
	o.Sees(Segment{src: 999, dst: 80, seq: 5, n: 10}, true, false) // of a connection before
	o.Sees(syn, true, false)
	o.Sees(Segment{src: 80, dst: 1000, seq: 70, flags: flagSyn}, false, false)
	o.Sees(Segment{src: 1000, dst: 80, seq: 6}, true, false)
	o.Sees(Segment{src: 80, dst: 1000, seq: 71, n: 10}, false, false)
	o.Sees(Segment{src: 80, dst: 999, seq: 71, n: 10}, false, false)
	o.Sees(Segment{src: 80, dst: 1000, seq: 71, n: 10, flags: flagRst}, false, false)
	if got, want := o.Counts(), (Counts{Segments: 1, Acks: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestExtents(t *testing.T) {
	var e extents
	for _, x := range []extent{{10, 20}, {30, 40}, {20, 25}, {50, 60}, {35, 52}, {0, 5}} {
		e.add(x)
	}
	if want := (extents{{0, 5}, {10, 25}, {30, 60}}); !slices.Equal(e, want) {
		t.Errorf("got %v, want %v", e, want)
	}
	for x, want := range map[extent]bool{{10, 25}: true, {12, 13}: true, {24, 31}: false, {5, 10}: false, {59, 61}: false, {0, 5}: true} {
		if got := e.cover(x); got != want {
			t.Errorf("%v: covered %v, want %v", x, got, want)
		}
	}
}

func TestParse(t *testing.T) {
	head := []byte{0x45, 0, 0, 45, 0, 0, 0, 0, 64, 6, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2}
	tcp := []byte{3, 232, 0, 80, 0, 0, 1, 0, 0, 0, 0, 0, 0x50, 0x10, 0, 0, 0, 0, 0, 0}
	packet := slices.Concat(head, tcp, []byte("hello"))
	if got, ok := Parse(packet); !ok || got != (Segment{src: 1000, dst: 80, seq: 256, flags: 0x10, n: 5}) {
		t.Errorf("got %+v, %v", got, ok)
	}
	for i := range packet {
		if _, ok := Parse(packet[:i]); ok {
			t.Errorf("%d bytes of it were taken for a segment", i)
		}
	}
	for at, b := range map[int]byte{0: 0x65, 9: 17, 32: 0x40} {
		bad := slices.Clone(packet)
		bad[at] = b
		if _, ok := Parse(bad); ok {
			t.Errorf("byte %d = %#x was taken for a segment", at, b)
		}
	}
}
