package tcp

import "testing"

// PRR against the formulas of RFC 9937 §6.2, and a recovery without any other sender's choice in it.

const testMSS = 1000

func TestReduce(t *testing.T) {
	for _, test := range []struct {
		name                 string
		pipe, ssthresh, from int // segments
		delivered, out       int // before
		newly, lost          int
		advanced             bool
		wantCwnd             int
	}{
		{"the fast retransmit goes in any case", 7, 5, 10, 0, 0, 1, 1, false, 8},
		{"in proportion: one for two", 8, 5, 10, 1, 1, 1, 0, false, 8},
		{"and the next", 7, 5, 10, 2, 1, 1, 0, false, 8},
		{"at the threshold nothing", 5, 5, 10, 5, 3, 1, 0, false, 5},
		{"below it one for one", 3, 5, 10, 6, 6, 1, 0, false, 4},
		{"what was delivered and not sent", 2, 5, 10, 6, 4, 1, 0, false, 5},
		{"one more on progress (SafeACK)", 2, 5, 10, 6, 6, 1, 0, true, 4},
		{"not when something new is lost", 2, 5, 10, 6, 6, 1, 1, true, 3},
		{"not above the threshold", 4, 5, 10, 6, 2, 5, 0, true, 5},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := new(Conn)
			c.win = CongestionWindow{Cwnd: 99 * testMSS, Ssthresh: test.ssthresh * testMSS, MSS: testMSS}
			c.sent.flight = Size(test.pipe * testMSS)
			c.rec.prr = prr{delivered: test.delivered * testMSS, out: test.out * testMSS, from: test.from * testMSS}
			c.reduce(test.newly*testMSS, test.lost*testMSS, test.advanced)
			if got := c.win.Cwnd / testMSS; got != test.wantCwnd {
				t.Errorf("got %d, want %d", got, test.wantCwnd)
			}
		})
	}
}

// §5: however ACKs come, when all has been delivered the window is the threshold.
func TestReductionReachesTheThreshold(t *testing.T) {
	for flight := 4; flight < 60; flight++ {
		for ssthresh := 2; ssthresh <= flight; ssthresh++ {
			c := new(Conn)
			c.win = CongestionWindow{Ssthresh: ssthresh * testMSS, MSS: testMSS}
			c.rec.prr.from = flight * testMSS
			pipe, out := flight-1, 0
			for range flight - 1 {
				pipe--
				c.sent.flight = Size(pipe * testMSS)
				c.reduce(testMSS, 0, false)
				for c.win.Cwnd/testMSS > pipe {
					pipe++
					out++
					c.rec.prr.out += testMSS
				}
			}
			if pipe < ssthresh-1 || pipe > ssthresh+1 {
				t.Errorf("flight %d, threshold %d: %d in flight at the end, %d sent", flight, ssthresh, pipe, out)
			}
		}
	}
}
