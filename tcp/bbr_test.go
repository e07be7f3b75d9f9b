package tcp_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// BBR over a bottleneck, after the test cases of draft-ietf-ccwg-bbr, appendix A.

// tenMbit is a path of 10 Mbit/s and 20 ms, which holds 17 packets, with three times as much room for those that wait.
var tenMbit = bottleneck{rate: 1.25e6, delay: 10 * ms, queue: 51}

// A change of state.
type change struct {
	at    ip.Time
	state string
	round int // round trips since the connection began, as many as the shortest of them
}

// states notes the changes of state of the first flow.
func (p *path) states() *[]change {
	var all []change
	p.watch = func(*flow) {
		i := p.flows[0].ends[0].Info()
		if n := len(all); n == 0 || all[n-1].state != i.CongestionState {
			all = append(all, change{p.now, i.CongestionState, int(p.now.Sub(start) / max(i.MinRTT, ms))})
		}
	}
	return &all
}

// names are the states in order.
func names(all []change) (list []string) {
	for _, c := range all {
		list = append(list, c.state)
	}
	return list
}

// "Exiting STARTUP on Bandwidth Plateau", "Exiting DRAIN Based on Inflight": the path is full, and its queue empty again, within the
// round trips that doubling takes, three for the plateau, and one or two.
func TestBBRStartup(t *testing.T) {
	for _, test := range []struct {
		mbit, rtt float64
		rounds    int
	}{{10, 20, 13}, {10, 100, 14}, {100, 20, 15}} {
		b := bottleneck{rate: test.mbit * 1e6 / 8, delay: time.Duration(test.rtt/2) * ms, queue: 2000}
		p := newPath(t, 1, b)
		f := p.add(tcp.Config{Congestion: tcp.NewBBR})
		all := p.states()
		p.run(time.Duration(test.rounds) * time.Duration(test.rtt) * ms * 3 / 2)
		got := names(*all)
		if len(got) < 3 || !slices.Equal(got[:3], []string{"Startup", "Drain", "ProbeBW_DOWN"}) && !slices.Equal(got[:3], []string{"Startup", "Drain", "ProbeBW_CRUISE"}) {
			t.Fatalf("%v Mbit, %v ms: got %v", test.mbit, test.rtt, got)
		}
		if r := (*all)[2].round; r > test.rounds {
			t.Errorf("%v Mbit, %v ms: got out of Drain after %d round trips, want %d at most", test.mbit, test.rtt, r, test.rounds)
		}
		// At 99 % of what it has measured, or 90 of that.
		rate := float64(f.ends[0].Info().PacingRate) / (b.rate * 1448 / 1500) / 0.99
		if (*all)[len(*all)-1].state == "ProbeBW_DOWN" {
			rate /= 0.9
		}
		if math.Abs(rate-1) > 0.02 {
			t.Errorf("%v Mbit, %v ms: got %.3f of the rate", test.mbit, test.rtt, rate)
		}
		if bdp := 2 * p.delay; p.longest > 2*bdp {
			t.Errorf("%v Mbit, %v ms: got a queue of %v on a path of %v", test.mbit, test.rtt, p.longest, bdp)
		}
	}
}

// The cycle of ProbeBW, in its order; a queue of half a BDP while probing, and none while cruising; nothing is lost.
func TestBBRProbeBW(t *testing.T) {
	p := newPath(t, 1, tenMbit)
	p.add(tcp.Config{Congestion: tcp.NewBBR})
	p.run(500 * ms)
	all := p.states()
	p.longest = 0
	used := p.share(4 * time.Second)[0]
	if used < 0.96 {
		t.Errorf("got %.3f of the rate", used)
	}
	if p.longest > 25*ms || p.dropped > 0 {
		t.Errorf("got a queue of %v, and %d packets lost", p.longest, p.dropped)
	}
	cycle := []string{"ProbeBW_DOWN", "ProbeBW_CRUISE", "ProbeBW_REFILL", "ProbeBW_UP"}
	got := names(*all)
	if len(got) < 12 {
		t.Fatalf("got %v, want three cycles", got)
	}
	at := slices.Index(cycle, got[0])
	for i, s := range got {
		if want := cycle[(at+i)%4]; s != want {
			t.Fatalf("got %v at %d, want %v: %v", s, i, want, got)
		}
	}
}

// "Entering and Exiting PROBE_RTT": every five seconds for 200 ms and a round trip, unless a round trip was as short meanwhile.
func TestBBRProbeRTT(t *testing.T) {
	p := newPath(t, 1, tenMbit)
	p.add(tcp.Config{Congestion: tcp.NewBBR})
	p.run(time.Second)
	all := p.states()
	p.delay += 5 * ms // the path gets longer: no round trip is as short as before
	p.run(12 * time.Second)
	for i, c := range *all {
		if c.state != "ProbeRTT" {
			continue
		}
		next := (*all)[i+1]
		if d := next.at.Sub(c.at); d < 200*ms || d > 300*ms || next.state != "ProbeBW_CRUISE" {
			t.Errorf("got ProbeRTT for %v, and then %v", d, next.state)
		}
	}
	if !slices.Contains(names(*all), "ProbeRTT") {
		t.Error("got no ProbeRTT in 12 s")
	}
	if used := p.share(3 * time.Second)[0]; used < 0.93 {
		t.Errorf("got %.3f of the rate on the longer path", used)
	}

}

// Losses that are no congestion: BBR bears one in a hundred, and BBR1 any. CUBIC is here for comparison.
func TestBBRWithLosses(t *testing.T) {
	for _, test := range []struct {
		name        string
		loss        float64
		reorder     float64
		least, most float64
	}{
		{"bbr", 0, 0, 0.95, 1},
		{"bbr", 0.01, 0, 0.9, 1},
		{"bbr1", 0.01, 0, 0.94, 1},
		{"bbr1", 0.03, 0, 0.92, 1},
		{"bbr1", 0.1, 0, 0.86, 0.91},
		{"bbr", 0, 0.1, 0.93, 1},
		{"bbr1", 0.03, 0.1, 0.9, 1},
		{"cubic", 0.03, 0, 0, 0.6},
	} {
		b := tenMbit
		b.loss, b.reorder, b.late = test.loss, test.reorder, 10*ms
		p := newPath(t, 1, b)
		p.add(tcp.Config{Congestion: tcp.CongestionByName(test.name)})
		p.run(time.Second)
		if used := p.share(6 * time.Second)[0]; used < test.least || used > test.most {
			t.Errorf("%s, %v lost, %v out of order: got %.3f of the rate, want %v to %v", test.name, test.loss, test.reorder, used, test.least, test.most)
		}
	}
}

// Two share the path, though one has come later.
func TestBBRFairness(t *testing.T) {
	p := newPath(t, 1, tenMbit)
	p.add(tcp.Config{Congestion: tcp.NewBBR})
	p.run(2 * time.Second)
	p.add(tcp.Config{Congestion: tcp.NewBBR})
	p.run(10 * time.Second)
	got := p.share(10 * time.Second)
	if sum := got[0] + got[1]; sum < 0.93 {
		t.Errorf("got %.3f of the rate together", sum)
	}
	if min(got[0], got[1]) < 0.3 {
		t.Errorf("got %.3f and %.3f of the rate", got[0], got[1])
	}
}

// "Never Exiting PROBE_UP (or STARTUP) When Application-Limited With No Loss", and the model does not shrink when the application sends
// little: the whole rate is there at once when it sends much again.
func TestBBRAppLimited(t *testing.T) {
	p := newPath(t, 1, tenMbit)
	f := p.add(tcp.Config{Congestion: tcp.NewBBR})
	p.run(2 * time.Second)
	before := f.ends[0].Info().PacingRate
	f.quiet = true
	p.run(2 * time.Second) // sends what it has
	for range 100 {
		f.ends[0].Send(p.now, p.chunk[:1000])
		p.drain(f)
		p.run(50 * ms)
	}
	if got := f.ends[0].Info().PacingRate; float64(got) < 0.85*float64(before) {
		t.Errorf("got a rate of %d after little was sent, %d before", got, before)
	}
	f.quiet = false
	p.drain(f)
	p.run(100 * ms)
	if used := p.share(time.Second)[0]; used < 0.9 {
		t.Errorf("got %.3f of the rate", used)
	}
}

// "Skipping PROBE_RTT Due to Application-Limited Sending": a pause has emptied the queue as well.
func TestBBRSkipsProbeRTTAfterAPause(t *testing.T) {
	p := newPath(t, 1, tenMbit)
	f := p.add(tcp.Config{Congestion: tcp.NewBBR})
	p.run(2 * time.Second)
	f.quiet = true
	p.run(10 * time.Second)
	all := p.states()
	f.quiet = false
	p.drain(f)
	p.run(time.Second)
	if slices.Contains(names(*all), "ProbeRTT") {
		t.Errorf("got %v after a pause", names(*all))
	}
}

// "Increasing Bandwidth 10x", "Decreasing Bandwidth 10x".
func TestBBRFollowsTheRate(t *testing.T) {
	p := newPath(t, 1, tenMbit)
	p.add(tcp.Config{Congestion: tcp.NewBBR})
	p.run(2 * time.Second)
	p.rate *= 10
	p.queue = 300
	p.run(5 * time.Second)
	if used := p.share(time.Second)[0]; used < 0.85 {
		t.Errorf("got %.3f of ten times the rate", used)
	}
	p.rate /= 10
	p.queue = 51
	p.run(8 * time.Second)
	p.longest = 0
	if used := p.share(2 * time.Second)[0]; used < 0.85 || p.longest > 60*ms {
		t.Errorf("got %.3f of a tenth of that, and a queue of %v", used, p.longest)
	}
}

// "Correctly Managing Sub-Packet BDPs": four packets are in flight at least.
func TestBBRSmallBDP(t *testing.T) {
	p := newPath(t, 1, bottleneck{rate: 50_000, delay: ms, queue: 50})
	f := p.add(tcp.Config{Congestion: tcp.NewBBR})
	p.run(3 * time.Second)
	if used := p.share(5 * time.Second)[0]; used < 0.95 || f.ends[0].Info().Cwnd < 4*1448 {
		t.Errorf("got %.3f of the rate, with a window of %d", used, f.ends[0].Info().Cwnd)
	}
}

// Everything that is lost after a pause is found by a timeout, and what follows is soon as fast as before.
func TestBBRAfterATimeout(t *testing.T) {
	p := newPath(t, 1, tenMbit)
	f := p.add(tcp.Config{Congestion: tcp.NewBBR})
	p.run(2 * time.Second)
	p.loss = 1
	p.run(time.Second)
	if ca := f.ends[0].Info().CA; ca != tcp.CALoss {
		t.Fatalf("got state %v", ca)
	}
	p.loss = 0
	p.run(3 * time.Second)
	if used := p.share(time.Second)[0]; used < 0.9 {
		t.Errorf("got %.3f of the rate", used)
	}
}
