package tcp_test

import (
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// Abort, RFC 9293 §3.10.5, and what is left of a connection that has ended.

func TestAbort(t *testing.T) {
	for _, test := range []struct {
		state tcp.State
		want  segment // without flags: nothing is sent
	}{
		{tcp.Listen, segment{}},
		{tcp.SynSent, segment{}},
		{tcp.SynReceived, seg(R|A, 1, 1)},
		{tcp.Established, seg(R|A, 1, 1)},
		{tcp.FinWait1, seg(R|A, 2, 1)},
		{tcp.FinWait2, seg(R|A, 2, 1)},
		{tcp.CloseWait, seg(R|A, 1, 2)},
		{tcp.Closing, seg(R|A, 2, 2)},
		{tcp.LastAck, seg(R|A, 2, 2)},
		{tcp.TimeWait, segment{}},
	} {
		t.Run(test.state.String(), func(t *testing.T) {
			p := newConnTest(t, test.state)
			p.abort()
			if test.want.flags != 0 {
				p.want(test.want, tcp.WhyReset)
			}
			p.wantClosed(tcp.CauseAborted)
			p.abort()
			p.close()
		})
	}
}

// What waits to be sent is not sent any more, and memory goes home.
func TestAbortThrowsAwayWhatWaits(t *testing.T) {
	memory := new(tcp.Memory)
	p := newConnTest(t, tcp.Established, window(1000), func(s *setup) { s.cfg.Memory = memory })
	p.send(100_000)
	p.want(seg(A, 1, 1).bytes(1000), tcp.WhyData)
	p.abort()
	p.want(seg(R|A, 1001, 1), tcp.WhyReset)
	p.wantClosed(tcp.CauseAborted)
	if got := memory.Used(); got != 0 {
		t.Errorf("%d bytes of send buffer are still in use", got)
	}
}

// LAST-ACK and CLOSING: unread text makes Close a reset there as well, because what we
// have sent may not have arrived. SHLD-3.
func TestCloseWithUnreadTextBehindBothFins(t *testing.T) {
	for _, test := range []struct {
		name string
		make func(p *connTest)
		want tcp.State
	}{
		{"LAST-ACK", func(p *connTest) { p.arrive(seg(F|A, 1, 1).bytes(10)); p.closeWrite() }, tcp.LastAck},
		{"CLOSING", func(p *connTest) { p.closeWrite(); p.arrive(seg(F|A, 1, 1).bytes(10)) }, tcp.Closing},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newConnTest(t, tcp.Established)
			test.make(p)
			p.skip(2)
			p.wantState(test.want)
			p.close()
			p.want(seg(R|A, 2, 12), tcp.WhyReset)
			p.wantClosed(tcp.CauseAborted)
		})
	}
}

// In TIME-WAIT both sides have everything: Close must not cut the wait short. MUST-13.
func TestCloseWithUnreadTextInTimeWait(t *testing.T) {
	p := newConnTest(t, tcp.FinWait2)
	p.arrive(seg(F|A, 1, 2).bytes(10))
	p.want(seg(A, 2, 12), tcp.WhyAck)
	p.close()
	p.wantState(tcp.TimeWait)
	p.wantReadable(0)
	p.advance(60 * time.Second)
	p.wantClosed(tcp.CauseDone)
}

// MUST-12: what was received before a reset stays readable, and the cause tells it from a FIN.
func TestTextBeforeAResetIsReadable(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.arrive(seg(A, 1, 1).bytes(10))
	p.skip(1)
	p.arrive(seg(R, 11, 0))
	p.wantClosed(tcp.CauseReset)
	p.receive(10)
	if p.c.EOF() || p.c.PeerFIN() {
		t.Error("a reset reads as a FIN")
	}
	p.close()
}

// Every call on a connection that has ended is harmless.
func TestCallsAfterTheEnd(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.arrive(seg(R, 1, 0))
	p.c.TakeChanges()
	p.closeWrite()
	p.closeRead()
	p.close()
	p.abort()
	p.c.SetKeepAlive(p.now, tcp.KeepAlive{Enable: true})
	p.c.SetUserTimeout(time.Second)
	p.c.ICMP(p.now, tcp.ICMPError{TooBig: true, MTU: 600})
	p.arrive(seg(A, 1, 1).bytes(10))
	if p.c.Send(p.now, []byte("x")) != 0 || p.c.SendUrgent(p.now, []byte("x")) != 0 || p.c.Writable() != 0 {
		t.Error("it still sends")
	}
	p.advance(time.Hour)
	p.wantClosed(tcp.CauseReset)
}

// §3.10.7.1: segments for a port that nobody listens on.
func TestReplyReset(t *testing.T) {
	for _, test := range []struct {
		name string
		in   tcp.Segment
		want tcp.Header // without flags: no answer
	}{
		{"SYN", tcp.Segment{Header: tcp.Header{Seq: ^tcp.Seq(0), Flags: S}}, tcp.Header{Flags: R | A, Ack: 0}},
		{"SYN and FIN with text", tcp.Segment{Header: tcp.Header{Seq: 10, Flags: S | F}, Text: make([]byte, 5)}, tcp.Header{Flags: R | A, Ack: 17}},
		{"text without ACK", tcp.Segment{Header: tcp.Header{Seq: 10, Flags: P}, Text: make([]byte, 5)}, tcp.Header{Flags: R | A, Ack: 15}},
		{"nothing", tcp.Segment{Header: tcp.Header{Seq: 10}}, tcp.Header{Flags: R | A, Ack: 10}},
		{"ACK", tcp.Segment{Header: tcp.Header{Seq: 10, Ack: 77, Flags: A}}, tcp.Header{Flags: R, Seq: 77}},
		{"SYN,ACK", tcp.Segment{Header: tcp.Header{Seq: 10, Ack: 77, Flags: S | A}}, tcp.Header{Flags: R, Seq: 77}},
		{"RST", tcp.Segment{Header: tcp.Header{Seq: 10, Flags: R}}, tcp.Header{}},
		{"RST with ACK and SYN", tcp.Segment{Header: tcp.Header{Seq: 10, Flags: R | S | A}}, tcp.Header{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.in.SrcPort, test.in.DstPort = 4000, 80
			var out tcp.Output
			out.Len, out.GSO, out.Nth = 7, 8, 9 // left over from another segment
			got := tcp.ReplyReset(&test.in, &out)
			if want := test.want.Flags != 0; got != want {
				t.Fatalf("got an answer: %v, want %v", got, want)
			}
			if !got {
				return
			}
			test.want.SrcPort, test.want.DstPort = 80, 4000
			if out.Header != test.want || out.Len != 0 || out.GSO != 0 || out.Nth != 0 || out.Why != tcp.WhyReset {
				t.Errorf("got %+v, want the header %+v", out, test.want)
			}
		})
	}
}

// A writer that copies outside of the lock, and CloseWrite meanwhile: the FIN waits for what it commits.
func TestCloseWriteBetweenReserveAndCommit(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	room := p.c.Reserve(100)
	p.closeWrite()
	p.wantNothing()
	p.wantState(tcp.FinWait1)
	copy(room, pattern(1, 100))
	p.c.Commit(p.now, 100, 0)
	p.drain()
	p.want(seg(F|P|A, 1, 1).bytes(100), tcp.WhyData)
}

// The connection ends meanwhile: Commit is harmless, and the memory goes home.
func TestEndBetweenReserveAndCommit(t *testing.T) {
	memory := new(tcp.Memory)
	p := newConnTest(t, tcp.Established, func(s *setup) { s.cfg.Memory = memory })
	room := p.c.Reserve(100)
	p.arrive(seg(R, 1, 0))
	copy(room, pattern(1, 100))
	p.c.Commit(p.now, 100, 0)
	p.drain()
	p.wantClosed(tcp.CauseReset)
	if got := memory.Used(); got != 0 {
		t.Errorf("%d bytes of send buffer are still in use", got)
	}
}

// Text behind a gap can never be read once the connection has ended, or the peer's FIN lies before it. It
// goes at once, and does not wait for Close.
func TestTextOutOfOrderIsFreedAtTheEnd(t *testing.T) {
	for _, test := range []struct {
		name string
		end  segment
		left int // packets
	}{
		{"reset", seg(R, 1001, 0), 1},
		{"FIN before it", seg(F|A, 1001, 1), 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newConnTest(t, tcp.Established, sack)
			p.arrive(seg(A, 1, 1).bytes(1000), seg(A, 2001, 1).bytes(1000), seg(A, 4001, 1).bytes(1000))
			p.skip(len(p.out))
			p.arrive(test.end)
			if got := len(p.buffers.out); got != test.left {
				t.Errorf("%d packets are held, want %d", got, test.left)
			}
			for _, o := range p.out {
				if n := o.out.Options.NumSACK; n > 0 {
					t.Errorf("%d SACK blocks behind the end", n)
				}
			}
			p.skip(len(p.out))
			p.receive(1000)
		})
	}
}
