package tcp_test

import (
	"testing"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// Window scale, RFC 7323 §2, and what a window promises.

// scaled makes the peer offer a window scale.
func scaled(shift uint8) func(*setup) {
	return func(s *setup) { s.syn.HasWS, s.syn.WS = true, shift }
}

// RFC 7323 §2.2: both sides must send the option; then each scales its own windows.
func TestWindowScaleIsNegotiated(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*setup)
		ok     bool
	}{
		{"both", scaled(3), true},
		{"not the peer", func(*setup) {}, false},
		{"not we", func(s *setup) { scaled(3)(s); s.cfg.NoWindowScale = true }, false},
	} {
		for _, passive := range []bool{false, true} {
			t.Run(test.name, func(t *testing.T) {
				p := newConnTest(t, tcp.Established, test.change, func(s *setup) { s.passive = passive; s.cfg.RecvBuffer = 1 << 20 })
				i := p.c.Info()
				if i.WindowScale != test.ok {
					t.Errorf("got %v, want %v", i.WindowScale, test.ok)
				}
				if want := map[bool]uint8{true: 5}[test.ok]; i.RecvScale != want {
					t.Errorf("got a shift of %d for a buffer of 1 MiB, want %d", i.RecvScale, want)
				}
			})
		}
	}
}

// §2.2: "the window field in a SYN is never scaled"; every other one is. REC-1, MUST-1.
func TestWindowsBeyond64K(t *testing.T) {
	p := newConnTest(t, tcp.Established, scaled(10), window(60_000), func(s *setup) { s.cfg.RecvBuffer = 8 << 20 })
	p.arrive(seg(A, 1, 1).win(60_000))
	if got := p.c.Info().SendWindow; got != 60_000<<10 {
		t.Errorf("got the peer's window %d, want %d", got, 60_000<<10)
	}
	p.arrive(seg(A, 1, 1).bytes(1000))
	got := p.want(seg(A, 1, 1001), tcp.WhyAck)
	if shown := got.wnd << p.c.Info().RecvScale; shown < 8<<20-2000 {
		t.Errorf("we offer %d, want about 8 MiB", shown)
	}
	p.receive(1000)
}

// MUST-1: windows above 32767 are not negative.
func TestLargeUnscaledWindow(t *testing.T) {
	p := newConnTest(t, tcp.Established, window(65_535), func(s *setup) { s.cfg.InitialWindow = 100 })
	p.send(70_000)
	p.wantFull(1, 65, 1000, 1)
	p.skip(len(p.out))
	if got := p.c.Info().Unacked; got > 65_535 {
		t.Errorf("got %d bytes in flight", got)
	}
}

// RFC 7323 §2.3: a shift above 14 counts as 14.
func TestWindowScaleOfMoreThan14(t *testing.T) {
	h := tcp.Header{Flags: S, Options: tcp.Options{HasWS: true, WS: 200}}
	var in tcp.Segment
	if d := tcp.ParseSegment(tcp.AppendHeader(nil, &h), addrB.Addr(), addrA.Addr(), true, &in); d != 0 || in.Options.WS != 14 {
		t.Errorf("got a shift of %d (%v), want 14", in.Options.WS, d)
	}
}

// SHLD-14: the right edge never moves left, whatever the reader and the sender do. With a scale it shows in
// steps, so that what is shown may lie one step below what was promised (RFC 7323 §2.4), and what was
// promised is honoured.
func TestRightEdgeNeverMovesLeft(t *testing.T) {
	for _, shift := range []bool{false, true} {
		for seed := range uint64(20) {
			p := newConnTest(t, tcp.Established, func(s *setup) {
				s.cfg.RecvBuffer = 50_000
				if shift {
					s.cfg.RecvBuffer = 500_000
					scaled(2)(s)
				}
			})
			rng := newRand(seed)
			step := 1 << p.c.Info().RecvScale
			sent, edge := 1, 0
			for range 2000 {
				n := min(1+rng.IntN(3000), max(0, edge-sent))
				p.arrive(seg(A, sent, 1).bytes(n))
				sent += n
				if n := rng.IntN(4000); rng.IntN(3) > 0 {
					p.receive(min(n, p.c.Readable()))
				}
				if rng.IntN(10) == 0 {
					p.advance(50 * ms)
				}
				for _, o := range p.out {
					got := o.ack + o.wnd*step
					if got <= edge-step {
						t.Fatalf("seed %d: the edge moves from %d to %d", seed, edge, got)
					}
					edge = max(edge, got)
				}
				p.out = nil
			}
		}
	}
}

// Rounding to the scale must not let a peer grow what we hold byte by byte: one byte a segment, nothing is read.
func TestWindowIsBoundedByTheBuffer(t *testing.T) {
	p := newConnTest(t, tcp.Established, scaled(7), func(s *setup) { s.cfg.RecvBuffer = 200_000 })
	for i := range 60_000 {
		p.arrive(seg(A, 1+i, 1).bytes(1))
		p.out = nil // the fixture compares what is held with the buffer
	}
	if i := p.c.Info(); i.Unread+i.RecvWindow > 200_000 {
		t.Errorf("got %d bytes unread and a window of %d with a buffer of 200000", i.Unread, i.RecvWindow)
	}
}

// RFC 7323 §2.3: the largest buffer takes the largest shift.
func TestLargestBuffer(t *testing.T) {
	for _, n := range []int{1 << 30, 1 << 40} {
		p := newConnTest(t, tcp.Established, scaled(1), func(s *setup) { s.cfg.RecvBuffer = n })
		if i := p.c.Info(); i.RecvScale != 14 || i.RecvWindow != 65_535<<14 {
			t.Errorf("got a window of %d and a shift of %d, want %d and 14", i.RecvWindow, i.RecvScale, 65_535<<14)
		}
	}
}

// The smallest buffer that is allowed can still take a segment.
func TestSmallestBuffer(t *testing.T) {
	p := newConnTest(t, tcp.SynSent, func(s *setup) { s.cfg.RecvBuffer = 1 })
	p.arrive(p.peerSyn(S|A, 1))
	p.want(seg(A, 1, 1), tcp.WhyAck)
	if got := p.c.Info().RecvWindow; got < 1460 {
		t.Errorf("got a window of %d", got)
	}
}
