package steptui

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/internal/ladder"
	"github.com/sockeye-tcp/sockeye/internal/step"
	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// twoConnections are what a capture of two connections gives: a handshake, and a SYN that is refused.
func twoConnections() []*ladder.Ladder {
	b := netip.MustParseAddrPort("192.0.2.2:80")
	seen := func(ms int, port uint16, answer bool, flags tcp.Flags) ladder.Seen {
		s := ladder.Seen{Time: ip.Time(time.Second).Add(time.Duration(ms) * time.Millisecond)}
		s.Src, s.Dst = netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), port), b
		s.Header = tcp.Header{Flags: flags, Seq: 100, Ack: 301}
		if answer {
			s.Src, s.Dst = s.Dst, s.Src
			s.Header.Seq, s.Header.Ack = 300, 101
		}
		if flags == tcp.ACK {
			s.Header.Seq = 101
		}
		s.Header.SrcPort, s.Header.DstPort = s.Src.Port(), s.Dst.Port()
		return s
	}
	return ladder.Observe([]ladder.Seen{
		seen(0, 1000, false, tcp.SYN), seen(10, 1000, true, tcp.SYN|tcp.ACK), seen(20, 1000, false, tcp.ACK),
		seen(30, 1001, false, tcp.SYN), seen(40, 1001, true, tcp.RST|tcp.ACK),
	}, ladder.Options{})
}

func TestObservedGoesThroughAllConnections(t *testing.T) {
	p := Observed("x.pcap", twoConnections(), "That was all.")
	if v := p.View(); v.Step != 0 || v.Steps != 5 || !strings.Contains(v.Note, "worked out from the segments") {
		t.Fatalf("at the start: %+v", v)
	}
	var forward []step.View
	for p.Next() {
		forward = append(forward, *p.View())
	}
	if len(forward) != 5 {
		t.Fatalf("got %d steps, want 5", len(forward))
	}
	if v := forward[2]; v.Ends[0].State != tcp.Established || v.Ends[1].State != tcp.Established || !v.Ends[0].Inferred || v.Title != "x.pcap, connection 1 of 2" {
		t.Errorf("after the handshake: %+v", v)
	}
	if v := forward[4]; v.Ends[0].State != tcp.Closed || v.Note != "That was all." || v.Title != "x.pcap, connection 2 of 2" {
		t.Errorf("at the end: %+v", v)
	}
	for i := len(forward) - 1; i >= 0; i-- {
		if v := p.View(); v.Step != forward[i].Step || v.Note != forward[i].Note || v.Now != forward[i].Now {
			t.Errorf("back at step %d: got %q at %v, want %q at %v", i+1, v.Note, v.Now, forward[i].Note, forward[i].Now)
		}
		if !p.Back() {
			t.Fatalf("cannot go back from step %d", i+1)
		}
	}
	if p.Back() {
		t.Error("there is something before the start")
	}
}

func TestObservedRuns(t *testing.T) {
	p := Observed("x.pcap", twoConnections(), "")
	if err := p.RunToState(step.B, tcp.SynReceived); err != nil || p.View().Step != 1 {
		t.Errorf("to SYN-RECEIVED: step %d, %v", p.View().Step, err)
	}
	if err := p.RunUntil(p.View().Start.Add(15 * time.Millisecond)); err != nil || p.View().Step != 2 {
		t.Errorf("to 15 ms: step %d, %v", p.View().Step, err)
	}
	if err := p.RunToState(step.A, tcp.Listen); !errors.Is(err, step.ErrBound) || p.View().Step != 5 {
		t.Errorf("to LISTEN: step %d, %v", p.View().Step, err)
	}
}

func TestARecordingCannotBeChanged(t *testing.T) {
	m := New(Observed("x.pcap", twoConnections(), ""), Options{})
	press(m, "space")
	for _, key := range []string{"x", "d", "l", "c", "f"} {
		press(m, key)
		if got := lastRow(m); got != " ! This is a recording: it can be stepped through, not changed." {
			t.Errorf("%s: got %q", key, got)
		}
	}
	press(m, "w", "enter")
	if got := screen(m); !strings.Contains(got, "a capture does not tell what the applications called") {
		t.Errorf("got\n%s", got)
	}
	press(m, "esc", "i", "R 1:1(0)", "enter")
	if got := screen(m); !strings.Contains(got, "This is a recording") {
		t.Errorf("got\n%s", got)
	}
}

func TestObservedOfNothing(t *testing.T) {
	p := Observed("x.pcap", nil, "")
	if p.Next() || p.Back() || p.View().Steps != 0 {
		t.Errorf("got %+v", p.View())
	}
	if got := screen(New(p, Options{})); !strings.Contains(got, "Nothing has happened yet.") {
		t.Errorf("got\n%s", got)
	}
}
