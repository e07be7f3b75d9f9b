package ladder

import (
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Segments seen on the wire.

// A tap makes what is seen on the wire. Sequence numbers are relative.
type tap struct {
	seen []Seen
	now  ip.Time
}

func (p *tap) after(d time.Duration) *tap { p.now = p.now.Add(d); return p }

// pass lets a segment from a side pass.
func (p *tap) pass(s Side, f tcp.Flags, seq, n, ack int) *tap {
	src, dst := us, them
	if s == OnRight {
		src, dst = dst, src
	}
	h := head(s, f, seq, ack)
	if f.Has(tcp.SYN) {
		h.Options = ourOptions
	}
	p.seen = append(p.seen, Seen{Time: p.now, Src: src, Dst: dst, Header: h, Len: n})
	p.now = p.now.Add(time.Millisecond)
	return p
}

// with changes the last segment.
func (p *tap) with(change func(*Seen)) *tap { change(&p.seen[len(p.seen)-1]); return p }

func window(n uint16) func(*Seen) { return func(s *Seen) { s.Header.Wnd = n } }

func sacked(start, end int) func(*Seen) {
	return func(s *Seen) {
		o := &s.Header.Options
		o.NumSACK, o.SACK[0] = 1, tcp.Block{Start: iss.Add(tcp.Size(start)), End: iss.Add(tcp.Size(end))}
	}
}

func newTap() *tap { return &tap{now: 1} }

func (p *tap) handshake() *tap {
	return p.pass(OnLeft, tcp.SYN, 0, 0, 0).pass(OnRight, tcp.SYN|tcp.ACK, 0, 0, 1).pass(OnLeft, tcp.ACK, 1, 0, 1)
}

func TestFindings(t *testing.T) {
	const ack = tcp.ACK
	for _, test := range []struct {
		name string
		seen *tap
		want string // of the last segment
	}{
		{"SYN", newTap().pass(OnLeft, tcp.SYN, 0, 0, 0), "[open]"},
		{"SYN again", newTap().pass(OnLeft, tcp.SYN, 0, 0, 0).after(time.Second).pass(OnLeft, tcp.SYN, 0, 0, 0), "[retransmit (RTO), 2nd time]"},
		{"SYN a third time", newTap().pass(OnLeft, tcp.SYN, 0, 0, 0).pass(OnLeft, tcp.SYN, 0, 0, 0).pass(OnLeft, tcp.SYN, 0, 0, 0), "[retransmit (RTO), 3rd time]"},
		{"SYN,ACK", newTap().pass(OnLeft, tcp.SYN, 0, 0, 0).pass(OnRight, tcp.SYN|ack, 0, 0, 1), "[answer to SYN]"},
		{"SYN from both", newTap().pass(OnLeft, tcp.SYN, 0, 0, 0).pass(OnRight, tcp.SYN, 0, 0, 0), "[simultaneous open]"},
		{"ACK of the SYN", newTap().handshake(), "[ack]"},
		{"text", newTap().handshake().pass(OnLeft, data, 1, 10, 1), "[data]"},
		{"text in the middle of a connection", newTap().pass(OnLeft, data, 500, 10, 1), "[data]"},
		{"FIN", newTap().handshake().pass(OnLeft, tcp.FIN|ack, 1, 0, 1), "[close]"},
		{"refusal", newTap().pass(OnLeft, tcp.SYN, 0, 0, 0).pass(OnRight, tcp.RST|ack, 0, 0, 1), "[reset]"},
		{"reset outside the window", newTap().handshake().pass(OnRight, tcp.RST, 100_000, 0, 0), "[reset outside the window]"},
		{"text again after a silence", newTap().handshake().pass(OnLeft, data, 1, 10, 1).after(200*time.Millisecond).pass(OnLeft, data, 1, 10, 1), "[retransmit (RTO), 2nd time]"},
		{"text again soon", newTap().handshake().pass(OnLeft, data, 1, 10, 1).after(20*time.Millisecond).pass(OnLeft, data, 1, 10, 1), "[retransmit, 2nd time]"},
		{"text again after its acknowledgement", newTap().handshake().pass(OnLeft, data, 1, 10, 1).pass(OnRight, ack, 1, 0, 11).pass(OnLeft, data, 1, 10, 1), "[retransmit of what had arrived, 2nd time]"},
		{"text again after three duplicate ACKs", lossOfOne().pass(OnLeft, data, 11, 10, 1), "[retransmit (3 duplicate ACKs), 2nd time]"},
		{"duplicate ACK", lossOfOne(), "[duplicate ack]"},
		{"hole filled at once", newTap().handshake().pass(OnLeft, data, 11, 10, 1).pass(OnLeft, data, 1, 10, 1), "[out of order]"},
		{"hole filled later", newTap().handshake().pass(OnLeft, data, 11, 10, 1).after(30*time.Millisecond).pass(OnLeft, data, 1, 10, 1), "[retransmit, 2nd time]"},
		{"text after a hole", newTap().handshake().pass(OnLeft, data, 11, 10, 1), "[data after a gap]"},
		{"ACK of what was not seen", newTap().handshake().pass(OnRight, ack, 1, 0, 500), "[ack of data not seen]"},
		{"window closed", newTap().handshake().pass(OnLeft, data, 1, 10, 1).pass(OnRight, ack, 1, 0, 11).with(window(0)), "[window closed]"},
		{"window opened", zeroWindow().pass(OnRight, ack, 1, 0, 11), "[window update]"},
		{"probe of a byte", zeroWindow().after(time.Second).pass(OnLeft, ack, 11, 1, 1), "[zero-window probe]"},
		{"probe behind the window", zeroWindow().after(time.Second).pass(OnLeft, ack, 10, 0, 1), "[zero-window probe]"},
		{"ACK of a probe", zeroWindow().pass(OnLeft, ack, 10, 0, 1).pass(OnRight, ack, 1, 0, 11).with(window(0)), "[ack of a probe]"},
		{"answer to a probe that opens the window", zeroWindow().pass(OnLeft, ack, 10, 0, 1).pass(OnRight, ack, 1, 0, 11), "[window update]"},
		{"keep-alive", newTap().handshake().after(time.Hour).pass(OnLeft, ack, 0, 0, 1), "[keep-alive]"},
		{"keep-alive of a byte", newTap().handshake().after(time.Hour).pass(OnLeft, ack, 0, 1, 1), "[keep-alive]"},
		{"ACK of a keep-alive", newTap().handshake().pass(OnRight, ack, 1, 0, 1).pass(OnLeft, ack, 0, 0, 1).pass(OnRight, ack, 1, 0, 1), "[ack of a keep-alive]"},
		{"DSACK", newTap().handshake().pass(OnLeft, data, 1, 10, 1).pass(OnRight, ack, 1, 0, 11).pass(OnLeft, data, 1, 10, 1).
			pass(OnRight, ack, 1, 0, 11).with(sacked(1, 11)), "[ack of a duplicate (DSACK)]"},
		{"ACK of a repeated FIN", newTap().handshake().pass(OnRight, tcp.FIN|ack, 1, 0, 1).pass(OnLeft, tcp.FIN|ack, 1, 0, 2).
			pass(OnLeft, ack, 2, 0, 2).after(time.Second).pass(OnRight, tcp.FIN|ack, 1, 0, 1).pass(OnLeft, ack, 2, 0, 2), "[ack of a repeated FIN]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := Observe(test.seen.seen, Options{})[0]
			lines := slices.DeleteFunc(l.Lines, func(l Line) bool { return l.Kind != KindSegment })
			if got := lines[len(lines)-1].Reason(); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// lossOfOne loses one of five segments, and gets three duplicate ACKs.
func lossOfOne() *tap {
	p := newTap().handshake()
	for i := range 5 {
		p.pass(OnLeft, data, 1+10*i, 10, 1)
	}
	p.pass(OnRight, tcp.ACK, 1, 0, 11)
	for i := range 3 {
		p.pass(OnRight, tcp.ACK, 1, 0, 11).with(sacked(21, 31+10*i))
	}
	return p
}

// zeroWindow sends ten bytes, after which the window is closed.
func zeroWindow() *tap {
	return newTap().handshake().pass(OnLeft, data, 1, 10, 1).pass(OnRight, tcp.ACK, 1, 0, 11).with(window(0))
}

// tapped returns what a capture beside one end shows: all that it sends, and all that arrives there.
func tapped(events []tcp.Event) (seen []Seen) {
	for i := range events {
		e := &events[i]
		s := Seen{e.Time, e.Local, e.Remote, e.Header, e.Len}
		switch e.Kind {
		case tcp.EventArrive:
			s.Src, s.Dst = s.Dst, s.Src
		case tcp.EventSend:
		default:
			continue
		}
		seen = append(seen, s)
	}
	return seen
}

func TestStatesOfBothEndsAreInferred(t *testing.T) {
	for seed := range uint64(40) {
		l := newLink(seed, 0)
		l.closeAll(int(seed%2), time.Duration(seed%7)*2*time.Millisecond)
		for at := range l.ends {
			ladders := Observe(tapped(l.records[at]), Options{})
			if len(ladders) != 1 {
				t.Fatalf("seed %d: got %d ladders, want 1", seed, len(ladders))
			}
			for i := range l.ends {
				want := truePath(l.records[i])
				if i == 1 {
					want = want[1:] // LISTEN is the state before the first line
				}
				if got := enteredBy(ladders[0], Side(i)); !slices.Equal(got, want) {
					t.Errorf("seed %d, seen at end %d: end %d goes through %v, want %v", seed, at, i, got, want)
				}
			}
		}
	}
}

// What the wire tells about a segment agrees with what its sender said. RTO and fast retransmission cannot always be told apart.
func TestFindingsAgreeWithTheSender(t *testing.T) {
	wrong, all := map[string]int{}, 0
	for seed := range uint64(40) {
		l := newLink(seed, 0.1)
		l.closeAll(int(seed%2), 4*oneWay)
		for i := range l.ends {
			var said []tcp.Event
			for _, e := range l.records[i] {
				if e.Kind == tcp.EventSend {
					said = append(said, e)
				}
			}
			ladder := Observe(tapped(l.records[i]), Options{LeftHost: said[0].Local.Addr()})[0]
			for _, line := range ladder.Lines {
				if line.Kind != KindSegment || line.Dir != ToRight {
					continue
				}
				all++
				if s := disagrees(&line, &said[0]); s != "" {
					wrong[s]++
				}
				said = said[1:]
			}
		}
	}
	n := 0
	for _, k := range wrong {
		n += k
	}
	if n*50 > all {
		t.Errorf("%d of %d segments are taken for something else: %v", n, all, wrong)
	}
}

// disagrees says how a finding differs from what the sender said, or "".
func disagrees(l *Line, e *tcp.Event) string {
	same := l.Finding.String() == e.Why.String()
	switch e.Why {
	case tcp.WhyRTO, tcp.WhyFastRetransmit, tcp.WhyPartialAck, tcp.WhyRACK:
		same = l.Finding.retransmission()
	case tcp.WhyLossProbe:
		same = l.Finding.retransmission() == (e.Nth > 0)
	case tcp.WhyDelayedAck:
		same = l.Finding == FoundAck
	case tcp.WhyDupAck: // also of an ACK that moves on and still reports a hole
		same = same || l.Finding == FoundDupSACK || l.Finding == FoundAck && e.Header.Options.NumSACK > 0
	case tcp.WhyChallengeAck:
		same = l.Finding == FoundDupAck
	}
	if same {
		return ""
	}
	return fmt.Sprintf("%s for %s", l.Finding, e.Why)
}

func TestObserveTellsEndsApartOnLoopback(t *testing.T) {
	a, b := netip.MustParseAddrPort("127.0.0.1:40000"), netip.MustParseAddrPort("127.0.0.1:80")
	p := newTap().handshake()
	for i := range p.seen {
		s := &p.seen[i]
		s.Src, s.Dst = a, b
		if i == 1 {
			s.Src, s.Dst = b, a
		}
	}
	l := Observe(p.seen, Options{})[0]
	if l.Left.Addr != a || l.Lines[0].Dir != ToRight || l.Lines[1].Dir != ToLeft {
		t.Errorf("on the left: got %v, want %v; the second segment goes %v, want left", l.Left.Addr, a, l.Lines[1].Dir)
	}
}

func TestObserveDividesConnections(t *testing.T) {
	p := newTap().handshake().pass(OnLeft, tcp.RST, 1, 0, 0).after(time.Second).handshake() // the same ISN by chance
	q := newTap().handshake()
	q.now = p.now
	q.pass(OnLeft, tcp.SYN, 5000, 0, 0).pass(OnRight, tcp.SYN|tcp.ACK, 9000, 0, 5001)
	for name, seen := range map[string][]Seen{"after a reset": p.seen, "another ISN": q.seen} {
		if got := len(Observe(seen, Options{})); got != 2 {
			t.Errorf("%s: got %d ladders, want 2", name, got)
		}
	}
	if got := len(Observe(newTap().pass(OnLeft, tcp.SYN, 0, 0, 0).handshake().seen, Options{})); got != 1 {
		t.Errorf("SYN sent twice: got %d ladders, want 1", got)
	}
}

func TestObserveCountsMergedSegments(t *testing.T) {
	p := newTap().handshake().pass(OnLeft, data, 1, 14600, 1)
	l := Observe(p.seen, Options{})[0]
	if got := l.Lines[len(l.Lines)-1].Segment.Count; got != 10 {
		t.Errorf("got %d segments of 1460 bytes in 14600, want 10", got)
	}
}

func TestForgedResetClosesNothing(t *testing.T) {
	l := Observe(newTap().handshake().pass(OnRight, tcp.RST, 100_000, 0, 0).seen, Options{})[0]
	for _, s := range []Side{OnLeft, OnRight} {
		if got := enteredBy(l, s); slices.Contains(got, tcp.Closed) {
			t.Errorf("%v end: got %v, want no CLOSED", s, got)
		}
	}
}

func TestObservedGolden(t *testing.T) {
	p := lossOfOne().pass(OnLeft, data, 11, 10, 1).pass(OnRight, tcp.ACK, 1, 0, 51)
	p.after(time.Hour).pass(OnLeft, tcp.ACK, 50, 0, 1).pass(OnRight, tcp.ACK, 1, 0, 51)
	p.pass(OnLeft, tcp.FIN|tcp.ACK, 51, 0, 1).pass(OnRight, tcp.FIN|tcp.ACK, 1, 0, 52).pass(OnLeft, tcp.ACK, 52, 0, 2)
	var b strings.Builder
	if err := Text(&b, Observe(p.seen, Options{}), TextOptions{}); err != nil {
		t.Fatal(err)
	}
	golden(t, "observed.txt", b.String())
}

// FuzzObserve makes ladders of segments that no connection would send, and draws them.
func FuzzObserve(f *testing.F) {
	f.Add([]byte{0, 2, 0, 0, 0, 0, 1, 18, 0, 1, 0, 0, 0, 16, 1, 1, 9, 0, 1, 4, 200, 1, 0, 9})
	f.Add([]byte{0, 16, 1, 1, 200, 0, 1, 16, 1, 9, 0, 0, 0, 17, 0, 1, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		seen := tapped(eventsFrom(b))
		for _, l := range Observe(seen, Options{}) {
			if len(l.Lines) == 0 {
				t.Error("a ladder without lines")
			}
			for _, line := range l.Lines {
				if line.Kind == KindSegment && line.Finding == NoFinding && line.Segment.Header.Flags.Has(tcp.ACK) {
					t.Errorf("nothing is said about %s", line.Segment.Words(false))
				}
			}
			if err := Mermaid(io.Discard, []*Ladder{l}); err != nil {
				t.Error(err)
			}
			if err := HTML(io.Discard, []*Ladder{l}, HTMLOptions{}); err != nil {
				t.Error(err)
			}
		}
	})
}
