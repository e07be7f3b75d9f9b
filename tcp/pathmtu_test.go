package tcp_test

import (
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Reports of routers: RFC 1191, RFC 8201, RFC 5927 §7.

// What a report makes of what was known.
func TestReportedMTU(t *testing.T) {
	now := ip.Time(time.Second)
	until := now.Add(10 * time.Minute)
	fresh := tcp.PathMTU{MTU: 1500}
	for _, tt := range []struct {
		name string
		mode tcp.MTUReports
		old  tcp.PathMTU
		v6   bool
		mtu  int
		want tcp.PathMTU
	}{
		{"less", 0, fresh, false, 1400, tcp.PathMTU{1400, until, false}},
		{"less again", 0, tcp.PathMTU{1400, 5, false}, false, 1300, tcp.PathMTU{1300, until, false}},
		{"more", 0, tcp.PathMTU{1300, 5, false}, false, 1400, tcp.PathMTU{1300, 5, false}},
		{"the same", 0, tcp.PathMTU{1300, 5, false}, false, 1300, tcp.PathMTU{1300, 5, false}},
		{"the floor", 0, fresh, false, 552, tcp.PathMTU{552, until, false}},
		{"below the floor", 0, fresh, false, 551, tcp.PathMTU{552, until, true}},
		{"nothing", 0, fresh, false, 0, tcp.PathMTU{552, until, true}},
		{"on a link below the floor", 0, tcp.PathMTU{MTU: 296}, false, 100, tcp.PathMTU{296, until, true}},
		{"when locked", 0, tcp.PathMTU{552, 5, true}, false, 100, tcp.PathMTU{552, 5, true}},
		{"IPv6", 0, fresh, true, 1280, tcp.PathMTU{1280, until, false}},
		{"less than IPv6 allows", 0, fresh, true, 1279, fresh},
		{"the floor always", tcp.MTUReportsFloor, fresh, false, 1400, tcp.PathMTU{552, until, true}},
		{"ignored", tcp.MTUReportsIgnored, fresh, false, 1400, fresh},
		{"proved", tcp.MTUReportsProved, fresh, false, 1400, tcp.PathMTU{1400, until, false}},
	} {
		c := tcp.Prepare(tcp.Config{MTUReports: tt.mode})
		if got, ok := c.Reported(now, tt.old, !tt.v6, tt.mtu); got != tt.want || ok != (got != tt.old) {
			t.Errorf("%s: got %+v (%v), want %+v", tt.name, got, ok, tt.want)
		}
	}
}

// RFC 5927 §7.2: the quoted packet is one that may have been sent, and does not fit.
func TestQuotedLength(t *testing.T) {
	for _, tt := range []struct {
		name           string
		at, size, mtu  int
		believed, less bool
	}{
		{"as it was sent", 1, 1500, 1400, true, true},
		{"unknown", 1, 0, 1400, true, true},
		{"cut", 1, 40, 1400, true, true},
		{"would fit", 1, 1500, 1500, false, false},
		{"longer than the link", 1, 1501, 1400, false, false},
		{"more than is in flight from there", 1401, 400, 300, false, false},
		{"the rest", 1401, 100, 90, true, true},
	} {
		p := newConnTest(t, tcp.Established, func(s *setup) { s.syn.MSS = 1460; s.cfg.MinPathMTU = 68 })
		p.send(1460)
		p.skip(1)
		got := p.c.ICMP(p.now, tcp.ICMPError{TooBig: true, MTU: tt.mtu, Size: tt.size, Seq: p.ourSeq(tt.at)})
		if less := p.c.Info().MTU < 1500; got != tt.believed || less != tt.less {
			t.Errorf("%s: got believed %v, MTU %d", tt.name, got, p.c.Info().MTU)
		}
		p.drain()
		p.skip(len(p.out))
	}
}

// RFC 1191 §6.3: ten minutes later longer packets are tried again, without a timer that keeps an idle connection awake.
func TestPathMTUAges(t *testing.T) {
	p := newConnTest(t, tcp.Established, func(s *setup) { s.syn.MSS = 1460 })
	p.send(1460)
	p.skip(1)
	p.icmp(tcp.ICMPError{TooBig: true, MTU: 1000, Seq: p.ourSeq(1)})
	p.skip(2)
	p.arrive(seg(A, 1, 1461))
	p.now = p.now.Add(10*time.Minute - time.Second)
	p.send(1460)
	p.wantFull(1461, 1, 960, 1)
	p.skip(1)
	p.arrive(seg(A, 1, 2921))
	p.now = p.now.Add(time.Second)
	p.wantNoDeadline()
	p.send(1460)
	p.wantFull(2921, 1, 1460, 1)
	e := p.eventsOf(tcp.EventMTU)
	if len(e) != 2 || e[0].Why != tcp.WhyICMP || e[0].Bytes != 1000 || e[1].Why != tcp.WhyTimeout || e[1].Bytes != 1500 {
		t.Errorf("got events %+v", e)
	}
}

// T15 with packets that the device cuts: what is in flight is counted right at every step, and no recovery begins.
func TestPathMTUWithLongPackets(t *testing.T) {
	p := newConnTest(t, tcp.Established, sack, timestamps, func(s *setup) { s.syn.MSS = 1460; s.cfg.InitialWindow = 40 })
	p.c.SetGSO(65_535)
	p.send(40 * 1448)
	p.skip(len(p.out))
	before := p.c.Info()
	p.icmp(tcp.ICMPError{TooBig: true, MTU: 1300, Seq: p.ourSeq(1449), Size: 1500})
	at := 1
	for _, o := range p.out {
		if n := len(o.text); o.seq != at || n > 1248 || o.out.Why != tcp.WhyPathMTU {
			t.Fatalf("got %d bytes at %d (%v), want at most 1248 at %d", n, o.seq, o.out.Why, at)
		}
		at += len(o.text)
	}
	i := p.c.Info()
	if at != 40*1448+1 || i.Flight != 40*1448 || i.Cwnd != before.Cwnd || i.Ssthresh != before.Ssthresh || i.InRecovery {
		t.Errorf("got all up to %d sent again, flight %d, cwnd %d (was %d), recovery %v", at, i.Flight, i.Cwnd, before.Cwnd, i.InRecovery)
	}
	p.skip(len(p.out))
	p.now = p.now.Add(10 * time.Millisecond)
	p.arrive(seg(A, 1, 1249), seg(A, 1, 9*1248+1))
	if got := p.c.Info(); got.Flight != 40*1448-9*1248 || got.InRecovery {
		t.Errorf("got flight %d, recovery %v half way", got.Flight, got.InRecovery)
	}
	p.arrive(seg(A, 1, at))
	if got := p.c.Info(); got.Flight != 0 || got.CA != tcp.CAOpen || got.Ssthresh != before.Ssthresh || len(p.eventsOf(tcp.EventRecovery)) != 0 {
		t.Errorf("got flight %d, %v, ssthresh %d at the end", got.Flight, got.CA, got.Ssthresh)
	}
}

// A loss probe that is due at the same time gives way: what it brings back would make the rest look lost again.
func TestPathMTUAndLossProbe(t *testing.T) {
	for _, first := range []string{"timer", "report"} {
		p := newConnTest(t, tcp.Established, sack, func(s *setup) { s.syn.MSS = 1460 })
		p.send(1460)
		p.skip(1)
		p.now = p.now.Add(time.Millisecond)
		p.arrive(seg(A, 1, 1461))
		p.send(20_000)
		n := len(p.out)
		p.skip(n)
		p.now = p.c.Deadline()
		e := tcp.ICMPError{TooBig: true, MTU: 1300, Seq: p.ourSeq(1461), Size: 1500}
		if first == "timer" {
			p.c.Advance(p.now)
			p.c.ICMP(p.now, e)
		} else {
			p.c.ICMP(p.now, e)
			p.c.Advance(p.now)
		}
		p.drain()
		at := 1461
		for _, o := range p.out {
			if o.out.Nth > 0 && (o.seq != at || o.out.Why != tcp.WhyPathMTU) || o.out.Why == tcp.WhyLossProbe {
				t.Fatalf("%s first: got %v at %d, want what was too long from %d on", first, o.out.Why, o.seq, at)
			}
			at = o.seq + len(o.text)
		}
		p.skip(len(p.out))
		p.now = p.now.Add(time.Millisecond)
		for una := 2000; una < at; una += 2000 {
			p.arrive(seg(A, 1, una))
		}
		p.skip(len(p.out))
		if len(p.eventsOf(tcp.EventRecovery)) != 0 {
			t.Errorf("%s first: got %v", first, p.eventsOf(tcp.EventRecovery))
		}
	}
}

// A real loss of what was cut anew is a loss like any other.
func TestLossAfterPathMTU(t *testing.T) {
	p := newConnTest(t, tcp.Established, func(s *setup) { s.syn.MSS = 1460 })
	p.send(14_600)
	p.skip(10)
	before := p.c.Info()
	p.icmp(tcp.ICMPError{TooBig: true, MTU: 1000, Seq: p.ourSeq(1)})
	p.skip(len(p.out))
	p.expire()
	if got := p.c.Info(); got.Ssthresh >= before.Ssthresh || !got.InRecovery {
		t.Errorf("got ssthresh %d, recovery %v after a timeout", got.Ssthresh, got.InRecovery)
	}
	p.skip(len(p.out))
}

// What one connection does about its path: IP_MTU_DISCOVER.
func TestMTUDiscover(t *testing.T) {
	for _, tt := range []struct {
		name        string
		reports     tcp.MTUReports
		discover    tcp.MTUDiscover
		cut, listen bool
	}{
		{"want", tcp.MTUReportsBelieved, tcp.MTUWant, false, true},
		{"want on a host that does not", tcp.MTUReportsProved, tcp.MTUWant, true, true},
		{"do on a host that does not", tcp.MTUReportsProved, tcp.MTUDo, false, true},
		{"do not", tcp.MTUReportsBelieved, tcp.MTUDont, true, true},
		{"probe", tcp.MTUReportsBelieved, tcp.MTUProbe, false, true},
		{"interface", tcp.MTUReportsBelieved, tcp.MTUInterface, true, false},
		{"omit", tcp.MTUReportsBelieved, tcp.MTUOmit, true, false},
	} {
		p := newConnTest(t, tcp.Established, func(s *setup) { s.syn.MSS = 1460; s.cfg.MTUReports = tt.reports })
		p.c.SetMTUDiscover(tt.discover)
		p.send(1460)
		if got := p.out[0].out.MayCut; got != tt.cut {
			t.Errorf("%s: got may be cut %v", tt.name, got)
		}
		p.skip(1)
		p.icmp(tcp.ICMPError{TooBig: true, MTU: 1000, Seq: p.ourSeq(1)})
		p.c.LearnPathMTU(p.now, tcp.PathMTU{MTU: 900, Until: p.now.Add(time.Hour)})
		if got := p.c.Info().MTU < 1500; got != tt.listen {
			t.Errorf("%s: got MTU %d", tt.name, p.c.Info().MTU)
		}
		p.drain()
		p.skip(len(p.out))
	}
}

// What others have learnt counts as long as it is less and not old.
func TestLearnPathMTU(t *testing.T) {
	p := newConnTest(t, tcp.Established, func(s *setup) { s.syn.MSS = 1460 })
	for _, tt := range []struct{ mtu, want int }{{1400, 1400}, {1450, 1400}, {1400, 1400}, {1300, 1300}} {
		p.c.LearnPathMTU(p.now, tcp.PathMTU{MTU: tt.mtu, Until: p.now.Add(time.Minute)})
		if got := p.c.Info().MTU; got != tt.want {
			t.Errorf("%d: got MTU %d, want %d", tt.mtu, got, tt.want)
		}
	}
	p.c.LearnPathMTU(p.now, tcp.PathMTU{MTU: 600, Until: p.now})
	if got := p.c.Info().MTU; got != 1300 {
		t.Errorf("got MTU %d from what is old", got)
	}
}

// T16: whatever the device takes, and whatever headers there are, a packet is never longer than that, and its text is in whole
// segments but for its end.
func TestLongPacketsFitTheDevice(t *testing.T) {
	many := func(s *setup) { s.syn.MSS = 1460; s.cfg.InitialWindow = 100; scaled(4)(s) }
	for name, changes := range map[string][]func(*setup){
		"plain": {many}, "IPv6": {many, over6}, "timestamps": {many, timestamps}, "all": {many, timestamps, sack},
		"all over IPv6": {many, timestamps, sack, over6}, "a small MSS": {many, timestamps, sack, func(s *setup) { s.syn.MSS = 1 }},
	} {
		t.Run(name, func(t *testing.T) {
			for size := 1500; size <= 65_535; size += 997 {
				checkLongPackets(t, size, changes)
			}
			checkLongPackets(t, 65_535, changes)
		})
	}
}

func checkLongPackets(t *testing.T, size int, changes []func(*setup)) {
	t.Helper()
	p := newConnTest(t, tcp.Established, changes...)
	p.c.SetGSO(size)
	ipHeader := ip.HeaderLen4
	if p.remote.Addr().Is6() {
		ipHeader = ip.HeaderLen6
	}
	if p.syn.SACKPermitted {
		p.arrive(seg(A, 101, 1).bytes(10), seg(A, 201, 1).bytes(10), seg(A, 301, 1).bytes(10))
	}
	p.send(50_000)
	for _, o := range p.out {
		headers := ipHeader + len(tcp.AppendHeader(nil, &o.out.Header))
		n, segment := o.out.Len, o.out.Len
		if g := o.out.GSO; g > 0 {
			segment = g
		}
		if headers+n > max(size, 1500) || headers+segment > 1500 {
			t.Fatalf("size %d: got %d bytes of headers and %d of text in segments of %d", size, headers, n, segment)
		}
	}
	p.skip(len(p.out))
}
