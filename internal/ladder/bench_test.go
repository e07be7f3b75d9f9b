package ladder

import "testing"

// BenchmarkBuild draws the record of a long transfer at both ends, as a stepper does after each step.
func BenchmarkBuild(b *testing.B) {
	d := newDuet().handshake()
	for i := range 2000 {
		d.send(OnLeft, data, 1+1000*i, 1000, 1).after(oneWay).arrive(OnRight, data, 1+1000*i, 1000, 1)
	}
	b.ReportAllocs()
	for b.Loop() {
		Build(d.events, Options{Sent: func(int) (int, bool) { return 0, false }})
	}
}
