package tcp_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Listening for many: RFC 9293 §3.10.7.2.

// A listening is a listener with a host around it, as small as can be.
type listening struct {
	t        *testing.T
	l        *tcp.Listener
	buffers  pool
	children map[netip.AddrPort]*tcp.Conn
	resets   int // answers to what belongs to no connection
}

func newListening(t *testing.T, backlog int) *listening {
	x := &listening{t: t, buffers: newPool(t), children: map[netip.AddrPort]*tcp.Conn{}}
	x.l = tcp.NewListener(tcp.Prepare(tcp.Config{ISN: wrapISN}), backlog)
	t.Cleanup(func() {
		if n := len(x.buffers.out); n > 0 && !t.Failed() {
			t.Errorf("%d packets were never freed", n)
		}
	})
	return x
}

// peer is the i-th of many.
func peer(i int) netip.AddrPort { return netip.AddrPortFrom(addrB.Addr(), uint16(40_000+i)) }

// arrive hands a segment from peer i to its connection, or to the listener.
func (x *listening) arrive(i int, flags tcp.Flags, seq, ack tcp.Seq) (ip.Drop, *tcp.Conn) {
	in := x.buffers.segment(nil)
	in.Header = tcp.Header{Flags: flags, Seq: seq, Ack: ack, Wnd: 1000, SrcPort: peer(i).Port(), DstPort: addrA.Port()}
	if c := x.children[peer(i)]; c != nil {
		c.Arrive(start, in)
		x.drain(c)
		return ip.NoDrop, c
	}
	h := *in
	c, drop := x.l.Arrive(start, addrA, peer(i), 1500, in)
	if c != nil {
		x.children[peer(i)] = c
		x.drain(c)
	} else if drop == ip.DropBadHandshake && flags.Has(A) {
		var out tcp.Output
		if tcp.ReplyReset(&h, &out) {
			x.resets++
		}
	}
	return drop, c
}

// drain sends what a child has to send to nowhere, and forgets it when it is dead.
func (x *listening) drain(c *tcp.Conn) (flags []tcp.Flags) { return x.drainAt(c, start) }

func (x *listening) drainAt(c *tcp.Conn, now ip.Time) (flags []tcp.Flags) {
	x.t.Helper()
	var out tcp.Output
	for c.Next(now, &out) {
		flags = append(flags, out.Flags)
	}
	x.l.Update(c)
	if c.Dead() {
		delete(x.children, c.Remote())
	}
	return flags
}

// connect goes through the handshake with peer i.
func (x *listening) connect(i int) *tcp.Conn {
	x.t.Helper()
	_, c := x.arrive(i, S, 500, 0)
	if c == nil {
		x.t.Fatalf("no connection for peer %d", i)
	}
	x.arrive(i, A, 501, c.Vars().ISS+1)
	return c
}

func (x *listening) wantPending(half, ready int) {
	x.t.Helper()
	if h, r := x.l.Pending(); h != half || r != ready {
		x.t.Fatalf("got %d in the handshake and %d ready, want %d and %d", h, r, half, ready)
	}
}

func TestListenerAcceptsInOrder(t *testing.T) {
	x := newListening(t, 10)
	var want []*tcp.Conn
	for i := range 3 {
		want = append(want, x.connect(i))
	}
	x.wantPending(0, 3)
	if x.l.Update(want[0]) {
		t.Error("a connection that is ready becomes ready again")
	}
	for _, w := range want {
		if got := x.l.Accept(); got != w || got.State() != tcp.Established {
			t.Fatalf("got %v, want the oldest", got)
		}
	}
	if got := x.l.Accept(); got != nil {
		t.Errorf("got %v from an empty queue", got)
	}
}

// §3.10.7.2: what is no SYN.
func TestListenerDropsWhatIsNoSyn(t *testing.T) {
	x := newListening(t, 10)
	for _, test := range []struct {
		flags  tcp.Flags
		want   ip.Drop
		resets int
	}{
		{R, ip.DropReset, 0}, {R | S, ip.DropReset, 0}, {A, ip.DropBadHandshake, 1}, {S | A, ip.DropBadHandshake, 2}, {F, ip.DropBadHandshake, 2},
	} {
		if got, _ := x.arrive(1, test.flags, 500, 7); got != test.want || x.resets != test.resets {
			t.Errorf("%v: got %v and %d resets in all, want %v and %d", test.flags, got, x.resets, test.want, test.resets)
		}
	}
	x.wantPending(0, 0)
}

// The backlog bounds both queues; a SYN beyond it is dropped without a word, so that the peer tries again.
func TestBacklog(t *testing.T) {
	x := newListening(t, 3)
	for i := range 3 {
		x.arrive(i, S, 500, 0)
	}
	x.wantPending(3, 0)
	if got, c := x.arrive(3, S, 500, 0); got != ip.DropBacklog || c != nil {
		t.Errorf("too many in the handshake: got %v", got)
	}
	for i := range 3 {
		x.arrive(i, A, 501, x.children[peer(i)].Vars().ISS+1)
	}
	x.wantPending(0, 3)
	if got, c := x.arrive(3, S, 500, 0); got != ip.DropBacklog || c != nil {
		t.Errorf("too many that nobody accepts: got %v", got)
	}
	x.l.Accept()
	if got, c := x.arrive(3, S, 500, 0); got != ip.NoDrop || c == nil {
		t.Errorf("with room again: got %v", got)
	}
}

// A connection that ends before it was accepted stays in the queue: whoever accepts it finds out.
func TestEndInTheAcceptQueue(t *testing.T) {
	x := newListening(t, 2)
	c := x.connect(1)
	x.arrive(1, R, 501, 0)
	x.wantPending(0, 1)
	if got := x.l.Accept(); got != c || got.Cause() != tcp.CauseReset {
		t.Errorf("got %v, %v", got.State(), got.Cause())
	}
}

// A SYN that comes again belongs to the connection that it made.
func TestRepeatedSynMakesNoSecondConnection(t *testing.T) {
	x := newListening(t, 10)
	x.arrive(1, S, 500, 0)
	x.arrive(1, S, 500, 0)
	x.wantPending(1, 0)
}

// Close resets what nobody has accepted, in an order that a replay repeats.
func TestListenerClose(t *testing.T) {
	x := newListening(t, 10)
	for i := range 4 {
		x.connect(i)
	}
	accepted := x.l.Accept()
	for i := 8; i > 4; i-- {
		x.arrive(i, S, 500, 0)
	}
	all := x.l.Close(start)
	var got []netip.AddrPort
	for _, c := range all {
		got = append(got, c.Remote())
		if flags := x.drain(c); c.State() != tcp.Closed || !slices.Equal(flags, []tcp.Flags{R | A}) {
			t.Errorf("%v: got %v and %v, want a RST", c.Remote(), c.State(), flags)
		}
	}
	if want := []netip.AddrPort{peer(5), peer(6), peer(7), peer(8), peer(1), peer(2), peer(3)}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if accepted.State() != tcp.Established {
		t.Errorf("an accepted connection is in %v", accepted.State())
	}
	if d, c := x.arrive(20, S, 500, 0); c != nil || d != ip.DropBacklog {
		t.Errorf("a closed listener: got %v", d)
	}
	x.wantPending(0, 0)
}

// A backlog of nothing still takes one.
func TestSmallestBacklog(t *testing.T) {
	x := newListening(t, -5)
	x.connect(1)
	x.wantPending(0, 1)
}
