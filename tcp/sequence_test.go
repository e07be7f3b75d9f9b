package tcp

import (
	"math/rand/v2"
	"testing"
)

// Sequence numbers, RFC 9293 §3.4, against definitions that count instead of compute.

func TestSeqComparesAcrossTheWrap(t *testing.T) {
	for _, test := range []struct {
		a, b Seq
		less bool
	}{
		{0, 1, true}, {1, 0, false}, {5, 5, false},
		{^Seq(0), 0, true}, {0, ^Seq(0), false},
		{1 << 31, 1<<31 + 1, true}, {0, 1<<31 - 1, true}, {1<<31 - 1, 0, false},
		{^Seq(0) - 10, 1 << 30, true},
	} {
		if got := test.a.Less(test.b); got != test.less {
			t.Errorf("%d < %d: got %v, want %v", test.a, test.b, got, test.less)
		}
		if got := test.a.LessEq(test.b); got != (test.less || test.a == test.b) {
			t.Errorf("%d =< %d: got %v", test.a, test.b, got)
		}
		if later := maxSeq(test.a, test.b); test.less && (later != test.b || minSeq(test.a, test.b) != test.a) {
			t.Errorf("the later of %d and %d is %d", test.a, test.b, later)
		}
	}
}

// naivelyAcceptable is Table 6 and the two departures from it, by looking at every number. Numbers are
// relative to RCV.NXT, so that nothing wraps.
func naivelyAcceptable(seq, length, wnd int) bool {
	inWindow := func(n int) bool { return 0 <= n && n < wnd }
	switch {
	case length == 0 && wnd == 0:
		return seq == 0
	case length == 0:
		return inWindow(seq) || seq == wnd
	case wnd == 0:
		return seq == 0 // "special allowance"; nothing of the text is kept
	}
	for n := seq; n < seq+length; n++ {
		if inWindow(n) {
			return true
		}
	}
	return false
}

func TestAcceptabilityAgainstTheTable(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	small := func(n int) int { return rng.IntN(n) * rng.IntN(2) } // 0 half of the time
	var counts [2]int
	for range 200_000 {
		nxt := Seq(rng.Uint32())
		if rng.IntN(2) == 0 {
			nxt = ^Seq(0) - Seq(rng.IntN(40)) // across the wrap
		}
		wnd, length, seq := small(20), small(30), rng.IntN(80)-40
		switch rng.IntN(50) {
		case 0:
			seq *= 1 << 25 // far away
		case 1:
			seq += -1 << 31 // as far as can be
		}
		c := &Conn{}
		c.rcv.nxt, c.rcv.edge = nxt, nxt.Add(Size(wnd))
		seg := &Segment{Text: make([]byte, length)}
		seg.Seq, seg.Flags = nxt+Seq(seq), ACK
		if length > 0 && rng.IntN(3) == 0 {
			seg.Text, seg.Flags = seg.Text[1:], ACK|FIN
		}
		want := naivelyAcceptable(seq, length, wnd)
		if got := c.acceptable(seg); got != want {
			t.Fatalf("RCV.NXT %d, window %d, segment %d..%d relative to it: got %v, want %v", nxt, wnd, seq, seq+length, got, want)
		}
		if want {
			counts[1]++
		} else {
			counts[0]++
		}
	}
	if counts[0] < 10_000 || counts[1] < 10_000 {
		t.Errorf("the cases are lopsided: %v", counts)
	}
}

// FuzzTrim wants of any acceptable segment exactly the bytes that lie in the window.
func FuzzTrim(f *testing.F) {
	f.Add(uint32(0), uint8(10), int8(-5), uint8(20), true)
	f.Add(^uint32(0), uint8(0), int8(0), uint8(20), true)
	f.Add(^uint32(5), uint8(30), int8(3), uint8(27), true)
	f.Add(^uint32(5), uint8(30), int8(-3), uint8(3), true)
	cfg := Prepare(Config{})
	f.Fuzz(func(t *testing.T, nxt uint32, wnd uint8, seq int8, length uint8, fin bool) {
		c := &Conn{cfg: cfg}
		c.rcv.nxt, c.rcv.edge = Seq(nxt), Seq(nxt).Add(Size(wnd))
		seg := &Segment{Text: make([]byte, length)}
		for i := range seg.Text {
			seg.Text[i] = byte(int(seq) + i) // its place
		}
		seg.Seq, seg.Flags = Seq(nxt)+Seq(seq), ACK
		if fin {
			seg.Flags |= FIN
		}
		if !c.acceptable(seg) {
			return
		}
		c.trim(1, seg)
		at := int(int32(seg.Seq - Seq(nxt)))
		if at < 0 || len(seg.Text) > 0 && at+len(seg.Text) > int(wnd) {
			t.Fatalf("%d..%d is left, the window is %d", at, at+len(seg.Text), wnd)
		}
		want := max(0, min(int(seq)+int(length), int(wnd))-max(int(seq), 0))
		if len(seg.Text) != want {
			t.Fatalf("%d bytes are left, want %d", len(seg.Text), want)
		}
		for i, b := range seg.Text {
			if b != byte(at+i) {
				t.Fatalf("the byte at %d is the one of %d", at+i, b)
			}
		}
		finAt := int(seq) + int(length)
		if got, want := seg.Flags.Has(FIN), fin && 0 <= finAt && finAt <= int(wnd); got != want {
			t.Fatalf("FIN at %d in a window of %d: got %v", finAt, wnd, got)
		}
	})
}
