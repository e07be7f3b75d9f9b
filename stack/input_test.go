package stack

import (
	"net/netip"
	"testing"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Who answers what: resets, ICMP errors, silence.

func TestSegmentToClosedPort(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   tcp.Header
		text string
		want *tcp.Header // nil: silence
		drop ip.Drop
	}{
		{"SYN", tcp.Header{Seq: 100, Flags: tcp.SYN}, "", &tcp.Header{Ack: 101, Flags: tcp.RST | tcp.ACK}, ip.DropNoPort},
		{"text", tcp.Header{Seq: 100, Flags: tcp.PSH}, "abc", &tcp.Header{Ack: 103, Flags: tcp.RST | tcp.ACK}, ip.DropNoPort},
		{"ACK", tcp.Header{Seq: 100, Ack: 7, Flags: tcp.ACK}, "abc", &tcp.Header{Seq: 7, Flags: tcp.RST}, ip.DropNoPort},
		{"RST", tcp.Header{Seq: 100, Flags: tcp.RST}, "", nil, ip.DropReset},
		{"RST with ACK", tcp.Header{Seq: 100, Ack: 7, Flags: tcp.RST | tcp.ACK}, "", nil, ip.DropReset},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, Config{})
			b.give(tcpPacket("192.0.2.9:1000", "10.0.0.1:81", tt.in, tt.text))
			b.dropped(tt.drop)
			if tt.want == nil {
				b.silent()
				return
			}
			got := b.segment()
			tt.want.SrcPort, tt.want.DstPort = 81, 1000
			if got.Header != *tt.want {
				t.Errorf("got %+v, want %+v", got.Header, *tt.want)
			}
		})
	}
}

// RFC 9293 §3.10.7.2, step by step.
func TestListenerAnswersRFC9293(t *testing.T) {
	for _, tt := range []struct {
		name  string
		in    tcp.Header
		flags tcp.Flags // of the answer; 0: silence
		drop  []ip.Drop
	}{
		{"SYN", tcp.Header{Seq: 100, Flags: tcp.SYN}, tcp.SYN | tcp.ACK, nil},
		{"ACK", tcp.Header{Seq: 100, Ack: 7, Flags: tcp.ACK}, tcp.RST, []ip.Drop{ip.DropBadHandshake}},
		{"SYN,ACK", tcp.Header{Seq: 100, Ack: 7, Flags: tcp.SYN | tcp.ACK}, tcp.RST, []ip.Drop{ip.DropBadHandshake}},
		{"RST", tcp.Header{Seq: 100, Flags: tcp.RST}, 0, []ip.Drop{ip.DropReset}},
		{"FIN", tcp.Header{Seq: 100, Flags: tcp.FIN}, 0, []ip.Drop{ip.DropBadHandshake}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, Config{})
			b.host.Listen(netip.Addr{}, 80, 0)
			b.give(tcpPacket("192.0.2.9:1000", "10.0.0.1:80", tt.in, ""))
			b.dropped(tt.drop...)
			if tt.flags == 0 {
				b.silent()
			} else if got := b.segment(); got.Flags != tt.flags {
				t.Errorf("got flags %v, want %v", got.Flags, tt.flags)
			}
		})
	}
}

// MUST-57, MUST-63 and everything else that gets no answer.
func TestDroppedOnArrival(t *testing.T) {
	syn := tcp.Header{Seq: 100, Flags: tcp.SYN}
	broken := tcpPacket("192.0.2.9:1000", "10.0.0.1:80", syn, "")
	broken[len(broken)-1] ^= 1
	brokenUDP := udpPacket("192.0.2.9:1000", "10.0.0.1:53", "x")
	brokenUDP[len(brokenUDP)-1] ^= 1
	for _, tt := range []struct {
		name   string
		packet []byte
		want   ip.Drop
	}{
		{"nothing", nil, ip.DropShort},
		{"no IP version", []byte{0x10, 0, 0}, ip.DropVersion},
		{"not ours", tcpPacket("192.0.2.9:1000", "10.0.0.7:80", syn, ""), ip.DropNotOurs},
		{"TCP to the broadcast address", tcpPacket("192.0.2.9:1000", "255.255.255.255:80", syn, ""), ip.DropBroadcast},
		{"TCP to the network's broadcast address", tcpPacket("192.0.2.9:1000", "10.0.0.255:80", syn, ""), ip.DropBroadcast},
		{"TCP to a multicast address", tcpPacket("192.0.2.9:1000", "224.0.0.1:80", syn, ""), ip.DropBroadcast},
		{"TCP to an IPv6 multicast address", tcpPacket("[2001:db8::9]:1000", "[ff02::1]:80", syn, ""), ip.DropBroadcast},
		{"UDP to a multicast address", udpPacket("192.0.2.9:1000", "224.0.0.1:53", "x"), ip.DropNotOurs},
		{"from a multicast address", tcpPacket("224.0.0.9:1000", "10.0.0.1:80", syn, ""), ip.DropSource},
		{"from the network's broadcast address", tcpPacket("10.0.0.255:1000", "10.0.0.1:80", syn, ""), ip.DropSource},
		{"from loopback", tcpPacket("127.0.0.1:1000", "10.0.0.1:80", syn, ""), ip.DropSource},
		{"wrong TCP checksum", broken, ip.DropChecksum},
		{"wrong UDP checksum", brokenUDP, ip.DropChecksum},
		{"from port 0", tcpPacket("192.0.2.9:0", "10.0.0.1:80", syn, ""), ip.DropInvalidAddress},
		{"short TCP", packet("192.0.2.9", "10.0.0.1", ip.ProtoTCP, make([]byte, 19)), ip.DropShort},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, Config{})
			b.host.Listen(netip.Addr{}, 80, 0)
			b.give(tt.packet)
			b.dropped(tt.want)
			b.silent()
			if got := b.host.Stats().Drops[tt.want]; got != 1 {
				t.Errorf("got %d drops counted, want 1", got)
			}
		})
	}
}

func TestBacklog(t *testing.T) {
	b := newBench(t, Config{})
	b.host.Listen(netip.Addr{}, 80, 2)
	for port := range uint16(3) {
		src := netip.AddrPortFrom(netip.MustParseAddr("192.0.2.9"), 1000+port).String()
		b.give(tcpPacket(src, "10.0.0.1:80", tcp.Header{Seq: 100, Flags: tcp.SYN}, ""))
	}
	b.dropped(ip.DropBacklog)
	if got := len(b.take()); got != 2 {
		t.Errorf("got %d answers, want 2", got)
	}
}

// A half-open connection that is given up makes room in the backlog, and is forgotten.
func TestFailedHandshakeIsForgotten(t *testing.T) {
	b := newBench(t, Config{})
	l, _, _ := b.host.Listen(netip.Addr{}, 80, 1)
	b.give(tcpPacket("192.0.2.9:1000", "10.0.0.1:80", tcp.Header{Seq: 100, Flags: tcp.SYN}, ""))
	b.take()
	b.give(tcpPacket("192.0.2.9:1000", "10.0.0.1:80", tcp.Header{Seq: 101, Flags: tcp.RST}, ""))
	b.take()
	if len(b.host.demux.conns) != 0 || len(l.children) != 0 {
		t.Errorf("got %d connections and %d children, want none", len(b.host.demux.conns), len(l.children))
	}
	b.give(tcpPacket("192.0.2.9:1001", "10.0.0.1:80", tcp.Header{Seq: 100, Flags: tcp.SYN}, ""))
	if got := b.segment(); got.Flags != tcp.SYN|tcp.ACK {
		t.Errorf("got %v, want SYN,ACK", got.Flags)
	}
	// Nobody answers the SYN,ACK.
	for at := b.host.Deadline(); !at.IsZero(); at = b.host.Deadline() {
		b.now = at
		b.host.Advance(b.now)
		b.take()
	}
	if len(b.host.demux.conns) != 0 || len(l.children) != 0 {
		t.Errorf("after the timeout: got %d connections and %d children, want none", len(b.host.demux.conns), len(l.children))
	}
}

func TestClosedListenerResetsItsConnections(t *testing.T) {
	b := newBench(t, Config{})
	l, _, _ := b.host.Listen(netip.Addr{}, 80, 0)
	b.give(tcpPacket("192.0.2.9:1000", "10.0.0.1:80", tcp.Header{Seq: 100, Flags: tcp.SYN}, ""))
	b.take()
	l.Close(b.now)
	if got := b.segment(); !got.Flags.Has(tcp.RST) {
		t.Errorf("got %v, want RST", got.Flags)
	}
	if len(b.host.demux.conns) != 0 {
		t.Error("the connection is still there")
	}
	b.give(tcpPacket("192.0.2.9:1001", "10.0.0.1:80", tcp.Header{Seq: 100, Flags: tcp.SYN}, ""))
	if got := b.segment(); !got.Flags.Has(tcp.RST) {
		t.Errorf("got %v for a SYN after Close, want RST", got.Flags)
	}
}

// The closest listener gets the connection: one address before any.
func TestListenerOnOneAddressComesFirst(t *testing.T) {
	b := newBench(t, Config{})
	any4, _, _ := b.host.Listen(netip.IPv6Unspecified(), 80, 0)
	one, _, errno := b.host.Listen(netip.MustParseAddr("10.0.0.1"), 80, 0)
	if errno != 0 {
		t.Fatal(errno)
	}
	if got := b.host.demux.listener(netip.MustParseAddrPort("10.0.0.1:80")); got != one {
		t.Error("IPv4 did not go to the listener on the IPv4 address")
	}
	if got := b.host.demux.listener(netip.MustParseAddrPort("[fd00::1]:80")); got != any4 {
		t.Error("IPv6 did not go to the listener on all IPv6 addresses")
	}
}
