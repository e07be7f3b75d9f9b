package ip

import (
	"bytes"
	"testing"
	"time"
)

// The types that every layer shares.

func TestEveryDropSaysWhy(t *testing.T) {
	seen := map[string]Drop{}
	for d := range numDrops {
		text := d.String()
		if other, ok := seen[text]; ok || text == "" || text == "unknown" {
			t.Errorf("drop %d says %q, as does %d", d, text, other)
		}
		seen[text] = d
	}
	if got := numDrops.String(); got != "unknown" {
		t.Errorf("no drop at all says %q, want unknown", got)
	}
}

func TestEveryErrorKindSaysWhat(t *testing.T) {
	seen := map[string]ErrorKind{}
	for k := range numErrorKinds {
		text := k.String()
		if other, ok := seen[text]; ok || text == "" || text == "unknown" {
			t.Errorf("kind %d says %q, as does %d", k, text, other)
		}
		seen[text] = k
	}
	if got := numErrorKinds.String(); got != "unknown" {
		t.Errorf("no kind at all says %q, want unknown", got)
	}
}

func TestEarliestTakesZeroForNone(t *testing.T) {
	for _, tt := range []struct{ a, b, want Time }{{0, 0, 0}, {0, 5, 5}, {5, 0, 5}, {3, 5, 3}, {5, 3, 3}, {4, 4, 4}} {
		if got := Earliest(tt.a, tt.b); got != tt.want {
			t.Errorf("Earliest(%d, %d) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}

func TestTimeArithmetic(t *testing.T) {
	a := Time(time.Second)
	b := a.Add(time.Millisecond)
	if b.Sub(a) != time.Millisecond || !a.Before(b) || b.Before(a) || a.IsZero() || !Time(0).IsZero() {
		t.Errorf("a %d, b %d", a, b)
	}
}

func TestFreeTakesBuffersHomeOnce(t *testing.T) {
	var home freed
	(&Buffer{Home: &home}).Free()
	(&Buffer{}).Free()
	(*Buffer)(nil).Free()
	if home != 1 {
		t.Errorf("%d buffers came home, want 1", home)
	}
}

// A pinned counts how often it was released.
type pinned int

func (p *pinned) Unpin() { *p++ }

func TestPacketIsUsedAgain(t *testing.T) {
	var p Packet
	var pin pinned
	for round := range 2 {
		p.Reset()
		p.Header = append(p.Header, "head"...)
		p.Payload = append(p.Payload, []byte("er and "), nil, []byte("payload"))
		p.Pins = append(p.Pins, &pin, &pin)
		p.GSOSize, p.NeedsChecksum, p.ChecksumStart, p.ChecksumOffset = 1, true, 2, 3
		if got := p.AppendTo([]byte("> ")); !bytes.Equal(got, []byte("> header and payload")) || p.Len() != 18 {
			t.Errorf("round %d: got %q, length %d", round, got, p.Len())
		}
		p.Unpin()
		if int(pin) != 2*(round+1) || len(p.Payload) != 0 || len(p.Pins) != 0 {
			t.Errorf("round %d: %d pins released, %d and %d left", round, pin, len(p.Payload), len(p.Pins))
		}
	}
	if p.Reset(); p.Len() != 0 || p.GSOSize != 0 || p.NeedsChecksum || p.ChecksumStart != 0 || p.ChecksumOffset != 0 {
		t.Errorf("after Reset: %+v", p)
	}
}
