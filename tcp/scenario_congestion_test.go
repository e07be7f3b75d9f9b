package tcp_test

import (
	"flag"
	"slices"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// Scenarios about what is in flight and how much may be: T2, T4, T13, T14, T33. docs/scenarios.md lists all.

// scenarioBytes is how much TestScenario02 transfers: 1 GB is go test ./tcp -run Scenario02 -scenario.bytes 1000000000.
var scenarioBytes = flag.Int("scenario.bytes", 20_000_000, "bytes that the scenario of a reordering path transfers")

// A sackModel is what a sender must conclude from the ACKs that it has got: a plain list of ranges.
type sackModel struct {
	una    tcp.Seq
	sacked []tcp.Block // in order, without overlaps
}

// take takes an ACK.
func (m *sackModel) take(h *tcp.Header) {
	if m.una.Less(h.Ack) {
		m.una = h.Ack
	}
	for _, b := range h.Options.Blocks() {
		if m.una.LessEq(b.Start) {
			m.sacked = append(m.sacked, b)
		}
	}
	slices.SortFunc(m.sacked, func(a, b tcp.Block) int { return int(int32(a.Start - b.Start)) })
	joined := m.sacked[:0]
	for _, b := range m.sacked {
		if b.End.LessEq(m.una) {
			continue
		}
		if n := len(joined); n > 0 && b.Start.LessEq(joined[n-1].End) {
			if joined[n-1].End.Less(b.End) {
				joined[n-1].End = b.End
			}
			continue
		}
		joined = append(joined, b)
	}
	m.sacked = joined
}

func (m *sackModel) bytes() (n int) {
	for _, b := range m.sacked {
		n += int(b.End.Sub(b.Start))
	}
	return n
}

// Other stacks go on counting a segment that was SACKed outside of recovery and acknowledged later (google/gvisor#14092): each
// one lowers what may be in flight for good. Here 1 % of the segments come late and none is lost, and after every ACK what is
// counted must be what a plain model says.
func TestScenario02FlightUnderReordering(t *testing.T) {
	l := newLane(t, tcp.Config{RecvBuffer: 1 << 20}, 5*ms)
	rng := newRand(1)
	l.delay = func(from int, out *tcp.Output) time.Duration {
		if from == 0 && rng.IntN(100) == 0 {
			return 5*ms + time.Duration(rng.Int64N(int64(3*ms)))
		}
		return 5 * ms
	}
	l.open()
	a, b := l.conns[0], l.conns[1]
	m := sackModel{una: a.Vars().SndUna}
	acks := 0
	l.onTaken = func(to int, h *tcp.Header, _ int) {
		if to == 1 {
			return
		}
		m.take(h)
		acks++
		v, i := a.Vars(), a.Info()
		if want := int(v.SndNxt.Sub(m.una)); i.Unacked != want {
			t.Fatalf("ACK %d: got %d bytes unacknowledged, want %d", acks, i.Unacked, want)
		}
		if want := m.bytes(); i.Sacked != want {
			t.Fatalf("ACK %d: got %d bytes SACKed, want %d", acks, i.Sacked, want)
		}
		if want := i.Unacked - i.Sacked - i.Lost + i.Again; i.Flight != want {
			t.Fatalf("ACK %d: got %d bytes in flight, want %d: %d unacknowledged, %d SACKed, %d lost, %d of them sent again",
				acks, i.Flight, want, i.Unacked, i.Sacked, i.Lost, i.Again)
		}
	}
	buf := make([]byte, 1<<18)
	for left := *scenarioBytes; left > 0 || l.busy(); l.step() {
		left -= a.Send(l.now, buf[:min(left, len(buf))])
		for b.Receive(l.now, buf) > 0 {
		}
		l.drain()
	}
	i := a.Info()
	if i.Flight != 0 || i.Sacked != 0 || i.Lost != 0 {
		t.Errorf("got %d in flight, %d SACKed, %d lost at the end", i.Flight, i.Sacked, i.Lost)
	}
	if acks < *scenarioBytes/20_000 || !i.Reordered {
		t.Errorf("got %d ACKs, reordering seen %v: the path was not what it should be", acks, i.Reordered)
	}
	if i.Cwnd < 100*i.SendMSS {
		t.Errorf("got cwnd %d: reordering has throttled the sender", i.Cwnd)
	}
}

// Other stacks smooth tiny round trips down to zero, and take that for "never measured": the flow stops (google/gvisor#6113).
func TestScenario04TinyRoundTrips(t *testing.T) {
	for _, rtt := range []time.Duration{0, time.Microsecond, 50 * time.Microsecond} {
		l := newLane(t, tcp.Config{}, rtt/2)
		l.open()
		a, b := l.conns[0], l.conns[1]
		buf := make([]byte, 8000)
		end := l.now.Add(2 * time.Minute)
		for bursts := 0; l.now < end; bursts++ {
			began := l.now
			if n := a.Send(l.now, buf); n != len(buf) {
				t.Fatalf("round trip %v, burst %d: Send took %d bytes", rtt, bursts, n)
			}
			l.drain()
			for b.Readable() < len(buf) {
				l.step()
			}
			if took := l.now.Sub(began); took > rtt {
				t.Fatalf("round trip %v, burst %d: took %v", rtt, bursts, took)
			}
			b.Receive(l.now, buf)
			i := a.Info()
			if i.SRTT <= 0 || i.RTO < 200*ms || i.RTO > 500*ms {
				t.Fatalf("round trip %v, burst %d: got SRTT %v and RTO %v", rtt, bursts, i.SRTT, i.RTO)
			}
			l.now = max(l.now, began.Add(50*ms))
		}
		if n := a.Info().Stats.Retransmits; n > 0 {
			t.Errorf("round trip %v: %d segments were sent again", rtt, n)
		}
	}
}

// algorithms are those whose window a loss alone makes smaller.
var algorithms = map[string]func(*tcp.Config) tcp.Congestion{
	"cubic": tcp.NewCubic, "reno": tcp.NewReno,
	"cubic, HyStart":    func(*tcp.Config) tcp.Congestion { return &tcp.Cubic{HyStart: tcp.HyStartTrain | tcp.HyStartDelay} },
	"cubic, no HyStart": func(*tcp.Config) tcp.Congestion { return &tcp.Cubic{HyStart: tcp.HyStartOff} },
}

// Other stacks let the window grow without bounds while nothing is lost, until window times segment size overflows
// (google/gvisor#11632, #10343). A week without a loss here.
func TestScenario13WeekWithoutLoss(t *testing.T) {
	for name, fresh := range algorithms {
		for _, mss := range []int{8, 1448, 65_483} {
			cc := fresh(tcp.Prepare(tcp.Config{}))
			w := tcp.CongestionWindow{Cwnd: 10 * mss, Ssthresh: 1 << 30, MSS: mss}
			now := start
			for seq := tcp.Seq(1); now.Sub(start) < 7*24*time.Hour; now = now.Add(time.Minute) {
				before := w.Cwnd
				cc.Measured(now, &w, tcp.RTTSample{RTT: 50 * ms, Una: seq, Nxt: seq.Add(tcp.Size(w.Cwnd)), Limited: true})
				cc.Acked(now, &w, tcp.AckSample{Acked: w.Cwnd, Flight: w.Cwnd, RTT: 50 * ms, SRTT: 50 * ms})
				seq = seq.Add(tcp.Size(w.Cwnd))
				if w.Cwnd < before || w.Cwnd > 1<<30 || w.Ssthresh <= 0 {
					t.Fatalf("%s, MSS %d, after %v: cwnd went from %d to %d, ssthresh %d", name, mss, now.Sub(start), before, w.Cwnd, w.Ssthresh)
				}
			}
			if w.Cwnd < 1<<30-mss {
				t.Errorf("%s, MSS %d: got cwnd %d after a week, want the largest", name, mss, w.Cwnd)
			}
			cc.Loss(now, &w, w.Cwnd)
			if w.Ssthresh < 1<<28 || w.Ssthresh > 1<<30 {
				t.Errorf("%s, MSS %d: got ssthresh %d after a loss at the largest window", name, mss, w.Ssthresh)
			}
		}
	}
	// RFC 7661: an application that writes little must not grow a window that was never filled.
	p := newConnTest(t, tcp.Established)
	for range 2000 {
		p.exchange(10 * ms)
	}
	if got := p.c.Info().Cwnd; got != 10_000 {
		t.Errorf("got cwnd %d after 2000 small writes, want 10000", got)
	}
}

// A connection whose window is as large as it can be, and which loses something then: no sum may overflow.
func TestScenario13LossInALargeWindow(t *testing.T) {
	for _, name := range []string{"cubic", "reno"} {
		fresh := algorithms[name]
		p := newConnTest(t, tcp.Established, sack, scaled(14), window(4096), func(s *setup) {
			s.cfg.Congestion, s.cfg.SendBuffer, s.syn.MSS = fresh, 16<<20, 1460
			s.cfg.InitialWindow = 8300 // 12 MB: times 200 % that is more than 31 bits
		})
		p.arrive(seg(A, 1, 1))
		p.c.Send(p.now, make([]byte, 12_000_000))
		var out tcp.Output
		for p.c.Next(p.now, &out) {
			for _, pin := range out.Pins {
				pin.Unpin()
			}
		}
		p.advance(20 * ms)
		nxt := int(p.c.Vars().SndNxt - p.iss)
		p.c.Arrive(p.now, p.build(p.sacks(1, 1+1460, nxt)))
		i := p.c.Info()
		if i.CA != tcp.CARecovery || i.Cwnd <= 0 || i.Ssthresh < 6_000_000 || i.Lost != 1460 {
			t.Errorf("%s: got %v, cwnd %d, ssthresh %d, %d bytes lost", name, i.CA, i.Cwnd, i.Ssthresh, i.Lost)
		}
		if !p.c.Next(p.now, &out) || out.Why != tcp.WhyFastRetransmit || out.Len != 1460 {
			t.Errorf("%s: got %d bytes (%v), want what is lost", name, out.Len, out.Why)
		}
		for _, pin := range out.Pins {
			pin.Unpin()
		}
		p.c.Arrive(p.now, p.build(seg(A, 1, nxt)))
		if i = p.c.Info(); i.Cwnd < i.Ssthresh || i.Flight != 0 {
			t.Errorf("%s: got cwnd %d, ssthresh %d, %d in flight behind the recovery", name, i.Cwnd, i.Ssthresh, i.Flight)
		}
		p.c.Abort(p.now)
		p.drain()
		p.out = nil
	}
}

// In other stacks CUBIC's target lies below the window at times, and an ACK without loss lowers it (google/gvisor, commit 5f8c66e26).
// Whatever the application and the path do, as long as nothing is lost and no one rests, the window never falls.
func TestScenario14AcksDoNotShrinkTheWindow(t *testing.T) {
	for name, fresh := range algorithms {
		for seed := range uint64(20) {
			rng := newRand(seed)
			cc := fresh(tcp.Prepare(tcp.Config{}))
			mss := []int{8, 536, 1448, 9000}[rng.IntN(4)]
			w := tcp.CongestionWindow{Cwnd: (1 + rng.IntN(100)) * mss, Ssthresh: 1 << 30, MSS: mss}
			if rng.IntN(2) == 0 { // behind a loss
				cc.Loss(start, &w, w.Cwnd)
				w.Cwnd = w.Ssthresh
			}
			now, seq := start, tcp.Seq(1)
			for range 3000 {
				now = now.Add(time.Duration(rng.Int64N(int64(20 * ms))))
				if rng.IntN(50) == 0 { // the application has nothing to send for a while
					since := now
					now = now.Add(time.Duration(rng.Int64N(int64(time.Second))))
					cc.Resumed(now, &w, since)
				}
				before := w.Cwnd
				rtt := time.Duration(1 + rng.Int64N(int64(100*ms)))
				n := 1 + rng.IntN(w.Cwnd)
				seq = seq.Add(tcp.Size(n))
				cc.Measured(now, &w, tcp.RTTSample{RTT: rtt, Una: seq, Nxt: seq.Add(tcp.Size(w.Cwnd)), Limited: rng.IntN(3) > 0})
				if rng.IntN(3) > 0 {
					cc.Acked(now, &w, tcp.AckSample{Acked: n, Flight: w.Cwnd, RTT: rtt, SRTT: rtt})
				}
				if w.Cwnd < before {
					t.Fatalf("%s, seed %d: an ACK of %d bytes lowers cwnd from %d to %d", name, seed, n, before, w.Cwnd)
				}
			}
		}
	}
	p := newConnTest(t, tcp.Established, window(60_000)) // and with all that lies around it
	for range 200 {
		at := p.wrote
		p.send(7000)
		p.advance(10 * ms)
		p.skip(len(p.out))
		before := p.c.Info().Cwnd
		p.arrive(seg(A, 1, at+7000))
		if got := p.c.Info().Cwnd; got < before {
			t.Fatalf("cwnd fell from %d to %d", before, got)
		}
	}
}

// Other stacks compare the window with each write instead of with what is in flight (smoltcp, commit ba2ab35a): there was no congestion
// control for two years. Here new text never leaves beyond the window, with the device's merged segments as well.
func TestScenario33WindowIsEnforced(t *testing.T) {
	for _, gso := range []int{0, 65_535} {
		p := newConnTest(t, tcp.Established, window(60_000))
		p.c.SetGSO(gso)
		p.send(1_000_000)
		acked := 1
		for range 500 {
			i := p.c.Info()
			if i.Flight > i.Cwnd {
				t.Fatalf("%d bytes in flight with a window of %d", i.Flight, i.Cwnd)
			}
			p.skip(len(p.out))
			acked += 1 + acked%1777
			acked = min(acked, 1_000_001)
			p.arrive(seg(A, 1, acked))
		}
		p.skip(len(p.out))
		p.abort()
		p.skip(1)
	}
	for name, fresh := range algorithms { // in a simulation, with losses: what was in flight when each segment left
		for seed := range uint64(3) {
			w := newWorld(t, seed, link{delay: 10 * ms, loss: 0.03}, tcp.Config{Congestion: fresh})
			sent := 0
			w.filter = func(from int, out *tcp.Output) bool {
				if v := w.conns[from].Vars(); out.Why == tcp.WhyData && out.Len > 0 {
					sent++
					if v.Flight > v.Cwnd {
						t.Fatalf("%s, seed %d: new text makes %d bytes in flight with a window of %d", name, seed, v.Flight, v.Cwnd)
					}
				}
				return true
			}
			w.open()
			w.transfer(randomBytes(seed, 300_000), nil)
			if sent < 200 {
				t.Errorf("%d segments were sent", sent)
			}
		}
	}
}
