package tcp_test

import (
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// Closing a connection: RFC 9293 §3.6, figures 12 and 13.

// Figure 12, the side that closes first. MUST-13.
func TestNormalCloseActive(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.closeWrite()
	p.want(seg(F|A, 1, 1), tcp.WhyFin)
	p.wantState(tcp.FinWait1)
	p.arrive(seg(A, 1, 2))
	p.wantState(tcp.FinWait2)
	p.arrive(seg(F|A, 1, 2))
	p.want(seg(A, 2, 2), tcp.WhyAck)
	p.wantState(tcp.TimeWait)
	p.wantDeadline(60 * time.Second)
	p.expire()
	p.wantClosed(tcp.CauseDone)
}

// Figure 12, the other side. MUST-12: the application sees the end of the text.
func TestNormalClosePassive(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.arrive(seg(F|A, 1, 1))
	p.want(seg(A, 1, 2), tcp.WhyAck)
	p.wantState(tcp.CloseWait)
	if !p.c.EOF() || !p.c.PeerFIN() {
		t.Error("the FIN does not show")
	}
	p.closeWrite()
	p.want(seg(F|A, 1, 2), tcp.WhyFin)
	p.wantState(tcp.LastAck)
	p.arrive(seg(A, 2, 2))
	p.wantClosed(tcp.CauseDone)
}

// Figure 13.
func TestSimultaneousClose(t *testing.T) {
	p := newConnTest(t, tcp.FinWait1)
	p.arrive(seg(F|A, 1, 1))
	p.want(seg(A, 2, 2), tcp.WhyAck)
	p.wantState(tcp.Closing)
	p.arrive(seg(A, 2, 2))
	p.wantState(tcp.TimeWait)
	p.wantDeadline(60 * time.Second)
	p.expire()
	p.wantClosed(tcp.CauseDone)
}

// §3.10.7.4, eighth: "if our FIN has been ACKed (perhaps in this segment), then enter TIME-WAIT".
func TestFinWithTheAckOfOurs(t *testing.T) {
	p := newConnTest(t, tcp.FinWait1)
	p.arrive(seg(F|A, 1, 2))
	p.want(seg(A, 2, 2), tcp.WhyAck)
	p.wantState(tcp.TimeWait)
}

// A half-closed connection still receives.
func TestHalfClose(t *testing.T) {
	for _, state := range []tcp.State{tcp.FinWait1, tcp.FinWait2} {
		t.Run(state.String(), func(t *testing.T) {
			p := newConnTest(t, state)
			p.arrive(seg(A, 1, 2).bytes(100))
			p.want(seg(A, 2, 101), tcp.WhyAck)
			p.receive(100)
			p.wantState(tcp.FinWait2)
			if p.c.CanSend() || p.c.Send(p.now, []byte("x")) != 0 {
				t.Error("it still sends")
			}
			p.advance(time.Hour) // nobody closed reading: FIN-WAIT-2 may last
			p.wantState(tcp.FinWait2)
			p.arrive(seg(F|A, 101, 2).bytes(5))
			p.want(seg(A, 2, 107), tcp.WhyAck)
			p.receive(5)
			p.wantState(tcp.TimeWait)
		})
	}
}

// And the other half still sends.
func TestSendAfterThePeersFin(t *testing.T) {
	p := newConnTest(t, tcp.CloseWait)
	p.send(100)
	p.want(seg(P|A, 1, 2).bytes(100), tcp.WhyData)
	p.arrive(seg(A, 2, 101))
	p.closeWrite()
	p.want(seg(F|A, 101, 2), tcp.WhyFin)
	p.arrive(seg(A, 2, 102))
	p.wantClosed(tcp.CauseDone)
}

// §3.10.4: the FIN goes with the last text, and the state changes at once.
func TestFinGoesWithTheText(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	if n := p.c.Send(p.now, pattern(1, 10)); n != 10 {
		t.Fatalf("Send took %d bytes", n)
	}
	p.c.CloseWrite(p.now)
	p.wantState(tcp.FinWait1)
	p.drain()
	p.want(seg(F|P|A, 1, 1).bytes(10), tcp.WhyData)
	p.arrive(seg(A, 1, 12))
	p.wantState(tcp.FinWait2)
}

// The peer's FIN is lost, or comes again, in every state that has seen it.
func TestRepeatedFinIsAcknowledged(t *testing.T) {
	for _, at := range places {
		if at.rcvNxt != 2 {
			continue
		}
		t.Run(at.state.String(), func(t *testing.T) {
			p := newConnTest(t, at.state)
			for range 3 {
				p.arrive(seg(F|A, 1, 1))
				p.want(seg(A, at.nxt, 2), tcp.WhyNone)
			}
			p.wantState(at.state)
		})
	}
}

// §3.10.7.4, eighth: a repeated FIN starts the 2 MSL of TIME-WAIT again. MUST-13.
func TestRepeatedFinRestartsTimeWait(t *testing.T) {
	p := newConnTest(t, tcp.TimeWait)
	p.advance(40 * time.Second)
	p.arrive(seg(F|A, 1, 2))
	p.want(seg(A, 2, 2), tcp.WhyTimeWaitAck)
	p.wantDeadline(60 * time.Second)
	p.advance(59 * time.Second)
	p.wantState(tcp.TimeWait)
	p.advance(time.Second)
	p.wantClosed(tcp.CauseDone)
}

// Config.MSL changes how long that is.
func TestTimeWaitLastsTwiceTheMSL(t *testing.T) {
	p := newConnTest(t, tcp.TimeWait, func(s *setup) { s.cfg.MSL = 2 * time.Minute })
	p.wantDeadline(4 * time.Minute)
}

// §3.10.7.4, seventh: nothing follows a FIN.
func TestTextAfterTheFinIsIgnored(t *testing.T) {
	for _, state := range []tcp.State{tcp.CloseWait, tcp.Closing, tcp.LastAck, tcp.TimeWait} {
		t.Run(state.String(), func(t *testing.T) {
			p := newConnTest(t, state)
			p.arrive(seg(A, 2, 1).bytes(10))
			p.wantReadable(0)
			p.wantState(state)
		})
	}
}

// §3.10.7.4, eighth: the FIN waits for the text before it.
func TestFinOutOfOrder(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.arrive(seg(F|A, 11, 1).bytes(10))
	p.want(seg(A, 1, 1), tcp.WhyDupAck)
	p.wantState(tcp.Established)
	p.arrive(seg(A, 1, 1).bytes(10))
	p.want(seg(A, 1, 22), tcp.WhyAck)
	p.wantState(tcp.CloseWait)
	p.receive(20)
	if !p.c.EOF() {
		t.Error("no EOF")
	}
}

// CloseRead throws away what came and what still comes, and says nothing.
func TestCloseRead(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.arrive(seg(A, 1, 1).bytes(100))
	p.want(seg(A, 1, 101), tcp.WhyAck)
	p.closeRead()
	p.wantReadable(0)
	if !p.c.EOF() || p.c.PeerFIN() {
		t.Error("want EOF for the reader and no FIN of the peer")
	}
	for i := range 100 {
		p.arrive(seg(A, 101+1000*i, 1).bytes(1000))
	}
	p.wantReadable(0)
	p.advance(200 * ms)
	if got := p.out[len(p.out)-1]; got.ack != 100_101 || got.wnd < 60_000 {
		t.Errorf("got ack %d and a window of %d", got.ack, got.wnd)
	}
	p.skip(len(p.out))
	p.closeRead()
	p.wantNothing()
}

// Close when all was read: the usual sequence, and FIN-WAIT-2 does not last for ever.
func TestCloseLimitsFinWait2(t *testing.T) {
	for _, test := range []struct {
		name string
		act  func(p *connTest)
	}{
		{"closed before the FIN was acknowledged", func(p *connTest) { p.close(); p.skip(1); p.arrive(seg(A, 1, 2)) }},
		{"closed after that", func(p *connTest) { p.closeWrite(); p.skip(1); p.arrive(seg(A, 1, 2)); p.close() }},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newConnTest(t, tcp.Established)
			test.act(p)
			p.wantState(tcp.FinWait2)
			p.wantDeadline(60 * time.Second)
			p.expire()
			p.wantClosed(tcp.CauseDone)
		})
	}
}

// SHLD-3: Close with unread text tells the peer that it was lost.
func TestCloseWithUnreadText(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.arrive(seg(A, 1, 1).bytes(10))
	p.skip(1)
	p.send(5)
	p.skip(1)
	p.close()
	p.want(seg(R|A, 6, 11), tcp.WhyReset)
	p.wantClosed(tcp.CauseAborted)
}

// But not text that had come before, and comes again because our ACK of it was lost.
func TestRepeatedTextAfterClose(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.arrive(seg(A, 1, 1).bytes(10))
	p.skip(1)
	p.receive(10)
	p.close()
	p.want(seg(F|A, 1, 11), tcp.WhyFin)
	p.arrive(seg(A, 1, 1).bytes(10))
	p.want(seg(A, 2, 11), tcp.WhyDupAck)
	p.wantState(tcp.FinWait1)
}

// §3.10.4: Close in SYN-RECEIVED. The FIN waits for the handshake.
func TestCloseInSynReceived(t *testing.T) {
	p := newConnTest(t, tcp.SynReceived)
	p.send(3)
	p.closeWrite()
	p.wantNothing()
	p.wantState(tcp.FinWait1)
	p.arrive(seg(A, 1, 1))
	p.want(seg(F|P|A, 1, 1).bytes(3), tcp.WhyData)
	p.arrive(seg(A, 1, 5))
	p.wantState(tcp.FinWait2)
}

// §3.10.4: Close in LISTEN and SYN-SENT deletes the TCB, and nothing is sent.
func TestCloseBeforeTheHandshake(t *testing.T) {
	for _, state := range []tcp.State{tcp.Listen, tcp.SynSent} {
		t.Run(state.String(), func(t *testing.T) {
			p := newConnTest(t, state)
			p.close()
			p.wantClosed(tcp.CauseAborted)
		})
	}
}

// A second Close or CloseWrite does nothing.
func TestCloseTwice(t *testing.T) {
	for _, at := range places {
		t.Run(at.state.String(), func(t *testing.T) {
			p := newConnTest(t, at.state)
			p.close()
			state := p.c.State()
			p.skip(len(p.out))
			p.close()
			p.closeWrite()
			p.wantNothing()
			p.wantState(state)
		})
	}
}

// MAY-13: one without any text shows a gap as well.
func TestFinAloneOutOfOrder(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.arrive(seg(F|A, 11, 1))
	p.want(seg(A, 1, 1), tcp.WhyDupAck)
	p.arrive(seg(A, 1, 1).bytes(10))
	p.want(seg(A, 1, 12), tcp.WhyAck)
	p.wantState(tcp.CloseWait)
	p.receive(10)
}

// Text goes on behind what was said to be the end: the end is not believed, and the text is.
func TestTextBeyondAnEarlierFin(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.arrive(seg(F|A, 11, 1))
	p.skip(1)
	p.arrive(seg(A, 1, 1).bytes(20))
	p.skip(1)
	p.wantState(tcp.Established)
	p.receive(20)
	p.arrive(seg(F|A, 21, 1))
	p.want(seg(A, 1, 22), tcp.WhyAck)
	p.wantState(tcp.CloseWait)
}
