package packetdrill

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// parseEvent parses a script with one event.
func parseEvent(t *testing.T, text string) Event {
	t.Helper()
	s, err := Parse("test.pkt", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Events) != 1 {
		t.Fatalf("got %d events, want 1", len(s.Events))
	}
	return s.Events[0]
}

func TestParseReadsTimes(t *testing.T) {
	const ms = time.Millisecond
	for _, test := range []struct {
		name, text string
		want       When
	}{
		{"absolute", "1.5 > . 1:1(0) ack 1", When{At: 1500 * ms}},
		{"relative", "+.1 > . 1:1(0) ack 1", When{Relative: true, At: 100 * ms}},
		{"any", "* > . 1:1(0) ack 1", When{Any: true}},
		{"relative window", "+.1~+.2 > . 1:1(0) ack 1", When{Relative: true, At: 100 * ms, HasUntil: true, Until: 200 * ms}},
		{"absolute window", "1~2 > . 1:1(0) ack 1", When{At: 1000 * ms, HasUntil: true, Until: 2000 * ms}},
		{"blocking", "+0...0.2 close(3) = 0", When{Relative: true, Blocks: true, Returns: 200 * ms}},
		{"blocking with a space", "+0 ...0.2 close(3) = 0", When{Relative: true, Blocks: true, Returns: 200 * ms}},
		{"microseconds", "0.000001 close(3) = 0", When{At: time.Microsecond}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if d := cmp.Diff(test.want, parseEvent(t, test.text).When); d != "" {
				t.Errorf("want -, got +\n%s", d)
			}
		})
	}
}

func TestParseReadsPackets(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       Packet
	}{
		{"a SYN with options", "0 < S 5:5(0) win 100 <mss 1460,sackOK,TS val 1 ecr 2,nop,wscale 7>", Packet{
			Flags: tcp.SYN, Seq: 5, Wnd: 100, HasWnd: true,
			Options: []TCPOption{{Kind: kindMSS, Value: 1460}, {Kind: kindSACKOK}, {Kind: kindTimestamp, Value: 1, Ecr: 2}, {Kind: kindNOP}, {Kind: kindWScale, Value: 7}},
		}},
		{"text with a push", "0 > P. 1:11(10) ack 3", Packet{Out: true, Flags: tcp.PSH | tcp.ACK, Seq: 1, Len: 10, Ack: 3, HasAck: true}},
		{"no flags", "0 < - 1:1(0) win 0", Packet{Seq: 1, HasWnd: true}},
		{"any options", "0 > . 1:1(0) ack 1 <...>", Packet{Out: true, Flags: tcp.ACK, Seq: 1, Ack: 1, HasAck: true, AnyOptions: true}},
		{"blocks", "0 > . 1:1(0) ack 1 <nop,nop,sack 1:2 5:9>", Packet{
			Out: true, Flags: tcp.ACK, Seq: 1, Ack: 1, HasAck: true,
			Options: []TCPOption{{Kind: kindNOP}, {Kind: kindNOP}, {Kind: kindSACK, SACK: [][2]uint32{{1, 2}, {5, 9}}}},
		}},
		{"the wrap", "0 > R 4294967295:5(6)", Packet{Out: true, Flags: tcp.RST, Seq: 1<<32 - 1, Len: 6}},
		{"urgent text", "0 < .U 1:2(1) ack 1 win 9 urg 1", Packet{
			Flags: tcp.ACK | tcp.URG, Seq: 1, Len: 1, Ack: 1, HasAck: true, Wnd: 9, HasWnd: true, Urg: 1, HasUrg: true,
		}},
		{"an ACE counter", "0 > .5 1:1(0) ack 1", Packet{Out: true, Flags: tcp.ACK | tcp.ECE | tcp.AE, Seq: 1, Ack: 1, HasAck: true}},
		{"ports", "0 < 80 > 90 . 1:1(0) ack 1 win 1", Packet{
			Flags: tcp.ACK, Seq: 1, Ack: 1, HasAck: true, Wnd: 1, HasWnd: true, HasPorts: true, SrcPort: 80, DstPort: 90,
		}},
		{"cookies", "0 > S 0:0(0) <FO,nop,nop,FO abcd,FOEXP 0102,FOEXP X>", Packet{Out: true, Flags: tcp.SYN, Options: []TCPOption{
			{Kind: kindFastOpen}, {Kind: kindNOP}, {Kind: kindNOP}, {Kind: kindFastOpen, Data: []byte{0xab, 0xcd}},
			{Kind: kindExp, Data: []byte{0xf9, 0x89, 1, 2}}, {Kind: kindExp, Data: []byte{0xf9, 0x89}, Symbol: "X"},
		}}},
		{"counters of bytes", "0 > . 1:1(0) ack 1 <ECN e0b 1 ceb 16777215 e1b 3,nop,ECN e1b 1,ECN0,nop>", Packet{
			Out: true, Flags: tcp.ACK, Seq: 1, Ack: 1, HasAck: true, Options: []TCPOption{
				{Kind: kindAccECN0, Data: []byte{0, 0, 1, 255, 255, 255, 0, 0, 3}}, {Kind: kindNOP},
				{Kind: kindAccECN1, Data: []byte{0, 0, 1}}, {Kind: kindAccECN0}, {Kind: kindNOP},
			},
		}},
		{"other options", "0 > S 0:0(0) <exp abcd,kind 99 0102,md5 00112233445566778899aabbccddeeff,nop,nop>", Packet{Out: true, Flags: tcp.SYN, Options: []TCPOption{
			{Kind: kindExp, Data: []byte{0xab, 0xcd}}, {Kind: 99, Data: []byte{1, 2}},
			{Kind: kindMD5, Data: []byte{0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}},
			{Kind: kindNOP}, {Kind: kindNOP},
		}}},
		{"a datagram", "0 < [ce] 1 > 2 udp (7)", Packet{UDP: true, Len: 7, IP: IPInfo{HasECN: true, ECN: 3}, HasPorts: true, SrcPort: 1, DstPort: 2}},
		{"bits of the IP header", "0 > [ect0, ttl 64] SEW 0:0(0)", Packet{
			Out: true, Flags: tcp.SYN | tcp.ECE | tcp.CWR, IP: IPInfo{HasECN: true, ECN: 2, HasTTL: true, TTL: 64},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := parseEvent(t, test.text).Packet
			if d := cmp.Diff(&test.want, got); d != "" {
				t.Errorf("want -, got +\n%s", d)
			}
		})
	}
}

func TestParseReadsCalls(t *testing.T) {
	const text = "0 poll([{fd=4,\n events=POLLIN|POLLOUT, revents=0x1}], 1, -1) = -1 EAGAIN (try again)"
	got := *parseEvent(t, text).Call
	want := Call{Name: "poll", Errno: "EAGAIN", Result: Expr{Line: 2, Kind: ExprInt, Int: -1}, Args: []Expr{
		{Line: 1, Kind: ExprList, List: []Expr{{Line: 1, Kind: ExprStruct, Keys: []string{"fd", "events", "revents"}, List: []Expr{
			{Line: 1, Kind: ExprInt, Int: 4},
			{Line: 2, Kind: ExprOr, List: []Expr{{Line: 2, Kind: ExprName, Text: "POLLIN"}, {Line: 2, Kind: ExprName, Text: "POLLOUT"}}},
			{Line: 2, Kind: ExprInt, Int: 1},
		}}}},
		{Line: 2, Kind: ExprInt, Int: 1},
		{Line: 2, Kind: ExprInt, Int: -1},
	}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("want -, got +\n%s", d)
	}
}

func TestParseReadsTheFrame(t *testing.T) {
	const text = "// what it shows\n--mtu=1400\n--strict_segments\n`sysctl a=1`\n\n0 /* now */ `sysctl b=2`\n+1 %{\nassert 1\n}%\n+0 < icmp unreachable frag_needed mtu 900 [1:2(1)]\n`true`"
	s, err := Parse("test.pkt", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	want := &Script{
		Name:     "test.pkt",
		Options:  []Option{{2, "mtu", "1400"}, {3, "strict_segments", ""}},
		Commands: []Command{{4, "sysctl a=1"}},
		Events: []Event{
			{Line: 6, Command: &Command{6, "sysctl b=2"}},
			{Line: 7, When: When{Relative: true, At: time.Second}, Code: &Code{7, "\nassert 1\n"}},
			{Line: 10, When: When{Relative: true}, ICMP: &ICMP{Type: "unreachable", Code: "frag_needed", MTU: 900, Seq: 1, HasSeq: true}},
			{Line: 11, When: When{Relative: true}, Command: &Command{11, "true"}},
		},
	}
	if d := cmp.Diff(want, s); d != "" {
		t.Errorf("want -, got +\n%s", d)
	}
}

func TestStringsHaveTheEscapesOfC(t *testing.T) {
	for text, want := range map[string]string{
		`plain`: "plain", `\n\t\\\"`: "\n\t\\\"", `\0`: "\x00", `\0\1019`: "\x00A9", `\x41\x4g`: "A\x04g", `\a\b\f\r\v\'\?`: "\a\b\f\r\v'?",
	} {
		if got, ok := unescape(text); !ok || got != want {
			t.Errorf("%s: got %q, %v, want %q", text, got, ok, want)
		}
	}
	for _, text := range []string{`\q`, `\x`, `\777`} {
		if got, ok := unescape(text); ok {
			t.Errorf("%s: got %q, want nothing", text, got)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"an empty script", "// nothing\n", "test.pkt:2:1: the script has no events"},
		{"a time that is none", "\nsoon close(3) = 0", "test.pkt:2:1: expected a time in seconds"},
		{"half a relative window", "+1~2 > . 1:1(0) ack 1", "both ends of a window"},
		{"a window that ends first", "2~1 > . 1:1(0) ack 1", "ends before it begins"},
		{"a window for the peer", "+1~+2 < . 1:1(0) ack 1 win 1", "only a packet that the host sends"},
		{"a packet that blocks", "0...1 > . 1:1(0) ack 1", "only a call can block"},
		{"a length that is wrong", "0 > . 1:5(5) ack 1", "1:5 is 4 bytes, not 5"},
		{"ack without its flag", "0 > P 1:1(0) ack 1", "go together"},
		{"the flag without ack", "0 > . 1:1(0)", "go together"},
		{"an unknown flag", "0 > X. 1:1(0) ack 1", "is no flag"},
		{"a flag twice", "0 > .. 1:1(0) ack 1", "name one twice"},
		{"an ACE counter and a bit of it", "0 > .E5 1:1(0) ack 1", "name one twice"},
		{"an ACE counter that is too large", "0 > .8 1:1(0) ack 1", "is no flag"},
		{"a window missing", "0 < . 1:1(0) ack 1", "needs its window"},
		{"any options from the peer", "0 < . 1:1(0) ack 1 win 1 <...>", "needs its options"},
		{"options without padding", "0 > S 0:0(0) <wscale 7>", "the options take 3 bytes"},
		{"too many options", "0 > . 1:1(0) ack 1 <sack 1:2 3:4 5:6 7:8,TS val 1 ecr 1>", "more than the 40"},
		{"an unknown option", "0 > S 0:0(0) <md6>", "the option md6 is not supported"},
		{"an option with a name by its number", "0 > S 0:0(0) <kind 2 05b4>", "the option 2 has a name: mss"},
		{"counters in no order", "0 > . 1:1(0) ack 1 <ECN ceb 1,nop,nop,nop>", "expected \"e0b\" or \"e1b\""},
		{"a counter twice", "0 > . 1:1(0) ack 1 <ECN e0b 1 e0b 1>", "expected"},
		{"half a byte", "0 > S 0:0(0) <FO abc,nop,nop>", "neither bytes in hexadecimal digits nor a name"},
		{"a port that is none", "0 < 65536 > 80 S 0:0(0) win 1", "65536 is not a port"},
		{"too many blocks", "0 > . 1:1(0) ack 1 <sack 1:2 1:2 1:2 1:2 1:2>", "one to four blocks"},
		{"a sequence number that is too large", "0 > S 4294967296:0(0)", "is more than"},
		{"text that no packet holds", "0 < . 1:70001(70000) ack 1 win 1", "at most 65000 bytes"},
		{"UDP without a length", "0 > udp 10", "expected \"(\""},
		{"a wrong checksum of the host", "0 > [badsum] . 1:1(0) ack 1", "for segments of the peer"},
		{"a wrong checksum of ICMP", "0 < [badsum] icmp unreachable host_unreachable", "for segments of the peer"},
		{"an address that is none", "0 < [src 1.2.3] . 1:1(0) ack 1 win 1", "\"1.2.3\" is not an IP address"},
		{"half a word of IP options", "0 < [ipopt 0101] . 1:1(0) ack 1 win 1", "whole words of 4 bytes, not 2 bytes"},
		{"ICMP of the host", "0 > icmp unreachable host_unreachable", "not supported"},
		{"unknown ICMP", "0 < icmp unreachable nowhere", "is not supported"},
		{"a call without a result", "0 close(3)\n+0 close(4) = 0", "test.pkt:2:1: expected \"=\""},
		{"a result that is no number", "0 close(3) = NULL", "must be a number"},
		{"an error that is none", "0 close(3) = -1 BAD", "expected the name of an error"},
		{"an open note", "0 close(3) = -1 EBADF (bad", "closing parenthesis"},
		{"an open list", "0 close([3", "expected \",\""},
		{"an open string", "0 write(3, \"ab, 2) = 2", "closing quote"},
		{"an open command", "`sysctl", "closing backtick"},
		{"open code", "0 %{ assert 1", "closing }%"},
		{"an open comment", "/* x", "comment without an end"},
		{"deep nesting", "0 f(" + strings.Repeat("[", 100), "nest deeper"},
		{"a bad number", "0 close(0x) = 0", "is not a number"},
		{"an IP field that is too large", "0 > [ttl 300] . 1:1(0) ack 1", "from 0 to 255"},
		{"an unknown IP field", "0 > [dscp 1] . 1:1(0) ack 1", "expected ect0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Parse("test.pkt", []byte(test.text))
			var syntax *SyntaxError
			if !errors.As(err, &syntax) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one with %q", err, test.want)
			}
		})
	}
}

// FuzzParse holds the parser to this: an error has a line of the script, and nothing panics.
func FuzzParse(f *testing.F) {
	paths, err := filepath.Glob("../../tcp/testdata/*.pkt")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range paths {
		src, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src)
	}
	f.Add([]byte("--a=b\n`c`\n0 f({a=1, b(2)=[...]}, \"x\\n\"|Y) = ... EX (y)\n* > [ect0] SFRP.UEWA 1:2(1) ack 3 win 4 urg 5 <eol,nop,nop,eol>"))
	f.Fuzz(func(t *testing.T, src []byte) {
		s, err := Parse("f", src)
		var syntax *SyntaxError
		switch {
		case err == nil && len(s.Events) == 0:
			t.Error("no events and no error")
		case err == nil:
		case !errors.As(err, &syntax):
			t.Errorf("error %v is no *SyntaxError", err)
		case syntax.Line < 1 || syntax.Line > 1+strings.Count(string(src), "\n"):
			t.Errorf("line %d of %d", syntax.Line, 1+strings.Count(string(src), "\n"))
		}
	})
}

// An option is written in words that are read again.
func TestAccECNOptionsInWords(t *testing.T) {
	for _, want := range []string{"ECN e0b 1 ceb 2 e1b 3", "ECN e1b 7", "ECN0", "ECN1", "kind 172 0102", "kind 174 000001000002000003000004"} {
		e := parseEvent(t, "0 > . 1:1(0) ack 1 <"+want+strings.Repeat(",nop", map[string]int{"ECN e0b 1 ceb 2 e1b 3": 1, "ECN e1b 7": 3, "kind 174 000001000002000003000004": 2, "ECN0": 2, "ECN1": 2}[want])+">")
		if got := e.Packet.Options[0].String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
