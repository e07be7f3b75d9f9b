package tcp_test

import (
	"testing"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Accurate ECN, the Data Sender (RFC 9768 §3.2.2, §3.2.3, Appendix A).

// An ackSampler is a congestion control that keeps what it hears, and a window that never limits.
type ackSampler struct {
	tcp.Reno
	samples *[]tcp.AckSample
}

func (a *ackSampler) Acked(_ ip.Time, _ *tcp.CongestionWindow, s tcp.AckSample) {
	*a.samples = append(*a.samples, s)
}

// accSender is a connection in AccECN mode that has sent n segments of 1000 bytes.
func accSender(t *testing.T, n int, changes ...func(*setup)) *connTest {
	t.Helper()
	p := accConn(t, append([]func(*setup){func(s *setup) { s.cfg.InitialWindow = n }}, changes...)...)
	p.c.SetNoDelay(true)
	p.send(1000 * n)
	p.skip(n)
	return p
}

// ack acknowledges segments with a counter, and perhaps an option with bytes of CE.
func (p *connTest) ack(segments, ace int, ceb ...int) {
	p.t.Helper()
	s := seg(A|aceBits(ace), 1, 1+1000*segments)
	if len(ceb) > 0 {
		s = s.with(tcp.Options{AccECN: tcp.AccECN{Present: true, Fields: 2, E0B: uint32(1 + 1000*segments - ceb[0]), CEB: uint32(ceb[0])}})
	}
	p.arrive(s)
	p.skip(len(p.out))
}

func (p *connTest) wantTold(packets uint32) {
	p.t.Helper()
	if got := p.c.Info().Told.Packets; got != packets {
		p.t.Fatalf("got %d packets marked, want %d", got, packets)
	}
}

// §3.2.2.2: the counter in the header, as long as it cannot have gone round. The window goes down once a round trip
// (RFC 3168 §6.1.2), and nothing confirms that (§3.1.5: "MUST NOT set CWR").
func TestAccECNCounter(t *testing.T) {
	p := accSender(t, 10)
	p.ack(2, 5)
	p.wantTold(0)
	p.ack(3, 6)
	p.wantTold(1)
	cwnd := p.c.Info().Cwnd
	if cwnd > 7000 {
		t.Errorf("the window is %d after a mark", cwnd)
	}
	p.ack(6, 0)
	p.wantTold(3)
	if got := p.c.Info().Cwnd; got != cwnd {
		t.Errorf("in the same window: %d, want %d", got, cwnd)
	}
	p.ack(10, 1)
	p.send(1000)
	p.want(seg(A|aceBits(5), 10_001, 1).bytes(1000), tcp.WhyData)
	p.ack(11, 2)
	p.wantTold(5)
	if got := p.c.Info().Cwnd; got >= cwnd {
		t.Errorf("in the next window: %d, want less than %d", got, cwnd)
	}
}

// §3.2.2.2, A.1: an ACK that tells nothing newer is not read: its counter would seem to have gone round.
func TestAccECNSuperseded(t *testing.T) {
	p := accSender(t, 10)
	p.ack(4, 7)
	p.ack(3, 6) // overtaken
	p.ack(4, 7)
	p.wantTold(2)
	p.ack(4, 0) // nothing says that it is newer; the next will tell
	p.wantTold(2)
	p.ack(6, 0)
	p.wantTold(3)
}

// A.1, newlyAckedT: a later timestamp makes an ACK newer that acknowledges nothing; an earlier one makes it older.
func TestAccECNSupersededByTimestamp(t *testing.T) {
	p := accSender(t, 10, timestamps)
	at := func(later uint32, segments, ace int) {
		p.arrive(seg(A|aceBits(ace), 1, 1+988*segments).with(tcp.Options{HasTS: true, TSVal: p.peerClock() + later, TSEcr: p.tsVal}))
		p.skip(len(p.out))
	}
	at(1, 2, 5)
	at(2, 2, 6)
	p.wantTold(1)
	at(1, 2, 5)
	at(2, 2, 7)
	p.wantTold(1)
	at(3, 2, 7)
	p.wantTold(2)
}

// §3.2.2.5.2, A.2.1: without options, the safest number that the counter allows when it may have gone round.
func TestAccECNSafestNumber(t *testing.T) {
	for _, test := range []struct{ acked, ace, want int }{
		{7, 5, 0}, {7, 7, 2}, {8, 5, 8}, {9, 7, 2}, {10, 7, 10}, {18, 7, 18}, {17, 7, 10},
	} {
		p := accSender(t, 20)
		p.ack(test.acked, test.ace)
		p.wantTold(uint32(test.want))
	}
}

// A.2.1: where ACKs are thinned out all the time, the least number is right.
func TestAccECNThinnedAcks(t *testing.T) {
	p := accSender(t, 20)
	for at := 8; at <= 1600; at += 8 {
		p.ack(at, 5+int(p.c.Info().Told.Packets))
		p.send(8000)
		p.skip(len(p.out))
	}
	before := p.c.Info().Told.Packets
	if before == 0 {
		t.Error("no ACK was taken for one behind others that were lost")
	}
	p.ack(1608, 5+int(before))
	p.wantTold(before)
}

// A.2.2: with options the bytes say how often the counter has gone round.
func TestAccECNNumberByBytes(t *testing.T) {
	for _, test := range []struct{ acked, ace, ceb, want int }{
		{18, 7, 2000, 2}, {18, 7, 10_000, 10}, {18, 7, 18_000, 18}, {18, 5, 0, 0}, {18, 5, 8000, 8}, {18, 5, 7500, 8}, {18, 6, 500, 1}, {10, 7, 1460, 2},
	} {
		p := accSender(t, 20)
		p.ack(test.acked, test.ace, test.ceb)
		p.wantTold(uint32(test.want))
	}
}

// §3.2.3: what congestion control hears is the bytes of the option, or, without one, an estimate (A.3) that the next option
// makes good.
func TestAccECNMarkedBytes(t *testing.T) {
	var samples []tcp.AckSample
	p := accSender(t, 10, func(s *setup) {
		s.cfg.Congestion = func(*tcp.Config) tcp.Congestion { return &ackSampler{samples: &samples} }
	})
	p.ack(2, 5, 0)
	p.ack(4, 5)
	p.ack(6, 5, 0)
	p.ack(8, 6, 700)
	var got []int
	for _, s := range samples {
		got = append(got, s.Marked)
	}
	if len(got) < 4 || got[0] != 0 || got[1] != 0 || got[2] != 0 || got[3] != 700 {
		t.Errorf("got %v, want 0 three times and then 700", got)
	}
}

// The estimate counts towards what the next option tells.
func TestAccECNEstimateIsMadeGood(t *testing.T) {
	p := accSender(t, 10)
	p.ack(2, 5, 0)
	p.ack(4, 7)       // two marks, no option
	p.ack(6, 0, 2500) // three: the third with 500 bytes
	p.wantTold(3)
	if got := p.c.Info().Told.CE; got != 2500 {
		t.Errorf("got %d bytes marked, want 2500", got)
	}
}

// §3.2.2.4: a counter that begins with 0 was zeroed, or the peer has no ECN after all: no more text that can be marked, and
// no response.
func TestAccECNCounterIsZeroed(t *testing.T) {
	p := accSender(t, 10)
	p.ack(1, 0)
	p.send(1000)
	if o := p.out[0]; o.out.TOS != 0 {
		t.Error("text can be marked")
	}
	p.skip(len(p.out))
	cwnd := p.c.Info().Cwnd
	p.ack(3, 2)
	if got := p.c.Info(); got.Cwnd < cwnd || got.AccECNFail != tcp.AccECNFailReceive {
		t.Errorf("a window of %d after %d, fail bits %d", got.Cwnd, cwnd, got.AccECNFail)
	}
}

// §3.2.2.4: three marks make it 0 in earnest.
func TestAccECNCounterIsZero(t *testing.T) {
	p := accSender(t, 10)
	p.ack(3, 0)
	p.wantTold(3)
	if f := p.c.Info().AccECNFail; f != 0 {
		t.Errorf("got fail bits %d", f)
	}
}

// §3.2.3.2.4: an option whose counters begin with 0 was zeroed, and is ignored from then on.
func TestAccECNOptionIsZeroed(t *testing.T) {
	p := accSender(t, 20)
	p.arrive(seg(A|aceBits(5), 1, 2001).with(tcp.Options{AccECN: tcp.AccECN{Present: true, Fields: 2}}))
	p.skip(len(p.out))
	p.ack(12, 7, 2000)
	p.wantTold(10) // the safest number, as without
	if i := p.c.Info(); i.AccECNFail != tcp.AccECNFailOption || i.AccECNOption || i.Told.CE != 0 {
		t.Errorf("got %+v", i.Told)
	}
}

// §3.2.3.2.5: bytes that came marked, in no packet that did, are mangled feedback: no more text that can be marked ("MUST").
func TestAccECNContradiction(t *testing.T) {
	p := accSender(t, 10)
	p.ack(2, 5, 0)
	p.ack(4, 5, 1000)
	if f := p.c.Info().AccECNFail; f != tcp.AccECNFailReceive {
		t.Fatalf("got fail bits %d", f)
	}
	p.send(1000)
	if p.out[len(p.out)-1].out.TOS != 0 {
		t.Error("text can be marked")
	}
	p.skip(len(p.out))
}

// §3.2.3: a counter of the option that runs backwards is left alone, and one that goes round goes on.
func TestAccECNOptionRunsBackwards(t *testing.T) {
	p := accSender(t, 10)
	p.ack(2, 6, 1000)
	p.ack(3, 6, 500)
	if got := p.c.Info().Told.CE; got != 1000 {
		t.Errorf("got %d bytes marked, want 1000", got)
	}
}

// §3.2.2.3: where every packet of the first round trips comes back marked, it is not a queue that marks.
func TestAccECNEverythingIsMarked(t *testing.T) {
	p := accSender(t, 2)
	at, ace := 2, 5
	for i := range 8 {
		ace += 2
		p.ack(at, ace&7)
		if got, want := p.c.Info().AccECNFail != 0, i >= 4; got != want {
			t.Fatalf("after %d round trips: given up %v, want %v", i+1, got, want)
		}
		p.send(2000)
		at += 2
		p.skip(len(p.out))
	}
}

// RFC 3168 §6.1.4 to §6.1.6, which RFC 9768 §4 leaves as they are: new text alone can be marked.
func TestAccECNWhatCanBeMarked(t *testing.T) {
	p := accConn(t)
	p.send(1000)
	if o := p.want(seg(A|aceBits(5), 1, 1).bytes(1000), tcp.WhyData); o.out.TOS != 2 {
		t.Error("new text cannot be marked")
	}
	p.expire()
	if o := p.want(seg(A|aceBits(5), 1, 1).bytes(1000), tcp.WhyRTO); o.out.TOS != 0 {
		t.Error("what is sent again can be marked")
	}
	p.ack(1, 5)
	p.marked(1, 10, ce)
	if o := p.want(seg(A|aceBits(6), 1001, 11), tcp.WhyAck); o.out.TOS != 0 {
		t.Error("an ACK can be marked")
	}
}
