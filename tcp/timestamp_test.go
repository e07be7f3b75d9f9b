package tcp_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Timestamps and PAWS: RFC 7323 §3 to §5.

func ts(val, ecr uint32) tcp.Options { return tcp.Options{HasTS: true, TSVal: val, TSEcr: ecr} }

// §3.2: in the SYN, in the answer to a SYN that has them, and from then on in every segment.
func TestTimestampsAreNegotiated(t *testing.T) {
	for _, test := range []struct{ peer, no, want bool }{{true, false, true}, {false, false, false}, {true, true, false}} {
		p := newConnTest(t, tcp.SynReceived, func(s *setup) { s.syn.HasTS, s.cfg.NoTimestamps = test.peer, test.no })
		p.arrive(p.peerSyn(S, 0))
		got := p.want(seg(S|A, 0, 1), tcp.WhySynAck).out.Options
		if got.HasTS != test.want || test.want && got.TSEcr != p.peerClock() {
			t.Errorf("peer %v, switched off %v: got %+v in the SYN,ACK", test.peer, test.no, got)
		}
		p.arrive(seg(A, 1, 1))
		p.send(10)
		if got := p.want(seg(P|A, 1, 1).bytes(10), tcp.WhyData).out.Options; got.HasTS != test.want {
			t.Errorf("peer %v, switched off %v: got %+v with text", test.peer, test.no, got)
		}
		p.abort()
		if got := p.want(seg(R|A, 11, 1), tcp.WhyReset).out.Options; got.HasTS != test.want {
			t.Errorf("got %+v in a RST", got)
		}
	}
}

// §5.4: our clock ticks in milliseconds, from an offset of its own.
func TestTimestampClock(t *testing.T) {
	p := newConnTest(t, tcp.Closed, timestamps, func(s *setup) {
		s.cfg.TSOffset = tcp.NewSecret([32]byte{1}).TSOffset
	})
	p.open()
	first := p.want(seg(S, 0, 0), tcp.WhySyn).out.Options.TSVal
	p.advance(1234 * ms)
	p.skip(1) // the SYN again
	p.arrive(p.peerSyn(S|A, 1))
	if got := p.want(seg(A, 1, 1), tcp.WhyAck).out.Options.TSVal - first; got != 1234 {
		t.Errorf("the clock moved by %d in 1234ms", got)
	}
	if plain := uint32(start / ip.Time(ms)); first == plain {
		t.Error("the clock starts where anybody can guess it")
	}
}

// §4.3: the echo is the timestamp of the segment at the left edge of what we have not acknowledged: an ACK that was
// delayed echoes the earliest of the segments that it covers.
func TestEchoOfADelayedAck(t *testing.T) {
	p := slow(t, timestamps)
	p.arrive(seg(A, 16_001, 1).bytes(500).with(ts(2_000_000, p.tsVal)))
	p.advance(10 * ms)
	p.arrive(seg(A, 16_501, 1).bytes(400).with(ts(2_000_010, p.tsVal)))
	p.advance(40 * ms)
	if got := p.want(seg(A, 1, 16_901), tcp.WhyDelayedAck).out.Options.TSEcr; got != 2_000_000 {
		t.Errorf("got the echo %d, want that of the first segment, 2000000", got)
	}
}

// §4.3: a segment behind a gap does not change the echo, the one that closes it does.
func TestEchoWithAGap(t *testing.T) {
	p := newConnTest(t, tcp.Established, timestamps)
	p.arrive(seg(A, 1, 1).bytes(10).with(ts(2_000_000, p.tsVal)))
	p.skip(1)
	p.arrive(seg(A, 21, 1).bytes(10).with(ts(2_000_020, p.tsVal)))
	if got := p.want(seg(A, 1, 11), tcp.WhyDupAck).out.Options.TSEcr; got != 2_000_000 {
		t.Errorf("got the echo %d behind a gap, want 2000000", got)
	}
	p.arrive(seg(A, 11, 1).bytes(10).with(ts(2_000_030, p.tsVal)))
	if got := p.want(seg(A, 1, 31), tcp.WhyAck).out.Options.TSEcr; got != 2_000_030 {
		t.Errorf("got the echo %d for what closed the gap, want 2000030", got)
	}
}

// A segment of which only the end is new still counts from where it starts.
func TestEchoOfASegmentThatIsPartlyOld(t *testing.T) {
	p := slow(t, timestamps)
	p.arrive(seg(A, 16_001, 1).bytes(400)) // its ACK is delayed
	p.wantNothing()
	p.arrive(seg(A, 16_001, 1).bytes(600).with(ts(3_000_000, p.tsVal)))
	if got := p.want(seg(A, 1, 16_601), tcp.WhyDupAck).out.Options.TSEcr; got != 3_000_000 {
		t.Errorf("got the echo %d, want 3000000", got)
	}
}

// §5.3, R1: an old timestamp shows an old segment; it is acknowledged and dropped.
func TestPAWS(t *testing.T) {
	p := newConnTest(t, tcp.Established, timestamps)
	old := p.peerClock() - 1
	p.advance(ms)
	p.arrive(seg(A, 1, 1).bytes(10))
	p.skip(1)
	p.arrive(seg(A, 11, 1).bytes(10).with(ts(old, p.tsVal)))
	p.want(seg(A, 1, 11), tcp.WhyDupAck)
	p.wantDrops(ip.DropPAWS)
	p.wantReadable(10)
	if got := p.c.Info().Stats.PAWS; got != 1 {
		t.Errorf("got %d counted, want 1", got)
	}
	p.arrive(seg(A, 11, 1).bytes(10)) // in time
	p.skip(1)
	p.receive(20)
}

// §5.3: equal is not old.
func TestPAWSTakesTheSameTimestamp(t *testing.T) {
	p := newConnTest(t, tcp.Established, timestamps)
	for i := range 5 {
		p.arrive(seg(A, 1+10*i, 1).bytes(10))
	}
	p.skip(len(p.out))
	p.receive(50)
}

// §5.3: the timestamp wraps, and what is before is a question of half the space.
func TestPAWSAcrossTheWrap(t *testing.T) {
	p := newConnTest(t, tcp.Established, timestamps)
	at := 1
	for _, val := range []uint32{1_000_000 + 1<<30, 1<<31 + 5, 3 << 30, ^uint32(0), 3, 10} {
		p.arrive(seg(A, at, 1).bytes(10).with(ts(val, p.tsVal)))
		at += 10
	}
	p.wantDrops()
	p.arrive(seg(A, at, 1).bytes(10).with(ts(^uint32(0), p.tsVal)))
	p.wantDrops(ip.DropPAWS)
	p.skip(len(p.out))
	p.receive(60)
}

// §5.2, R1: a RST is not checked, or an old connection could not be ended.
func TestPAWSDoesNotCheckRST(t *testing.T) {
	p := newConnTest(t, tcp.Established, timestamps)
	p.arrive(seg(R, 1, 0).with(ts(p.peerClock()-1000, p.tsVal)))
	p.wantClosed(tcp.CauseReset)
}

// §5.5: a timestamp that is 24 days old cannot be compared with any more.
func TestPAWSAfter24Days(t *testing.T) {
	for _, test := range []struct {
		days int
		ok   bool
	}{{23, false}, {25, true}} {
		p := newConnTest(t, tcp.Established, timestamps)
		val := p.peerClock() - 1000
		p.advance(time.Duration(test.days) * 24 * time.Hour)
		p.arrive(seg(A, 1, 1).bytes(10).with(ts(val, p.tsVal)))
		if got := p.c.Readable() == 10; got != test.ok {
			t.Errorf("after %d days: got text taken %v, want %v", test.days, got, test.ok)
		}
		p.skip(1)
	}
}

// §3.2, departed from as Linux does: a segment without timestamps is taken.
func TestTextWithoutTimestamps(t *testing.T) {
	p := newConnTest(t, tcp.Established, timestamps)
	p.arrive(seg(A, 1, 1).bytes(10).with(tcp.Options{}))
	p.want(seg(A, 1, 11), tcp.WhyAck)
	p.receive(10)
}

// §5.4: a SYN,ACK that echoes what we never sent is none of ours.
func TestSynAckWithAForgedEcho(t *testing.T) {
	for _, off := range []uint32{1, 1 << 20, 1 << 31, ^uint32(0)} {
		p := newConnTest(t, tcp.SynSent, timestamps)
		p.arrive(seg(S|A, 0, 1).with(ts(7, p.tsVal+off)))
		p.want(seg(R, 1, 0), tcp.WhyReset)
		p.wantState(tcp.SynSent)
	}
	p := newConnTest(t, tcp.SynSent, timestamps)
	first := p.tsVal
	p.expire()
	p.skip(1)
	p.arrive(seg(S|A, 0, 1).with(ts(7, first))) // of the first SYN
	p.want(seg(A, 1, 1), tcp.WhyAck)
	p.wantState(tcp.Established)
}

// RFC 6191 §2, MAY-2, SHLD-4: what may take the place of a connection in TIME-WAIT.
func TestMayReopen(t *testing.T) {
	clock := func(local, remote netip.AddrPort, now ip.Time) tcp.Seq {
		return wrapISN(local, remote, now) + tcp.Seq(now.Sub(start)/(4*time.Microsecond))
	}
	for _, test := range []struct {
		name    string
		stamped bool
		in      segment
		want    bool
	}{
		{"newer timestamp", true, seg(S, -5000, 0).with(ts(5_000_000, 0)), true},
		{"older timestamp", true, seg(S, 5000, 0).with(ts(5, 0)), false},
		{"same timestamp, higher number", true, seg(S, 5000, 0).with(ts(1_000_000, 0)), true},
		{"same timestamp, lower number", true, seg(S, -5000, 0).with(ts(1_000_000, 0)), false},
		{"higher number", false, seg(S, 3, 0).with(tcp.Options{}), true},
		{"same number", false, seg(S, 2, 0).with(tcp.Options{}), false},
		{"lower number", false, seg(S, -5, 0).with(tcp.Options{}), false},
		{"ACK as well", false, seg(S|A, 5000, 2), false},
		{"RST as well", false, seg(S|R, 5000, 0), false},
		{"no SYN", false, seg(A, 5000, 2), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newConnTest(t, tcp.TimeWait, func(s *setup) { s.syn.HasTS, s.cfg.ISN = test.stamped, clock })
			p.now = p.now.Add(ms)
			in := p.build(test.in)
			if got := p.c.MayReopen(p.now, in); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
			in.Buf.Free()
		})
	}
	p := newConnTest(t, tcp.Established)
	if p.c.MayReopen(p.now, &tcp.Segment{Header: tcp.Header{Flags: S, Seq: p.theirSeq(5000)}}) {
		t.Error("a connection that lives may be reopened")
	}
}

// MAY-2, condition 1: our numbers must be new as well. They are not when the old connection was faster than the
// clock that initial sequence numbers follow.
func TestMayNotReopenWithOldNumbersOfOurs(t *testing.T) {
	p := newConnTest(t, tcp.TimeWait) // the fixture's clock for them stands still
	if p.c.MayReopen(p.now, &tcp.Segment{Header: tcp.Header{Flags: S, Seq: p.theirSeq(5000)}}) {
		t.Error("the new connection may have the numbers of the old one")
	}
}
