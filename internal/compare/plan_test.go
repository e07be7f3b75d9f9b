package compare

import (
	"slices"
	"testing"
)

func TestBlocksAreBalanced(t *testing.T) {
	o := NewOrder(7, 0, AllSeries())
	first := map[Series]int{}
	for range 300 {
		b := o.Block()
		back := slices.Clone(b)
		slices.Reverse(back)
		if !slices.Equal(b, back) || len(b) != 8 {
			t.Fatalf("block %v is not its own reverse", b)
		}
		for _, s := range AllSeries() {
			if n := len(slices.DeleteFunc(slices.Clone(b), func(x Series) bool { return x != s })); n != 2 {
				t.Fatalf("block %v has %s %d times, want twice", b, s, n)
			}
		}
		first[b[0]]++
	}
	for _, s := range AllSeries() {
		if first[s] < 45 || first[s] > 105 {
			t.Errorf("%s begins %d of 300 blocks, want about a quarter", s, first[s])
		}
	}
}

func TestOrderBelongsToItsSeed(t *testing.T) {
	blocks := func(seed, stream uint64) (all []Series) {
		o := NewOrder(seed, stream, AllSeries())
		for range 20 {
			all = append(all, o.Block()...)
		}
		return all
	}
	if !slices.Equal(blocks(1, 1), blocks(1, 1)) {
		t.Error("the same seed gives another order")
	}
	if slices.Equal(blocks(1, 1), blocks(2, 1)) || slices.Equal(blocks(1, 1), blocks(1, 2)) {
		t.Error("another seed or stream gives the same order")
	}
}

func TestCellsThatAreTheSameToAWorkload(t *testing.T) {
	r := &Report{Cells: []Cell{
		{Size: 1024, Concurrency: 1, Link: "none"}, {Size: 1024, Concurrency: 8, Link: "none"}, {Size: 2048, Concurrency: 1, Link: "none"},
	}}
	for _, tt := range []struct {
		w    Workload
		cell int
		want bool
		name string
	}{
		{Fetch, 0, false, "1 KiB"}, {Fetch, 1, true, "1 KiB"}, {Fetch, 2, false, "2 KiB"},
		{Requests, 1, false, "1 KiB, concurrency 8"}, {Requests, 2, false, "2 KiB, concurrency 1"},
		{Download, 1, false, "concurrency 8"}, {Download, 2, true, "concurrency 1"},
		{PingPong, 1, true, ""}, {PingPong, 2, true, ""},
	} {
		if got := r.IsRepeated(tt.cell, tt.w); got != tt.want {
			t.Errorf("%s in cell %d: repeated %t, want %t", tt.w, tt.cell, got, tt.want)
		}
		if got := r.Name(tt.cell, tt.w); got != tt.name {
			t.Errorf("%s in cell %d: %q, want %q", tt.w, tt.cell, got, tt.name)
		}
	}
}
