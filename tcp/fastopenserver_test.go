package tcp_test

import (
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// TCP Fast Open as the server: RFC 7413 §4.2.2 and §5.

// A fastServer is a listener that takes fast opens, with a host around it that drives all of its connections.
type fastServer struct {
	t     *testing.T
	l     *tcp.Listener
	keys  tcp.FastOpenKeys
	now   ip.Time
	conns []*tcp.Conn
	out   []tcp.Output
}

func newFastServer(t *testing.T, queue int) *fastServer {
	x := &fastServer{t: t, now: start, keys: tcp.NewFastOpenKeys(tcp.FastOpenKey{1})}
	x.l = tcp.NewListener(tcp.Prepare(tcp.Config{ISN: wrapISN}), 10)
	x.l.SetFastOpen(tcp.FastOpenListen{Queue: queue, Keys: &x.keys})
	return x
}

// cookie is the option of client i with the right cookie.
func (x *fastServer) cookie(i int) tcp.Options {
	return tcp.Options{HasFastOpen: true, Cookie: x.keys.Cookie(addrA.Addr(), peer(i).Addr())}
}

// syn lets a SYN with text arrive from client i, and returns the connection and its answer.
func (x *fastServer) syn(i, n int, o tcp.Options) (*tcp.Conn, tcp.Output) {
	x.t.Helper()
	in := &tcp.Segment{Text: pattern(1, n)}
	in.Header = tcp.Header{Flags: S, Seq: 500, Wnd: 3000, SrcPort: peer(i).Port(), DstPort: addrA.Port(), Options: o}
	c, drop := x.l.Arrive(x.now, addrA, peer(i), 1500, in)
	if c == nil {
		x.t.Fatalf("the SYN of client %d is dropped: %v", i, drop)
	}
	x.conns = append(x.conns, c)
	x.drive()
	if len(x.out) != 1 || x.out[0].Flags != S|A {
		x.t.Fatalf("got %d segments, want a SYN,ACK", len(x.out))
	}
	answer := x.out[0]
	x.out = nil
	return c, answer
}

// arrive hands a connection a segment of its client.
func (x *fastServer) arrive(c *tcp.Conn, flags tcp.Flags, seq, ack, n int) {
	in := &tcp.Segment{Text: pattern(seq, n)}
	in.Header = tcp.Header{Flags: flags, Seq: 500 + tcp.Seq(seq), Wnd: 3000}
	if flags.Has(A) {
		in.Ack = c.Vars().ISS + tcp.Seq(ack)
	}
	c.Arrive(x.now, in)
	x.drive()
}

// drive does a host's part after an input: it takes out what is to be sent and tells the listener.
func (x *fastServer) drive() {
	for _, c := range x.conns {
		var out tcp.Output
		for c.Next(x.now, &out) {
			x.out = append(x.out, out)
		}
		if err := c.CheckInvariants(); err != nil {
			x.t.Fatal(err)
		}
		x.l.Update(c)
		x.l.Served(x.now, c)
	}
}

// advance moves time on to the next timer of a connection.
func (x *fastServer) expire(c *tcp.Conn) {
	x.now = c.Deadline()
	c.Advance(x.now)
	x.drive()
}

func (x *fastServer) read(c *tcp.Conn, want int) {
	x.t.Helper()
	b := make([]byte, want+1)
	if got := c.Receive(x.now, b); got != want || string(b[:got]) != string(pattern(1, want)) {
		x.t.Fatalf("got %d bytes, or other ones, want %d", got, want)
	}
}

// §4.2.2: what a SYN gets, by its option and its text.
func TestFastOpenOfAServer(t *testing.T) {
	wrong, old := fast(t, "aaaaaaaaaaaaaaaa"), tcp.Options{}
	for _, test := range []struct {
		name   string
		listen func(*fastServer) // changes
		text   int
		option tcp.Options
		taken  bool
		cookie bool // in the answer
	}{
		{"cookie and text", nil, 10, tcp.Options{HasFastOpen: true}, true, false},
		{"cookie without text", nil, 0, tcp.Options{HasFastOpen: true}, true, false},
		{"a request", nil, 0, fast(t, ""), false, true},
		{"a request with text", nil, 10, fast(t, ""), false, true},
		{"a wrong cookie", nil, 10, wrong, false, true},
		{"text alone", nil, 10, old, false, false},
		{"nothing", nil, 0, old, false, false},
		{"no key", func(x *fastServer) { x.l.SetFastOpen(tcp.FastOpenListen{Queue: 1}) }, 10, wrong, false, false},
		{"not enabled", func(x *fastServer) { x.l.SetFastOpen(tcp.FastOpenListen{Keys: &x.keys}) }, 10, wrong, false, false},
		{"text alone where none is asked for", func(x *fastServer) { x.l.SetFastOpen(tcp.FastOpenListen{Queue: 1, NoCookie: true, Keys: &x.keys}) }, 10, old, true, false},
		{"a wrong cookie where none is asked for", func(x *fastServer) { x.l.SetFastOpen(tcp.FastOpenListen{Queue: 1, NoCookie: true, Keys: &x.keys}) }, 10, wrong, true, false},
		{"a cookie of the key before", func(x *fastServer) { x.keys = x.keys.Rotate(tcp.FastOpenKey{2}) }, 10, tcp.Options{HasFastOpen: true}, true, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			x := newFastServer(t, 1)
			o := test.option
			if o == (tcp.Options{HasFastOpen: true}) && test.taken {
				o = x.cookie(1)
			}
			if test.listen != nil {
				test.listen(x)
			}
			c, answer := x.syn(1, test.text, o)
			ack := 1
			if test.taken {
				ack += test.text
			}
			if got := int(answer.Ack - 500); got != ack || answer.Options.HasFastOpen != test.cookie {
				t.Errorf("got ACK %d and a cookie: %v, want %d and %v", got, answer.Options.HasFastOpen, ack, test.cookie)
			}
			if test.cookie && answer.Options.Cookie != x.cookie(1).Cookie {
				t.Errorf("got the cookie %v, want %v", answer.Options.Cookie, x.cookie(1).Cookie)
			}
			if got := x.l.Accept(); (got == c) != test.taken {
				t.Errorf("accepted before the handshake is over: %v, want %v", got == c, test.taken)
			}
			if got := c.Info().SynData; got != (test.taken && test.text > 0) {
				t.Errorf("got SynData %v", got)
			}
			if test.taken {
				x.read(c, test.text)
			}
			x.arrive(c, A, ack, 1, 0)
			if c.State() != tcp.Established || x.l.FastOpenPending() != 0 {
				t.Errorf("got %v with %d places taken", c.State(), x.l.FastOpenPending())
			}
		})
	}
}

// The experimental option is answered in itself.
func TestExperimentalRequestIsAnswered(t *testing.T) {
	x := newFastServer(t, 1)
	_, answer := x.syn(1, 0, tcp.Options{HasFastOpen: true, FastOpenExp: true})
	if o := answer.Options; !o.HasFastOpen || !o.FastOpenExp || o.Cookie != x.cookie(1).Cookie {
		t.Errorf("got %s", o.Format(0))
	}
}

// §4.2.2: the server may answer before the handshake is over, and close.
func TestServerTalksEarly(t *testing.T) {
	x := newFastServer(t, 1)
	c, _ := x.syn(1, 10, x.cookie(1))
	x.l.Accept()
	x.read(c, 10)
	c.Send(x.now, pattern(1, 1000))
	c.Close(x.now)
	x.drive()
	if len(x.out) < 2 || x.out[0].Seq != c.Vars().ISS+1 || x.out[0].Ack != 511 || x.out[len(x.out)-1].Flags&F == 0 {
		t.Fatalf("got %d segments, want text and a FIN", len(x.out))
	}
	x.arrive(c, A, 11, 1002, 0)
	if c.State() != tcp.FinWait2 || x.l.FastOpenPending() != 0 {
		t.Errorf("got %v, with %d places taken", c.State(), x.l.FastOpenPending())
	}
}

// A half close before the handshake is over waits for its end, as in Linux; a close does not.
func TestHalfCloseOfAFastOpen(t *testing.T) {
	for _, close := range []bool{false, true} {
		x := newFastServer(t, 1)
		c, _ := x.syn(1, 10, x.cookie(1))
		x.l.Accept()
		x.read(c, 10)
		c.CloseWrite(x.now)
		x.drive()
		if len(x.out) != 0 || c.State() != tcp.SynReceived || c.CanSend() {
			t.Fatalf("got %d segments in %v", len(x.out), c.State())
		}
		if close {
			c.Close(x.now)
		} else {
			x.arrive(c, A, 11, 1, 0)
		}
		if x.drive(); len(x.out) != 1 || x.out[0].Flags != F|A || c.State() != tcp.FinWait1 {
			t.Errorf("closed %v: got %d segments in %v, want a FIN", close, len(x.out), c.State())
		}
	}
}

// What goes early may fill the whole window of the SYN.
func TestEarlyTextFillsTheWindow(t *testing.T) {
	x := newFastServer(t, 1)
	o := x.cookie(1)
	o.HasMSS, o.MSS = true, 1000
	c, _ := x.syn(1, 10, o)
	c.Send(x.now, pattern(1, 5000))
	x.drive()
	n := 0
	for _, out := range x.out {
		n += out.Len
	}
	if n != 3000 {
		t.Errorf("got %d bytes, want 3000", n)
	}
}

// A SYN,ACK that is lost goes again alone, without the option; text that was sent early is thought lost with the second timeout.
func TestEarlyTextWaitsForTheSynAck(t *testing.T) {
	x := newFastServer(t, 1)
	c, _ := x.syn(1, 10, x.cookie(1))
	c.Send(x.now, pattern(1, 100))
	x.drive()
	x.out = nil
	for i := range 2 {
		x.expire(c)
		if len(x.out) != 1 || x.out[0].Flags != S|A || x.out[0].Ack != 511 || x.out[0].Options.HasFastOpen {
			t.Fatalf("timeout %d: got %+v, want a SYN,ACK", i+1, x.out)
		}
		x.out = nil
	}
	x.arrive(c, A, 11, 1, 0)
	if len(x.out) != 1 || x.out[0].Len != 100 {
		t.Fatalf("got %+v, want the text again", x.out)
	}
	x.arrive(c, A, 11, 101, 0)
	if i := c.Info(); i.Unacked != 0 || c.Deadline() != 0 {
		t.Errorf("%d bytes are unacknowledged", i.Unacked)
	}
}

// RFC 3522 §3.2: the ACK of the handshake answers the first SYN,ACK, so nothing was lost but the ACK before it.
func TestEarlyTextWasNotLost(t *testing.T) {
	for _, first := range []bool{false, true} {
		x := newFastServer(t, 1)
		o := x.cookie(1)
		o.HasTS, o.TSVal, o.HasMSS, o.MSS = true, 7, true, 1000
		c, answer := x.syn(1, 10, o)
		x.l.Accept()
		c.Send(x.now, pattern(1, 2000))
		x.drive()
		x.expire(c)
		x.expire(c)
		if i := c.Info(); i.Cwnd >= 2000 || i.Flight > 1 {
			t.Fatalf("got %d bytes in flight, and a window of %d", i.Flight, i.Cwnd)
		}
		echo := answer.Options.TSVal
		if !first {
			echo = x.out[len(x.out)-1].Options.TSVal
		}
		x.out = nil
		in := &tcp.Segment{Header: tcp.Header{Flags: A, Seq: 511, Ack: c.Vars().ISS + 1, Wnd: 3000, Options: tcp.Options{HasTS: true, TSVal: 9, TSEcr: echo}}}
		c.Arrive(x.now, in)
		x.drive()
		i := c.Info()
		if first && (len(x.out) != 0 || i.Flight != 2000 || i.Cwnd < 9880) || !first && (len(x.out) != 1 || i.Cwnd > 2000) {
			t.Errorf("the first was answered: %v: got %d segments, %d bytes in flight, and a window of %d", first, len(x.out), i.Flight, i.Cwnd)
		}
	}
}

// The SYN comes again, because our SYN,ACK was lost: its text is not delivered twice.
func TestRepeatedSynWithText(t *testing.T) {
	x := newFastServer(t, 1)
	c, _ := x.syn(1, 10, x.cookie(1))
	x.arrive(c, S, 0, 0, 0)
	x.arrive(c, S, 0, 0, 10)
	if len(x.out) != 2 || x.out[0].Flags != S|A || x.out[1].Ack != 511 {
		t.Fatalf("got %+v, want two SYN,ACKs", x.out)
	}
	x.read(c, 10)
}

// A RST in the handshake ends the connection; its text stays for whoever accepts it.
func TestResetOfAFastOpen(t *testing.T) {
	x := newFastServer(t, 1)
	c, _ := x.syn(1, 10, x.cookie(1))
	x.arrive(c, R, 11, 0, 0)
	if c.State() != tcp.Closed || c.Cause() != tcp.CauseReset || x.l.Accept() != c {
		t.Fatalf("got %v, %v", c.State(), c.Cause())
	}
	x.read(c, 10)
}

// §5.1: the number in the handshake is bounded. One that is reset after it was accepted keeps its place for a minute.
func TestQueueOfFastOpens(t *testing.T) {
	x := newFastServer(t, 2)
	taken := func(i int) *tcp.Conn {
		t.Helper()
		c, answer := x.syn(i, 10, x.cookie(i))
		if answer.Ack != 511 {
			return nil
		}
		x.l.Accept()
		return c
	}
	first, second := taken(1), taken(2)
	if first == nil || second == nil || taken(3) != nil {
		t.Fatal("two and no more are to be taken")
	}
	x.arrive(first, A, 11, 1, 0)
	if x.arrive(second, R, 11, 0, 0); x.l.FastOpenPending() != 1 {
		t.Fatalf("got %d places taken, want that of the reset one", x.l.FastOpenPending())
	}
	x.arrive(first, R, 11, 0, 0)
	if third := taken(4); third == nil || taken(5) != nil {
		t.Fatal("one more is to be taken")
	}
	x.now = x.now.Add(time.Minute - 1)
	if taken(6) != nil {
		t.Fatal("the place is free too early")
	}
	x.now++
	if taken(7) == nil || taken(8) != nil {
		t.Fatal("the place is free after a minute")
	}
}

// One that is reset before anybody has accepted it gives its place back: it takes one in the accept queue.
func TestResetBeforeAccept(t *testing.T) {
	x := newFastServer(t, 1)
	c, _ := x.syn(1, 10, x.cookie(1))
	if x.arrive(c, R, 11, 0, 0); x.l.FastOpenPending() != 0 {
		t.Errorf("got %d places taken", x.l.FastOpenPending())
	}
	x.l.Accept()
	if _, answer := x.syn(2, 10, x.cookie(2)); answer.Ack != 511 {
		t.Error("the next is not taken")
	}
}

// An ICMP error ends a handshake, but no connection that the application has.
func TestICMPErrorForAFastOpen(t *testing.T) {
	for _, accepted := range []bool{false, true} {
		x := newFastServer(t, 1)
		c, _ := x.syn(1, 10, x.cookie(1))
		want := tcp.Closed
		if accepted {
			x.l.Accept()
			want = tcp.SynReceived
		}
		c.ICMP(x.now, tcp.ICMPError{Cause: tcp.CauseHostUnreachable, Seq: c.Vars().ISS})
		if got := c.State(); got != want {
			t.Errorf("accepted %v: got %v, want %v", accepted, got, want)
		}
	}
}

// A SYN,ACK that nobody answers is sent once more than for others, and then the application hears of it.
func TestFastOpenTimesOut(t *testing.T) {
	x := newFastServer(t, 1)
	c, _ := x.syn(1, 10, x.cookie(1))
	x.l.Accept()
	for c.Deadline() != 0 {
		x.expire(c)
	}
	if len(x.out) != 6 || c.Cause() != tcp.CauseTimeout || x.l.FastOpenPending() != 0 {
		t.Errorf("got %d SYN,ACKs, %v and %d places taken, want 6, timed out and none", len(x.out), c.Cause(), x.l.FastOpenPending())
	}
}

// Closing the listener resets what nobody has accepted.
func TestListenerClosesFastOpens(t *testing.T) {
	x := newFastServer(t, 2)
	c, _ := x.syn(1, 10, x.cookie(1))
	kept, _ := x.syn(2, 10, x.cookie(2))
	if x.l.Accept() != c {
		t.Fatal("the first is to be accepted first")
	}
	c, kept = kept, c
	all := x.l.Close(x.now)
	x.drive()
	if len(all) != 1 || all[0] != c || len(x.out) != 1 || x.out[0].Flags != R|A || kept.State() != tcp.SynReceived {
		t.Errorf("got %d closed and %+v", len(all), x.out)
	}
}

// Text beyond the window is cut off. A SYN with a FIN is passed over.
func TestOddSynText(t *testing.T) {
	x := newFastServer(t, 1)
	x.l.SetConfig(tcp.Prepare(tcp.Config{ISN: wrapISN, RecvBuffer: 2048}))
	in := &tcp.Segment{Text: pattern(1, 5000)}
	in.Header = tcp.Header{Flags: S | F, Seq: 500, Wnd: 3000, Options: x.cookie(1)}
	if c, drop := x.l.Arrive(x.now, addrA, peer(1), 1500, in); c != nil || drop != ip.DropBadHandshake {
		t.Errorf("a SYN with a FIN: got %v and %v, want nothing", c, drop)
	}
	in = &tcp.Segment{Text: pattern(1, 5000)}
	in.Header = tcp.Header{Flags: S, Seq: 500, Wnd: 3000, Options: x.cookie(1)}
	c, _ := x.l.Arrive(x.now, addrA, peer(1), 1500, in)
	x.conns = append(x.conns, c)
	x.drive()
	if got := int(x.out[0].Ack) - 501; c.Readable() != got || got > 2048 || got < 1000 || c.PeerFIN() {
		t.Errorf("%d bytes are acknowledged, %d readable, FIN %v", got, c.Readable(), c.PeerFIN())
	}
}
