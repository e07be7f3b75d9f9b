package packetdrill

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/stack"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// established opens a connection with descriptor 4; what follows stands on line 7.
const established = `0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 < S 0:0(0) win 65535 <mss 1000,sackOK,TS val 700 ecr 0>
+0 > S. 0:0(0) ack 1 <mss 1460,sackOK,TS val 1 ecr 700>
+.1 < . 1:1(0) ack 1 win 65535 <nop,nop,TS val 800 ecr 1>
+0 accept(3, ..., ...) = 4
`

// run runs the text of a script.
func run(t *testing.T, text string, o Options) error {
	t.Helper()
	s, err := Parse("test.pkt", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s.Run(o)
}

// TestRunFindsDepartures changes one thing at a time in a script that holds.
func TestRunFindsDepartures(t *testing.T) {
	const write = "+0 write(4, ..., 100) = 100\n"
	const good = write + "+0 > P. 1:101(100) ack 1 <nop,nop,TS val 2 ecr 800>\n"
	if err := run(t, established+good, Options{}); err != nil {
		t.Fatal(err)
	}
	line := func(l string) string { return write + l + "\n" }
	for _, test := range []struct{ name, text, want string }{
		{"flags", line("+0 > . 1:101(100) ack 1 <nop,nop,TS val 2 ecr 800>"), "differs in flags"},
		{"sequence number", line("+0 > P. 2:102(100) ack 1 <nop,nop,TS val 2 ecr 800>"), "differs in sequence number"},
		{"length", line("+0 > P. 1:100(99) ack 1 <nop,nop,TS val 2 ecr 800>"), "differs in length"},
		{"acknowledgement", line("+0 > P. 1:101(100) ack 2 <nop,nop,TS val 2 ecr 800>"), "differs in acknowledgement"},
		{"window", line("+0 > P. 1:101(100) ack 1 win 7 <nop,nop,TS val 2 ecr 800>"), "differs in window"},
		{"urgent pointer", line("+0 > P. 1:101(100) ack 1 urg 7 <nop,nop,TS val 2 ecr 800>"), "differs in urgent pointer"},
		{"ECN bits", line("+0 > [ect0] P. 1:101(100) ack 1 <nop,nop,TS val 2 ecr 800>"), "differs in ECN"},
		{"type of service", line("+0 > [tos 4] P. 1:101(100) ack 1 <nop,nop,TS val 2 ecr 800>"), "differs in TOS"},
		{"hop limit", line("+0 > [ttl 9] P. 1:101(100) ack 1 <nop,nop,TS val 2 ecr 800>"), "differs in TTL"},
		{"no options", line("+0 > P. 1:101(100) ack 1"), "differs in options"},
		{"padding", line("+0 > P. 1:101(100) ack 1 <TS val 2 ecr 800,nop,nop>"), "differs in option"},
		{"echoed timestamp", line("+0 > P. 1:101(100) ack 1 <nop,nop,TS val 2 ecr 801>"), "differs in echoed timestamp"},
		{"early", line("+.1 > P. 1:101(100) ack 1 <nop,nop,TS val 2 ecr 800>"), "differs in its time"},
		{"nothing", "+0 > P. 1:101(100) ack 1 <...>\n", "the host sends nothing"},
		{"an unlisted packet", write, "says nothing of a packet"},
		{"a result", "+0 write(4, ..., 100) = 99\n", "write returns something else"},
		{"an error", "+0 write(9, ..., 100) = -1 EPIPE\n", "write returns something else"},
		{"a call that blocks", "+0 read(4, ..., 100) = 1\n", "read blocks"},
		{"a call that blocks for ever", "+0...1 read(4, ..., 100) = 1\n", "read still blocks"},
		{"a call that returns too early", "+0...1 write(4, ..., 1) = 1\n+0 > P. 1:2(1) ack 1 <...>\n", "write returns at the wrong time"},
		{"an assertion", "+0 %{ assert tcpi_snd_cwnd == 1, 'cwnd %d' % tcpi_snd_cwnd }%\n", "assertion failed: tcpi_snd_cwnd == 1: cwnd 10"},
		{"an echo of nothing", "+0 < . 1:1(0) ack 1 win 9 <nop,nop,TS val 900 ecr 77>\n", "which no packet of the host has had"},
		{"a time that is over", "0 close(3) = 0\n", "its time is over"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := run(t, established+test.text, Options{})
			var failure *Failure
			if !errors.As(err, &failure) || !strings.Contains(failure.Message, test.want) {
				t.Fatalf("got %v, want a failure with %q", err, test.want)
			}
			if failure.Line < 8 || failure.Line > 9 || failure.Ladder == "" {
				t.Errorf("got line %d and a ladder of %d bytes, want the place and a ladder", failure.Line, len(failure.Ladder))
			}
		})
	}
}

func TestFailureTellsBothSides(t *testing.T) {
	err := run(t, established+"+0 write(4, ..., 100) = 100\n+0 > . 1:101(100) ack 1 <...>\n", Options{})
	const want = "test.pkt:9: the host's packet differs in flags\n" +
		"  expected: > . 1:101(100) ack 1 <...> at 0.100000 s\n" +
		"  seen:     > P. 1:101(100) ack 1 win 65535 <nop,nop,TS val 4294966896 ecr 800> at 0.100000 s\n\n"
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v\nwant %s", err, want)
	}
	if !strings.Contains(fmt.Sprint(err), "SYN-RECEIVED") {
		t.Errorf("got no ladder in %v", err)
	}
}

func TestRunTakesARunOfSegmentsForOneLine(t *testing.T) {
	const write = "+0 write(4, ..., 2500) = 2500\n"
	const ts = " ack 1 <nop,nop,TS val 1 ecr 800>\n"
	one := established + write + "+0 > P. 1:2501(2500)" + ts
	three := established + write + "+0 > . 1:989(988)" + ts + "+0 > P. 989:1977(988)" + ts + "+0 > P. 1977:2501(524)" + ts
	crossing := established + write + "+0 > . 1:1501(1500)" + ts + "+0 > P. 1501:2501(1000)" + ts
	for _, test := range []struct {
		name, text string
		flags      []string
		ok         bool
	}{
		{"as one", one, nil, true},
		{"one by one", three, nil, true},
		{"one by one when strict", three, []string{"--strict_segments"}, true},
		{"as one when strict", one, []string{"--strict_segments"}, false},
		{"across the end of a line", crossing, nil, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := run(t, test.text, Options{Flags: test.flags}); (err == nil) != test.ok {
				t.Errorf("got %v, want success: %v", err, test.ok)
			}
		})
	}
}

func TestTimestampsKeepTime(t *testing.T) {
	const text = established + "+1 write(4, ..., 10) = 10\n+0 > P. 1:11(10) ack 1 <nop,nop,TS val %d ecr 800>\n"
	for val, ok := range map[int]bool{1101: true, 1201: true, 2101: false, 1: false} {
		err := run(t, fmt.Sprintf(text, val), Options{Flags: []string{"--tcp_ts_tick_usecs=1000"}})
		if (err == nil) != ok {
			t.Errorf("TS val %d: got %v, want success: %v", val, err, ok)
		}
	}
}

func TestRunRefusesWhatTheHostHasNot(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"a setting", "`sysctl -q net.ipv4.tcp_low_latency=1`\n0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3", "test.pkt:1: the host has no setting for tcp_low_latency=1"},
		{"a command", "`reboot now`\n0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3", "the command \"reboot now\" is not supported"},
		{"an option", "--wire_client\n0 close(3) = 0", "test.pkt:1: the option --wire_client is not supported"},
		{"an option's value", "--mtu=big\n0 close(3) = 0", "is not a number"},
		{"addresses of two families", "--local_ip=::1\n0 close(3) = 0", "are not both of IP version 4"},
		{"a system call", "0 select(1) = 3", "test.pkt:1: the system call select is not supported"},
		{"a raw socket", "0 socket(..., 3, 0) = 3", "ESOCKTNOSUPPORT"},
		{"a datagram without a socket", "0 socket(..., SOCK_STREAM, 0) = 3\n+0 < udp (10)", "no UDP socket"},
		{"a name", established + "+0 setsockopt(4, SOL_TCP, TCP_CORKS, [1], 4) = 0", "TCP_CORKS is not known"},
		{"a field of tcp_info", established + "+0 %{ assert tcpi_losts == 0 }%", "tcpi_losts is not supported"},
		{"a cookie without a meaning", "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 > S 0:0(0) <FO COOKIE>", "the host sends nothing"},
		{"a statement", established + "+0 %{ import os }%", "is not supported"},
		{"too few arguments", established + "+0 read(4) = 0", "read: has 1 arguments"},
		{"a packet without a socket", "0 < S 0:0(0) win 1", "no socket to send it to"},
		{"a packet to an idle socket", "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 < S 0:0(0) win 1", "neither listens nor connects"},
		{"an address of the other family", established + "+0 < [dst ff02::1] . 1:1(0) ack 1 win 1", "another IP version than IPv4"},
		{"ICMP of the other family", established + "+0 < icmp packet_too_big mtu 1280", "there is no ICMP message"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := run(t, test.text, Options{}); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}

func TestDecodeFindsBadPackets(t *testing.T) {
	s := segment{
		src: netip.MustParseAddrPort("192.168.0.1:8080"), dst: netip.MustParseAddrPort("192.0.2.1:40001"),
		seq: 1, flags: tcp.ACK, text: []byte("text"),
	}
	good := s.encode(AppendOptions(nil, []TCPOption{{Kind: kindTimestamp, Value: 1, Ecr: 2}, {Kind: kindNOP}, {Kind: kindNOP}}, nil))
	if got, err := decode(5, good); err != nil || string(got.text) != "text" || len(got.options) != 3 {
		t.Fatalf("got %+v, %v, want the segment back", got, err)
	}
	for _, test := range []struct {
		name, want string
		change     func(b []byte) []byte
	}{
		{"a changed byte", "TCP checksum", func(b []byte) []byte { b[len(b)-1]++; return b }},
		{"a byte too many", "bytes in an IP packet", func(b []byte) []byte { return append(b, 0) }},
		{"a bad IP header", "bad IP packet", func(b []byte) []byte { b[8]--; return b }},
		{"an option of no length", "impossible length", func(b []byte) []byte {
			binary.BigEndian.PutUint16(b[36:], binary.BigEndian.Uint16(b[36:])+10) // keeps the checksum
			b[41] = 0
			return b
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := decode(5, test.change(bytes.Clone(good))); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}

func TestSegmentsAreHeldAgainstStreamAndMSS(t *testing.T) {
	flow := flow{hasISS: true, iss: 100, limit: 10, wrote: textFrom(true, 0, 20)}
	flow.local, flow.remote = netip.MustParseAddrPort("192.168.0.1:1"), netip.MustParseAddrPort("192.0.2.1:2")
	for _, test := range []struct {
		name   string
		seq    uint32
		text   []byte
		optLen int
		want   string
	}{
		{"in place", 101, textFrom(true, 0, 10), 0, ""},
		{"later", 105, textFrom(true, 4, 10), 0, ""},
		{"misplaced", 105, textFrom(true, 5, 10), 0, "the wrong byte at offset 4"},
		{"never written", 116, textFrom(true, 15, 6), 0, "only 20 were written"},
		{"above the MSS", 101, textFrom(true, 0, 11), 0, "more than the peer's MSS of 10"},
		{"above the MSS with options", 101, textFrom(true, 0, 5), 8, "more than the peer's MSS of 10"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := flow
			r := newRunner(&Script{Name: "test.pkt"}, &settings{version: 4}, Options{})
			r.flows = append(r.flows, &f)
			r.sentBy(&segment{src: f.local, dst: f.remote, seq: test.seq, text: test.text, optLen: test.optLen, flags: tcp.ACK})
			if got := fmt.Sprint(r.broken); (r.broken == nil) != (test.want == "") || !strings.Contains(got, test.want) {
				t.Errorf("got %v, want %q", r.broken, test.want)
			}
		})
	}
}

func TestConfigureHasTheLastWord(t *testing.T) {
	err := run(t, "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0\n"+
		"+0 connect(3, ..., ...) = -1 EINPROGRESS\n+0 > S 0:0(0) <mss 1460>",
		Options{Configure: func(c *stack.Config) { c.TCP.NoTimestamps, c.TCP.NoSACK, c.TCP.NoWindowScale = true, true, true }})
	if err != nil {
		t.Error(err)
	}
}

func TestEveryPacketIsShown(t *testing.T) {
	var shown []string
	o := Options{Packet: func(now ip.Time, sent bool, packet []byte) {
		s, err := decode(now, packet)
		if err != nil {
			t.Error(err)
			return
		}
		shown = append(shown, fmt.Sprintf("%v sent=%v flags=%v", now.Sub(start), sent, s.flags))
	}}
	if err := run(t, established, o); err != nil {
		t.Fatal(err)
	}
	want := []string{"0s sent=false flags=S", "0s sent=true flags=S.", "100ms sent=false flags=."}
	if !slices.Equal(shown, want) {
		t.Errorf("got %v, want %v", shown, want)
	}
}
