package tcp_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// The retransmission timeout: RFC 6298.

// exchange sends a segment that is acknowledged after d.
func (p *connTest) exchange(d time.Duration) {
	p.t.Helper()
	at := p.wrote
	p.send(10)
	p.want(seg(P|A, at, 1).bytes(10), tcp.WhyData)
	p.advance(d)
	p.arrive(seg(A, 1, at+10))
}

// MUST-18, §2.2, §2.3, with the floor of 200 ms under the variance.
func TestRTOFollowsTheFormula(t *testing.T) {
	p := newConnTest(t, tcp.SynSent)
	p.advance(100 * ms)
	p.arrive(p.peerSyn(S|A, 1))
	p.skip(1)
	srtt, rttvar := 100*ms, 50*ms // the first sample
	for i, rtt := range []time.Duration{100 * ms, 100 * ms, 250 * ms, 20 * ms, 300 * ms, 50 * ms, 50 * ms, 50 * ms} {
		p.exchange(rtt)
		rttvar = rttvar*3/4 + (srtt-rtt).Abs()/4
		srtt = srtt*7/8 + rtt/8
		want := srtt + max(4*rttvar, 200*ms)
		if got := p.c.Info(); (got.RTO - want).Abs() > time.Microsecond {
			t.Fatalf("sample %d: got SRTT %v, RTTVAR %v, RTO %v, want %v, %v, %v", i, got.SRTT, got.RTTVar, got.RTO, srtt, rttvar, want)
		}
	}
	if got := p.c.Info(); got.MinRTT != 20*ms || got.LastRTT != 50*ms {
		t.Errorf("got a smallest sample of %v and a last one of %v, want 20ms and 50ms", got.MinRTT, got.LastRTT)
	}
}

// MUST-19, §2.1, §5.5: 1 s before anything is measured, then doubled, up to the limit.
func TestRTOBacksOff(t *testing.T) {
	p := newConnTest(t, tcp.SynSent, func(s *setup) { s.cfg.MaxRTO = 60 * time.Second })
	for _, s := range []int{1, 2, 4, 8, 16, 32, 60, 60} {
		p.wantDeadline(time.Duration(s) * time.Second)
		p.expire()
	}
	p.skip(7)
	p.wantClosed(tcp.CauseTimeout)
}

// MUST-22, MUST-23: a SYN is sent again for at least 3 minutes, and then given up.
func TestSynIsSentForThreeMinutes(t *testing.T) {
	p := newConnTest(t, tcp.SynSent)
	p.advance(180 * time.Second)
	p.wantState(tcp.SynSent)
	n := len(p.out)
	p.skip(n)
	p.advance(time.Hour)
	p.skip(len(p.out))
	p.wantClosed(tcp.CauseTimeout)
	if got := p.c.Info().Stats.Retransmits; got != uint64(n) {
		t.Errorf("%d retransmissions are counted, want %d", got, n)
	}
	if n < 7 {
		t.Errorf("the SYN was sent again %d times in 3 minutes, want 7", n)
	}
}

// MUST-18, §3, Karn: what was sent twice says nothing about the round trip.
func TestNoSampleFromARetransmission(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.exchange(100 * ms)
	before := p.c.Info()
	p.send(10)
	p.expire()
	p.skip(2)
	p.advance(50 * ms)
	p.arrive(seg(A, 1, 21))
	if got := p.c.Info(); got.SRTT != before.SRTT || got.RTTVar != before.RTTVar {
		t.Errorf("got SRTT %v, RTTVAR %v after the ACK of a retransmission, want %v, %v", got.SRTT, got.RTTVar, before.SRTT, before.RTTVar)
	}
}

// §3: nor does what was sent once and waited for a retransmission to fill the gap before it.
func TestNoSampleAcrossAGap(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.exchange(100 * ms)
	before := p.c.Info()
	p.send(5000)
	p.skip(5)
	p.advance(100 * ms)
	for range 3 {
		p.arrive(seg(A, 1, 11))
	}
	p.want(seg(A, 11, 1).bytes(1000), tcp.WhyFastRetransmit)
	p.advance(100 * ms)
	p.arrive(seg(A, 1, 5011))
	if got := p.c.Info(); got.SRTT != before.SRTT {
		t.Errorf("got SRTT %v, want %v as before: the last segment took 200ms only because the first was lost", got.SRTT, before.SRTT)
	}
}

// RFC 7323 §4.1: with timestamps a retransmission can be measured.
func TestSampleFromTheTimestampOfARetransmission(t *testing.T) {
	p := newConnTest(t, tcp.Established, timestamps)
	p.send(10)
	p.expire()
	p.skip(2)
	p.advance(50 * ms)
	p.arrive(seg(A, 1, 11))
	if got := p.c.Info().LastRTT; got != 50*ms {
		t.Errorf("got a sample of %v, want 50ms", got)
	}
}

// A timestamp has ticks of 1 ms. A round trip that takes less of it than one is no round trip of no time: that would stay the
// shortest, and with it RACK's reordering window would vanish (RFC 8985 §6.2, step 4).
func TestSampleFromATimestampIsATickAtLeast(t *testing.T) {
	p := newConnTest(t, tcp.Established, timestamps)
	p.send(10)
	p.expire()
	p.skip(2)
	p.advance(100 * time.Microsecond)
	p.arrive(seg(A, 1, 11))
	if got := p.c.Info().LastRTT; got != ms {
		t.Errorf("got a sample of %v, want 1ms", got)
	}
}

// An echo of what we never sent is no measurement.
func TestNoSampleFromAForgedEcho(t *testing.T) {
	p := newConnTest(t, tcp.Established, timestamps)
	p.send(10)
	p.expire()
	p.skip(2)
	last := p.c.Info().LastRTT
	for i, ecr := range []uint32{0, p.tsVal + 1000, p.tsVal - 1<<31} {
		p.arrive(seg(A, 1, 2+i).with(tcp.Options{HasTS: true, TSVal: p.peerClock(), TSEcr: ecr}))
		if got := p.c.Info().LastRTT; got != last {
			t.Errorf("echo %d: got a sample of %v", ecr, got)
		}
	}
}

// Nor is a segment without timestamps, or with ones that were never agreed on. Our clock is at 50 ms here, so that
// an echo of 0 would pass for one.
func TestNoSampleWithoutAnEcho(t *testing.T) {
	for _, test := range []struct {
		name   string
		agreed bool
		opts   tcp.Options
	}{
		{"no option", true, tcp.Options{}},
		{"not agreed on", false, ts(7, 30)},
		{"an echo of zero", true, ts(2_000_000, 0)},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newConnTest(t, tcp.Established, func(s *setup) {
				s.syn.HasTS = test.agreed
				s.cfg.TSOffset = func(_, _ netip.AddrPort) uint32 { return 1<<32 - 3_600_000 + 50 }
			})
			p.send(10)
			p.expire()
			p.skip(2)
			last := p.c.Info().LastRTT
			p.arrive(seg(A, 1, 11).with(test.opts))
			if got := p.c.Info().LastRTT; got != last {
				t.Errorf("got a sample of %v", got)
			}
		})
	}
}

// §5.5 and its note: the back-off stays until something new was measured, so that a path
// slower than the RTO is not flooded for ever.
func TestBackOffStaysUntilASample(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.exchange(100 * ms)
	rto := p.c.Info().RTO
	p.send(10)
	p.expire()
	p.expire()
	p.skip(3)
	p.advance(50 * ms)
	p.arrive(seg(A, 1, 21)) // of either transmission
	p.send(10)
	p.skip(1)
	p.wantDeadline(4 * rto)
	p.advance(100 * ms)
	p.arrive(seg(A, 1, 31))
	p.send(10)
	p.skip(1)
	if got := p.c.Info().RTO; got > rto+50*ms {
		t.Errorf("got an RTO of %v after a sample, want about %v", got, rto)
	}
}

// §5.7: when the SYN was lost, the RTO for the text that follows is 3 s.
func TestRTOAfterALostSyn(t *testing.T) {
	for _, state := range []tcp.State{tcp.SynSent, tcp.SynReceived} {
		t.Run(state.String(), func(t *testing.T) {
			p := newConnTest(t, state)
			p.expire()
			p.skip(1)
			if state == tcp.SynSent {
				p.arrive(p.peerSyn(S|A, 1))
				p.skip(1)
			} else {
				p.arrive(seg(A, 1, 1))
			}
			p.send(10)
			p.skip(1)
			p.wantDeadline(3 * time.Second)
			p.expire()
			p.want(seg(P|A, 1, 1).bytes(10), tcp.WhyRTO)
			p.wantDeadline(6 * time.Second)
		})
	}
}

// With timestamps the handshake was measured all the same.
func TestRTOAfterALostSynWithTimestamps(t *testing.T) {
	p := newConnTest(t, tcp.SynSent, timestamps)
	p.expire()
	p.skip(1)
	p.advance(50 * ms)
	p.arrive(p.peerSyn(S|A, 1))
	p.send(10)
	p.skip(2)
	p.wantDeadline(250 * ms)
}

// §5.1 to §5.3: the timer starts with the first segment, starts again with each ACK of something new, and stops
// when all is acknowledged.
func TestRetransmissionTimerFollowsTheAcks(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.exchange(100 * ms)
	rto := p.c.Info().RTO
	p.send(3000)
	p.skip(3)
	p.wantDeadline(rto)
	p.advance(50 * ms)
	p.arrive(seg(A, 1, 11)) // a duplicate
	p.wantDeadline(rto - 50*ms)
	p.arrive(seg(A, 1, 1011))
	p.wantDeadline(p.c.Info().RTO)
	p.arrive(seg(A, 1, 3011))
	p.wantNoDeadline()
}
