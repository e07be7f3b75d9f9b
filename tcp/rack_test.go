package tcp_test

import (
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// SACK as the sender, RACK-TLP (RFC 8985), and recoveries that are taken back.

// sacks is a duplicate ACK at ack that reports blocks: pairs of places.
func (p *connTest) sacks(ack int, places ...int) segment {
	o := tcp.Options{}
	for i := 0; i < len(places); i += 2 {
		o.SACK[i/2] = tcp.Block{Start: p.iss + tcp.Seq(places[i]), End: p.iss + tcp.Seq(places[i+1])}
		o.NumSACK++
	}
	return seg(A, 1, ack).with(o)
}

// sackFlight brings a connection with SACK and a round-trip time of 100 ms to where n full segments are in flight.
func sackFlight(t *testing.T, n int, changes ...func(*setup)) *connTest {
	t.Helper()
	p := newConnTest(t, tcp.SynSent, append(changes, sack)...)
	p.advance(100 * ms)
	p.arrive(p.peerSyn(S|A, 1))
	p.skip(1)
	p.send(1000 * n)
	p.wantFull(1, n, 1000, 1)
	p.advance(100 * ms)
	return p
}

func (p *connTest) wantCA(w tcp.CAState) {
	p.t.Helper()
	if got := p.c.Info().CA; got != w {
		p.t.Errorf("got state %v, want %v", got, w)
	}
}

// §6.2: three segments behind the gap prove the loss; so does one, a quarter of the round-trip time later (§6.3).
func TestRACK(t *testing.T) {
	p := sackFlight(t, 6)
	p.arrive(p.sacks(1, 1001, 2001))
	p.wantCA(tcp.CADisorder)
	p.wantNothing()
	p.wantDeadline(27 * ms)
	p.arrive(p.sacks(1, 1001, 4001))
	p.want(seg(A, 1, 1).bytes(1000), tcp.WhyFastRetransmit)
	p.wantCA(tcp.CARecovery)
	p.arrive(seg(A, 1, 6001))
	p.wantCA(tcp.CAOpen)

	p = sackFlight(t, 3)
	p.arrive(p.sacks(1, 2001, 3001))
	p.wantNothing()
	p.advance(27 * ms)
	p.want(seg(A, 1, 1).bytes(1000), tcp.WhyRACK)
	p.skip(len(p.out))
	if i := p.c.Info(); i.Lost != 2000 || i.Sacked != 1000 || i.CA != tcp.CARecovery {
		t.Errorf("got %d lost and %d SACKed in %v", i.Lost, i.Sacked, i.CA)
	}
	p.arrive(seg(A, 1, 3001))
}

// §6.2: a retransmission that is lost is found out by what was sent after it.
func TestRACKFindsALostRetransmission(t *testing.T) {
	p := sackFlight(t, 8)
	p.arrive(p.sacks(1, 1001, 4001))
	p.want(seg(A, 1, 1).bytes(1000), tcp.WhyFastRetransmit)
	p.send(4000)
	p.arrive(p.sacks(1, 1001, 8001)) // lets new text out, behind the retransmission
	n := len(p.out)
	if n == 0 {
		t.Fatal("no new text goes out")
	}
	p.wantFull(8001, n, 1000, 1)
	p.advance(150 * ms)
	p.arrive(p.sacks(1, 1001, 9001))
	got := p.want(seg(A, 1, 1).bytes(1000), tcp.WhyRACK)
	if got.out.Nth != 2 {
		t.Errorf("got number %d, want 2", got.out.Nth)
	}
	p.skip(len(p.out))
}

// §6.2 step 3: what was sent once and fills a gap late shows reordering; then even three segments prove nothing at once.
func TestReorderingIsLearnt(t *testing.T) {
	p := sackFlight(t, 8)
	p.arrive(p.sacks(1, 4001, 5001))
	p.arrive(p.sacks(1, 4001, 5001, 1, 1)) // an empty block means nothing
	p.arrive(seg(A, 1, 5001))
	if i := p.c.Info(); !i.Reordered || i.Reordering != 5 || i.CA != tcp.CAOpen {
		t.Fatalf("got reordering %v by %d, in %v", i.Reordered, i.Reordering, i.CA)
	}
	p.arrive(p.sacks(5001, 6001, 8001))
	p.wantNothing()
	p.advance(27 * ms)
	p.want(seg(A, 5001, 1).bytes(1000), tcp.WhyRACK)
	p.arrive(seg(A, 1, 8001))
}

// RFC 2018 §8: a peer may take back what it has SACKed: a short time later everything is sent again.
func TestReneging(t *testing.T) {
	p := sackFlight(t, 4)
	p.arrive(p.sacks(1, 1001, 3001))
	p.arrive(seg(A, 1, 1001))
	p.wantDeadline(50 * ms)
	p.expire()
	p.want(seg(A, 1001, 1).bytes(1000), tcp.WhyRTO)
	p.arrive(seg(A, 1, 4001))
	p.skip(len(p.out))
	p.wantNoDeadline()
}

// Blocks that cannot be, and borders that no segment has.
func TestBadBlocks(t *testing.T) {
	p := sackFlight(t, 4)
	p.arrive(p.sacks(1, 3001, 2001), p.sacks(1, 3001, 9001), p.sacks(1, 5000, 5001))
	if got := p.c.Info().Sacked; got != 0 {
		t.Errorf("got %d bytes SACKed, want none", got)
	}
	p.arrive(p.sacks(1, 1500, 3500)) // of whole segments only one is inside
	if got := p.c.Info().Sacked; got != 1000 {
		t.Errorf("got %d bytes SACKed, want 1000", got)
	}
	p.arrive(seg(A, 1, 4001))
	p.skip(len(p.out))
}

// What the device cuts is one record until a SACK tells its segments apart.
func TestSACKOfAPartOfAPacket(t *testing.T) {
	p := newConnTest(t, tcp.SynSent, sack)
	p.c.SetGSO(65_535)
	p.advance(1 * ms)
	p.arrive(p.peerSyn(S|A, 1))
	p.skip(1)
	p.send(10_000)
	p.skip(len(p.out))
	p.advance(1 * ms)
	p.arrive(p.sacks(1, 1001, 3001), p.sacks(1, 1001, 3001, 4001, 5001))
	p.want(seg(A, 1, 1).bytes(1000), tcp.WhyFastRetransmit)
	if i := p.c.Info(); i.Sacked != 3000 || i.Lost != 2000 {
		t.Errorf("got %d SACKed and %d lost, want 3000 and 2000", i.Sacked, i.Lost)
	}
	p.skip(len(p.out))
	p.arrive(seg(A, 1, 10_001))
}

// §7.2, §7.3: the probe goes after two round-trip times and 2 ms: the last segment again, or new text. §7.4: one episode has one, and the
// RTO follows.
func TestTailLossProbe(t *testing.T) {
	p := sackFlight(t, 3)
	p.wantDeadline(102 * ms) // 202 ms after the last was sent
	p.expire()
	p.want(seg(A, 2001, 1).bytes(1000), tcp.WhyLossProbe)
	p.wantDeadline(300 * ms) // the RTO
	before := p.c.Info().Cwnd
	p.advance(100 * ms)
	p.arrive(p.sacks(1, 2001, 3001)) // the two before it are lost, time says
	p.want(seg(A, 1, 1).bytes(1000), tcp.WhyRACK)
	p.wantCA(tcp.CARecovery)
	if got := p.c.Info().Ssthresh; got >= before {
		t.Errorf("got a threshold of %d", got)
	}
	p.skip(len(p.out))
	p.arrive(seg(A, 1, 3001))

	p = sackFlight(t, 1)
	p.wantDeadline(200 * ms) // 200 ms more, for a delayed ACK, are as long as the RTO
	p.expire()
	p.want(seg(A, 1, 1).bytes(1000), tcp.WhyLossProbe)
	p.arrive(p.sacks(1001, 1, 1001)) // both have arrived: no loss
	if i := p.c.Info(); i.Cwnd != 10_000 || i.Ssthresh < 1<<30 {
		t.Errorf("got cwnd %d and ssthresh %d after a probe for nothing", i.Cwnd, i.Ssthresh)
	}
}

func TestTailLossProbeWithNewText(t *testing.T) {
	p := sackFlight(t, 10)
	p.send(1500)
	p.wantNothing()
	p.expire()
	p.want(seg(A, 10_001, 1).bytes(1000), tcp.WhyLossProbe)
	p.arrive(seg(A, 1, 11_001))
	p.want(seg(A, 11_001, 1).bytes(500), tcp.WhyData)
}

// §7.4: a loss that the probe alone has repaired lowers the window.
func TestProbeThatRepairs(t *testing.T) {
	p := sackFlight(t, 3)
	p.arrive(seg(A, 1, 2001))
	p.expire()
	p.want(seg(A, 2001, 1).bytes(1000), tcp.WhyLossProbe)
	p.advance(100 * ms)
	p.arrive(seg(A, 1, 3001))
	if i := p.c.Info(); i.CA != tcp.CAOpen || i.Ssthresh > 1<<29 {
		p.send(1000) // the ACK beyond the end of the probe tells
		p.skip(1)
		p.arrive(seg(A, 1, 4001))
	}
	if i := p.c.Info(); i.CA != tcp.CAOpen || i.Ssthresh > 1<<29 || i.Cwnd != i.Ssthresh {
		t.Errorf("got cwnd %d, ssthresh %d, %v", i.Cwnd, i.Ssthresh, i.CA)
	}
}

// RFC 3708: a duplicate that is reported for each retransmission takes the recovery back.
func TestUndoByDuplicates(t *testing.T) {
	p := sackFlight(t, 10)
	p.arrive(p.sacks(1, 1001, 4001))
	p.want(seg(A, 1, 1).bytes(1000), tcp.WhyFastRetransmit)
	p.arrive(seg(A, 1, 4001))
	p.arrive(p.sacks(4001, 1, 1001))
	if i := p.c.Info(); i.Cwnd < 10_000 || i.Ssthresh < 1<<30 || i.CA != tcp.CAOpen {
		t.Errorf("got cwnd %d, ssthresh %d, %v", i.Cwnd, i.Ssthresh, i.CA)
	}
	p.wantRecovery(tcp.WhyUndo)
	p.arrive(seg(A, 1, 10_001))
}

// wantRecovery wants that a recovery event with this reason has happened.
func (p *connTest) wantRecovery(w tcp.Why) {
	p.t.Helper()
	for _, e := range p.events {
		if e.Kind == tcp.EventRecovery && e.Why == w {
			return
		}
	}
	p.t.Errorf("no event says %v", w)
}

// RFC 4015: a timestamp from before the retransmission does, too, after a timeout.
func TestUndoOfATimeoutByTimestamps(t *testing.T) {
	p := newConnTest(t, tcp.SynSent, timestamps)
	p.advance(100 * ms)
	p.arrive(p.peerSyn(S|A, 1))
	p.skip(1)
	p.send(4000)
	p.skip(len(p.out))
	original := p.tsVal
	p.expire()
	p.want(seg(A, 1, 1).bytes(988), tcp.WhyRTO)
	p.wantCA(tcp.CALoss)
	late := seg(A, 1, 989).with(tcp.Options{HasTS: true, TSVal: p.peerClock(), TSEcr: original})
	p.arrive(late)
	p.wantCA(tcp.CAOpen)
	p.wantRecovery(tcp.WhyUndo)
	if i := p.c.Info(); i.Cwnd < 9880 || i.Ssthresh < 1<<30 {
		t.Errorf("got cwnd %d, ssthresh %d", i.Cwnd, i.Ssthresh)
	}
	p.wantNothing()
}

// RFC 5682: without timestamps new text finds that out; when it is not acknowledged, the loss was real.
func TestForwardRTO(t *testing.T) {
	for _, spurious := range []bool{true, false} {
		p := flight(t, 10)
		p.send(2000)
		p.expire()
		p.want(seg(A, 1, 1).bytes(1000), tcp.WhyRTO)
		p.arrive(seg(A, 1, 1001))
		p.want(seg(A, 10_001, 1).bytes(1000), tcp.WhyData)
		p.want(seg(A, 11_001, 1).bytes(1000), tcp.WhyData)
		p.wantNothing()
		if spurious {
			p.arrive(seg(A, 1, 2001))
			p.wantCA(tcp.CAOpen)
			p.wantRecovery(tcp.WhyUndo)
			p.wantNothing()
			continue
		}
		p.arrive(seg(A, 1, 1001)) // a duplicate ACK
		p.wantCA(tcp.CALoss)
		p.arrive(seg(A, 1, 1001))
		p.skip(len(p.out))
	}
}

// The timers that watch over what was sent are one at a time.
func TestOneTimerWatches(t *testing.T) {
	p := sackFlight(t, 3)
	count := func() (n int) {
		for i, at := range p.c.Vars().Timers {
			switch tcp.Timer(i).String() {
			case "retransmission", "reordering", "loss probe":
				if at != 0 {
					n++
				}
			}
		}
		return n
	}
	for _, step := range []func(){
		func() {}, func() { p.arrive(p.sacks(1, 2001, 3001)) }, func() { p.advance(30 * time.Millisecond) }, p.expire,
	} {
		step()
		p.skip(len(p.out))
		if got := count(); got != 1 {
			t.Errorf("got %d timers, want one", got)
		}
	}
}
