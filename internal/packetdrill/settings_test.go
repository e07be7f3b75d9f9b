package packetdrill

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/tcp"
)

func TestCommandsSetTheConfiguration(t *testing.T) {
	for _, test := range []struct {
		name, command string
		ok            func(c *tcp.Config) bool
	}{
		{"one value", "sysctl -q net.ipv4.tcp_timestamps=0", func(c *tcp.Config) bool { return c.NoTimestamps }},
		{"several, with slashes", "sysctl -w net/ipv4/tcp_sack=0 net/ipv4/tcp_window_scaling=0", func(c *tcp.Config) bool { return c.NoSACK && c.NoWindowScale }},
		{"the largest of three", `sysctl net.ipv4.tcp_rmem="1 2 30000"; sysctl net.ipv4.tcp_wmem="1 2 40000"`, func(c *tcp.Config) bool { return c.RecvBuffer == 30000 && c.SendBuffer == 40000 }},
		{"paths, over two lines", "../common/set_sysctls.py \\\n /proc/sys/net/ipv4/tcp_fin_timeout=7", func(c *tcp.Config) bool { return c.FinWait2 == 7*time.Second }},
		{"echo", "echo 9 > /proc/sys/net/ipv4/tcp_retries2", func(c *tcp.Config) bool { return c.Retries == 9 }},
		{"times", "sysctl net.ipv4.tcp_rto_min_us=5000 net.ipv4.tcp_rto_max_ms=9", func(c *tcp.Config) bool {
			return c.MinRTO == 5*time.Millisecond && c.MaxRTO == 9*time.Millisecond
		}},
		{"what scripts for Linux start from", "../common/defaults.sh", func(c *tcp.Config) bool { return c.SynRetries == 5 && c.RecvBuffer == 15<<20 }},
		{"what changes nothing", "# a note\nsysctl -q net.ipv4.tcp_ecn=0 net.ipv4.tcp_dsack=1 net.ipv4.tcp_congestion_control=reno\nip tcp_metrics flush all\nethtool -K tun0 tso off\n/tmp/sysctl_restore_1.sh",
			func(c *tcp.Config) bool { return c.RecvBuffer == 0 && !c.NoSACK }},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRunner(&Script{Name: "test.pkt"}, &settings{version: 4}, Options{})
			if err := r.command(&Command{Line: 1, Text: test.command}); err != nil || !test.ok(&r.cfg.TCP) {
				t.Errorf("got %v and %+v", err, r.cfg.TCP)
			}
		})
	}
	for command, want := range map[string]string{
		"sysctl -p":                     "sysctl -p is not supported",
		"sysctl tcp_sack":               "expected name=value",
		"sysctl tcp_sack=":              "has no value",
		"sysctl tcp_sack=x":             "is not a number",
		"sysctl tcp_retries2=0":         "takes 0 for its default",
		"sysctl tcp_rmem='1":            "closing quote",
		"sysctl tcp_nobody_knows=1":     "no setting for tcp_nobody_knows=1",
		"sysctl tcp_congestion_control": "expected name=value",
	} {
		r := newRunner(&Script{Name: "test.pkt"}, &settings{version: 4}, Options{})
		if err := r.command(&Command{Line: 1, Text: command}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error with %q", command, err, want)
		}
	}
}

func TestOptionLinesAreObeyed(t *testing.T) {
	const client = "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 fcntl(3, F_SETFL, O_NONBLOCK) = 0\n+0 connect(3, ..., ...) = -1 EINPROGRESS\n"
	for _, test := range []struct{ name, text string }{
		{"the MTU", "--mtu=1000\n" + client + "+0 > S 0:0(0) <mss 960,sackOK,TS val 1 ecr 0,nop,wscale 7>"},
		{"addresses", "--local_ip=10.0.0.1\n--remote_ip=10.0.0.2\n" + client + "+0 > S 0:0(0) <...>"},
		{"IPv6 with addresses", "--ip_version=ipv6\n--local_ip=fd00::1\n--remote_ip=fd00::2\n" + client + "+0 > S 0:0(0) <...>"},
		{"IPv4 in IPv6 sockets", "--ip_version=ipv4-mapped-ipv6\n" + client + "+0 > S 0:0(0) <...>"},
		{"tolerance", "--tolerance_usecs=500000\n" + client + "+.4 > S 0:0(0) <...>"},
		{"any time", client + "* > S 0:0(0) <...>\n+0.9~+1.1 > S 0:0(0) <...>"},
		{"echoes in proportion", "--tcp_ts_ecr_scaled\n" + strings.Replace(established, "ecr 1>\n", "ecr 9>\n", 1)},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := run(t, test.text, Options{}); err != nil {
				t.Error(err)
			}
		})
	}
	if err := run(t, client+"+0 > S 0:0(0) <...>", Options{Flags: []string{"--ip_version=5"}}); err == nil {
		t.Error("got no error for IP version 5")
	}
}

func TestInfoIsInTheUnitsOfLinux(t *testing.T) {
	const text = established + `+0 write(4, ..., 2000) = 2000
+0 > P. 1:2001(2000) ack 1 <...>
+0 %{
assert tcpi_state == TCP_ESTABLISHED and tcpi_ca_state == TCP_CA_Open
assert tcpi_options == TCPI_OPT_TIMESTAMPS | TCPI_OPT_SACK
assert tcpi_rtt == 100000 and tcpi_min_rtt == 100000 and tcpi_rttvar == 50000, (tcpi_rtt, tcpi_rttvar)
assert tcpi_snd_mss == 988 and tcpi_advmss == 1460 and tcpi_pmtu == 1500
assert tcpi_unacked == 3 and tcpi_notsent_bytes == 0 and tcpi_snd_ssthresh == 0x7fffffff
assert tcpi_elapsed_usecs == 100000
}%
+.1 < . 1:1(0) ack 1 win 65535 <nop,nop,TS val 900 ecr 1,nop,nop,sack 989:1977>
+0 %{ assert tcpi_ca_state == TCP_CA_Disorder }%
`
	if err := run(t, text, Options{}); err != nil {
		t.Error(err)
	}
}

func TestOptionsAreWrittenAsScriptsDo(t *testing.T) {
	const want = "S 0:0(0) win 9 <mss 1460,sackOK,TS val 1 ecr 2,nop,wscale 7,sack 1:2 3:4,eol,kind 99>"
	k := Packet{Flags: tcp.SYN, Wnd: 9, Options: []TCPOption{
		{Kind: kindMSS, Value: 1460}, {Kind: kindSACKOK}, {Kind: kindTimestamp, Value: 1, Ecr: 2}, {Kind: kindNOP},
		{Kind: kindWScale, Value: 7}, {Kind: kindSACK, SACK: [][2]uint32{{1, 2}, {3, 4}}}, {Kind: kindEOL}, {Kind: 99},
	}}
	if got := new(flow).format(&k, true); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestRunFileReportsWhatItCannotRead(t *testing.T) {
	if err := RunFile("testdata/none.pkt", Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want %v", err, fs.ErrNotExist)
	}
	if err := RunFile("../../tcp/testdata/figure-06-handshake.pkt", Options{}); err != nil {
		t.Error(err)
	}
}
