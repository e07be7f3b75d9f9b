package tcp_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Scenarios about handshakes: T10 to T12, T19, T20, T37, T40. docs/scenarios.md lists all.

// Other stacks go from SYN cookies to the usual way, and back, between two SYNs of the same peer, and then reset good connections
// (google/gvisor, commit 368fc605d). Here the queue is full at one of its SYNs and has room at the next, in every combination:
// each peer connects in the end, the numbers that it has been told stay, and nobody gets a RST.
func TestScenario10QueueFillsBetweenSyns(t *testing.T) {
	for full := range 1 << 5 { // bit i: the queue is full when SYN number i comes
		x := newListening(t, 2)
		fill := func(on bool) {
			for i := 100; i < 102; i++ {
				if c := x.children[peer(i)]; c != nil && !on {
					x.arrive(i, R, 501, 0)
				} else if c == nil && on {
					x.arrive(i, S, 500, 0)
				}
			}
		}
		var iss tcp.Seq
		told := false
		for i := range 6 {
			fill(full>>i&1 != 0)
			drop, c := x.arrive(1, S, 700, 0)
			switch {
			case c == nil && drop != ip.DropBacklog:
				t.Fatalf("pattern %05b: SYN %d is dropped: %v", full, i, drop)
			case c == nil:
				if told {
					t.Fatalf("pattern %05b: SYN %d finds no connection, and the one before did", full, i)
				}
			default:
				if told && iss != c.Vars().ISS {
					t.Fatalf("pattern %05b: SYN %d is answered with another ISS", full, i)
				}
				told, iss = true, c.Vars().ISS
			}
		}
		fill(false)
		_, c := x.arrive(1, A, 701, iss+1)
		if c == nil || c.State() != tcp.Established || x.resets > 0 || c.Info().Stats.Retransmits > 5 {
			t.Errorf("pattern %05b: the handshake ends in %v, with %d resets", full, c.State(), x.resets)
		}
		x.wantPending(0, 1)
	}
}

// Other stacks look at the cookie before they look at RST: a RST,ACK completes the handshake (google/gvisor#6076).
func TestScenario11RstDoesNotConnect(t *testing.T) {
	for _, flags := range []tcp.Flags{R | A, R | A | P, R | S | A, R | F | A, R} {
		p := newConnTest(t, tcp.SynReceived)
		p.arrive(seg(flags, 1, 1))
		p.wantState(tcp.Listen)
		for _, s := range p.events {
			if s.Kind == tcp.EventState && s.State == tcp.Established {
				t.Errorf("%v: the connection was established for a moment", flags)
			}
		}

		x := newListening(t, 2) // no connection at all: what a cookie would let in
		if _, c := x.arrive(1, flags, 501, 1); c != nil || x.resets > 0 {
			t.Errorf("%v for a listener: got a connection, or %d resets", flags, x.resets)
		}
		_, c := x.arrive(1, S, 500, 0)
		x.arrive(1, flags, 501, c.Vars().ISS+1)
		x.wantPending(0, 0)

		p = newConnTest(t, tcp.SynSent)
		p.arrive(seg(flags|A, 0, 1))
		p.wantClosed(tcp.CauseRefused)
	}
}

// Other stacks compare the flags with SYN instead of looking for it, and answer one that offers ECN with a RST (google/gvisor#7075,
// xjasonlyu/tun2socks#95).
func TestScenario12SynWithOtherBits(t *testing.T) {
	bits := []tcp.Flags{tcp.ECE, tcp.CWR, tcp.AE, P, U}
	for mix := range 1 << len(bits) {
		f := S
		for i, b := range bits {
			if mix>>i&1 != 0 {
				f |= b
			}
		}
		p := newConnTest(t, tcp.Listen)
		p.arrive(p.peerSyn(f, 0))
		if got := p.out[0]; got.flags&^tcp.ECE != S|A {
			t.Errorf("%v: got %v", f, p.format(got.segment))
		}
		p.skip(1)
		p.arrive(seg(A, 1, 1))
		p.wantState(tcp.Established)

		p = newConnTest(t, tcp.SynSent)
		p.arrive(p.peerSyn(f|A, 1))
		p.want(seg(A, 1, 1), tcp.WhyAck)
		p.wantState(tcp.Established)

		x := newListening(t, 2)
		if _, c := x.arrive(1, f, 500, 0); c == nil || c.State() != tcp.SynReceived || x.resets > 0 {
			t.Errorf("%v: the listener gives no connection", f)
		}
	}
	p := newConnTest(t, tcp.Listen) // FIN beside SYN makes no sense; a connection of its own takes it all the same
	p.arrive(p.peerSyn(S|F, 0))
	p.want(seg(S|A, 0, 1), tcp.WhySynAck)
}

// Other stacks keep handshakes that have run out of time in the list of those that are under way (google/gvisor#11557).
func TestScenario19SynFlood(t *testing.T) {
	const backlog = 50
	x := newListening(t, backlog)
	took := 0
	for i := range 5000 {
		if _, c := x.arrive(i, S, 500, 0); c != nil {
			took++
		}
	}
	if took != backlog || len(x.children) != backlog {
		t.Errorf("took %d SYNs and holds %d connections, want %d", took, len(x.children), backlog)
	}
	for _, c := range x.children { // each gives up in its time
		for at := c.Deadline(); at != 0; at = c.Deadline() {
			if at.Sub(start) > 2*time.Minute {
				t.Fatalf("a timer runs until %v", at.Sub(start))
			}
			c.Advance(at)
			x.drainAt(c, at)
		}
	}
	x.wantPending(0, 0)
	if len(x.children) != 0 || len(x.buffers.out) != 0 {
		t.Errorf("%d connections and %d packets are left", len(x.children), len(x.buffers.out))
	}
	for i := range backlog { // and all places are free again
		x.connect(i)
	}
}

// Other stacks panic when a RST or an ICMP error comes in the middle of a handshake, or when the application closes just then
// (google/gvisor#12567, google/gvisor#5922).
func TestScenario20ErrorsInTheHandshake(t *testing.T) {
	closes := map[string]func(p *connTest){
		"no call": func(*connTest) {}, "CloseWrite": (*connTest).closeWrite, "CloseRead": (*connTest).closeRead,
		"Close": (*connTest).close, "Abort": (*connTest).abort,
		"Send": func(p *connTest) { p.c.Send(p.now, pattern(1, 3000)); p.drain() },
	}
	errors := map[string]func(p *connTest){}
	for _, cause := range unreachable {
		errors["ICMP "+cause.String()] = func(p *connTest) { p.icmp(tcp.ICMPError{Cause: cause, Seq: p.ourSeq(0)}) }
	}
	for _, mtu := range []int{0, 68, 576, 1400, 9000} {
		errors[fmt.Sprint("ICMP too big ", mtu)] = func(p *connTest) { p.icmp(tcp.ICMPError{TooBig: true, MTU: mtu, Seq: p.ourSeq(0)}) }
	}
	for _, f := range []tcp.Flags{R, R | A, R | S, R | S | A, R | F | A} {
		for _, at := range []int{0, 1, 2} {
			errors[fmt.Sprint(f.Names(), " ", at)] = func(p *connTest) { p.arrive(seg(f, at, at)) }
		}
	}
	for _, state := range []tcp.State{tcp.SynSent, tcp.SynReceived} {
		for call, end := range closes {
			for name, fail := range errors {
				for order := range 3 {
					p := newConnTest(t, state)
					switch order {
					case 0:
						end(p)
						fail(p)
					case 1:
						fail(p)
						end(p)
					default: // both before anything can leave
						end(p)
						fail(p)
						fail(p)
					}
					p.arrive(p.peerSyn(S|A, 1), seg(A, 1, 1))
					p.advance(10 * time.Minute)
					p.abort()
					if got := p.c.State(); got != tcp.Closed {
						t.Errorf("%v, %s and %s: got %v", state, call, name, got)
					}
					p.out = nil
				}
			}
		}
	}
}

// In other stacks a damaged segment in the handshake leaves both ends with other ideas of it, and they challenge each other for ever
// (soypat/lneto#59). Whatever was damaged, the traffic must die down.
func TestScenario37DamagedSegments(t *testing.T) {
	p := newConnTest(t, tcp.Established) // the limit that ends an exchange of ACKs
	for range 10 {
		p.arrive(seg(A, -1, 1))
	}
	p.want(seg(A, 1, 1), tcp.WhyDupAck)
	for seed := range uint64(300) {
		w := newWorld(t, seed, link{delay: ms}, tcp.Config{Retries: 4})
		damage := 1 + int(seed%5)
		w.filter = func(_ int, out *tcp.Output) bool {
			if damage > 0 && w.rng.IntN(2) == 0 {
				damage--
				switch w.rng.IntN(4) { // the checksum is made afterwards: it does not help
				case 0:
					out.Flags = tcp.Flags(w.rng.IntN(1 << 9))
				case 1:
					out.Seq += tcp.Seq(w.rng.IntN(4000)) - 2000
				case 2:
					out.Ack += tcp.Seq(w.rng.IntN(4000)) - 2000
				default:
					out.Flags ^= 1 << w.rng.IntN(6)
				}
			}
			return true
		}
		w.open()
		w.conns[0].Send(w.now, []byte("x"))
		quiet := w.now.Add(5 * time.Minute)
		for w.nextEvent() != 0 && w.now < quiet {
			w.step()
		}
		if w.sent > 60 { // with its retries, each end has sent a few
			t.Errorf("seed %d: %d packets went to and fro", seed, w.sent)
		}
		before := w.sent
		for end := w.now.Add(time.Hour); w.nextEvent() != 0 && w.now < end; {
			w.step()
		}
		if w.sent > before+3 {
			t.Errorf("seed %d: %d packets more in an hour", seed, w.sent-before)
		}
	}
}

// Other stacks lose a place in the backlog with each handshake that fails (soypat/seqs#33), or keep what stands in the way of the next SYN
// (containers/gvisor-tap-vsock#127): whatever ends one, and at whatever step, its place is free again.
func TestScenario40FailedHandshakesLeaveTheBacklog(t *testing.T) {
	for _, test := range []struct {
		name string
		end  func(x *listening, i int, c *tcp.Conn)
	}{
		{"RST for the SYN,ACK", func(x *listening, i int, _ *tcp.Conn) { x.arrive(i, R, 501, 0) }},
		{"RST,ACK for the SYN,ACK", func(x *listening, i int, c *tcp.Conn) { x.arrive(i, R|A, 501, c.Vars().ISS+1) }},
		{"wrong ACK, then RST", func(x *listening, i int, c *tcp.Conn) {
			x.arrive(i, A, 501, c.Vars().ISS+9)
			x.arrive(i, R, 501, 0)
		}},
		{"RST behind the handshake", func(x *listening, i int, c *tcp.Conn) {
			x.arrive(i, A, 501, c.Vars().ISS+1)
			x.arrive(i, R, 501, 0)
			if got := x.l.Accept(); got != c { // it stays for Accept, which takes it away
				x.t.Errorf("got %v", got)
			}
		}},
		{"time runs out", func(x *listening, _ int, c *tcp.Conn) {
			for now := c.Deadline(); now != 0; now = c.Deadline() {
				c.Advance(now)
				x.drain(c)
			}
		}},
		{"ICMP error", func(x *listening, _ int, c *tcp.Conn) {
			c.ICMP(start, tcp.ICMPError{Cause: tcp.CauseHostUnreachable, Seq: c.Vars().ISS})
			x.drain(c)
		}},
		{"aborted by the host", func(x *listening, _ int, c *tcp.Conn) { c.Abort(start); x.drain(c) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			x := newListening(t, 2)
			for i := range 50 {
				_, c := x.arrive(i, S, 500, 0)
				if c == nil {
					t.Fatalf("attempt %d finds no place", i)
				}
				test.end(x, i, c)
				x.wantPending(0, 0)
			}
			if len(x.children) > 0 {
				t.Errorf("%d connections are left", len(x.children))
			}
			x.connect(98)
			x.connect(99)
			x.wantPending(0, 2)
		})
	}
}
