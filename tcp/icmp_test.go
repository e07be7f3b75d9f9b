package tcp_test

import (
	"testing"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// ICMP errors: RFC 9293 §3.9.2.2, RFC 5927, RFC 1191.

var unreachable = []tcp.Cause{
	tcp.CauseNetUnreachable, tcp.CauseHostUnreachable, tcp.CauseProtoUnreachable, tcp.CausePortUnreachable, tcp.CauseProhibited,
}

// RFC 5461 §4.1, as Linux: in the handshake an error ends the attempt, so that another address can be tried.
// MUST-54.
func TestICMPInTheHandshake(t *testing.T) {
	for _, state := range []tcp.State{tcp.SynSent, tcp.SynReceived} {
		for _, cause := range unreachable {
			p := newConnTest(t, state)
			p.icmp(tcp.ICMPError{Cause: cause, Seq: p.ourSeq(0)})
			p.wantClosed(cause)
		}
	}
}

// MUST-56, MUST-47, SHLD-25: later every error is soft: told, and forgotten when the peer is heard.
func TestICMPLater(t *testing.T) {
	for _, cause := range unreachable {
		p := newConnTest(t, tcp.Established)
		p.send(10)
		p.skip(1)
		p.c.TakeChanges()
		p.icmp(tcp.ICMPError{Cause: cause, Seq: p.ourSeq(1)})
		p.wantState(tcp.Established)
		if p.c.SoftError() != cause || p.c.TakeChanges()&tcp.ChangeState == 0 {
			t.Errorf("got the soft error %v, want %v and a change", p.c.SoftError(), cause)
		}
		p.arrive(seg(A, 1, 11))
		if got := p.c.SoftError(); got != tcp.CauseNone {
			t.Errorf("got the soft error %v after an ACK", got)
		}
	}
}

// RFC 5927 §4.1: only an error that quotes what is in flight is believed.
func TestICMPSequenceCheck(t *testing.T) {
	for _, test := range []struct {
		seq int
		ok  bool
	}{{0, false}, {10, false}, {11, true}, {1010, true}, {1011, false}, {1 << 30, false}} {
		p := newConnTest(t, tcp.Established)
		p.send(10)
		p.skip(1)
		p.arrive(seg(A, 1, 11))
		p.send(1000)
		p.skip(1)
		p.icmp(tcp.ICMPError{Cause: tcp.CauseHostUnreachable, Seq: p.ourSeq(test.seq)})
		if got := p.c.SoftError() != tcp.CauseNone; got != test.ok {
			t.Errorf("number %d: got believed %v, want %v", test.seq, got, test.ok)
		}
	}
	p := newConnTest(t, tcp.SynSent)
	p.icmp(tcp.ICMPError{Cause: tcp.CauseHostUnreachable, Seq: p.ourSeq(1)})
	p.wantState(tcp.SynSent)
}

// MUST-55: one that says nothing (source quench) does nothing.
func TestICMPWithoutACause(t *testing.T) {
	p := newConnTest(t, tcp.SynSent)
	p.icmp(tcp.ICMPError{Seq: p.ourSeq(0)})
	p.wantState(tcp.SynSent)
}

// RFC 1191 §6.4, T15: what was too long is sent again in smaller pieces at once, and that is no congestion.
func TestPathMTU(t *testing.T) {
	p := newConnTest(t, tcp.Established, func(s *setup) { s.syn.MSS = 1460 })
	p.send(14_600)
	p.wantFull(1, 10, 1460, 1)
	before := p.c.Info()
	p.icmp(tcp.ICMPError{TooBig: true, MTU: 1000, Seq: p.ourSeq(1461)})
	i := p.c.Info()
	if i.MTU != 1000 || i.SendMSS != 960 || i.Cwnd != before.Cwnd || i.Ssthresh != before.Ssthresh || i.CA == tcp.CARecovery {
		t.Errorf("got MTU %d, MSS %d, cwnd %d (was %d), recovery %v", i.MTU, i.SendMSS, i.Cwnd, before.Cwnd, i.InRecovery)
	}
	at := 1
	for len(p.out) > 0 {
		o := p.out[0]
		p.want(seg(A, at, 1).bytes(len(o.text)), tcp.WhyPathMTU)
		if at += len(o.text); len(o.text) > 960 {
			t.Errorf("got %d bytes in a segment", len(o.text))
		}
	}
	if at != 14_601 {
		t.Errorf("got everything up to %d sent again, want 14601", at)
	}
	p.expire()
	if got := p.c.Info().Cwnd; got != 960 {
		t.Errorf("got cwnd %d after a timeout, want one segment of 960", got)
	}
	p.skip(1)
}

// RFC 1191 §3: an MTU never grows by an error, and never falls below what attacks only use.
func TestPathMTUBounds(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*setup)
		mtu    int
		want   int
	}{
		{"larger", func(*setup) {}, 9000, 1500},
		{"the same", func(*setup) {}, 1500, 1500},
		{"tiny", func(*setup) {}, 68, 552},
		{"zero, from old routers", func(*setup) {}, 0, 552},
		{"negative", func(*setup) {}, -1, 552},
		{"less than IPv6 allows", over6, 1279, 1500},
		{"the least of IPv6", over6, 1280, 1280},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newConnTest(t, tcp.Established, test.change)
			p.send(10)
			p.icmp(tcp.ICMPError{TooBig: true, MTU: test.mtu, Seq: p.ourSeq(1)})
			p.skip(1)
			if got := p.c.Info().MTU; got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}

// MUST-48, MUST-49, SHLD-21, SHLD-22: what the application wants in the IP header.
func TestServiceFieldAndHopLimit(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	for _, test := range []struct{ tos, want, ttl uint8 }{{0xb8, 0xb8, 7}, {0xff, 0xfc, 255}, {0, 0, 0}} {
		p.c.SetTOS(test.tos)
		p.c.SetTTL(test.ttl)
		p.c.SetNoDelay(true)
		p.send(1)
		if got := p.out[0].out; got.TOS != test.want || got.TTL != test.ttl {
			t.Errorf("got TOS %#x, TTL %d, want %#x, %d", got.TOS, got.TTL, test.want, test.ttl)
		}
		p.skip(1)
	}
}
