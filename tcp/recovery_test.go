package tcp_test

import (
	"testing"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// Loss recovery: RFC 5681 §3.2, RFC 6582.

// flight brings a connection to where n full segments are in flight, from sequence number 1 on.
func flight(t *testing.T, n int, changes ...func(*setup)) *connTest {
	t.Helper()
	p := newConnTest(t, tcp.Established, changes...)
	p.send(1000 * n)
	p.wantFull(1, n, 1000, 1)
	return p
}

// §3.2: the third duplicate ACK retransmits, not the second, and not the fourth.
func TestFastRetransmit(t *testing.T) {
	p := flight(t, 6)
	p.arrive(seg(A, 1, 1))
	p.arrive(seg(A, 1, 1))
	p.wantNothing()
	p.arrive(seg(A, 1, 1))
	got := p.want(seg(A, 1, 1).bytes(1000), tcp.WhyFastRetransmit)
	if got.out.Nth != 1 {
		t.Errorf("got number %d, want 1", got.out.Nth)
	}
	p.arrive(seg(A, 1, 1))
	p.arrive(seg(A, 1, 1))
	p.wantNothing()
	p.arrive(seg(A, 1, 6001))
	p.wantNoDeadline()
}

// §3.1, equation 4, and §3.2: half the flight is the threshold, and the window goes down to it in step with what arrives
// (RFC 9937 §6.2).
func TestWindowInFastRecovery(t *testing.T) {
	p := flight(t, 10)
	for range 3 {
		p.arrive(seg(A, 1, 1))
	}
	p.want(seg(A, 1, 1).bytes(1000), tcp.WhyFastRetransmit)
	if i := p.c.Info(); i.Ssthresh != 5000 || i.Cwnd != 7000 || i.Flight != 7000 || i.CA != tcp.CARecovery {
		t.Errorf("got ssthresh %d, cwnd %d, flight %d, want 5000, 7000, 7000", i.Ssthresh, i.Cwnd, i.Flight)
	}
	p.send(5000)
	for n, want := range []int{6000, 5000, 5000, 5000} { // one segment goes out for two that arrive
		p.arrive(seg(A, 1, 1))
		if got := p.c.Info().Cwnd; got != want {
			t.Errorf("got cwnd %d after %d more duplicate ACKs, want %d", got, n+1, want)
		}
	}
	p.wantFull(10_001, len(p.out), 1000, 1)
	p.arrive(seg(A, 1, 10_001))
	p.skip(len(p.out))
	p.arrive(seg(A, 1, p.wrote))
	if i := p.c.Info(); i.Cwnd > 6000 || i.InRecovery {
		t.Errorf("got cwnd %d, in recovery %v, want 6000 at most", i.Cwnd, i.InRecovery)
	}
}

// RFC 6582 §3.2 step 3: a partial ACK retransmits the next gap, and recovery goes on.
func TestPartialAck(t *testing.T) {
	p := flight(t, 10) // 1 and 4001 are lost
	for range 3 {
		p.arrive(seg(A, 1, 1))
	}
	p.want(seg(A, 1, 1).bytes(1000), tcp.WhyFastRetransmit)
	p.arrive(seg(A, 1, 4001))
	p.want(seg(A, 4001, 1).bytes(1000), tcp.WhyPartialAck)
	if i := p.c.Info(); !i.InRecovery || i.Ssthresh != 5000 {
		t.Errorf("got in recovery %v with ssthresh %d, want it with 5000", i.InRecovery, i.Ssthresh)
	}
	p.arrive(seg(A, 1, 10_001))
	p.send(1)
	p.skip(1)
	p.arrive(seg(A, 1, 10_002))
	if p.c.Info().InRecovery {
		t.Error("a full ACK, and one beyond it, do not end recovery")
	}
}

// RFC 6582 §3.2 step 2: the losses of one window halve it once.
func TestNoSecondHalving(t *testing.T) {
	p := flight(t, 10)
	for range 3 {
		p.arrive(seg(A, 1, 1))
	}
	p.want(seg(A, 1, 1).bytes(1000), tcp.WhyFastRetransmit)
	p.arrive(seg(A, 1, 10_001))
	p.send(5000)
	p.wantFull(10_001, 5, 1000, 1)
	for range 5 { // the echo of what was sent twice
		p.arrive(seg(A, 1, 10_001))
	}
	p.wantNothing()
	if got := p.c.Info().Ssthresh; got != 5000 {
		t.Errorf("got ssthresh %d, want 5000 still", got)
	}
	p.arrive(seg(A, 1, 11_001))
	for range 3 {
		p.arrive(seg(A, 1, 11_001))
	}
	p.want(seg(A, 11_001, 1).bytes(1000), tcp.WhyFastRetransmit)
}

// RFC 6582 §4: duplicate ACKs after a timeout come from what was sent twice, and mean nothing.
func TestNoFastRetransmitAfterATimeout(t *testing.T) {
	p := flight(t, 10)
	p.expire()
	p.want(seg(A, 1, 1).bytes(1000), tcp.WhyRTO)
	for range 5 {
		p.arrive(seg(A, 1, 1))
	}
	p.wantNothing()
}

// Nothing in flight, nothing lost.
func TestDuplicateAcksWithNothingInFlight(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	for range 10 {
		p.arrive(seg(A, 1, 1))
	}
	p.wantNothing()
}

// RFC 5681 §3.1: after a timeout one segment, half the flight as threshold, and slow start through what
// was lost.
func TestTimeoutAndSlowStart(t *testing.T) {
	p := flight(t, 10)
	p.expire()
	p.want(seg(A, 1, 1).bytes(1000), tcp.WhyRTO)
	if i := p.c.Info(); i.Cwnd != 1000 || i.Ssthresh != 5000 || i.Flight != 1000 {
		t.Errorf("got cwnd %d, ssthresh %d, flight %d, want 1000, 5000, 1000", i.Cwnd, i.Ssthresh, i.Flight)
	}
	p.arrive(seg(A, 1, 1001))
	next := p.wantAgain(1001, 2)
	p.arrive(seg(A, 1, 3001))
	p.wantAgain(next, 4)
	p.arrive(seg(A, 1, 10_001))
	p.wantNoDeadline()
	p.send(1) // without SACK one byte more must be acknowledged
	p.skip(1)
	p.arrive(seg(A, 1, 10_002))
	if p.c.Info().InRecovery {
		t.Error("everything is acknowledged, and recovery goes on")
	}
}

// wantAgain wants n full segments again from seq on, and returns what follows.
func (p *connTest) wantAgain(seq, n int) int {
	p.t.Helper()
	for range n {
		p.want(seg(A, seq, 1).bytes(1000), tcp.WhyRTO)
		seq += 1000
	}
	return seq
}

// RFC 5681 §3.1: "the value of ssthresh is held constant" when a retransmission is lost.
func TestSecondTimeoutKeepsTheThreshold(t *testing.T) {
	p := flight(t, 10)
	for range 4 {
		p.expire()
		p.want(seg(A, 1, 1).bytes(1000), tcp.WhyRTO)
		if got := p.c.Info().Ssthresh; got != 5000 {
			t.Errorf("got ssthresh %d, want 5000", got)
		}
	}
}

// What the device was to cut is many segments: the loss of one sends one again.
func TestFastRetransmitOfAMergedSegment(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.c.SetGSO(65_535)
	p.send(10_000)
	if got := p.want(seg(A, 1, 1).bytes(5000), tcp.WhyData); got.out.GSO != 1000 {
		t.Fatalf("got segments of %d, want 1000", got.out.GSO)
	}
	p.skip(1)
	p.arrive(seg(A, 1, 3001))
	for range 3 {
		p.arrive(seg(A, 1, 3001))
	}
	p.want(seg(A, 3001, 1).bytes(1000), tcp.WhyFastRetransmit)
	p.wantNothing()
	p.arrive(seg(A, 1, 5001)) // and another is lost
	p.want(seg(A, 5001, 1).bytes(1000), tcp.WhyPartialAck)
	p.wantNothing()
	p.arrive(seg(A, 1, 10_001))
	p.wantNoDeadline()
}
