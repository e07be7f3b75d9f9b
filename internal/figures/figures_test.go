package figures

import (
	"bytes"
	"math"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// mostDeviation is by how much CUBIC's window may be outside of W_cubic(t) to W_cubic(t + RTT) of RFC 9438 §4.2, in segments: it
// grows by whole ones, and the arithmetic is one of integers.
const mostDeviation = 3

func TestCubicFollowsTheClosedForm(t *testing.T) {
	run := runCubic()
	if len(run.epochs) != 2 {
		t.Fatalf("got %d epochs, want 2: two segments were lost", len(run.epochs))
	}
	for i := range run.epochs {
		e := &run.epochs[i]
		d := run.deviation(e)
		t.Logf("from %.2f s on: W_max %.1f, K %.2f s, off by %.2f segments at most", e.begin, e.max, e.k(), d)
		if d > mostDeviation {
			t.Errorf("epoch %d: the window is off the curve by %.2f segments", i, d)
		}
		if got, want := e.start, 0.7*e.before; math.Abs(got-want) > 1 {
			t.Errorf("epoch %d begins with %.1f segments, want %.1f", i, got, want)
		}
	}
	if e := run.epochs[1]; e.max >= e.before {
		t.Errorf("W_max is %.1f after a loss at %.1f below the plateau: no fast convergence", e.max, e.before)
	}
}

func TestHystartEndsSlowStartBeforeALoss(t *testing.T) {
	with, without := runHystart(tcp.HyStartPlusPlus), runHystart(tcp.HyStartOff)
	if with.again != 0 || without.again == 0 {
		t.Errorf("sent again: %d with it, %d without; want none and many", with.again, without.again)
	}
	if with.css == 0 || with.exit <= with.css {
		t.Fatalf("conservative slow start from %g to %g s", with.css, with.exit)
	}
	// §4.2: the first round whose least round trip is over the limit of the one before.
	for i := 1; i < len(with.rounds); i++ {
		r, last := with.rounds[i], with.rounds[i-1]
		if last.min != 0 && r.samples >= rttSamples && r.min >= last.limit() {
			if end := with.rounds[i+1].begin; with.css < r.begin || with.css > end {
				t.Errorf("round trips are long from %g to %g s, conservative slow start began at %g s", r.begin, end, with.css)
			}
			// §4.3: CSS_ROUNDS is 5, and the round in which it began is one.
			if exit := with.rounds[i+5].begin; with.exit != exit {
				t.Errorf("slow start ended at %g s, want %g s: five rounds", with.exit, exit)
			}
			return
		}
	}
	t.Error("no round was over its limit")
}

func TestFiguresAreTheSameEachTime(t *testing.T) {
	a, err := All()
	if err != nil {
		t.Fatal(err)
	}
	b, err := All()
	if err != nil {
		t.Fatal(err)
	}
	for name := range a {
		if !bytes.HasPrefix(a[name], []byte("<?xml")) || !bytes.Equal(a[name], b[name]) {
			t.Errorf("%s differs from itself, or is no SVG", name)
		}
	}
}

func TestTransferUsesTheBottleneck(t *testing.T) {
	events := transfer(path{delay: 10 * time.Millisecond, rate: 10_000_000, queue: 50}, tcp.Config{}, 3*time.Second)
	last := events[len(events)-1].Vars
	if acked := float64(last.SndUna.Sub(last.ISS)) * 8 / 3; acked < 9e6 || acked > 10e6 {
		t.Errorf("%.0f bit/s arrived over 10 Mbit/s", acked)
	}
}
