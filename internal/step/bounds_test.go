package step

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// TestInFlightIsBounded doubles packets until the world refuses.
func TestInFlightIsBounded(t *testing.T) {
	p := opened(t, Config{})
	must(t, p, Move{Kind: Write, End: A, N: 1})
	for range 2 * maxInFlight {
		if err := p.Do(Move{Kind: Duplicate, Packet: 4}); err != nil {
			if got := len(p.View().InFlight); err != errFull || got != maxInFlight {
				t.Errorf("%d packets in flight: %v, want %d", got, err, maxInFlight)
			}
			return
		}
	}
	t.Error("packets in flight have no bound")
}

// TestRecordIsBounded lets both ends talk for ever.
func TestRecordIsBounded(t *testing.T) {
	p := opened(t, Config{})
	var err error
	for range 10_000 {
		if err = p.Do(Move{Kind: Write, End: A, N: maxTransfer}); err != nil {
			break
		}
		if err = p.Do(Move{Kind: Wait, D: time.Minute}); err != nil {
			break
		}
		if err = p.Do(Move{Kind: Read, End: B, N: maxTransfer}); err != nil {
			break
		}
	}
	if !errors.Is(err, errFull) {
		t.Errorf("ended with %v after %d events, want %v", err, len(p.Events()), errFull)
	}
	if got := len(p.Events()); got > maxEvents {
		t.Errorf("%d events after a move that was refused, more than %d", got, maxEvents)
	}
}

func TestRunUntilInALesson(t *testing.T) {
	p, err := Find("keep-alive").Play(1)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []time.Duration{30 * time.Second, 100 * time.Second} {
		if err := p.RunUntil(start.Add(at)); err != nil || p.View().Elapsed() != at {
			t.Errorf("ran to %v, want %v (%v)", p.View().Elapsed(), at, err)
		}
	}
	now := p.View().Now
	if err := p.RunUntil(now - 1); err != nil || p.View().Now != now {
		t.Errorf("the clock went from %v to %v (%v)", now, p.View().Now, err)
	}
	for p.Back() { // what was undone is made again, as far as it is before the time
	}
	if err := p.RunUntil(start.Add(20 * time.Second)); err != nil || p.View().Elapsed() != 20*time.Second {
		t.Errorf("ran to %v, want 20s (%v)", p.View().Elapsed(), err)
	}
}

func TestInject(t *testing.T) {
	p := opened(t, Config{Ends: [2]EndConfig{{ISS: 1000}, {ISS: 5000}}})
	for _, text := range []string{
		". 1:11(10) ack 1 win 1000", "[ect0] . 11:21(10) ack 1 win 1000", "[tos 0x10, ttl 9] P. 21:31(10) ack 1 win 1000 <nop,nop,sack 1:5>",
		". 31:41(10) ack 1 win 1000 <ECN e0b 1 ceb 0>", ". 41:51(10) ack 1 win 1000 <kind 172 0102>",
	} {
		if err := p.Inject(B, text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	if got := p.View().Ends[B].Readable; got != 50 {
		t.Errorf("B has got %d bytes, want 50", got)
	}
	last := p.Events()[len(p.Events())-1]
	if last.Local != addrB {
		t.Errorf("the last event is of %v", last.Local)
	}
	for _, text := range []string{"icmp unreachable frag_needed mtu 1000", "", "> . 1:1(0) ack 1", ". 1:1(0) ack 1 win 5 <...>"} {
		if err := p.Inject(B, text); err == nil {
			t.Errorf("%q was injected", text)
		}
	}
	if err := p.Inject(5, "R 1:1(0) win 0"); err == nil {
		t.Error("injected to an end that there is not")
	}
}

func TestNoScript(t *testing.T) {
	p, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	var none *ScriptError
	if _, err := p.Script(A); !errors.As(err, &none) || !strings.Contains(err.Error(), "nothing has happened at A") {
		t.Errorf("an empty script: %v", err)
	}
	if _, err := p.Script(2); !errors.As(err, &none) {
		t.Errorf("a script of an end that there is not: %v", err)
	}
}

// TestScriptIsReadable compares one whole script.
func TestScriptIsReadable(t *testing.T) {
	p := playTo(t, Find("handshake"), 5)
	got, err := p.Script(B)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"// The three-way handshake, as B sees it.\n", "`sysctl -q net.ipv4.tcp_sack=0`\n",
		"// B's application waits for connections. Nothing is sent.\n   0.000 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n",
		"   0.050 < S 0:0(0) win 64240 <mss 1460>\n   0.050 > S. 0:0(0) ack 1 win 64240 <mss 1460>\n",
		"   0.150 accept(3, ..., ...) = 4\n",
	} {
		if !strings.Contains(string(got), want) {
			t.Errorf("the script lacks\n%s\nin\n%s", want, got)
		}
	}
}

func TestFlightWords(t *testing.T) {
	p := playTo(t, Find("path-mtu"), 1)
	want := []string{
		"#4 nobody > A  icmp unreachable frag_needed mtu 1000 [1:1461(1460)]",
		"#5 nobody > A  icmp unreachable frag_needed mtu 1000 [1461:2921(1460)]",
	}
	for i, f := range p.View().InFlight {
		if got := strings.Replace(f.String(), "#6", "#4", 1); got[2:] != want[i][2:] {
			t.Errorf("got %q, want %q", got, want[i])
		}
	}
}

// TestRecordOfADropBehindAnArrival: only the text of a segment is thrown away, and its copy is still on the way.
func TestRecordOfADropBehindAnArrival(t *testing.T) {
	segment := tcp.Event{Kind: tcp.EventSend, Local: addrA, Remote: addrB, Header: tcp.Header{Seq: 7, Flags: tcp.ACK}, Len: 5}
	at := func(e tcp.Event, kind tcp.EventKind, ms int) tcp.Event {
		e.Kind, e.Time = kind, ip.Time(ms)*ip.Time(time.Millisecond)
		if kind != tcp.EventSend {
			e.Local, e.Remote = addrB, addrA
		}
		return e
	}
	r := Record("drop", []tcp.Event{
		at(segment, tcp.EventSend, 1), at(segment, tcp.EventSend, 2), at(segment, tcp.EventArrive, 3), at(segment, tcp.EventDrop, 3),
		at(segment, tcp.EventArrive, 9),
	})
	for range 4 {
		r.Next()
	}
	if f := r.View().InFlight; len(f) != 1 || f[0].Arrives != ip.Time(9*time.Millisecond) {
		t.Errorf("in flight behind the drop: %v, want the second", f)
	}
}
