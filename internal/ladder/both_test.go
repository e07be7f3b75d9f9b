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

// Records of both ends.

// A duet makes the events of two ends. Sequence numbers are relative.
type duet struct {
	events []tcp.Event
	now    ip.Time
	states [2]tcp.State
}

func newDuet() *duet { return &duet{now: 1} }

func (d *duet) after(t time.Duration) *duet { d.now = d.now.Add(t); return d }

func (d *duet) add(s Side, e tcp.Event) *duet {
	e.Time, e.Local, e.Remote, e.State = d.now, us, them, d.states[s]
	if s == OnRight {
		e.Local, e.Remote = them, us
	}
	d.events = append(d.events, e)
	return d
}

func (d *duet) enter(s Side, state tcp.State) *duet {
	from := d.states[s]
	d.states[s] = state
	return d.add(s, tcp.Event{Kind: tcp.EventState, From: from})
}

// head makes a header of the segments that a side sends.
func head(s Side, f tcp.Flags, seq, ack int) tcp.Header {
	h := tcp.Header{SrcPort: us.Port(), DstPort: them.Port(), Seq: iss.Add(tcp.Size(seq)), Ack: irs.Add(tcp.Size(ack)), Flags: f, Wnd: 100}
	if s == OnRight {
		h.SrcPort, h.DstPort, h.Seq, h.Ack = h.DstPort, h.SrcPort, irs.Add(tcp.Size(seq)), iss.Add(tcp.Size(ack))
	}
	if !f.Has(tcp.ACK) {
		h.Ack = 0
	}
	return h
}

func (d *duet) send(s Side, f tcp.Flags, seq, n, ack int) *duet {
	return d.add(s, tcp.Event{Kind: tcp.EventSend, Header: head(s, f, seq, ack), Len: n, Why: tcp.WhyData})
}

// arrive lets a segment of the other side's arrive at s.
func (d *duet) arrive(s Side, f tcp.Flags, seq, n, ack int) *duet {
	return d.add(s, tcp.Event{Kind: tcp.EventArrive, Header: head(s.Other(), f, seq, ack), Len: n})
}

// handshake opens from the left, 5 ms one way.
func (d *duet) handshake() *duet {
	d.add(OnRight, tcp.Event{Kind: tcp.EventCall, Call: tcp.CallListen}).enter(OnRight, tcp.Listen)
	d.add(OnLeft, tcp.Event{Kind: tcp.EventCall, Call: tcp.CallOpen}).enter(OnLeft, tcp.SynSent)
	d.send(OnLeft, tcp.SYN, 0, 0, 0).after(oneWay).arrive(OnRight, tcp.SYN, 0, 0, 0).enter(OnRight, tcp.SynReceived)
	d.send(OnRight, tcp.SYN|tcp.ACK, 0, 0, 1).after(oneWay).arrive(OnLeft, tcp.SYN|tcp.ACK, 0, 0, 1).enter(OnLeft, tcp.Established)
	return d.send(OnLeft, tcp.ACK, 1, 0, 1).after(oneWay).arrive(OnRight, tcp.ACK, 1, 0, 1).enter(OnRight, tcp.Established)
}

// trips writes the segments of a ladder after the handshake, a line each.
func trips(l *Ladder) string {
	var b strings.Builder
	for i := range l.Lines {
		line := &l.Lines[i]
		if line.Kind != KindSegment || line.Segment.Seq == 0 || line.Segment.Len == 0 {
			continue
		}
		fmt.Fprintf(&b, "%s %d:%d", line.Part, line.Segment.Seq, line.Segment.Len)
		for _, f := range []struct {
			so   bool
			name string
		}{{line.Lost, "lost"}, {line.Flying, "flying"}, {line.Duplicate, "duplicate"}, {line.Injected, "injected"}, {line.Overtaken, "overtaken"}, {line.Missing > 0, "missing"}} {
			if f.so {
				b.WriteString(" " + f.name)
			}
		}
		fmt.Fprintf(&b, " %v; ", line.IDs)
	}
	return strings.TrimSuffix(b.String(), "; ")
}

const data = tcp.ACK | tcp.PSH

// fates are the things that may happen to segments on their way, after a handshake.
var fates = []struct {
	name string
	play func(*duet)
	want string
}{
	{"arrives", func(d *duet) {
		d.send(OnLeft, data, 1, 10, 1).after(oneWay).arrive(OnRight, data, 1, 10, 1)
	}, "whole 1:10 [4]"},
	{"a burst arrives in order", func(d *duet) {
		d.send(OnLeft, data, 1, 10, 1).send(OnLeft, data, 11, 10, 1).after(oneWay).arrive(OnRight, data, 1, 10, 1).arrive(OnRight, data, 11, 10, 1)
	}, "whole 1:10 [4]; whole 11:10 [5]"},
	{"lost", func(d *duet) {
		d.send(OnLeft, data, 1, 10, 1)
	}, "departs 1:10 lost [4]"},
	{"lost and sent again alike", func(d *duet) {
		d.send(OnLeft, data, 1, 10, 1).after(time.Second).send(OnLeft, data, 1, 10, 1).after(oneWay).arrive(OnRight, data, 1, 10, 1)
	}, "departs 1:10 lost [4]; whole 1:10 [5]"},
	{"crosses one from the other end", func(d *duet) {
		d.send(OnLeft, data, 1, 10, 1).send(OnRight, data, 1, 20, 1)
		d.after(oneWay).arrive(OnRight, data, 1, 10, 1).arrive(OnLeft, data, 1, 20, 1)
	}, "departs 1:10 [4]; whole 1:20 [5]; arrives 1:10 [4]"},
	{"overtaken", func(d *duet) {
		d.send(OnLeft, data, 1, 10, 1).send(OnLeft, data, 11, 10, 1)
		d.after(oneWay).arrive(OnRight, data, 11, 10, 1).arrive(OnRight, data, 1, 10, 1)
	}, "departs 1:10 [4]; whole 11:10 [5]; arrives 1:10 overtaken [4]"},
	{"late", func(d *duet) {
		d.send(OnLeft, data, 1, 10, 1).after(100*time.Millisecond).arrive(OnRight, data, 1, 10, 1)
	}, "departs 1:10 [4]; arrives 1:10 [4]"},
	{"arrives twice", func(d *duet) {
		d.send(OnLeft, data, 1, 10, 1).after(oneWay).arrive(OnRight, data, 1, 10, 1).after(oneWay).arrive(OnRight, data, 1, 10, 1)
	}, "whole 1:10 [4]; arrives 1:10 duplicate [4]"},
	{"injected", func(d *duet) {
		d.arrive(OnRight, data, 1, 10, 1)
	}, "arrives 1:10 injected []"},
	{"cut on the way", func(d *duet) {
		d.send(OnLeft, data, 1, 20, 1).after(oneWay).arrive(OnRight, tcp.ACK, 1, 10, 1).arrive(OnRight, data, 11, 10, 1)
	}, "departs 1:20 [4]; arrives 1:10 [4]; arrives 11:10 [4]"},
	{"cut, and a piece lost", func(d *duet) {
		d.send(OnLeft, data, 1, 20, 1).after(oneWay).arrive(OnRight, data, 11, 10, 1)
	}, "departs 1:20 missing [4]; arrives 11:10 [4]"},
	{"merged on the way", func(d *duet) {
		d.send(OnLeft, tcp.ACK, 1, 10, 1).send(OnLeft, data, 11, 10, 1).after(oneWay).arrive(OnRight, data, 1, 20, 1)
	}, "departs 1:10 [4]; departs 11:10 [5]; arrives 1:20 [4 5]"},
	{"merged, and again", func(d *duet) {
		d.send(OnLeft, tcp.ACK, 1, 10, 1).send(OnLeft, data, 11, 10, 1).after(oneWay).arrive(OnRight, data, 1, 20, 1).arrive(OnRight, data, 1, 20, 1)
	}, "departs 1:10 [4]; departs 11:10 [5]; arrives 1:20 [4 5]; arrives 1:20 duplicate [5]"},
	{"options changed on the way", func(d *duet) {
		d.send(OnLeft, data, 1, 10, 1).after(oneWay).arrive(OnRight, data, 1, 10, 1)
		d.events[len(d.events)-1].Header.Wnd = 7
	}, "whole 1:10 [4]"},
}

func TestTripsOfSegments(t *testing.T) {
	for _, test := range fates {
		t.Run(test.name, func(t *testing.T) {
			d := newDuet().handshake()
			test.play(d.after(time.Millisecond))
			ladders := Build(d.events, Options{})
			if len(ladders) != 1 {
				t.Fatalf("got %d ladders, want one for both ends", len(ladders))
			}
			if got := trips(ladders[0]); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestFatesGolden(t *testing.T) {
	var b strings.Builder
	if err := Text(&b, Build(allFates(), Options{Left: "A", Right: "B"}), TextOptions{Full: true}); err != nil {
		t.Fatal(err)
	}
	golden(t, "fates.txt", b.String())
}

func TestFlyingSegmentsAreNotLost(t *testing.T) {
	d := newDuet().handshake().send(OnLeft, data, 1, 10, 1)
	last := len(d.events) - 1
	l := Build(d.events, Options{Flying: func(i int) bool { return i == last }})[0]
	if got, want := trips(l), "departs 1:10 flying [4]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// What the network tells is believed, though copies look alike.
func TestSentSettlesWhichCopyArrives(t *testing.T) {
	d := newDuet().handshake()
	d.send(OnLeft, data, 1, 10, 1)
	first := len(d.events) - 1
	d.after(time.Second).send(OnLeft, data, 1, 10, 1).after(oneWay).arrive(OnRight, data, 1, 10, 1)
	last := len(d.events) - 1
	for _, test := range []struct {
		event int
		ok    bool
		want  string
	}{
		{first, true, "departs 1:10 [4]; departs 1:10 lost [5]; arrives 1:10 [4]"},
		{-1, true, "departs 1:10 lost [4]; departs 1:10 lost [5]; arrives 1:10 injected []"},
		{0, false, "departs 1:10 lost [4]; whole 1:10 [5]"},
	} {
		l := Build(d.events, Options{Sent: func(i int) (int, bool) { return test.event, test.ok && i == last }})[0]
		if got := trips(l); got != test.want {
			t.Errorf("told %d, %v: got %s, want %s", test.event, test.ok, got, test.want)
		}
	}
}

// A damaged packet is dropped before its ports are read: it still belongs to its connection.
func TestDamagedPackets(t *testing.T) {
	damage := func(d *duet, s Side) *duet {
		d.add(s, tcp.Event{Kind: tcp.EventDrop, Drop: ip.DropChecksum})
		e := &d.events[len(d.events)-1]
		e.Local, e.Remote = netip.AddrPortFrom(e.Local.Addr(), 0), netip.AddrPortFrom(e.Remote.Addr(), 0)
		return d
	}
	ladders := Build(damage(newDuet().handshake().send(OnLeft, data, 1, 10, 1).after(oneWay), OnRight).events, Options{})
	if len(ladders) != 1 {
		t.Fatalf("got %d ladders, want 1", len(ladders))
	}
	last := ladders[0].Lines[len(ladders[0].Lines)-1]
	if got, want := trips(ladders[0]), "whole 1:10 [4]"; got != want || last.Note() != "dropped: bad checksum" {
		t.Errorf("got %s, %q, want %s, dropped", got, last.Note(), want)
	}
	ladders = Build(damage(newDuet().handshake().after(time.Second), OnRight).events, Options{})
	last = ladders[0].Lines[len(ladders[0].Lines)-1]
	if last.Kind != KindDiscard || last.Note() != "packet dropped: bad checksum" || last.Side != OnRight {
		t.Errorf("of nothing that was sent: got %v, %q on the %v", last.Kind, last.Note(), last.Side)
	}
	two := newDuet().handshake()
	for _, e := range newDuet().handshake().events {
		e.Local, e.Remote = swapPort(e.Local), swapPort(e.Remote)
		two.events = append(two.events, e)
	}
	if got := len(Build(damage(two.after(time.Second), OnRight).events, Options{})); got != 3 {
		t.Errorf("with two connections between the ends: got %d ladders, want one more for what belongs to neither", got)
	}
}

// swapPort gives the end that opens another port.
func swapPort(a netip.AddrPort) netip.AddrPort {
	if a == us {
		return netip.AddrPortFrom(a.Addr(), a.Port()+1)
	}
	return a
}

// Two hosts whose clocks differ, recorded in the order in which things happen.
func TestClocksOfTheEndsMayDiffer(t *testing.T) {
	for _, ahead := range []time.Duration{-time.Second, -2 * oneWay, 2 * oneWay, time.Second} {
		d := newDuet().handshake().send(OnLeft, data, 1, 10, 1).after(oneWay).arrive(OnRight, data, 1, 10, 1)
		for i := range d.events {
			if d.events[i].Local == them {
				d.events[i].Time = d.events[i].Time.Add(ahead + time.Hour)
			} else {
				d.events[i].Time = d.events[i].Time.Add(time.Hour)
			}
		}
		l := Build(d.events, Options{})[0]
		for i := range l.Lines {
			if line := &l.Lines[i]; line.Lost || line.Injected || line.Overtaken || line.Duplicate {
				t.Errorf("ahead by %v: %q: %+v", ahead, line.String(), line.Trip)
			}
		}
	}
}

func TestNothingIsLostBeforeAGap(t *testing.T) {
	d := newDuet().handshake().send(OnLeft, data, 1, 10, 1).after(time.Second).arrive(OnRight, data, 11, 10, 1)
	l := build(d.events, len(d.events)-1, 5, Options{})[0]
	if got, want := trips(l), "whole 1:10 [4]; arrives 11:10 []"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestBothEndsAreKnown(t *testing.T) {
	l := Build(newDuet().handshake().events, Options{})[0]
	if !l.Left.Known || !l.Right.Known {
		t.Errorf("left known: %v, right known: %v; want both", l.Left.Known, l.Right.Known)
	}
	if l.Left.Addr != us {
		t.Errorf("on the left: got %v, want the end that opened, %v", l.Left.Addr, us)
	}
	for _, host := range []struct{ left, want string }{{"10.98.0.1", them.String()}, {"10.98.0.2", us.String()}, {"10.9.9.9", us.String()}} {
		l := Build(newDuet().handshake().events, Options{LeftHost: netip.MustParseAddr(host.left)})[0]
		if got := l.Left.Addr.String(); got != host.want {
			t.Errorf("with %s on the left: got %v, want %v", host.left, got, host.want)
		}
	}
}

func TestTrueStatesOfBothEnds(t *testing.T) {
	for seed := range uint64(20) {
		l := newLink(seed, 0.1)
		l.closeAll(int(seed%2), time.Duration(seed%7)*2*time.Millisecond)
		apart := append(slices.Clone(l.records[0]), l.records[1]...)
		for name, events := range map[string][]tcp.Event{"mixed": l.both, "one after the other": apart} {
			ladders := Build(events, Options{})
			if len(ladders) != 1 {
				t.Fatalf("seed %d, %s: got %d ladders, want 1", seed, name, len(ladders))
			}
			for i, addr := range []string{us.String(), them.String()} {
				side := OnLeft
				if ladders[0].Right.Addr.String() == addr {
					side = OnRight
				}
				if got, want := enteredBy(ladders[0], side), entered(l.records[i]); !slices.Equal(got, want) {
					t.Errorf("seed %d, %s, %s: got %v, want %v", seed, name, addr, got, want)
				}
			}
			for _, line := range ladders[0].Lines {
				if line.Injected || line.Overtaken || line.Duplicate {
					t.Errorf("seed %d, %s: %v is not what happened", seed, name, line.String())
				}
			}
		}
	}
}

// enteredBy returns the states that a ladder lets an end enter.
func enteredBy(l *Ladder, s Side) (states []tcp.State) {
	for i := range l.Lines {
		states = append(states, l.Lines[i].Entered(s)...)
	}
	return states
}

// entered returns the states in an end's own record.
func entered(events []tcp.Event) (states []tcp.State) {
	for _, e := range events {
		if e.Kind == tcp.EventState {
			states = append(states, e.State)
		}
	}
	return states
}

func TestLinesFollowEachEndsOrder(t *testing.T) {
	for seed := range uint64(10) {
		l := newLink(seed, 0.15)
		l.closeAll(0, time.Millisecond)
		at := [2]time.Duration{}
		for _, line := range Build(l.both, Options{})[0].Lines {
			if line.At < at[line.Side] {
				t.Errorf("seed %d: %q at %v stands below %v", seed, line.String(), line.At, at[line.Side])
			}
			at[line.Side] = line.At
			if line.Kind == KindSegment && line.Part == Whole && line.Arrived != Unknown {
				there := line.Side.Other()
				if line.Arrived < at[there] {
					t.Errorf("seed %d: %q arrives at %v, below %v", seed, line.String(), line.Arrived, at[there])
				}
				at[there] = line.Arrived
			}
		}
	}
}

func TestPortUsedAgainByBothEnds(t *testing.T) {
	d := newDuet().handshake()
	d.enter(OnLeft, tcp.Closed).enter(OnRight, tcp.Closed).after(time.Second).handshake()
	ladders := Build(d.events, Options{})
	if len(ladders) != 2 || !ladders[1].Left.Known || !ladders[1].Right.Known {
		t.Fatalf("got %d ladders, want two, the second with both ends", len(ladders))
	}
	if err := Text(io.Discard, ladders, TextOptions{}); err != nil {
		t.Error(err)
	}
}
