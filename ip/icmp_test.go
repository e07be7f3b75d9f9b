package ip

import (
	"bytes"
	"testing"
)

func TestEchoRequestAndReply(t *testing.T) {
	for _, family := range []struct {
		name            string
		from, to        Header
		request, answer uint8
	}{
		{"IPv4", from4(ProtoICMP), Header{Src: ours4, Dst: peer4}, 8, 0},
		{"IPv6", from6(ProtoICMPv6), Header{Src: ours6, Dst: peer6}, 128, 129},
	} {
		t.Run(family.name, func(t *testing.T) {
			src, dst := family.from.Src, family.from.Dst
			var m, reply ICMP
			if d := ParseICMP(AppendEchoRequest(nil, src, dst, 0xbeef, 7, []byte("hello")), src, dst, false, &m); d != NoDrop {
				t.Fatalf("request refused: %v", d)
			}
			if !m.IsEchoRequest() || m.IsEchoReply() || m.IsError() || m.Type != family.request {
				t.Errorf("request is %+v", m)
			}
			if d := ParseICMP(AppendEchoReply(nil, dst, src, &m), dst, src, false, &reply); d != NoDrop {
				t.Fatalf("reply refused: %v", d)
			}
			if !reply.IsEchoReply() || reply.IsEchoRequest() || reply.IsError() || reply.Type != family.answer {
				t.Errorf("reply is %+v", reply)
			}
			id, seq := reply.Echo()
			if id != 0xbeef || seq != 7 || string(reply.Body) != "hello" {
				t.Errorf("reply has id %#x, seq %d, data %q; want 0xbeef, 7, hello", id, seq, reply.Body)
			}
		})
	}
}

func TestParseICMPRefuses(t *testing.T) {
	good4 := AppendEchoRequest(nil, peer4, ours4, 1, 2, []byte("odd"))
	good6 := AppendEchoRequest(nil, peer6, ours6, 1, 2, []byte("odd"))
	flip := func(b []byte) []byte { b = bytes.Clone(b); b[9] ^= 4; return b }
	var m ICMP
	if got := ParseICMP(good4[:7], peer4, ours4, false, &m); got != DropShort {
		t.Errorf("seven bytes: got %q, want %q", got, DropShort)
	}
	if got := ParseICMP(flip(good4), peer4, ours4, false, &m); got != DropChecksum {
		t.Errorf("IPv4 with a flipped bit: got %q, want %q", got, DropChecksum)
	}
	if got := ParseICMP(flip(good6), peer6, ours6, false, &m); got != DropChecksum {
		t.Errorf("IPv6 with a flipped bit: got %q, want %q", got, DropChecksum)
	}
	if got := ParseICMP(good6, peer6, peer6, false, &m); got != DropChecksum {
		t.Errorf("IPv6 to another address: got %q, want %q", got, DropChecksum)
	}
	if got := ParseICMP(flip(good4), peer4, ours4, true, &m); got != NoDrop {
		t.Errorf("vouched for: got %q, want it taken", got)
	}
}

func TestEchoWithCodeIsNone(t *testing.T) {
	m := ICMP{Version: 4, Type: 8, Code: 1}
	if m.IsEchoRequest() {
		t.Error("type 8 with code 1 counts as an echo request")
	}
}

func TestIsErrorTellsErrorsFromQueries(t *testing.T) {
	errors := map[uint8][]uint8{4: {3, 4, 5, 11, 12}, 6: {0, 1, 2, 3, 4, 100, 127, 137}}
	for version, types := range errors {
		for typ := range 256 {
			m := ICMP{Version: version, Type: uint8(typ)}
			want := bytes.IndexByte(types, m.Type) >= 0 || version == 6 && typ < 128
			if m.IsError() != want {
				t.Errorf("IPv%d type %d: error %v, want %v", version, typ, m.IsError(), want)
			}
		}
	}
}
