package tcp_test

import (
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Congestion control: RFC 5681, and where it is enforced.

// RFC 6928: ten segments at first.
func TestInitialWindow(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.send(50_000)
	p.wantFull(1, 10, 1000, 1)
	p.wantNothing()
}

// RFC 6928 §2, as Linux: a SYN sent more than twice makes it one segment.
func TestInitialWindowAfterLostSyns(t *testing.T) {
	for _, test := range []struct{ lost, want int }{{0, 10}, {1, 10}, {2, 1}} {
		p := newConnTest(t, tcp.SynSent)
		for range test.lost {
			p.expire()
		}
		p.skip(test.lost)
		p.arrive(p.peerSyn(S|A, 1))
		p.skip(1)
		p.send(50_000)
		p.wantFull(1, test.want, 1000, 1)
		p.wantNothing()
	}
}

// MUST-19, §3.1: slow start grows by what was acknowledged, so one ACK for one segment lets two out.
func TestSlowStart(t *testing.T) {
	p := newConnTest(t, tcp.Established, window(60_000))
	p.send(100_000)
	next := p.wantFull(1, 10, 1000, 1)
	for acked := 1001; acked <= 10_001; acked += 1000 {
		p.arrive(seg(A, 1, acked))
		next = p.wantFull(next, 2, 1000, 1)
		p.wantNothing()
	}
	if got := p.c.Info().Cwnd; got != 20_000 {
		t.Errorf("got cwnd %d, want 20000", got)
	}
}

// MUST-19, §3.1: congestion avoidance grows by one segment a round trip.
func TestCongestionAvoidance(t *testing.T) {
	p := flight(t, 10)
	for range 3 {
		p.arrive(seg(A, 1, 1))
	}
	p.want(seg(A, 1, 1).bytes(1000), tcp.WhyFastRetransmit)
	p.send(200_000)
	p.arrive(seg(A, 1, 10_001)) // the end of recovery: ssthresh 5000
	next := 10_001
	for p.c.Info().Cwnd < 5000 {
		n := len(p.out)
		next = p.wantFull(next, n, 1000, 1)
		p.arrive(seg(A, 1, next))
	}
	for want := 5; want < 9; want++ {
		n := len(p.out)
		if n != want {
			t.Fatalf("got a flight of %d segments, want %d", n, want)
		}
		begin := next
		next = p.wantFull(next, n, 1000, 1)
		for acked := begin + 1000; acked <= next; acked += 1000 {
			p.arrive(seg(A, 1, acked))
		}
	}
	p.skip(len(p.out))
}

// RFC 7661 §4.4.1: a window that was not filled for one RTO goes down half of the way to what was used. §4.1, as
// RFC 2861: one that was not used at all is halved for each RTO, down to that of a new connection.
func TestIdleRestart(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.send(40_000)
	for at := 1001; at <= 40_001; at += 1000 {
		p.arrive(seg(A, 1, at))
	}
	p.skip(40)
	grown := p.c.Info().Cwnd
	if grown <= 20_000 {
		t.Fatalf("got cwnd %d, want more than 20000 to start from", grown)
	}
	p.advance(p.c.Info().RTO)
	p.send(1000)
	if got, want := p.c.Info().Cwnd, (grown+10_000)/2; got != want {
		t.Errorf("got cwnd %d after one RTO, want %d", got, want)
	}
	p.arrive(seg(A, 1, 41_001))
	p.advance(p.c.Info().RTO + ms)
	p.send(1000)
	if got, want := p.c.Info().Cwnd, (grown+10_000)/4; got != want {
		t.Errorf("got cwnd %d after more than that, want %d", got, want)
	}
	p.arrive(seg(A, 1, 42_001))
	p.advance(10 * p.c.Info().RTO)
	p.send(1000)
	if got := p.c.Info().Cwnd; got != 10_000 {
		t.Errorf("got cwnd %d after ten RTOs, want 10000", got)
	}
	p.skip(3)
}

// Linux's tcp_slow_start_after_idle = 0: the window stays.
func TestNoIdleRestart(t *testing.T) {
	p := newConnTest(t, tcp.Established, func(s *setup) { s.cfg.NoIdleRestart = true })
	p.send(20_000)
	for at := 1001; at <= 20_001; at += 1000 {
		p.arrive(seg(A, 1, at))
	}
	p.skip(20)
	grown := p.c.Info().Cwnd
	p.advance(time.Minute)
	p.send(1000)
	p.skip(1)
	if got := p.c.Info().Cwnd; got != grown {
		t.Errorf("got cwnd %d, want %d", got, grown)
	}
}

// Room for one segment is used, also when the device could take more.
func TestLastSegmentOfTheWindow(t *testing.T) {
	for _, gso := range []int{0, 65_535} {
		p := newConnTest(t, tcp.Established)
		p.c.SetGSO(gso)
		p.send(9000)
		p.skip(len(p.out))
		p.send(5000)
		p.want(seg(A, 9001, 1).bytes(1000), tcp.WhyData)
	}
}

// The threshold is two segments at least (§3.1, equation 4).
func TestThresholdFloor(t *testing.T) {
	p := flight(t, 1)
	p.expire()
	p.skip(1)
	if got := p.c.Info().Ssthresh; got != 2000 {
		t.Errorf("got ssthresh %d, want 2000", got)
	}
}

// A constant is a congestion control of the test's own.
type constant struct {
	tcp.Reno
	acked, losses, timeouts, again int
	resumed, measured, undone      int
	paused                         time.Duration
}

func (*constant) Name() string { return "constant" }

func (c *constant) Acked(ip.Time, *tcp.CongestionWindow, tcp.AckSample) { c.acked++ }

func (c *constant) Loss(_ ip.Time, w *tcp.CongestionWindow, _ int) { c.losses++; w.Ssthresh = w.Cwnd }

func (c *constant) Timeout(_ ip.Time, w *tcp.CongestionWindow, _ int, again bool) {
	if again {
		c.again++
		return
	}
	c.timeouts++
	w.Ssthresh = w.Cwnd
}

func (c *constant) Measured(ip.Time, *tcp.CongestionWindow, tcp.RTTSample) { c.measured++ }

func (c *constant) Resumed(now ip.Time, _ *tcp.CongestionWindow, since ip.Time) {
	c.resumed++
	c.paused += now.Sub(since)
}

func (c *constant) Undone(ip.Time, *tcp.CongestionWindow) { c.undone++ }

// Another algorithm can be brought along.
func TestOwnCongestionControl(t *testing.T) {
	own := new(constant)
	p := newConnTest(t, tcp.Established, func(s *setup) {
		s.cfg.Congestion = func(*tcp.Config) tcp.Congestion { return own }
		s.cfg.InitialWindow = 4
	})
	p.send(20_000)
	p.wantFull(1, 4, 1000, 1)
	p.wantNothing()
	p.arrive(seg(A, 1, 1001))
	p.wantFull(4001, 1, 1000, 1)
	for range 3 {
		p.arrive(seg(A, 1, 1001))
	}
	p.wantFull(5001, 2, 1000, 1) // limited transmit
	p.want(seg(A, 1001, 1).bytes(1000), tcp.WhyFastRetransmit)
	p.skip(len(p.out))
	p.arrive(seg(A, 1, 7001))
	p.skip(len(p.out))
	p.advance(3 * time.Second)
	p.skip(len(p.out))
	if own.acked == 0 || own.measured == 0 || own.losses != 1 || own.timeouts != 1 || own.again == 0 || p.c.Info().Congestion != "constant" {
		t.Errorf("got %+v", own)
	}
}

// It hears of pauses, and of timeouts that were for nothing.
func TestOwnCongestionControlHearsOfTime(t *testing.T) {
	own := new(constant)
	p := newConnTest(t, tcp.Established, timestamps, func(s *setup) {
		s.cfg.Congestion = func(*tcp.Config) tcp.Congestion { return own }
	})
	p.send(500)
	p.advance(100 * ms)
	p.arrive(seg(A, 1, 501))
	p.send(500)
	if own.measured != 1 || own.resumed != 1 {
		t.Errorf("got %d measurements and %d pauses, want 1 and 1", own.measured, own.resumed)
	}
	late := tcp.Options{HasTS: true, TSVal: p.peerClock(), TSEcr: p.tsVal}
	p.advance(10 * time.Second)
	p.arrive(seg(A, 1, 1001).with(late))
	p.skip(len(p.out))
	paused := own.paused
	p.advance(10 * time.Second) // the window shrinks as well
	p.send(500)
	p.skip(1)
	if got := own.paused - paused; got < 10*time.Second || own.resumed != 2 {
		t.Errorf("got %d pauses, the last of %v, want 2 and 10 s at least", own.resumed, got)
	}
	if own.timeouts != 1 || own.undone != 1 {
		t.Errorf("got %d timeouts and %d of them taken back, want 1 and 1", own.timeouts, own.undone)
	}
}
