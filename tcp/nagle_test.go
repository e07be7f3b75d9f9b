package tcp_test

import (
	"math/rand/v2"
	"testing"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// Small segments: Nagle, RFC 9293 §3.7.4, and silly windows, §3.8.6.2.

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

// SHLD-7: a small write waits while another is unacknowledged, and those that wait are merged. SHLD-27, MAY-16.
func TestNagle(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.send(1)
	p.want(seg(P|A, 1, 1).bytes(1), tcp.WhyData)
	for range 5 {
		p.send(10)
		p.wantNothing()
	}
	p.arrive(seg(A, 1, 2))
	p.want(seg(P|A, 2, 1).bytes(50), tcp.WhyData)
}

// Full segments do not wait (SHLD-28), and the end of a large write not for them (Minshall's rule).
func TestNagleLetsLargeWritesGo(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.send(2500)
	p.wantFull(1, 2, 1000, 1)
	p.want(seg(P|A, 2001, 1).bytes(500), tcp.WhyData)
	p.send(1700)
	p.want(seg(A, 2501, 1).bytes(1000), tcp.WhyData)
	p.wantNothing()
	p.arrive(seg(A, 1, 2501))
	p.want(seg(P|A, 3501, 1).bytes(700), tcp.WhyData)
}

// MUST-17.
func TestNoDelay(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.c.SetNoDelay(true)
	for i := range 5 {
		p.send(10)
		p.want(seg(P|A, 1+10*i, 1).bytes(10), tcp.WhyData)
	}
	p.c.SetNoDelay(false)
	p.send(10)
	p.wantNothing()
	p.c.SetNoDelay(true)
	p.drain()
	p.want(seg(P|A, 51, 1).bytes(10), tcp.WhyData)
}

// The last text of all does not wait.
func TestNagleLetsTheEndGo(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.send(1)
	p.skip(1)
	p.send(10)
	p.wantNothing()
	p.closeWrite()
	p.want(seg(F|P|A, 2, 1).bytes(10), tcp.WhyData)
}

// MUST-60, MUST-61: the segment that empties the buffer is pushed, and no other.
func TestPush(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.send(2500)
	for i, want := range []tcp.Flags{A, A, P | A} {
		if got := p.out[i].flags; got != want {
			t.Errorf("segment %d: got %v, want %v", i, got, want)
		}
	}
	p.skip(3)
}

// MUST-38, §3.8.6.2.1: small openings of the window do not lead to small segments; half of the
// largest window seen, or a full segment, does.
func TestSenderAvoidsSillyWindows(t *testing.T) {
	p := newConnTest(t, tcp.Established, window(600))
	p.send(1000)
	p.want(seg(A, 1, 1).bytes(600), tcp.WhyData) // the largest window
	p.arrive(seg(A, 1, 601).win(100))
	p.wantNothing()
	p.arrive(seg(A, 1, 601).win(299))
	p.wantNothing()
	p.arrive(seg(A, 1, 601).win(300))
	p.want(seg(A, 601, 1).bytes(300), tcp.WhyData)
}

// With a buffer of less than two segments half of it is the step.
func TestReceiverWithASmallBuffer(t *testing.T) {
	p := newConnTest(t, tcp.Established, func(s *setup) { s.cfg.RecvBuffer = 2048 })
	p.arrive(seg(A, 1, 1).bytes(1460))
	p.want(seg(A, 1, 1461).win(588), tcp.WhyAck)
	p.arrive(seg(A, 1461, 1).bytes(588))
	p.want(seg(A, 1, 2049).win(0), tcp.WhyAck)
	p.receive(1023)
	p.wantNothing()
	p.receive(1)
	p.want(seg(A, 1, 2049).win(1024), tcp.WhyWindowUpdate)
}

// Linux's measure for an update without any other occasion: the window has doubled.
func TestWindowUpdateWhenTheReaderCatchesUp(t *testing.T) {
	p := newConnTest(t, tcp.Established, func(s *setup) { s.cfg.RecvBuffer = 14_600 })
	for i := range 9 {
		p.arrive(seg(A, 1+1460*i, 1).bytes(1460))
	}
	p.advance(200 * ms)
	p.skip(len(p.out))
	if got := p.c.Info().RecvWindow; got != 1460 {
		t.Fatalf("got a window of %d, want 1460", got)
	}
	p.receive(1459)
	p.wantNothing()
	p.receive(1)
	p.want(seg(A, 1, 13_141).win(2920), tcp.WhyWindowUpdate)
}
