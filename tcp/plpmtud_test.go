package tcp_test

import (
	"slices"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// The search for the path MTU: RFC 4821 §7, RFC 8899.

// searching makes connections search from the start, with full segments of 1460 bytes.
func searching(s *setup) {
	s.cfg.MTUProbing, s.syn.MSS = tcp.MTUProbingAlways, 1460
}

// probes acknowledges all that comes out, round by round, and returns the sizes of the probes among it.
func (p *connTest) probes(rounds int) (sizes []int) {
	p.t.Helper()
	for range rounds {
		p.send(20_000)
		for len(p.out) > 0 {
			last := 0
			for _, o := range p.out {
				if o.out.Why == tcp.WhyMTUProbe {
					sizes = append(sizes, len(o.text))
				}
				last = o.seq + len(o.text)
			}
			p.skip(len(p.out))
			p.now = p.now.Add(10 * time.Millisecond)
			p.arrive(seg(A, 1, last))
		}
	}
	return sizes
}

// RFC 4821 §7.3: between what passes and what at most may pass half of the way each time; the sizes are those that Linux sends.
func TestMTUProbeSizes(t *testing.T) {
	for _, tt := range []struct {
		name    string
		changes []func(*setup)
		want    []int
	}{
		{"plain", nil, []int{1242, 1351, 1405, 1432, 1446, 1453}},
		{"timestamps", []func(*setup){timestamps}, []int{1236, 1342, 1395, 1421, 1434, 1441}},
		{"the peer takes less", []func(*setup){func(s *setup) { s.syn.MSS = 1200 }}, []int{1112, 1156, 1178, 1189, 1194}},
		{"close enough from the start", []func(*setup){func(s *setup) { s.syn.MSS = 1031 }}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newConnTest(t, tcp.Established, append([]func(*setup){searching}, tt.changes...)...)
			if got := p.c.Info(); got.SendMSS != 1024 || !got.MTUSearch.On {
				t.Fatalf("got MSS %d, search %v at first", got.SendMSS, got.MTUSearch)
			}
			if got := p.probes(20); !slices.Equal(got, tt.want) {
				t.Errorf("got probes of %v, want %v", got, tt.want)
			}
			i := p.c.Info()
			if n := len(tt.want); n > 0 && (i.SendMSS != tt.want[n-1] || i.Stats.MTUProbes != uint64(n) || i.Stats.MTUProbesLost != 0) {
				t.Errorf("got MSS %d after %d probes", i.SendMSS, i.Stats.MTUProbes)
			}
			if got := p.eventsOf(tcp.EventMTU); len(got) != len(tt.want) {
				t.Errorf("got %d events, want one for each probe", len(got))
			}
			p.now = p.now.Add(10 * time.Minute)
			if got := p.probes(5); len(tt.want) > 0 && len(got) > 0 {
				t.Errorf("got probes of %v, want none when all that the link carries is known", got)
			}
		})
	}
}

// The side that did not open sends full segments until a probe has passed, as in Linux.
func TestMTUSearchOfAPassiveOpen(t *testing.T) {
	p := newConnTest(t, tcp.Closed, searching, func(s *setup) { s.passive = true })
	p.establish()
	if got := p.c.Info().SendMSS; got != 1460 {
		t.Errorf("got MSS %d, want 1460", got)
	}
	if got := p.probes(3); len(got) == 0 || got[0] != 1242 {
		t.Errorf("got probes of %v, want 1242 first", got)
	}
}

// RFC 4821 §7.4: a probe goes where its loss shows, and nowhere else.
func TestWhenMTUProbesGo(t *testing.T) {
	const need = 1242 + 4*1024
	grown := func(p *connTest) { // by one segment over the initial window
		p.send(10 * 1024)
		p.skip(len(p.out))
		p.arrive(seg(A, 1, 10*1024+1))
	}
	for _, tt := range []struct {
		name   string
		change func(*setup)
		before func(*connTest)
		send   int
		want   bool
	}{
		{"enough text", func(*setup) {}, grown, need, true},
		{"a byte too few", func(*setup) {}, grown, need - 1, false},
		{"initial window", func(*setup) {}, func(*connTest) {}, need, false},
		{"a small window of the peer", func(s *setup) { s.wnd, s.cfg.InitialWindow = need-1, 20 }, func(*connTest) {}, need, false},
		{"a window that is large enough", func(s *setup) { s.wnd, s.cfg.InitialWindow = need, 20 }, func(*connTest) {}, need, true},
		{"out of order", sack, func(p *connTest) {
			grown(p)
			p.arrive(seg(A, 101, 10*1024+1).bytes(10))
			p.skip(1)
		}, need, false},
		{"off", func(s *setup) { s.cfg.MTUProbing = tcp.MTUProbingOff }, grown, need, false},
		{"no black hole", func(s *setup) { s.cfg.MTUProbing = tcp.MTUProbingBlackHole }, grown, need, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newConnTest(t, tcp.Established, searching, tt.change)
			tt.before(p)
			cwnd := p.c.Info().Cwnd
			p.send(tt.send)
			got := p.out[0].out
			if (got.Why == tcp.WhyMTUProbe) != tt.want {
				t.Errorf("got %v of %d bytes first", got.Why, got.Len)
			}
			if tt.want && (got.Len != 1242 || got.Rule != "RFC 4821 §7.4" || p.c.Info().Cwnd != cwnd-1024) {
				t.Errorf("got %d bytes (%s), cwnd %d after %d", got.Len, got.Rule, p.c.Info().Cwnd, cwnd)
			}
			p.skip(len(p.out))
		})
	}
}

// Text that the application keeps apart never shares a probe.
func TestMTUProbeKeepsRecords(t *testing.T) {
	p := newConnTest(t, tcp.Established, searching)
	p.send(10 * 1024)
	p.skip(10)
	p.arrive(seg(A, 1, 10*1024+1))
	p.c.SendWith(p.now, pattern(p.wrote, 1000), tcp.SendEOR)
	p.c.SendWith(p.now, pattern(p.wrote+1000, 8000), 0)
	p.drain()
	if got := p.out[0].out; got.Why == tcp.WhyMTUProbe || got.Len != 1000 {
		t.Errorf("got %v of %d bytes, want the record alone", got.Why, got.Len)
	}
	p.skip(len(p.out))
}

// RFC 4821 §7.6.2, RFC 8899 §3: the loss of a probe is no congestion. Its text goes again at once, no window changes,
// no recovery begins, and no longer packet is tried.
func TestMTUProbeLost(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*setup)
	}{{"SACK", sack}, {"no SACK", func(*setup) {}}} {
		t.Run(tt.name, func(t *testing.T) {
			p := newConnTest(t, tcp.Established, searching, tt.change)
			p.send(10 * 1024)
			p.skip(10)
			p.now = p.now.Add(10 * time.Millisecond)
			const una = 10*1024 + 1
			p.arrive(seg(A, 1, una))
			before := p.c.Info()
			p.send(20_000)
			p.want(seg(A, una, 1).bytes(1242), tcp.WhyMTUProbe)
			n := len(p.out)
			p.skip(n)
			p.now = p.now.Add(10 * time.Millisecond)
			at := una + 1242
			for i := 1; i <= 3; i++ {
				s := seg(A, 1, una)
				if tt.name == "SACK" {
					s = p.sacks(una, at, at+1024*i)
				}
				p.arrive(s)
			}
			var again []sent
			for _, o := range p.out {
				if o.out.Nth > 0 {
					again = append(again, o)
				}
			}
			if len(again) != 2 || again[0].seq != una || len(again[0].text) != 1024 || len(again[1].text) != 1242-1024 {
				t.Fatalf("got %d segments sent again, want 1024 and 218 bytes", len(again))
			}
			i := p.c.Info()
			if i.Cwnd != before.Cwnd || i.Ssthresh != before.Ssthresh || i.InRecovery || i.CA == tcp.CARecovery {
				t.Errorf("got cwnd %d (was %d), ssthresh %d, recovery %v", i.Cwnd, before.Cwnd, i.Ssthresh, i.InRecovery)
			}
			if i.MTUSearch.High != 1281 || i.Stats.MTUProbesLost != 1 || len(p.eventsOf(tcp.EventRecovery)) != 0 {
				t.Errorf("got %+v, %d lost, %d events of recovery", i.MTUSearch, i.Stats.MTUProbesLost, len(p.eventsOf(tcp.EventRecovery)))
			}
			p.skip(len(p.out))
			p.arrive(seg(A, 1, una+20_000))
			if got := p.c.Info(); got.CA != tcp.CAOpen || len(p.eventsOf(tcp.EventRecovery)) != 0 {
				t.Errorf("got %v and events %v at the end", got.CA, p.eventsOf(tcp.EventRecovery))
			}
			p.skip(len(p.out))
		})
	}
}

// A router that speaks up about a probe ends the search there (RFC 8899 §4.6.2).
func TestMTUProbeReported(t *testing.T) {
	p := newConnTest(t, tcp.Established, searching)
	p.send(10 * 1024)
	p.skip(10)
	p.arrive(seg(A, 1, 10*1024+1))
	before := p.c.Info()
	p.send(20_000)
	probe := p.want(seg(A, 10*1024+1, 1).bytes(1242), tcp.WhyMTUProbe)
	p.skip(len(p.out))
	p.icmp(tcp.ICMPError{TooBig: true, MTU: 1200, Size: 1282, Seq: probe.out.Seq})
	i := p.c.Info()
	if i.MTUSearch.Probe != 0 || i.MTUSearch.High != 1200 || i.Cwnd != before.Cwnd || i.InRecovery {
		t.Errorf("got %+v, cwnd %d (was %d)", i.MTUSearch, i.Cwnd, before.Cwnd)
	}
	p.want(seg(A, 10*1024+1, 1).bytes(1024), tcp.WhyPathMTU)
	p.want(seg(A, 11*1024+1, 1).bytes(218), tcp.WhyPathMTU)
	p.skip(len(p.out))
}

// A narrow link drops what is longer than it carries, without a word. It is what the application of a connection sees: the
// transfer goes on.
func TestBlackHole(t *testing.T) {
	for _, tt := range []struct {
		name  string
		cfg   tcp.Config
		limit int
		after int // packets that pass before
		moved bool
		mss   [2]int
	}{
		{"from the start", tcp.Config{}, 1300, 0, true, [2]int{1024, 1248}},
		{"in mid-flow", tcp.Config{}, 1300, 50, true, [2]int{1024, 1248}},
		{"no SACK, no timestamps", tcp.Config{NoSACK: true, NoTimestamps: true}, 1300, 50, true, [2]int{1024, 1260}},
		{"less than the base", tcp.Config{}, 700, 50, true, [2]int{512, 648}},
		{"searching", tcp.Config{MTUProbing: tcp.MTUProbingAlways}, 1300, 50, true, [2]int{512, 1248}},
		{"off", tcp.Config{MTUProbing: tcp.MTUProbingOff}, 1300, 50, false, [2]int{1448, 1448}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, 1, link{delay: 10 * time.Millisecond}, tt.cfg)
			w.filter = func(from int, out *tcp.Output) bool {
				return from == 1 || w.sent <= tt.after || packetLen(out) <= tt.limit
			}
			w.open()
			const size = 1 << 20
			got := w.upload(size, start.Add(60*time.Second))
			i := w.conns[0].Info()
			if (got == size) != tt.moved {
				t.Errorf("got %d of %d bytes in a minute", got, size)
			}
			if i.SendMSS < tt.mss[0] || i.SendMSS > tt.mss[1] {
				t.Errorf("got MSS %d, want %v", i.SendMSS, tt.mss)
			}
			if (i.Stats.BlackHoles > 0) != (tt.moved) {
				t.Errorf("got %d black holes", i.Stats.BlackHoles)
			}
		})
	}
}

// The path falls and rises: the search finds both, losing nothing but probes (RFC 8899 §5.1.1).
func TestSearchFollowsThePath(t *testing.T) {
	limit := 1300
	w := newWorld(t, 1, link{delay: 10 * time.Millisecond}, tcp.Config{MTUProbing: tcp.MTUProbingAlways})
	w.filter = func(from int, out *tcp.Output) bool { return from == 1 || packetLen(out) <= limit }
	w.open()
	quiet := func(want [2]int) {
		t.Helper()
		i := w.conns[0].Info()
		if i.SendMSS < want[0] || i.SendMSS > want[1] || i.Ssthresh < 1<<29 || i.Stats.BlackHoles > 0 {
			t.Errorf("got MSS %d, ssthresh %d, %d black holes, want an MSS of %v", i.SendMSS, i.Ssthresh, i.Stats.BlackHoles, want)
		}
	}
	w.upload(1<<20, w.now.Add(time.Minute))
	quiet([2]int{1240, 1248})
	limit = 1500
	w.upload(1<<20, w.now.Add(time.Minute))
	quiet([2]int{1240, 1248})
	for w.conns[0].Info().Unacked > 0 {
		w.step()
	}
	w.now = w.now.Add(10 * time.Minute)
	for range 5 {
		w.upload(1<<20, w.now.Add(time.Minute))
	}
	quiet([2]int{1440, 1448})
}

// packetLen is the length of the packet that carries a segment over IPv4.
func packetLen(out *tcp.Output) int {
	return ip.HeaderLen4 + len(tcp.AppendHeader(nil, &out.Header)) + out.Len
}

// upload sends n bytes from A to B, and returns how many have arrived when it is done or time is up.
func (w *world) upload(n int, until ip.Time) (got int) {
	w.t.Helper()
	data, buf := make([]byte, n), make([]byte, 1<<16)
	for got < n && w.now < until && w.conns[0].State() != tcp.Closed {
		data = data[w.conns[0].Send(w.now, data):]
		w.drain()
		if i := w.conns[0].Info(); i.CA == tcp.CARecovery {
			w.t.Fatalf("a recovery begins: %+v", i)
		}
		for {
			k := w.conns[1].Receive(w.now, buf)
			if got += k; k == 0 {
				break
			}
		}
		w.drain()
		if got < n && !w.step() {
			break
		}
	}
	return got
}
