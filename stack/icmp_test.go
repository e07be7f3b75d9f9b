package stack

import (
	"bytes"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

func TestEcho(t *testing.T) {
	for _, tt := range []struct {
		name     string
		src, dst string
		size     int
		packets  int
	}{
		{"IPv4", "192.0.2.9", "10.0.0.1", 56, 1},
		{"IPv6", "2001:db8::9", "fd00::1", 56, 1},
		{"IPv4, in fragments", "192.0.2.9", "10.0.0.1", 4000, 3},
		{"IPv6, in fragments", "2001:db8::9", "fd00::1", 4000, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, Config{})
			src, dst := netip.MustParseAddr(tt.src), netip.MustParseAddr(tt.dst)
			data := bytes.Repeat([]byte("0123456789abcdef"), tt.size/16)
			h := ip.Header{Src: src, Dst: dst, Protocol: icmpFor(dst), ID: 7}
			cutter, _ := ip.Cut(&h, ip.AppendEchoRequest(nil, src, dst, 3, 4, data), 1500)
			var p ip.Packet
			for cutter.Next(&p) {
				b.give(p.AppendTo(nil))
			}
			b.dropped()
			m := b.message(tt.packets)
			if id, seq := m.Echo(); !m.IsEchoReply() || id != 3 || seq != 4 || !bytes.Equal(m.Body, data) {
				t.Errorf("got type %d, id %d, seq %d, %d bytes; want the request echoed", m.Type, id, seq, len(m.Body))
			}
		})
	}
}

// message takes the packets that the host has to send, which are one ICMP message.
func (b *bench) message(packets int) (m ip.ICMP) {
	b.t.Helper()
	out := b.take()
	if len(out) != packets {
		b.t.Fatalf("got %d packets, want %d", len(out), packets)
	}
	h, payload := b.parse(out[0])
	if packets > 1 {
		r := ip.NewReassembler(ip.Limits{})
		for _, p := range out {
			fragment, _ := b.parse(p)
			if whole, _ := r.Add(b.now, &ip.Buffer{Data: p}, &fragment); whole != nil {
				h, payload = b.parse(whole.Data)
			}
		}
	}
	if d := ip.ParseICMP(payload, h.Src, h.Dst, false, &m); d != ip.NoDrop {
		b.t.Fatalf("the host sent a bad ICMP message: %v", d)
	}
	return m
}

func TestUnreachable(t *testing.T) {
	for _, tt := range []struct {
		name   string
		packet []byte
		kind   ip.ErrorKind
		drop   ip.Drop
	}{
		{"UDP port, IPv4", udpPacket("192.0.2.9:1000", "10.0.0.1:53", "x"), ip.PortUnreachable, ip.DropNoPort},
		{"UDP port, IPv6", udpPacket("[2001:db8::9]:1000", "[fd00::1]:53", "x"), ip.PortUnreachable, ip.DropNoPort},
		{"protocol, IPv4", packet("192.0.2.9", "10.0.0.1", 132, []byte("12345678")), ip.ProtocolUnreachable, ip.DropProtocol},
		{"protocol, IPv6", packet("2001:db8::9", "fd00::1", 132, []byte("12345678")), ip.ProtocolUnreachable, ip.DropProtocol},
		{"ICMP of the other family", packet("192.0.2.9", "10.0.0.1", ip.ProtoICMPv6, []byte("12345678")), ip.ProtocolUnreachable, ip.DropProtocol},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, Config{})
			b.give(tt.packet)
			b.dropped(tt.drop)
			m := b.message(1)
			var e ip.ICMPError
			if d := ip.ParseICMPError(&m, &e); d != ip.NoDrop || e.Kind != tt.kind {
				t.Errorf("got %v (%v), want %v", e.Kind, d, tt.kind)
			}
		})
	}
}

// Errors are limited in rate: a flood is not answered with a flood.
func TestErrorsAreRateLimited(t *testing.T) {
	b := newBench(t, Config{})
	for range 2 * icmpErrorBurst {
		b.give(udpPacket("192.0.2.9:1000", "10.0.0.1:53", "x"))
	}
	if got := len(b.take()); got != icmpErrorBurst {
		t.Errorf("got %d errors, want %d", got, icmpErrorBurst)
	}
	if got := b.host.Stats().Drops[ip.DropRateLimit]; got != icmpErrorBurst {
		t.Errorf("got %d errors held back, want %d", got, icmpErrorBurst)
	}
}

// No more than maxReplies wait for a device that takes nothing.
func TestRepliesAreBounded(t *testing.T) {
	b := newBench(t, Config{})
	for range 2 * maxReplies {
		b.give(tcpPacket("192.0.2.9:1000", "10.0.0.1:81", tcp.Header{Flags: tcp.SYN}, ""))
	}
	if got := len(b.take()); got != maxReplies {
		t.Errorf("got %d resets, want %d", got, maxReplies)
	}
}

// icmpAbout builds an ICMP error about a packet that the host has sent.
func icmpAbout(t *testing.T, sent []byte, kind ip.ErrorKind, arg int) []byte {
	t.Helper()
	var h ip.Header
	if d := ip.ParseHeader(sent, &h); d != ip.NoDrop {
		t.Fatal(d)
	}
	router := netip.MustParseAddr("192.0.2.254")
	if h.Version == 6 {
		router = netip.MustParseAddr("2001:db8::fe")
	}
	body, ok := ip.AppendICMPError(nil, router, kind, arg, sent, &h)
	if !ok {
		t.Fatal("no error may be sent about this packet")
	}
	return packet(router.String(), h.Src.String(), icmpFor(h.Src), body)
}

// MUST-54.
func TestErrorsReachTheConnection(t *testing.T) {
	for _, tt := range []struct {
		kind ip.ErrorKind
		want syscall.Errno
	}{
		{ip.NetUnreachable, syscall.ENETUNREACH},
		{ip.HostUnreachable, syscall.EHOSTUNREACH},
		{ip.ProtocolUnreachable, syscall.ENOPROTOOPT},
		{ip.PortUnreachable, syscall.ECONNREFUSED},
		{ip.Prohibited, syscall.EHOSTUNREACH},
		{ip.HopLimitExceeded, syscall.EHOSTUNREACH},
	} {
		t.Run(tt.kind.String(), func(t *testing.T) {
			b := newBench(t, Config{})
			s, _, errno := b.host.Connect(b.now, netip.AddrPort{}, netip.MustParseAddrPort("192.0.2.9:80"))
			if errno != 0 {
				t.Fatal(errno)
			}
			syn := b.take()[0]
			b.give(icmpAbout(t, syn, tt.kind, 0))
			b.dropped()
			b.silent()
			if got := EndErrno(s.Conn()); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			if len(b.host.demux.conns) != 0 {
				t.Error("the connection is not forgotten")
			}
		})
	}
}

// Later an error is soft: it only explains a timeout (RFC 5927 §4.3).
func TestSoftErrorExplainsTimeout(t *testing.T) {
	a, b, client, _ := joined(t)
	client.Conn().Send(b.now, []byte("lost"))
	client.Touch(b.now)
	lost := b.take()
	b.give(icmpAbout(t, lost[0], ip.HostUnreachable, 0))
	if got := client.Conn().State(); got != tcp.Established {
		t.Fatalf("got state %v, want ESTABLISHED", got)
	}
	for client.Conn().State() != tcp.Closed {
		b.now = b.host.Deadline()
		b.host.Advance(b.now)
		for _, p := range b.take() {
			lost = [][]byte{p}
		}
		if client.Conn().State() != tcp.Closed {
			b.give(icmpAbout(t, lost[0], ip.HostUnreachable, 0))
		}
	}
	if got := EndErrno(client.Conn()); got != syscall.EHOSTUNREACH {
		t.Errorf("got %v, want %v", got, syscall.EHOSTUNREACH)
	}
	_ = a
}

// An error that quotes a segment which is not in flight is forged (RFC 5927 §4.1).
func TestForgedErrorIsIgnored(t *testing.T) {
	b := newBench(t, Config{})
	s, _, _ := b.host.Connect(b.now, netip.AddrPort{}, netip.MustParseAddrPort("192.0.2.9:80"))
	syn := b.take()[0]
	syn[ip.HeaderLen4+4] ^= 0x80 // another sequence number
	b.give(icmpAbout(t, syn, ip.PortUnreachable, 0))
	if got := s.Conn().State(); got != tcp.SynSent {
		t.Errorf("got state %v, want SYN-SENT", got)
	}
	b.dropped(ip.DropICMPInvalid)
	syn[ip.HeaderLen4] ^= 0x80 // another source port: no connection at all
	b.give(icmpAbout(t, syn, ip.PortUnreachable, 0))
	b.dropped(ip.DropICMPInvalid)
}

func TestErrorsReachConnectedUDPOnly(t *testing.T) {
	peer := netip.MustParseAddrPort("192.0.2.9:53")
	for _, tt := range []struct {
		name   string
		remote netip.AddrPort
		want   syscall.Errno
	}{
		{"connected", peer, syscall.ECONNREFUSED},
		{"not connected", netip.AddrPort{}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, Config{})
			u, _, errno := b.host.BindUDP(netip.AddrPort{}, tt.remote)
			if errno != 0 {
				t.Fatal(errno)
			}
			d, _ := u.Compose([]byte("question"), peer)
			u.Send(d)
			b.give(icmpAbout(t, b.take()[0], ip.PortUnreachable, 0))
			b.dropped()
			if got := u.Err(); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			if got := u.Err(); got != 0 {
				t.Errorf("the second time: got %v, want nothing", got)
			}
		})
	}
}

// A router's report of a smaller MTU holds for ten minutes.
func TestPathMTUOfDatagrams(t *testing.T) {
	b := newBench(t, Config{})
	u, _, _ := b.host.BindUDP(netip.AddrPort{}, netip.AddrPort{})
	send := func(size int) [][]byte {
		d, errno := u.Compose(make([]byte, size), netip.MustParseAddrPort("192.0.2.9:53"))
		if errno != 0 {
			t.Fatal(errno)
		}
		u.Send(d)
		return b.take()
	}
	sent := send(1400)
	if len(sent) != 1 {
		t.Fatalf("got %d packets, want 1", len(sent))
	}
	b.give(icmpAbout(t, sent[0], ip.TooBig, 1000))
	if got := len(send(1400)); got != 2 {
		t.Errorf("after the report: got %d packets, want 2", got)
	}
	b.now = b.now.Add(10*time.Minute + time.Second)
	if got := len(send(1400)); got != 1 {
		t.Errorf("ten minutes later: got %d packets, want 1", got)
	}
}

// A datagram that never becomes whole is reported to its sender (RFC 1122 §3.3.2).
func TestFragmentsTimeOut(t *testing.T) {
	b := newBench(t, Config{})
	src, dst := netip.MustParseAddr("192.0.2.9"), netip.MustParseAddr("10.0.0.1")
	h := ip.Header{Src: src, Dst: dst, Protocol: ip.ProtoUDP, ID: 7}
	cutter, _ := ip.Cut(&h, make([]byte, 3000), 1500)
	var p ip.Packet
	cutter.Next(&p)
	b.give(p.AppendTo(nil))
	b.now = b.host.Deadline()
	b.host.Advance(b.now)
	b.dropped(ip.DropFragmentTimeout)
	m := b.message(1)
	var e ip.ICMPError
	if ip.ParseICMPError(&m, &e); e.Kind != ip.ReassemblyTimeout {
		t.Errorf("got %v, want %v", e.Kind, ip.ReassemblyTimeout)
	}
}
