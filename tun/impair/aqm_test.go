package impair

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

func TestLossComesInBursts(t *testing.T) {
	for _, f := range []Fault{{Loss: 0.05, Burst: 4}, {Loss: 0.3, Burst: 10}, {Loss: 0.5, Burst: 1}, {Loss: 0.1, Burst: 20}} {
		const n = 200_000
		w := NewWire(f, 3, 0)
		bursts, last := 0, -2
		for id := range n {
			w.Push(1, numbered(id, 4))
			if w.Pop(1) != nil {
				continue
			}
			if id != last+1 {
				bursts++
			}
			last = id
		}
		lost := float64(w.Stats().Lost)
		if share := lost / n; share < 0.8*f.Loss || share > 1.2*f.Loss {
			t.Errorf("%+v: a share of %.4f is lost", f, share)
		}
		if mean := lost / float64(bursts); mean < 0.9*f.Burst || mean > 1.1*f.Burst {
			t.Errorf("%+v: %.2f packets in a row are lost on average", f, mean)
		}
	}
}

// datagram is an IP packet whose ECN bits are these.
func datagram(src, dst string, ecn uint8, length int) []byte {
	h := ip.Header{Src: netip.MustParseAddr(src), Dst: netip.MustParseAddr(dst), Protocol: ip.ProtoUDP, TOS: 0xb8 | ecn}
	return append(ip.AppendHeader(nil, &h, length), make([]byte, length)...)
}

func TestMarkLeavesAValidHeader(t *testing.T) {
	for _, pair := range [][2]string{{"192.0.2.1", "192.0.2.2"}, {"2001:db8::1", "2001:db8::2"}} {
		for ecn := range uint8(4) {
			b := datagram(pair[0], pair[1], ecn, 20)
			if got, want := mark(b), ecn != 0; got != want {
				t.Errorf("%s, ECN %d: marked is %v, want %v", pair[0], ecn, got, want)
			}
			want := uint8(0xb8)
			if ecn != 0 {
				want |= 3
			}
			var h ip.Header
			if d := ip.ParseHeader(b, &h); d != ip.NoDrop || h.TOS != want {
				t.Errorf("%s, ECN %d: the TOS is %#x (%v), want %#x", pair[0], ecn, h.TOS, d, want)
			}
		}
	}
	if mark(nil) || mark([]byte{0x45, 0xff}) {
		t.Error("something too short was marked")
	}
}

// flood pushes twice what the bottleneck carries for ten seconds, and returns how long packets waited at the end.
func flood(t *testing.T, f Fault, ecn uint8) (wait time.Duration, s Stats) {
	t.Helper()
	w := NewWire(f, 1, 0)
	now, sent := ip.Time(1), map[uint32]ip.Time{}
	pop := func() {
		for d := w.Deadline(); d != 0 && d <= now; d = w.Deadline() {
			wait = d.Sub(sent[binary.BigEndian.Uint32(w.Pop(d).Data[28:])])
		}
	}
	for id := range uint32(16_000) { // 1250 bytes at 8 Mbit/s take 1.25 ms
		b := datagram("192.0.2.1", "192.0.2.2", ecn, 1230)
		binary.BigEndian.PutUint32(b[28:], id)
		pop()
		sent[id] = now
		w.Push(now, &ip.Buffer{Data: b})
		now = now.Add(625 * time.Microsecond)
	}
	pop()
	return wait, w.Stats()
}

func TestQueuesUnderAFlood(t *testing.T) {
	const full = 200 * 1250 * time.Microsecond
	tests := []struct {
		name     string
		aqm      AQM
		ecn      uint8
		at, most time.Duration
	}{
		{"drop tail", DropTail, 0, full - 2*time.Millisecond, full},
		{"RED", RED, 0, 20 * time.Millisecond, full / 2},
		{"CoDel", CoDel, 0, 0, full},
		{"RED with marks", RED, 2, full - 2*time.Millisecond, full},
		{"CoDel with marks", CoDel, 1, full - 2*time.Millisecond, full},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wait, s := flood(t, Fault{Rate: 8e6, Queue: 200, AQM: tt.aqm}, tt.ecn)
			if wait < tt.at || wait > tt.most {
				t.Errorf("packets wait %s, want %s to %s", wait, tt.at, tt.most)
			}
			if early, marked := tt.aqm != DropTail && tt.ecn == 0, tt.aqm != DropTail && tt.ecn != 0; (s.Early > 0) != early || (s.Marked > 0) != marked {
				t.Errorf("lost early %d, marked %d", s.Early, s.Marked)
			}
		})
	}
}

// What RFC 8289 §3.3 says: the first drop after an interval above the target, the next after an interval, then at
// intervals that shrink with the square root of their number.
func TestCoDelDropsAtShrinkingIntervals(t *testing.T) {
	c := &codel{target: codelTarget}
	var drops []time.Duration
	for at := ip.Time(1); at < ip.Time(time.Second); at = at.Add(time.Millisecond) {
		if c.congested(at, at.Add(codelTarget), 1) {
			drops = append(drops, at.Sub(1))
		}
	}
	want := []time.Duration{100, 200, 271, 329, 379, 424, 464, 502, 538, 571}
	if len(drops) < len(want) {
		t.Fatalf("got %d drops", len(drops))
	}
	for i, ms := range want {
		if d := drops[i] - ms*time.Millisecond; d < -time.Millisecond || d > time.Millisecond {
			t.Errorf("drop %d comes after %s, want %dms", i+1, drops[i], ms)
		}
	}
	if at := ip.Time(time.Second); c.congested(at, at.Add(codelTarget-1), 1) || c.dropping {
		t.Error("it goes on below the target")
	}
}

func TestShortQueuesAreLeftAlone(t *testing.T) {
	for _, aqm := range []AQM{RED, CoDel} {
		w := NewWire(Fault{Rate: 8e6, Queue: 200, AQM: aqm}, 1, 0)
		for now := ip.Time(1); now < ip.Time(10*time.Second); now = now.Add(2500 * time.Microsecond) {
			for range 2 {
				w.Push(now, &ip.Buffer{Data: make([]byte, 1250)})
			}
			for w.Pop(now) != nil {
			}
		}
		if s := w.Stats(); s.Early+s.Full > 0 {
			t.Errorf("%v: %+v", aqm, s)
		}
	}
}
