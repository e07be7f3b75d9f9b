package ladder

import (
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// FuzzBuild draws records that no connection would make: whatever a record
// holds, its ladder is drawn, folds to the same number of bytes, and keeps to its width.
func FuzzBuild(f *testing.F) {
	f.Add([]byte{5, 1, 0, 0, 0, 0, 1, 2, 0, 0, 1, 0, 0, 18, 0, 1, 1, 0, 1, 16, 1, 1, 9, 0})
	f.Add(slices.Repeat([]byte{0, 16, 1, 1, 200, 0}, 12))
	f.Fuzz(func(t *testing.T, data []byte) {
		ladders := Build(eventsFrom(data), Options{Left: "us", Right: "them"})
		for _, l := range ladders {
			if got, want := textBytes(l.Folded()), textBytes(l); got != want {
				t.Errorf("folded to %d bytes, want %d", got, want)
			}
			if _, err := l.MarshalJSON(); err != nil {
				t.Error(err)
			}
		}
		var b strings.Builder
		Text(&b, ladders, TextOptions{Rules: true})
		for row := range strings.Lines(b.String()) {
			if n := len([]rune(row)); n > defaultWidth+1 {
				t.Errorf("a row of %d columns: %q", n-1, row)
			}
		}
		Text(io.Discard, ladders, TextOptions{ASCII: true, Full: true, Vars: true, Absolute: true})
	})
}

// eventsFrom makes an event of every six bytes.
func eventsFrom(data []byte) []tcp.Event {
	var events []tcp.Event
	now := ip.Time(1)
	for c := range slices.Chunk(data, 6) {
		if len(c) < 6 {
			break
		}
		now = now.Add(time.Duration(c[5]) * time.Millisecond)
		e := tcp.Event{
			Time: now, Kind: tcp.EventKind(c[0] % 10), Local: us, Remote: them,
			State: tcp.State(c[1] % 12), From: tcp.State(c[2] % 12), Len: int(c[4]) * 40,
			Why: tcp.Why(c[3]), Nth: int(c[2] % 4), Drop: ip.Drop(c[3]), Call: tcp.Call(c[1]), Cause: tcp.Cause(c[5]), GSO: int(c[5]) * 10,
		}
		e.Header = tcp.Header{Flags: tcp.Flags(c[1]), Seq: tcp.Seq(c[2]) + irs, Ack: tcp.Seq(c[3]) + iss, Wnd: uint16(c[4])}
		if c[0]&0x80 != 0 {
			e.Local, e.Remote = e.Remote, e.Local
		}
		if e.Kind != tcp.EventDrop {
			e.Drop = ip.NoDrop
		}
		events = append(events, e)
	}
	return events
}

// textBytes counts the bytes of text in a ladder.
func textBytes(l *Ladder) int {
	n := 0
	for i := range l.Lines {
		switch line := &l.Lines[i]; line.Kind {
		case KindSegment:
			if line.Part != Arrives {
				n += line.Segment.Len
			}
		case KindFold:
			n += line.Fold.BytesRight + line.Fold.BytesLeft
		}
	}
	return n
}
