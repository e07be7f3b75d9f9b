package tcp_test

import (
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// When text is acknowledged: RFC 9293 §3.8.6.3, RFC 5681 §4.2.

// slow brings a connection past the first segments, which are acknowledged at once. The next text is at 16001.
func slow(t *testing.T, changes ...func(*setup)) *connTest {
	t.Helper()
	p := newConnTest(t, tcp.Established, changes...)
	for i := range 16 {
		p.arrive(seg(A, 1+1000*i, 1).bytes(1000))
		p.want(seg(A, 1, 1001+1000*i), tcp.WhyAck)
		p.receive(1000)
	}
	return p
}

// Linux's quick acknowledgements for a sender in slow start.
func TestFirstSegmentsAreAcknowledgedAtOnce(t *testing.T) {
	p := slow(t)
	p.arrive(seg(A, 16_001, 1).bytes(1000))
	p.wantNothing()
	p.expire()
	p.want(seg(A, 1, 17_001), tcp.WhyDelayedAck)
}

// SHLD-18, MUST-40: an ACK waits for company, and never for half a second.
func TestDelayedAck(t *testing.T) {
	p := slow(t)
	at := 16_001
	for _, want := range []time.Duration{40 * ms, 80 * ms, 160 * ms, 200 * ms, 200 * ms} {
		p.arrive(seg(A, at, 1).bytes(1000))
		p.wantNothing()
		p.wantDeadline(want)
		at += 1000
		p.expire()
		p.want(seg(A, 1, at), tcp.WhyDelayedAck)
	}
}

// SHLD-19: every second full segment is acknowledged.
func TestEverySecondSegmentIsAcknowledged(t *testing.T) {
	p := slow(t)
	for i := range 10 {
		p.arrive(seg(A, 16_001+2000*i, 1).bytes(1000))
		p.wantNothing()
		p.arrive(seg(A, 17_001+2000*i, 1).bytes(1000))
		p.want(seg(A, 1, 18_001+2000*i), tcp.WhyAck)
	}
}

// MUST-58, MUST-59: a batch gets one ACK.
func TestOneAckForABatch(t *testing.T) {
	for _, slowed := range []bool{false, true} {
		p, at := newConnTest(t, tcp.Established), 1
		if slowed {
			p, at = slow(t), 16_001
		}
		var batch []segment
		for i := range 20 {
			batch = append(batch, seg(A, at+1000*i, 1).bytes(1000))
		}
		p.arrive(batch...)
		p.want(seg(A, 1, at+20_000), tcp.WhyAck)
		p.wantNothing()
	}
}

// §3.8.6.3: text carries the ACK.
func TestTextCarriesTheAck(t *testing.T) {
	p := slow(t)
	p.arrive(seg(A, 16_001, 1).bytes(1000))
	p.send(10)
	p.want(seg(P|A, 1, 17_001).bytes(10), tcp.WhyData)
	p.arrive(seg(A, 17_001, 11))
	p.wantNoDeadline()
}

// An application that answers needs no ACKs besides.
func TestInteractiveExchangeHasNoPureAcks(t *testing.T) {
	p := slow(t)
	p.arrive(seg(P|A, 16_001, 1).bytes(100))
	p.send(50) // an answer, which tells one kind of exchange from another
	p.skip(1)
	p.receive(100)
	at, ours := 16_101, 51
	for range 20 {
		p.arrive(seg(P|A, at, ours).bytes(100))
		at += 100
		p.wantNothing()
		p.receive(100)
		p.wantNothing() // it is about to answer
		p.send(50)
		p.want(seg(P|A, ours, at).bytes(50), tcp.WhyData)
		ours += 50
		p.advance(5 * ms)
	}
	p.arrive(seg(A, at, ours))
}

// RFC 5681 §4.2, MAY-13: text out of order is acknowledged at once, each segment for itself, as the sender counts.
func TestDuplicateAckForEachSegmentOutOfOrder(t *testing.T) {
	p := slow(t)
	p.arrive(seg(A, 17_001, 1).bytes(1000), seg(A, 18_001, 1).bytes(1000), seg(A, 19_001, 1).bytes(1000))
	for range 3 {
		p.want(seg(A, 1, 16_001), tcp.WhyDupAck)
	}
}

// RFC 5681 §4.2: and so is what closes a gap, or a part of it.
func TestTextThatClosesAGapIsAcknowledgedAtOnce(t *testing.T) {
	p := slow(t)
	p.arrive(seg(A, 17_001, 1).bytes(1000))
	p.want(seg(A, 1, 16_001), tcp.WhyDupAck)
	p.arrive(seg(A, 16_001, 1).bytes(400))
	p.want(seg(A, 1, 16_401), tcp.WhyAck)
	p.arrive(seg(A, 16_401, 1).bytes(600))
	p.want(seg(A, 1, 18_001), tcp.WhyAck)
	p.arrive(seg(A, 18_011, 1).bytes(10))
	p.want(seg(A, 1, 18_001), tcp.WhyDupAck)
	p.arrive(seg(A, 18_001, 1).bytes(10)) // a small one as well
	p.want(seg(A, 1, 18_021), tcp.WhyAck)
}

// A gap that opens and closes within a batch is none: an ACK of everything, repeated, would read as
// duplicates of the next segment's loss.
func TestReorderedBatchGetsOneAck(t *testing.T) {
	p := slow(t)
	p.arrive(
		seg(A, 17_001, 1).bytes(1000), seg(A, 18_001, 1).bytes(1000),
		seg(A, 19_001, 1).bytes(1000), seg(A, 20_001, 1).bytes(1000), seg(A, 16_001, 1).bytes(1000))
	p.want(seg(A, 1, 21_001), tcp.WhyAck)
	p.wantNothing()
}

// The duplicates that follow the last progress of a batch still count.
func TestBatchWithAGapThatStays(t *testing.T) {
	p := slow(t)
	p.arrive(
		seg(A, 17_001, 1).bytes(1000), seg(A, 16_001, 1).bytes(1000),
		seg(A, 19_001, 1).bytes(1000), seg(A, 20_001, 1).bytes(1000))
	for range 3 {
		p.want(seg(A, 1, 18_001), tcp.WhyNone)
	}
	p.wantNothing()
}

// RFC 5681 §2: an ACK that text carries is no duplicate for the peer. Duplicates go by themselves.
func TestTextDoesNotCarryDuplicateAcks(t *testing.T) {
	p := slow(t)
	if n := p.c.Send(p.now, pattern(1, 3000)); n != 3000 {
		t.Fatal("Send")
	}
	p.arrive(seg(A, 17_001, 1).bytes(1000), seg(A, 18_001, 1).bytes(1000), seg(A, 19_001, 1).bytes(1000))
	p.wantFull(1, 3, 1000, 16_001)
	for range 3 {
		p.want(seg(A, 3001, 16_001), tcp.WhyDupAck)
	}
	p.wantNothing()
}

// Text that comes twice is acknowledged, once a batch.
func TestOneAckForRepeatedText(t *testing.T) {
	p := slow(t)
	p.arrive(seg(A, 13_001, 1).bytes(1000), seg(A, 14_001, 1).bytes(1000), seg(A, 15_001, 1).bytes(1000))
	p.want(seg(A, 1, 16_001), tcp.WhyDupAck)
	p.wantNothing()
}

// A batch cannot make us send without bound.
func TestDuplicateAcksAreBounded(t *testing.T) {
	p := slow(t)
	var batch []segment
	for i := range 1000 {
		batch = append(batch, seg(A, 16_003+2*i, 1).bytes(1))
	}
	p.arrive(batch...)
	if n := len(p.out); n > 64 {
		t.Errorf("got %d ACKs for one batch", n)
	}
	p.skip(len(p.out))
}

// After an idle time the sender starts slowly again, and so do we.
func TestQuickAcksAfterIdleTime(t *testing.T) {
	p := slow(t)
	p.advance(time.Minute)
	p.arrive(seg(A, 16_001, 1).bytes(1000))
	p.want(seg(A, 1, 17_001), tcp.WhyAck)
}

// Linux's rule: when the reader has taken everything and will not answer, a waiting ACK of a small segment goes.
func TestAckAfterTheReaderTookEverything(t *testing.T) {
	p := slow(t)
	p.arrive(seg(P|A, 16_001, 1).bytes(100))
	p.wantNothing()
	p.receive(60)
	p.wantNothing()
	p.receive(40)
	p.want(seg(A, 1, 16_101), tcp.WhyAck)
	p.wantNoDeadline()
}

// Merged segments count as what they are: two of them are acknowledged at once.
func TestMergedSegmentsAreAcknowledgedAtOnce(t *testing.T) {
	p := slow(t)
	in := p.build(seg(A, 16_001, 1).bytes(2000))
	in.Buf.GSOSize = 1000
	p.c.Arrive(p.now, in)
	p.drain()
	p.want(seg(A, 1, 18_001), tcp.WhyAck)
	p.receive(2000)
	// The size learned is that of the segments, so one alone is still delayed, and two are not.
	p.arrive(seg(A, 18_001, 1).bytes(1000))
	p.wantNothing()
	p.arrive(seg(A, 19_001, 1).bytes(1000))
	p.want(seg(A, 1, 20_001), tcp.WhyAck)
}
