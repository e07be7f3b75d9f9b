package tcp_test

import (
	"testing"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// Urgent text: RFC 9293 §3.8.5.

// MUST-30, MUST-62: the pointer names the octet behind the urgent text, in every segment until that is acknowledged.
func TestSendUrgent(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	if n := p.c.SendUrgent(p.now, pattern(1, 10)); n != 10 {
		t.Fatalf("SendUrgent took %d bytes", n)
	}
	p.wrote += 10
	p.drain()
	p.want(seg(U|P|A, 1, 1).bytes(10).urgent(10), tcp.WhyData)
	p.c.SetNoDelay(true)
	p.send(5) // not urgent
	p.want(seg(P|A, 11, 1).bytes(5), tcp.WhyData)
	p.expire()
	p.want(seg(U|A, 1, 1).bytes(10).urgent(10), tcp.WhyRTO)
	p.want(seg(P|A, 11, 1).bytes(5), tcp.WhyRTO)
	p.arrive(seg(A, 1, 16))
	p.send(5)
	p.want(seg(P|A, 16, 1).bytes(5), tcp.WhyData)
}

// MUST-31: urgent text of any length. Where the pointer cannot reach its end, it is sent later.
func TestUrgentTextOfAnyLength(t *testing.T) {
	p := newConnTest(t, tcp.Established, scaled(7), window(60_000), func(s *setup) { s.cfg.InitialWindow = 200; s.syn.MSS = 1460 })
	p.arrive(seg(A, 1, 1))
	p.c.SetGSO(65_535)         // a pointer for many segments is none: they are not merged
	const n = 65_535 + 20*1460 // one segment is exactly as far from the end as the pointer reaches
	if got := p.c.SendUrgent(p.now, pattern(1, n)); got != n {
		t.Fatalf("SendUrgent took %d bytes", got)
	}
	p.drain()
	for _, o := range p.out {
		ahead := n + 1 - o.seq
		if o.flags.Has(U) != (ahead <= 65_535) || o.flags.Has(U) && o.urg != ahead || len(o.text) > 1460 {
			t.Fatalf("got %v, %d bytes before the end of urgent text", p.format(o.segment), ahead)
		}
	}
	p.skip(len(p.out))
	p.arrive(seg(A, 1, n+1))
}

// MUST-32, MUST-33: the application hears of each advance, once, and can ask how far it is.
func TestReceiveUrgent(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.c.TakeChanges()
	told := func(want bool, ahead int) {
		t.Helper()
		if got := p.c.TakeChanges()&tcp.ChangeUrgent != 0; got != want {
			t.Errorf("the application was told: %v, want %v", got, want)
		}
		if got := p.c.UrgentAhead(); got != ahead {
			t.Errorf("got %d bytes up to the end of urgent text, want %d", got, ahead)
		}
	}
	p.arrive(seg(U|A, 1, 1).bytes(10).urgent(50)) // beyond what has come
	told(true, 50)
	p.arrive(seg(U|A, 11, 1).bytes(10).urgent(40)) // the same place
	told(false, 50)
	p.receive(15)
	told(false, 35)
	p.arrive(seg(U|A, 21, 1).bytes(10).urgent(20)) // before it
	told(false, 35)
	p.arrive(seg(U|A, 31, 1).bytes(30).urgent(30)) // beyond it
	told(true, 45)
	p.receive(45)
	told(false, 0)
	p.skip(len(p.out))
}

// The FIN takes a number, and no byte.
func TestUrgentTextBeforeAFin(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.arrive(seg(F|U|A, 1, 1).bytes(10).urgent(10))
	p.skip(1)
	p.receive(4)
	if got := p.c.UrgentAhead(); got != 6 {
		t.Errorf("got %d bytes up to the end of urgent text, want 6", got)
	}
	p.receive(6)
	if got := p.c.UrgentAhead(); got != 0 {
		t.Errorf("got %d bytes at the end", got)
	}
}

// MUST-66: an urgent pointer counts although the window is closed.
func TestUrgentPointerIntoAClosedWindow(t *testing.T) {
	p := newConnTest(t, tcp.Established, func(s *setup) { s.cfg.RecvBuffer = 2920 })
	p.arrive(seg(A, 1, 1).bytes(2920))
	p.skip(1)
	p.arrive(seg(U|A, 2921, 1).bytes(1).urgent(1))
	p.want(seg(A, 1, 2921).win(0), tcp.WhyDupAck)
	if got := p.c.UrgentAhead(); got != 2921 {
		t.Errorf("got %d bytes up to the end of urgent text, want 2921", got)
	}
}

// MUST-66: so do a RST and an ACK.
func TestResetAndAckIntoAClosedWindow(t *testing.T) {
	p := newConnTest(t, tcp.Established, func(s *setup) { s.cfg.RecvBuffer = 2920 })
	p.send(5)
	p.skip(1)
	p.arrive(seg(A, 1, 1).bytes(2920))
	p.skip(1)
	p.arrive(seg(A, 2921, 6).bytes(1))
	p.skip(1)
	if got := p.c.Info().Unacked; got != 0 {
		t.Errorf("got %d bytes unacknowledged, want none", got)
	}
	p.arrive(seg(R, 2921, 0))
	p.wantClosed(tcp.CauseReset)
}

// §3.10.7.4, sixth: nothing is urgent after the peer's FIN.
func TestUrgentPointerAfterTheFin(t *testing.T) {
	for _, state := range []tcp.State{tcp.CloseWait, tcp.Closing, tcp.LastAck, tcp.TimeWait} {
		p := newConnTest(t, state)
		p.arrive(seg(U|A, 2, 1).urgent(100))
		if got := p.c.UrgentAhead(); got != 0 {
			t.Errorf("%v: got %d", state, got)
		}
	}
}

// A pointer to what was received long ago means nothing.
func TestOldUrgentPointer(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.c.TakeChanges()
	p.arrive(seg(A, 1, 1).bytes(100))
	p.skip(1)
	p.arrive(seg(U|A, 101, 1).urgent(0))
	if p.c.UrgentAhead() != 0 || p.c.TakeChanges()&tcp.ChangeUrgent != 0 {
		t.Error("the application was told of urgent text")
	}
	p.receive(100)
}
