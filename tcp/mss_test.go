package tcp_test

import (
	"net/netip"
	"testing"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// Segment sizes: RFC 9293 §3.7.1, RFC 6691.

// over6 makes the connection one over IPv6.
func over6(s *setup) { s.remote = netip.MustParseAddrPort("[2001:db8::2]:80") }

// MUST-14, MUST-15, MUST-16: what the peer can receive, what the path carries, and what options leave of that.
// T30: values that no honest peer sends.
func TestSendMSS(t *testing.T) {
	mss := func(n uint16) func(*setup) {
		return func(s *setup) { s.syn.HasMSS, s.syn.MSS = true, n }
	}
	none := func(s *setup) { s.syn.HasMSS = false }
	mtu := func(n int) func(*setup) { return func(s *setup) { s.mtu = n } }
	for _, test := range []struct {
		name    string
		changes []func(*setup)
		want    int
	}{
		{"none over IPv4", []func(*setup){none}, 536},
		{"none over IPv6", []func(*setup){none, over6}, 1220},
		{"0 means nothing", []func(*setup){mss(0)}, 536},
		{"1 is raised", []func(*setup){mss(1)}, 48},
		{"12 is raised", []func(*setup){mss(12)}, 48},
		{"48", []func(*setup){mss(48)}, 48},
		{"536", []func(*setup){mss(536)}, 536},
		{"as much as the path carries", []func(*setup){mss(1460)}, 1460},
		{"more than the path carries", []func(*setup){mss(65535)}, 1460},
		{"more than the path carries, IPv6", []func(*setup){mss(65535), over6}, 1440},
		{"less timestamps", []func(*setup){mss(1460), timestamps}, 1448},
		{"none, less timestamps", []func(*setup){none, timestamps}, 524},
		{"1, less timestamps", []func(*setup){mss(1), timestamps}, 36},
		{"smallest MTU of IPv4", []func(*setup){mss(1460), mtu(68)}, 28},
		{"smaller than IPv4 allows", []func(*setup){mss(1460), mtu(10)}, 28},
		{"smaller than IPv6 allows", []func(*setup){mss(1460), mtu(10), over6}, 1220},
		{"large MTU", []func(*setup){mss(65495), mtu(65535)}, 65495},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newConnTest(t, tcp.Established, test.changes...)
			if got := p.c.Info().SendMSS; got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
			p.send(2*test.want + 1)
			p.want(seg(A, 1, 1).bytes(test.want), tcp.WhyData)
			p.skip(len(p.out))
		})
	}
}

// T30: SACK blocks and timestamps leave little of a small MSS, but always something.
func TestTinyMSSWithAllOptions(t *testing.T) {
	p := newConnTest(t, tcp.Established, sack, timestamps, func(s *setup) { s.syn.MSS = 1 })
	p.arrive(seg(A, 101, 1).bytes(10), seg(A, 201, 1).bytes(10), seg(A, 301, 1).bytes(10))
	p.skip(3)
	p.send(100)
	for _, o := range p.out[:len(p.out)-1] {
		if n := len(o.text); n < 8 || n > 48 {
			t.Errorf("got a segment with %d bytes of text", n)
		}
	}
	p.skip(len(p.out))
}

// MUST-14, MUST-67, SHLD-5, SHLD-6, MAY-3: what we can receive, in every SYN, and in no other segment (MUST-65).
func TestOfferedMSS(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*setup)
		want   uint16
	}{
		{"IPv4", func(*setup) {}, 1460},
		{"IPv6", over6, 1440},
		{"smallest", func(s *setup) { s.mtu = 68 }, 28},
		{"largest", func(s *setup) { s.mtu = 65535 }, 65495},
		{"beyond the field", func(s *setup) { s.mtu = 1 << 20 }, 65535},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newConnTest(t, tcp.Closed, test.change)
			p.open()
			if got := p.want(seg(S, 0, 0), tcp.WhySyn).out.Options; !got.HasMSS || got.MSS != test.want {
				t.Errorf("got %+v, want %d", got, test.want)
			}
			p.arrive(p.peerSyn(S|A, 1))
			p.send(10)
			p.closeWrite()
			for _, o := range p.out {
				if o.out.Options.HasMSS || o.out.Options.HasWS || o.out.Options.SACKPermitted {
					t.Errorf("a SYN's option in %v", p.format(o.segment))
				}
			}
			p.skip(len(p.out))
		})
	}
}

// A device that cuts segments itself gets up to what it takes, in whole segments.
func TestMergedSegments(t *testing.T) {
	p := newConnTest(t, tcp.Established, timestamps, func(s *setup) { s.syn.MSS = 1460; s.cfg.InitialWindow = 200; scaled(4)(s) })
	p.c.SetGSO(65_535)
	p.arrive(seg(A, 1, 1))
	p.send(100_000)
	first := p.out[0]
	if n := len(first.text); n%1448 != 0 || n > 65_535-80 || n < 60_000 || first.out.GSO != 1448 {
		t.Errorf("got %d bytes in segments of %d", n, first.out.GSO)
	}
	last := p.out[len(p.out)-1]
	if last.seq+len(last.text) != 100_001 {
		t.Errorf("got text up to %d", last.seq+len(last.text))
	}
	p.skip(len(p.out))
}
