package tcp_test

import (
	"testing"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// Delivery rate samples, draft-ietf-ccwg-bbr §4.1.

// wantRate wants the delivery rate of the last sample, in bytes a second, and whether the application limited it.
func (p *connTest) wantRate(rate int64, limited bool) {
	p.t.Helper()
	if i := p.c.Info(); i.DeliveryRate != rate || i.DeliveryLimited != limited {
		p.t.Fatalf("got %d bytes a second, limited %v; want %d, %v", i.DeliveryRate, i.DeliveryLimited, rate, limited)
	}
}

// §4.1.2.3: what was delivered since the segment was sent that the ACK is for, over the time from then. Whatever follows a time
// with nothing to send is limited by the application.
func TestDeliveryRate(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.wantRate(0, false)
	p.send(100_000)
	p.advance(100 * ms)
	p.arrive(seg(A, 1, 2001))
	p.wantRate(20_000, true)
	p.advance(10 * ms)
	p.arrive(seg(A, 1, 5501)) // in part: it counts all the same
	p.wantRate(50_000, true)
	p.advance(10 * ms)
	p.arrive(seg(A, 1, 10_001))
	p.wantRate(83_333, true)
	p.advance(80 * ms)
	p.arrive(seg(A, 1, 12_001)) // sent when 2000 had been delivered, 100 ms ago
	p.wantRate(100_000, false)
	p.skip(len(p.out))
}

// §4.1.1.2.4: ACKs that come all at once do not make the path faster than what was sent on it.
func TestDeliveryRateIsNoFasterThanSending(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	for range 9 {
		p.send(1000)
		p.advance(10 * ms)
	}
	p.send(11_000) // fills the window of 10
	p.advance(110 * ms)
	p.arrive(seg(A, 1, 1001))
	p.advance(ms)
	p.arrive(seg(A, 1, 10_001))
	p.advance(100 * ms)
	p.arrive(seg(A, 1, 20_001)) // the last was sent 111 ms after the last of the ten before
	p.wantRate(90_090, false)
	p.skip(len(p.out))
}

// §4.1.2.4: an application that sends little does not make the path slow.
func TestLimitedDeliveryRateDoesNotCount(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.send(50_000)
	for acked := 1001; acked <= 50_001; acked += 1000 {
		p.advance(ms)
		p.arrive(seg(A, 1, acked))
	}
	before := p.c.Info().DeliveryRate
	if before < 900_000 || before > 1_100_000 {
		t.Fatalf("got %d bytes a second, want about a million", before)
	}
	p.skip(len(p.out))
	for range 20 {
		p.exchange(50 * ms)
	}
	p.wantRate(before, false)
	p.skip(len(p.out))
}

// §4.1.2.3: an ACK sooner than the path allows is one for the first transmission, and measures nothing.
func TestDeliveryRateOfWhatWasSentTwice(t *testing.T) {
	p := sackFlight(t, 10)
	for p.c.Info().CA != tcp.CALoss {
		p.expire() // first the loss probe
	}
	p.advance(ms)
	p.arrive(seg(A, 1, 10_001))
	p.wantRate(0, false)
	p.skip(len(p.out))
}

// A timeout that leaves nothing in flight begins a new interval: the wait for it was no time of delivery.
func TestDeliveryRateAfterATimeout(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.send(2000)
	p.advance(100 * ms)
	p.arrive(seg(A, 1, 2001))
	p.send(10_000)
	p.expire()
	p.advance(100 * ms)
	p.arrive(seg(A, 1, 12_001))
	if got := p.c.Info().DeliveryRate; got < 100_000 {
		t.Errorf("got %d bytes a second, want as many as came in a round trip", got)
	}
	p.skip(len(p.out))
}
