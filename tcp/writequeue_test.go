package tcp_test

import (
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// How writes become segments: pushes, corks, records, and the limit on unsent text.

// wantFlags wants a segment with exactly these flags.
func (p *connTest) wantFlags(flags tcp.Flags, seq, n int) {
	p.t.Helper()
	if got := p.want(seg(flags, seq, 1).bytes(n), tcp.WhyNone); got.flags != flags {
		p.t.Fatalf("got %v at %d, want %v", got.flags, seq, flags)
	}
}

// sendWith writes n bytes with flags.
func (p *connTest) sendWith(n int, f tcp.SendFlags) int {
	p.t.Helper()
	n = p.c.SendWith(p.now, pattern(p.wrote, n), f)
	p.wrote += n
	p.drain()
	return n
}

// MUST-61, and Linux's packets: on a long path they have two segments, and the last one of each has PSH.
func TestPushEndsPackets(t *testing.T) {
	for _, gso := range []int{0, 65_535} {
		p := newConnTest(t, tcp.SynSent)
		p.c.SetGSO(gso)
		p.advance(100 * time.Millisecond)
		p.arrive(p.peerSyn(S|A, 1))
		p.skip(1)
		p.send(4500)
		if gso > 0 {
			p.wantFlags(P|A, 1, 2000)
			p.wantFlags(P|A, 2001, 2000)
		} else {
			p.wantFlags(A, 1, 1000)
			p.wantFlags(P|A, 1001, 1000)
			p.wantFlags(A, 2001, 1000)
			p.wantFlags(P|A, 3001, 1000)
		}
		p.wantFlags(P|A, 4001, 500)
	}
}

// A long write is pushed every half window, in the middle of segments that go one by one.
func TestPushEveryHalfWindow(t *testing.T) {
	p := newConnTest(t, tcp.Established, window(20_000), func(s *setup) { s.cfg.InitialWindow = 1 })
	p.send(50_000)
	var pushed []int
	for at := 1; at <= 50_001; at += 1000 {
		p.c.SetGSO(0)
		for len(p.out) > 0 {
			if got := p.out[0]; got.flags.Has(P) && len(p.out) == 1 {
				pushed = append(pushed, got.seq+len(got.text))
			}
			p.skip(1)
		}
		p.arrive(seg(A, 1, min(at+1000, 50_001)))
	}
	p.skip(len(p.out))
	if len(pushed) < 4 {
		t.Errorf("got pushes at %v, want one every 10000 bytes or so", pushed)
	}
}

// TCP_CORK: only full segments go until it is pulled, until no more can be sent, or for as long as a probe waits (MUST-60).
func TestCork(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.c.SetCork(true)
	p.send(400)
	p.send(800)
	p.wantFlags(A, 1, 1000)
	p.wantNothing()
	p.c.SetCork(false)
	p.drain()
	p.wantFlags(P|A, 1001, 200)
	p.arrive(seg(A, 1, 1201))

	p.c.SetCork(true)
	p.send(10)
	p.wantNothing()
	p.c.SetNoDelay(true) // which pushes
	p.drain()
	p.wantFlags(P|A, 1201, 10)
	p.send(10)
	p.wantNothing()
	p.closeWrite()
	p.want(seg(F|P|A, 1211, 1).bytes(10), tcp.WhyData)
}

func TestCorkDoesNotHoldForEver(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.c.SetCork(true)
	p.send(10)
	p.wantNothing()
	p.expire()
	p.want(seg(P|A, 1, 1).bytes(10), tcp.WhyProbe)
}

// MSG_MORE: the write is held back like under a cork, and is not pushed, but the next write goes with it.
func TestSendMore(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.sendWith(40, tcp.SendMore)
	p.sendWith(40, tcp.SendMore)
	p.wantNothing()
	p.sendWith(40, 0)
	p.wantFlags(P|A, 1, 120)
	p.arrive(seg(A, 1, 121))
	p.sendWith(40, tcp.SendMore)
	p.c.SetNoDelay(true)
	p.drain()
	p.wantFlags(A, 121, 40)
	p.sendWith(1040, tcp.SendMore)
	p.wantFlags(A, 161, 1000)
	p.wantNothing()
	p.arrive(seg(A, 1, 1161)) // an ACK ends the waiting
	p.wantFlags(A, 1161, 40)
}

// MSG_EOR: no segment has text of two records, and each record goes without waiting for the other.
func TestEndOfRecord(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.send(10) // so that Nagle holds back what follows
	p.skip(1)
	for range 3 {
		p.sendWith(100, tcp.SendEOR)
	}
	p.sendWith(100, 0)
	p.want(seg(A, 11, 1).bytes(100), tcp.WhyData)
	p.want(seg(A, 111, 1).bytes(100), tcp.WhyData)
	p.want(seg(A, 211, 1).bytes(100), tcp.WhyData)
	p.wantNothing() // the last one may get company
	p.sendWith(50, 0)
	p.wantNothing()
	p.arrive(seg(A, 1, 311))
	p.wantFlags(P|A, 311, 150)
}

// TCP_NOTSENT_LOWAT: a write takes whole portions until as much is unsent, and ChangeWritable tells when half of it has gone.
func TestNotSentLowat(t *testing.T) {
	p := newConnTest(t, tcp.SynSent, window(32_896))
	p.advance(10 * time.Millisecond)
	p.arrive(p.peerSyn(S|A, 1))
	p.skip(1)
	p.c.SetNotSentLowat(4000)
	if got := p.sendWith(59_000, 0); got != 26_000 {
		t.Fatalf("got %d bytes written, want 26000", got)
	}
	p.skip(10)
	if got := p.c.Writable(); got != 0 {
		t.Errorf("got room for %d bytes, want none", got)
	}
	p.c.TakeChanges()
	for _, acked := range []int{2001, 4001, 6001} {
		p.arrive(seg(A, 1, acked))
		p.skip(4)
	}
	if got := p.c.Writable(); got == 0 && p.c.Info().Unsent < 4000 {
		t.Errorf("got no room with %d bytes unsent", p.c.Info().Unsent)
	}
	p.c.TakeChanges()
	p.arrive(seg(A, 1, 8001))
	p.skip(4)
	if p.c.TakeChanges()&tcp.ChangeWritable == 0 || p.c.Writable() == 0 {
		t.Error("got no room when nothing is unsent")
	}
}

// A writer is woken for a third of the buffer, not for each ACK.
func TestWriterHearsOfAThird(t *testing.T) {
	p := newConnTest(t, tcp.Established, func(s *setup) { s.cfg.SendBuffer = 6000 })
	p.send(6000)
	p.skip(6)
	p.c.TakeChanges()
	for _, step := range []struct {
		acked int
		hears bool
	}{{1001, false}, {1999, false}, {2001, true}, {3001, true}} {
		p.arrive(seg(A, 1, step.acked))
		if got := p.c.TakeChanges()&tcp.ChangeWritable != 0; got != step.hears {
			t.Errorf("with everything before %d acknowledged: the writer hears of room is %v, want %v", step.acked, got, step.hears)
		}
	}
}

// A write in parts is one write: nothing small goes before its end.
func TestWriteInParts(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.sendWith(300, tcp.SendPart)
	p.wantNothing()
	p.sendWith(900, tcp.SendPart)
	p.wantFlags(A, 1, 1000)
	p.wantNothing()
	p.c.Push(p.now)
	p.drain()
	p.wantFlags(P|A, 1001, 200)
	p.c.Push(p.now) // changes nothing
	p.sendWith(100, tcp.SendPart)
	p.wantNothing()
	p.sendWith(0, 0)
	p.arrive(seg(A, 1, 1201))
	p.wantFlags(P|A, 1201, 100)
}

// TCP_MAXSEG bounds both directions.
func TestMaxSeg(t *testing.T) {
	p := newConnTest(t, tcp.Closed)
	p.c.SetMaxSeg(900)
	p.open()
	if got := p.want(seg(S, 0, 0), tcp.WhySyn); got.opts.MSS != 900 {
		t.Errorf("got an MSS of %d in our SYN, want 900", got.opts.MSS)
	}
	p.arrive(p.peerSyn(S|A, 1))
	p.skip(1)
	if i := p.c.Info(); i.SendMSS != 900 || i.RecvMSS != 900 {
		t.Errorf("got %d and %d, want 900", i.SendMSS, i.RecvMSS)
	}
	p.c.SetMaxSeg(100) // too late
	p.send(1800)
	p.wantFull(1, 2, 900, 1)
}

// Where a sender's time goes.
func TestSendTime(t *testing.T) {
	p := newConnTest(t, tcp.Established, func(s *setup) { s.cfg.SendBuffer = 4000 })
	want := func(busy, window, buffer time.Duration) {
		t.Helper()
		if got, w := p.c.SendTime(p.now), (tcp.SendTime{Busy: busy, WindowLimited: window, BufferLimited: buffer}); got != w {
			t.Errorf("got %+v, want %+v", got, w)
		}
	}
	p.advance(time.Second)
	want(0, 0, 0)
	p.send(1000)
	p.advance(10 * ms)
	p.arrive(seg(A, 1, 1001).win(0))
	p.advance(10 * ms)
	want(10*ms, 0, 0)
	p.send(500)
	p.advance(30 * ms)
	want(40*ms, 30*ms, 0)
	p.arrive(seg(A, 1, 1001))
	p.advance(5 * ms)
	want(45*ms, 30*ms, 0)
	p.c.SendWith(p.now, pattern(p.wrote, 10_000), 0)
	p.wrote += 3500
	p.drain()
	p.advance(5 * ms)
	want(50*ms, 30*ms, 5*ms)
	p.skip(len(p.out))
}
