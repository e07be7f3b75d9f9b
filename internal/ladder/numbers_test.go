package ladder

import (
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/tcp"
)

func TestRelativeNumbersCountOnBeyondTheSequenceSpace(t *testing.T) {
	d := newDuet().handshake()
	const chunk = 1 << 30
	for i := range 6 {
		d.send(OnLeft, data, 1+chunk*i, 1000, 1).after(oneWay).arrive(OnRight, data, 1+chunk*i, 1000, 1)
		d.send(OnRight, tcp.ACK, 1, 0, 1001+chunk*i).after(oneWay).arrive(OnLeft, tcp.ACK, 1, 0, 1001+chunk*i)
	}
	lines := Build(d.events, Options{})[0].Lines
	last := lines[len(lines)-1].Segment
	if want := int64(1001 + 5*chunk); last.Ack != want {
		t.Errorf("last ack: got %d, want %d", last.Ack, want)
	}
	if got, want := lines[len(lines)-2].Segment.Seq, int64(1+5*chunk); got != want {
		t.Errorf("last seq: got %d, want %d", got, want)
	}
}

func TestOldNumbersAreBelowZero(t *testing.T) {
	d := newDuet()
	d.send(OnLeft, tcp.SYN, 0, 0, 0).arrive(OnRight, tcp.SYN, -10, 0, 0).send(OnRight, tcp.SYN|tcp.ACK, 0, 0, -9)
	lines := Build(d.events, Options{})[0].Lines
	if got, want := lines[1].Segment.Words(false), "SYN seq -10"; got != want {
		t.Errorf("an old SYN: got %q, want %q", got, want)
	}
	if got, want := lines[2].Segment.Words(false), "SYN, ACK seq 0 ack -9"; got != want {
		t.Errorf("its answer: got %q, want %q", got, want)
	}
}

func TestShortRunsAreNotFoldedForTheCallsBetween(t *testing.T) {
	r := newRecord().handshake()
	for i := range 4 {
		r.call(tcp.CallSend).send(tcp.WhyData, data, 1+10*i, 10, 1).call(tcp.CallReceive)
	}
	l := Build(r.events, Options{})[0]
	if got := len(l.Folded().Lines); got != len(l.Lines) {
		t.Errorf("got %d lines, want all %d", got, len(l.Lines))
	}
}

// A part of a ladder is drawn in the same unit of time as the whole.
func TestUnitOfAPart(t *testing.T) {
	r := newRecord().handshake()
	r.after(time.Hour).send(tcp.WhyKeepAlive, tcp.ACK, 0, 0, 1)
	l := *Build(r.events, Options{})[0]
	l.Lines = l.Lines[:2]
	if !l.inSeconds() {
		t.Error("the first lines of an hour are given in milliseconds")
	}
}

func TestOptionWordsOfSACK(t *testing.T) {
	s := Segment{Ack: 5_000_000_001, Header: tcp.Header{Ack: 77, Flags: tcp.ACK, Options: tcp.Options{NumSACK: 1}}}
	s.Header.Options.SACK[0] = tcp.Block{Start: 177, End: 277}
	if got, want := s.OptionWords(false), "sack 5000000101:5000000201"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := s.OptionWords(true), "sack 177:277"; got != want {
		t.Errorf("absolute: got %q, want %q", got, want)
	}
}
