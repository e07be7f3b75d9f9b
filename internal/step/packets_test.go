package step

import (
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/internal/pcap"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// TestPacketsOfAnEnd opens a connection and loses the ACK: A has sent it, B has not got it.
func TestPacketsOfAnEnd(t *testing.T) {
	p, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, move := range []Move{{Kind: Listen, End: B}, {Kind: Connect}, {Kind: Go}, {Kind: Go}, {Kind: Drop, Packet: 3}} {
		if err := p.Do(move); err != nil {
			t.Fatal(err)
		}
	}
	want := [2][]tcp.Flags{{tcp.SYN, tcp.SYN | tcp.ACK, tcp.ACK}, {tcp.SYN, tcp.SYN | tcp.ACK}}
	for end := range want {
		got := p.(Capturer).Packets(end)
		if len(got) != len(want[end]) {
			t.Fatalf("end %d: got %d packets, want %d", end, len(got), len(want[end]))
		}
		for i, packet := range got {
			s, ok := pcap.ParseTCP(time.Time{}, packet.Data)
			if !ok || s.Header.Flags != want[end][i] {
				t.Errorf("end %d, packet %d: got %v, want %v", end, i, s.Header.Flags, want[end][i])
			}
		}
	}
}

func TestRewindGoesToTheStart(t *testing.T) {
	p, err := Find("handshake").Play(1)
	if err != nil {
		t.Fatal(err)
	}
	first := p.View().Ahead
	for range 4 {
		p.Next()
	}
	p.(Rewinder).Rewind()
	if v := p.View(); v.Step != 0 || v.Ahead != first || v.Elapsed() != 0 {
		t.Errorf("got step %d at %v, ahead %q; want the start", v.Step, v.Elapsed(), v.Ahead)
	}
	if !p.Next() || p.View().Step != 1 {
		t.Error("what was done cannot be done again")
	}
}
