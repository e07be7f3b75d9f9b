package tcp_test

import (
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// What a Controller hears, and that the machine leaves the window to it.

// A model is a controller that keeps its window, and notes what it hears.
type model struct {
	tcp.Reno
	heard   []string
	samples []tcp.RateSample
	lost    []tcp.LostText
	cwnd    int
	rate    int64
}

func (m *model) Control(_ ip.Time, w *tcp.CongestionWindow, s tcp.RateSample) {
	m.heard = append(m.heard, "control")
	m.samples = append(m.samples, s)
	w.Cwnd, w.PacingRate = m.cwnd, m.rate
}

func (m *model) Lost(_ ip.Time, _ *tcp.CongestionWindow, l tcp.LostText) {
	m.heard = append(m.heard, "lost")
	m.lost = append(m.lost, l)
}

func (m *model) Recovered(ip.Time, *tcp.CongestionWindow) { m.heard = append(m.heard, "recovered") }

func (m *model) Loss(ip.Time, *tcp.CongestionWindow, int) { m.heard = append(m.heard, "loss") }

func (m *model) Timeout(ip.Time, *tcp.CongestionWindow, int, bool) {
	m.heard = append(m.heard, "timeout")
}

func (m *model) Undone(ip.Time, *tcp.CongestionWindow) { m.heard = append(m.heard, "undone") }

func (m *model) Acked(ip.Time, *tcp.CongestionWindow, tcp.AckSample) {
	m.heard = append(m.heard, "acked")
}

// modelFlight is sackFlight with a model.
func modelFlight(t *testing.T, n int, changes ...func(*setup)) (*connTest, *model) {
	m := &model{cwnd: 20_000}
	p := sackFlight(t, n, append(changes, func(s *setup) {
		s.cfg.Congestion = func(*tcp.Config) tcp.Congestion { return m }
	})...)
	m.heard, m.samples = nil, nil
	return p, m
}

// wantHeard wants these calls since the last look.
func (m *model) wantHeard(t *testing.T, want ...string) {
	t.Helper()
	if len(m.heard) != len(want) {
		t.Fatalf("got %v, want %v", m.heard, want)
	}
	for i, s := range want {
		if m.heard[i] != s {
			t.Fatalf("got %v, want %v", m.heard, want)
		}
	}
	m.heard = nil
}

// A loss: no PRR, the window stays what the model makes it.
func TestControllerInRecovery(t *testing.T) {
	p, m := modelFlight(t, 10)
	p.arrive(p.sacks(1, 1001, 4001))
	m.wantHeard(t, "lost", "loss", "control")
	l := m.lost[0]
	if l.Len != 1000 || l.TxFlight != 1000 || l.Since != 1000 || l.Total != 3000 || !l.SACK || !l.AppLimited {
		t.Errorf("got %+v", l)
	}
	s := m.samples[0]
	if s.Acked != 3000 || s.Lost != 1000 || s.Since != 1000 || s.TxFlight != 4000 || s.Prior != 0 || s.Total != 3000 || s.Flight != 6000 ||
		s.Rate != 30_000 || s.RTT != 100*ms || s.Again {
		t.Errorf("got %+v", s)
	}
	p.want(seg(A, 1, 1).bytes(1000), tcp.WhyFastRetransmit)
	if got := p.c.Info().Cwnd; got != 20_000 {
		t.Errorf("got a window of %d in recovery, want 20000", got)
	}
	p.send(3000)
	p.wantFull(10_001, 3, 1000, 1) // the window has room for it, and PRR would not
	p.advance(100 * ms)
	p.arrive(seg(A, 1, 13_001))
	m.wantHeard(t, "recovered", "control")
	if s := m.samples[1]; s.Prior != 3000 || s.Acked != 10_000 || s.Total != 13_000 {
		t.Errorf("got %+v", s)
	}
}

// A timeout leaves room for one segment, and the way back is the model's.
func TestControllerAfterATimeout(t *testing.T) {
	p, m := modelFlight(t, 4)
	for p.c.Info().CA != tcp.CALoss {
		p.expire()
	}
	if m.heard[len(m.heard)-1] != "timeout" {
		t.Fatalf("got %v", m.heard)
	}
	if i := p.c.Info(); i.Cwnd != i.Flight {
		t.Errorf("got a window of %d with %d in flight after the retransmission", i.Cwnd, i.Flight)
	}
	p.skip(len(p.out))
	m.heard = nil
	p.advance(100 * ms)
	p.arrive(seg(A, 1, 1001))
	if m.heard[len(m.heard)-1] != "control" || p.c.Info().Cwnd != 20_000 {
		t.Errorf("got %v and a window of %d", m.heard, p.c.Info().Cwnd)
	}
	p.skip(len(p.out))
}

// A recovery that was for nothing is told as such, and text that came twice by our fault counts as delivered.
func TestControllerHearsOfUndoneLosses(t *testing.T) {
	p, m := modelFlight(t, 10)
	p.arrive(p.sacks(1, 1001, 4001))
	p.skip(1)
	p.advance(10 * ms)
	p.arrive(seg(A, 1, 4001))
	m.heard = nil
	p.arrive(p.sacks(4001, 1, 1001)) // D-SACK
	m.wantHeard(t, "undone", "control")
	if s := m.samples[len(m.samples)-1]; s.Total != 5000 || s.Acked != 0 {
		t.Errorf("got %d bytes delivered, %d by the report, want 5000 and none", s.Total, s.Acked)
	}
}

// A pause does not take the window away, and another algorithm begins without the rate.
func TestControllerKeepsItsWindow(t *testing.T) {
	p, m := modelFlight(t, 10)
	p.arrive(seg(A, 1, 10_001))
	p.advance(time.Minute)
	p.send(1000)
	if got := p.c.Info().Cwnd; got != 20_000 {
		t.Errorf("got a window of %d after a minute, want 20000", got)
	}
	p.skip(1)
	m.heard = nil
	p.c.SetCongestion(tcp.NewReno)
	p.arrive(seg(A, 1, 11_001))
	m.wantHeard(t)
}

// A mark is a loss that is over at once, and nothing else is.
func TestControllerHearsOfMarks(t *testing.T) {
	m := &model{cwnd: 20_000}
	p := ecnConn(t, func(s *setup) { s.cfg.Congestion = func(*tcp.Config) tcp.Congestion { return m } })
	p.send(5000)
	p.skip(len(p.out))
	m.heard = nil
	p.arrive(seg(A|tcp.ECE, 1, 1001))
	m.wantHeard(t, "control", "loss", "recovered")
	if got := p.c.Info().Cwnd; got != 20_000 {
		t.Errorf("got a window of %d, want the model's", got)
	}
	p.skip(len(p.out))
}

// Names: ours, and those that a configuration brings.
func TestCongestionByName(t *testing.T) {
	cfg := tcp.Config{Algorithms: map[string]func(*tcp.Config) tcp.Congestion{
		"model": func(*tcp.Config) tcp.Congestion { return new(model) },
		"reno":  func(*tcp.Config) tcp.Congestion { return new(constant) },
	}}
	for _, test := range []struct {
		cfg        *tcp.Config
		name, want string
	}{
		{nil, "bbr", "bbr"}, {nil, "bbr1", "bbr1"}, {nil, "cubic", "cubic"}, {nil, "reno", "reno"}, {nil, "model", ""},
		{&cfg, "model", "reno"}, {&cfg, "reno", "constant"}, {&cfg, "cubic", "cubic"}, {&cfg, "vegas", ""},
	} {
		f := test.cfg.CongestionByName(test.name)
		if f == nil {
			if test.want != "" {
				t.Errorf("got nothing for %q", test.name)
			}
			continue
		}
		if got := f(&cfg).Name(); got != test.want {
			t.Errorf("got %q for %q, want %q", got, test.name, test.want)
		}
	}
	if got := len(cfg.Congestions()); got != 5 {
		t.Errorf("got %v", cfg.Congestions())
	}
}
