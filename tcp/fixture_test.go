package tcp_test

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// A connection whose peer is the test.

// The flags, as short as segments are written below.
const (
	F = tcp.FIN
	S = tcp.SYN
	R = tcp.RST
	P = tcp.PSH
	A = tcp.ACK
	U = tcp.URG
)

// A segment is one that the test sends or wants. Numbers count from the initial sequence
// numbers of the sender (seq) and the receiver (ack), so a SYN is at 0 and text starts at 1.
type segment struct {
	flags    tcp.Flags
	seq, ack int
	text     []byte
	wnd      int // as on the wire; -1: the usual one, or any
	urg      int
	opts     *tcp.Options // nil: the usual ones, or any
}

func seg(flags tcp.Flags, seq, ack int) segment {
	return segment{flags: flags, seq: seq, ack: ack, wnd: -1}
}

// bytes gives a segment n bytes of text: those that belong at its place in the stream.
func (s segment) bytes(n int) segment {
	s.text = pattern(s.seq, n)
	return s
}

func (s segment) win(n int) segment { s.wnd = n; return s }

func (s segment) urgent(n int) segment { s.urg = n; return s }

func (s segment) with(o tcp.Options) segment { s.opts = &o; return s }

// pattern is the text of every stream: n bytes from sequence number seq on.
func pattern(seq, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte((seq + i) % 251)
	}
	return b
}

// A setup says how a connTest differs from the usual one: an IPv4 connection, MTU 1500, to a peer
// whose SYN has an MSS of 1000, a window of 65535, and no other options.
type setup struct {
	cfg     tcp.Config
	mtu     int
	syn     tcp.Options // the peer's
	wnd     int         // the peer's usual window
	passive bool        // the peer opens, where there is a choice
	remote  netip.AddrPort
}

// timestamps and sack are changes to a setup that many tests want.
func timestamps(s *setup) { s.syn.HasTS = true }
func sack(s *setup)       { s.syn.SACKPermitted = true }

// window makes the peer's usual window n.
func window(n int) func(*setup) { return func(s *setup) { s.wnd = n } }

// A connTest is a connection under test. Whatever it sends stands in out until the test wants it.
type connTest struct {
	setup
	t       *testing.T
	log     eventLog
	now     ip.Time
	c       *tcp.Conn
	out     []sent
	events  []tcp.Event
	iss     tcp.Seq // ours
	irs     tcp.Seq // the peer's
	tsVal   uint32  // the last TSVal that it sent
	buffers pool
	wrote   int // place in our stream that the application writes next
	read    int // place in the peer's stream that it reads next
}

// A sent is a segment that came out.
type sent struct {
	segment
	at  ip.Time
	out tcp.Output
}

// newConnTest returns a connection that was brought into a state in the usual way.
func newConnTest(t *testing.T, state tcp.State, changes ...func(*setup)) *connTest {
	t.Helper()
	p := &connTest{t: t, now: start, wrote: 1, read: 1, buffers: newPool(t)}
	p.setup = setup{mtu: 1500, syn: tcp.Options{HasMSS: true, MSS: 1000}, wnd: 65535, remote: addrB}
	for _, change := range changes {
		change(&p.setup)
	}
	if p.cfg.Congestion == nil {
		p.cfg.Congestion = tcp.NewReno // its numbers are round
	}
	if p.cfg.ISN == nil {
		p.cfg.ISN = wrapISN
	}
	p.cfg.Trace = func(e *tcp.Event) {
		p.log.trace(e)
		p.events = append(p.events, *e)
	}
	local := addrA
	if p.remote.Addr().Is6() {
		local = netip.MustParseAddrPort("[2001:db8::1]:1000")
	}
	p.iss, p.irs = p.cfg.ISN(local, p.remote, p.now), wrapISN(addrB, addrA, p.now)
	p.c = tcp.New(tcp.Prepare(p.cfg), local, p.remote, p.mtu)
	p.log.showOnFailure(t)
	t.Cleanup(func() {
		if t.Failed() {
			return
		}
		p.wantNothing()
		p.c.Abort(p.now)
		if n := len(p.buffers.out); n > 0 {
			t.Errorf("%d packets were never freed", n)
		}
	})
	p.bring(state)
	return p
}

// bring takes a new connection to a state.
func (p *connTest) bring(state tcp.State) {
	p.t.Helper()
	switch state {
	case tcp.Closed:
	case tcp.Listen:
		p.passive = true
		p.listen()
	case tcp.SynSent:
		p.open()
		p.want(seg(S, 0, 0), tcp.WhySyn)
	case tcp.SynReceived:
		p.bring(tcp.Listen)
		p.arrive(p.peerSyn(S, 0))
		p.want(seg(S|A, 0, 1), tcp.WhySynAck)
	case tcp.Established:
		p.establish()
	case tcp.FinWait1:
		p.bring(tcp.Established)
		p.closeWrite()
		p.want(seg(F|A, 1, 1), tcp.WhyFin)
	case tcp.FinWait2:
		p.bring(tcp.FinWait1)
		p.arrive(seg(A, 1, 2))
	case tcp.CloseWait:
		p.bring(tcp.Established)
		p.arrive(seg(F|A, 1, 1))
		p.want(seg(A, 1, 2), tcp.WhyAck)
	case tcp.Closing:
		p.bring(tcp.FinWait1)
		p.arrive(seg(F|A, 1, 1))
		p.want(seg(A, 2, 2), tcp.WhyAck)
	case tcp.LastAck:
		p.bring(tcp.CloseWait)
		p.closeWrite()
		p.want(seg(F|A, 1, 2), tcp.WhyFin)
	case tcp.TimeWait:
		p.bring(tcp.FinWait2)
		p.arrive(seg(F|A, 1, 2))
		p.want(seg(A, 2, 2), tcp.WhyAck)
	}
	p.wantState(state)
}

// establish goes through the three-way handshake.
func (p *connTest) establish() {
	p.t.Helper()
	if p.passive {
		p.bring(tcp.SynReceived)
		p.arrive(seg(A, 1, 1))
	} else {
		p.bring(tcp.SynSent)
		p.arrive(p.peerSyn(S|A, 1))
		p.want(seg(A, 1, 1), tcp.WhyAck)
	}
}

// peerSyn is the peer's SYN or SYN,ACK. Its window is not scaled.
func (p *connTest) peerSyn(flags tcp.Flags, ack int) segment {
	o := p.syn
	if o.HasTS {
		o.TSVal, o.TSEcr = p.peerClock(), 0
		if flags.Has(A) {
			o.TSEcr = p.tsVal
		}
	}
	return seg(flags, 0, ack).with(o).win(min(p.wnd<<o.WS, 65535))
}

// peerClock is the peer's timestamp clock.
func (p *connTest) peerClock() uint32 { return 1_000_000 + uint32(p.now.Sub(start)/time.Millisecond) }

// arrive hands in segments as one batch: nothing is taken out before the last.
func (p *connTest) arrive(segs ...segment) {
	p.t.Helper()
	for _, s := range segs {
		p.c.Arrive(p.now, p.build(s))
	}
	p.drain()
}

// build makes a segment of the peer's as it would come from the wire.
func (p *connTest) build(s segment) *tcp.Segment {
	in := p.buffers.segment(s.text)
	in.SrcPort, in.DstPort = p.remote.Port(), addrA.Port()
	in.Seq, in.Flags, in.Urg = p.irs+tcp.Seq(s.seq), s.flags, uint16(s.urg)
	if s.flags.Has(A) {
		in.Ack = p.iss + tcp.Seq(s.ack)
	}
	in.Wnd = uint16(p.wnd)
	if s.wnd >= 0 {
		in.Wnd = uint16(s.wnd)
	}
	switch {
	case s.opts != nil:
		in.Options = *s.opts
	case p.syn.HasTS && !s.flags.Has(S|R):
		in.Options = tcp.Options{HasTS: true, TSVal: p.peerClock(), TSEcr: p.tsVal}
	}
	return in
}

// drain takes out what the connection has to send.
func (p *connTest) drain() {
	p.t.Helper()
	for range 10_000 {
		var o tcp.Output
		if !p.c.Next(p.now, &o) {
			p.check()
			if err := p.c.CheckTimers(); err != nil {
				p.t.Fatal(err)
			}
			return
		}
		s := sent{at: p.now, out: o}
		s.flags, s.wnd, s.urg, s.opts = o.Flags, int(o.Wnd), int(o.Urg), &o.Options
		s.seq = int(int32(o.Seq - p.iss))
		if o.Flags.Has(A) {
			s.ack = int(int32(o.Ack - p.irs))
		}
		for i, b := range o.Text {
			s.text = append(s.text, b...)
			o.Pins[i].Unpin()
		}
		if o.Options.HasTS {
			p.tsVal = o.Options.TSVal
		}
		p.out = append(p.out, s)
		p.check()
	}
	p.t.Fatal("Next does not end")
}

// check fails the test when an invariant does not hold.
func (p *connTest) check() {
	p.t.Helper()
	if err := p.c.CheckInvariants(); err != nil {
		p.t.Fatal(err)
	}
}

// want takes the oldest segment that came out and compares it: flags (PSH only where wanted), numbers and text,
// window and options when they are given, and why it was sent unless why is WhyNone.
func (p *connTest) want(w segment, why tcp.Why) sent {
	p.t.Helper()
	if len(p.out) == 0 {
		p.t.Fatalf("got nothing, want %v (%v)", p.format(w), why)
	}
	got := p.out[0]
	p.out = p.out[1:]
	g := got.segment
	if w.wnd < 0 {
		w.wnd = g.wnd
	}
	if w.opts == nil {
		w.opts = g.opts
	}
	w.flags |= g.flags & P
	same := g.flags == w.flags && g.seq == w.seq && g.ack == w.ack && g.wnd == w.wnd && g.urg == w.urg && *g.opts == *w.opts
	if !same || why != tcp.WhyNone && got.out.Why != why {
		p.t.Fatalf("got %v (%v)\nwant %v (%v)", p.format(g), got.out.Why, p.format(w), why)
	}
	if !bytes.Equal(g.text, w.text) {
		p.t.Fatalf("got %v with %d bytes of text, want %d, or other ones", p.format(g), len(g.text), len(w.text))
	}
	return got
}

// wantNothing wants that nothing else came out.
func (p *connTest) wantNothing() {
	p.t.Helper()
	if len(p.out) > 0 {
		p.t.Fatalf("got %v (%v), want nothing", p.format(p.out[0].segment), p.out[0].out.Why)
	}
}

func (p *connTest) format(s segment) string {
	h := tcp.Header{Seq: tcp.Seq(s.seq), Ack: p.theirSeq(s.ack), Flags: s.flags, Wnd: uint16(s.wnd), Urg: uint16(s.urg)}
	if s.opts != nil {
		h.Options = *s.opts
	}
	return tcp.FormatSegment(&h, len(s.text), 0, p.irs)
}

func (p *connTest) wantState(w tcp.State) {
	p.t.Helper()
	if g := p.c.State(); g != w {
		p.t.Fatalf("got state %v (%v), want %v", g, p.c.Cause(), w)
	}
}

// wantClosed wants the connection to have ended for a reason.
func (p *connTest) wantClosed(w tcp.Cause) {
	p.t.Helper()
	p.wantState(tcp.Closed)
	if g := p.c.Cause(); g != w {
		p.t.Fatalf("got cause %v, want %v", g, w)
	}
	if p.c.Deadline() != 0 || p.c.Info().Flight != 0 {
		p.t.Fatal("a timer runs, or something is in flight, on a closed connection")
	}
}

// wantDrops wants exactly these drops since the last call.
func (p *connTest) wantDrops(w ...ip.Drop) {
	p.t.Helper()
	if !slices.Equal(p.log.drops, w) {
		p.t.Fatalf("got drops %v, want %v", p.log.drops, w)
	}
	p.log.drops = nil
}

// wantDeadline wants the next timer in d, to the microsecond.
func (p *connTest) wantDeadline(d time.Duration) {
	p.t.Helper()
	if at := p.c.Deadline(); at == 0 || (at.Sub(p.now)-d).Abs() > time.Microsecond {
		p.t.Fatalf("got the next timer in %v, want it in %v", at.Sub(p.now), d)
	}
}

// wantNoDeadline wants that no timer runs.
func (p *connTest) wantNoDeadline() {
	p.t.Helper()
	if at := p.c.Deadline(); at != 0 {
		p.t.Fatalf("a timer runs, in %v", at.Sub(p.now))
	}
}
