package ip

import (
	"testing"
	"time"
)

func TestRateLimitLetsBurstAndRatePass(t *testing.T) {
	const start = Time(5 * time.Second)
	r := NewRateLimit(10, 3)
	steps := []struct {
		after time.Duration
		want  bool
	}{
		{0, true}, {0, true}, {0, true}, {0, false}, // the burst
		{99 * time.Millisecond, false}, {100 * time.Millisecond, true}, {100 * time.Millisecond, false},
		{299 * time.Millisecond, true}, {300 * time.Millisecond, true}, {300 * time.Millisecond, false},
		{time.Hour, true}, {time.Hour, true}, {time.Hour, true}, {time.Hour, false}, // full again, and no fuller
	}
	for i, s := range steps {
		if got := r.Allow(start.Add(s.after)); got != s.want {
			t.Errorf("step %d, after %v: got %v, want %v", i, s.after, got, s.want)
		}
	}
}

func TestRateLimitHoldsInTheLongRun(t *testing.T) {
	r := NewRateLimit(1000, 50)
	passed := 0
	for now := Time(1); now < Time(10*time.Second); now = now.Add(17 * time.Microsecond) {
		if r.Allow(now) {
			passed++
		}
	}
	if passed < 10_000 || passed > 10_050 {
		t.Errorf("%d events in 10 s, want 10000 and at most a burst of 50 more", passed)
	}
}

func TestRateLimitZeroLetsNothingPass(t *testing.T) {
	var r RateLimit
	if r.Allow(1) {
		t.Error("an event passed")
	}
}

func TestRateLimitPanicsOnMisuse(t *testing.T) {
	mustPanic(t, "rate 0", func() { NewRateLimit(0, 1) })
	mustPanic(t, "burst 0", func() { NewRateLimit(1, 0) })
	mustPanic(t, "rate above a billion", func() { NewRateLimit(2e9, 1) })
}
