package stack

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Scenarios in which a whole host stands, in virtual time: T10, T16, T17, T19, T34, T35, T41. docs/scenarios.md lists all.

// Many clients, a short backlog, and an application that accepts now and then: SYNs are dropped and come again, and no good connection
// is reset (google/gvisor, commit 368fc605d).
func TestScenario10BusyListener(t *testing.T) {
	a, b := newBench(t, Config{}), newBench(t, Config{Addrs: addrsB})
	l, _, _ := a.host.Listen(netip.Addr{}, 80, 3)
	var clients []*Socket
	for range 15 {
		s, call, errno := b.host.Connect(b.now, netip.AddrPort{}, netip.MustParseAddrPort("10.0.0.1:80"))
		if errno != 0 {
			t.Fatal(call, errno)
		}
		clients = append(clients, s)
	}
	accepted := 0
	for round := 0; accepted < len(clients) && round < 5000; round++ {
		join(a, b)
		if round%2 == 0 && l.Accept() != nil {
			accepted++
		}
		a.now, b.now = a.now.Add(50*time.Millisecond), b.now.Add(50*time.Millisecond)
		a.host.Advance(a.now)
		b.host.Advance(b.now)
	}
	join(a, b)
	for i, s := range clients {
		if got := s.Conn().State(); got != tcp.Established {
			t.Errorf("client %d: got %v (%v)", i, got, s.Conn().Cause())
		}
	}
	if accepted != len(clients) || a.host.stats.OutRsts+b.host.stats.OutRsts > 0 || a.host.stats.Drops[ip.DropBacklog] == 0 {
		t.Errorf("accepted %d of %d, sent %d RSTs, dropped %d SYNs", accepted, len(clients), a.host.stats.OutRsts+b.host.stats.OutRsts, a.host.stats.Drops[ip.DropBacklog])
	}
}

// Whatever a device says that it takes, no packet is longer, and what arrives is what was sent (google/gvisor#9816).
func TestScenario16PacketsFitTheDevice(t *testing.T) {
	for _, remote := range []string{"10.0.0.2:80", "[fd00::2]:80"} {
		for size := 1500; size <= 1<<17; size += 1 + size/5 {
			o := ip.Offload{Checksum: true, TSO4: true, TSO6: true, MaxGSO: size}
			a, b := newBench(t, Config{Offload: o}), newBench(t, Config{Addrs: addrsB})
			l, _, _ := b.host.Listen(netip.Addr{}, 80, 0)
			s, call, errno := a.host.Connect(a.now, netip.AddrPort{}, netip.MustParseAddrPort(remote))
			if errno != 0 {
				t.Fatal(call, errno)
			}
			join(a, b)
			server, want := l.Accept(), bytes.Repeat([]byte("0123456789abcdef"), 20_000)
			s.Conn().Send(a.now, want)
			s.Touch(a.now)
			for packets := a.passOn(b); len(packets) > 0; packets = a.passOn(b) {
				for _, p := range packets {
					if p.length > min(size, 65_535) {
						t.Fatalf("a device that takes %d bytes gets %d", size, p.length)
					}
				}
				for _, p := range b.take() {
					a.give(p)
				}
			}
			got := make([]byte, len(want)+1)
			if n := server.Conn().Receive(b.now, got); !bytes.Equal(got[:n], want) {
				t.Errorf("a device that takes %d bytes: %d bytes arrived, want %d", size, n, len(want))
			}
			b.dropped()
		}
	}
}

// Packets that the device has merged are as long as they are: no MTU applies to them, and the ACK that they carry counts
// (google/gvisor#14011, #11198).
func TestScenario17MergedPacketsArrive(t *testing.T) {
	for n := 2; n <= 45; n++ {
		a, b, client, server := joined(t)
		server.Conn().Send(a.now, []byte("question"))
		server.Touch(a.now)
		for _, p := range a.take() {
			b.give(p)
		}
		ack := b.take()[0]
		a.give(ack)
		server.Conn().Send(a.now, []byte("more"))
		server.Touch(a.now)
		a.take() // and its ACK comes in the merged packet
		v := server.Conn().Vars()
		h := tcp.Header{Seq: v.RcvNxt, Ack: v.SndNxt, Flags: tcp.ACK | tcp.PSH, Wnd: 1000}
		h.Options = b.parseTCP(ack).Options
		want := bytes.Repeat([]byte("0123456789abcdef"), n*1440/16)
		key := client.key
		a.host.Arrive(a.now, &ip.Buffer{Data: tcpPacket(key.local.String(), key.remote.String(), h, string(want)), GSOSize: 1440})
		a.dropped()
		got := make([]byte, len(want)+1)
		if k := server.Conn().Receive(a.now, got); !bytes.Equal(got[:k], want) {
			t.Errorf("%d segments in one: %d bytes arrived, want %d", n, k, len(want))
		}
		if u := server.Conn().Info().Unacked; u != 0 {
			t.Errorf("%d segments in one: %d bytes are not acknowledged", n, u)
		}
	}
}

// A flood of SYNs, and time: nothing of it may be left in any list of the host (google/gvisor#11557).
func TestScenario19NothingIsLeftOfAFlood(t *testing.T) {
	a := newBench(t, Config{})
	l, _, _ := a.host.Listen(netip.Addr{}, 80, 100)
	for i := range 3000 {
		a.give(tcpPacket(netip.AddrPortFrom(netip.MustParseAddr("192.0.2.9"), uint16(1024+i)).String(), "10.0.0.1:80", tcp.Header{Seq: 100, Flags: tcp.SYN}, ""))
		a.take()
	}
	if n := len(a.host.demux.conns); n != 100 {
		t.Errorf("got %d connections, want the backlog of 100", n)
	}
	for at := a.host.Deadline(); !at.IsZero(); at = a.host.Deadline() {
		a.now = at
		a.host.Advance(at)
		a.take()
	}
	half, ready := l.machine.Pending()
	left := len(a.host.demux.conns) + len(l.children) + len(a.host.timers) + a.host.ready.len() + half + ready
	if left != 0 || a.host.Stats().Connections != 0 {
		t.Errorf("%d connections, %d children, %d timers, %d senders, %d in the handshake, %d ready are left",
			len(a.host.demux.conns), len(l.children), len(a.host.timers), a.host.ready.len(), half, ready)
	}
	if at := a.now.Sub(ip.Time(time.Second)); at > 2*time.Minute {
		t.Errorf("it took %v", at)
	}
}

// In other stacks a RST for a segment that belongs to nobody leaves the window of a dead connection with the next one
// (smoltcp-rs/smoltcp#518). Two connections run, strays come in between, and each still sends full segments up to its own window.
func TestScenario34StraysBetweenConnections(t *testing.T) {
	a := newBench(t, Config{})
	a.host.Listen(netip.Addr{}, 80, 0)
	peers := []struct {
		addr string
		wnd  uint16
		mss  int
	}{{"192.0.2.1:1000", 63, 48}, {"192.0.2.2:1000", 30_000, 1000}, {"192.0.2.3:1000", 60_000, 1400}}
	iss := make([]tcp.Seq, len(peers))
	sent := make([]int, len(peers))
	stray := func(i int) {
		for _, h := range []tcp.Header{{Seq: 1, Ack: 7, Flags: tcp.ACK, Wnd: 63}, {Seq: 5, Flags: tcp.SYN, Wnd: 63}, {Seq: 1, Ack: 7, Flags: tcp.FIN | tcp.ACK}} {
			a.give(tcpPacket(peers[i].addr, "10.0.0.1:81", h, "")) // no such port
			a.give(tcpPacket("192.0.2.1:1001", "10.0.0.1:80", tcp.Header{Seq: 1, Ack: 7, Flags: tcp.ACK, Wnd: 63}, ""))
		}
		for _, p := range a.take() {
			if seg := a.parseTCP(p); seg.SrcPort == 81 && !seg.Flags.Has(tcp.RST) {
				t.Fatalf("a stray is answered with %v", seg.Flags)
			}
		}
	}
	for i, p := range peers {
		stray(i)
		syn := tcp.Header{Seq: 100, Flags: tcp.SYN, Wnd: p.wnd}
		syn.Options.HasMSS, syn.Options.MSS = true, uint16(p.mss)
		a.give(tcpPacket(p.addr, "10.0.0.1:80", syn, ""))
		answer := a.segment()
		iss[i] = answer.Seq
		a.give(tcpPacket(p.addr, "10.0.0.1:80", tcp.Header{Seq: 101, Ack: answer.Seq + 1, Flags: tcp.ACK, Wnd: p.wnd}, ""))
		a.take()
	}
	a.give(tcpPacket(peers[0].addr, "10.0.0.1:80", tcp.Header{Seq: 101, Flags: tcp.RST}, "")) // the first, with its small window, is gone
	a.take()
	for i, p := range peers[1:] {
		s := a.host.Socket(netip.MustParseAddrPort("10.0.0.1:80"), netip.MustParseAddrPort(p.addr))
		s.Conn().Send(a.now, make([]byte, 9*p.mss))
		stray(i)
		s.Touch(a.now)
		for _, packet := range a.take() {
			seg := a.parseTCP(packet)
			if len(seg.Text) != p.mss {
				t.Errorf("%s: got a segment of %d bytes, want %d", p.addr, len(seg.Text), p.mss)
			}
			sent[i] += len(seg.Text)
		}
		if got := s.Conn().Info().SendWindow; got != int(p.wnd) || sent[i] != 9*p.mss {
			t.Errorf("%s: got a window of %d and sent %d bytes, want %d and %d", p.addr, got, sent[i], p.wnd, 9*p.mss)
		}
	}
}

// parseTCP parses a packet that the host has sent, which is a segment.
func (b *bench) parseTCP(packet []byte) (seg tcp.Segment) {
	b.t.Helper()
	h, payload := b.parse(packet)
	if d := tcp.ParseSegment(payload, h.Src, h.Dst, false, &seg); d != ip.NoDrop {
		b.t.Fatalf("the host sent a bad segment: %v", d)
	}
	return seg
}

// In other stacks a packet for a peer that cannot be reached stays at the head of a queue, and all others wait behind it
// (smoltcp-rs/smoltcp#594). Here many connections to one silent peer, with all that they may send, and one to a peer that answers.
func TestScenario35OneSilentPeer(t *testing.T) {
	a, b := newBench(t, Config{}), newBench(t, Config{Addrs: addrsB})
	l, _, _ := b.host.Listen(netip.Addr{}, 80, 0)
	for range 100 {
		a.host.Connect(a.now, netip.AddrPort{}, netip.MustParseAddrPort("10.0.0.99:80")) // nobody there
	}
	u, call, errno := a.host.BindUDP(netip.MustParseAddrPort("10.0.0.1:53"), netip.AddrPort{})
	if errno != 0 {
		t.Fatal(call, errno)
	}
	for range 20 {
		d, _ := u.Compose(make([]byte, 1000), netip.MustParseAddrPort("10.0.0.99:53"))
		u.Send(d)
	}
	s, call, errno := a.host.Connect(a.now, netip.AddrPort{}, netip.MustParseAddrPort("10.0.0.2:80"))
	if errno != 0 {
		t.Fatal(call, errno)
	}
	began, total, got := a.now, 1<<20, 0
	buf := make([]byte, 1<<16)
	var server *Socket
	for step := 0; got < total && step < 20_000; step++ {
		s.Conn().Send(a.now, buf[:min(len(buf), total)])
		s.Touch(a.now)
		for _, p := range a.take() {
			if h, _ := a.parse(p); h.Dst == addrsB[0].Addr() {
				b.give(p)
			}
		}
		if server == nil {
			server = l.Accept()
		}
		if server != nil {
			for n := server.Conn().Receive(b.now, buf); n > 0; n = server.Conn().Receive(b.now, buf) {
				got += n
			}
			server.Touch(b.now)
		}
		for _, p := range b.take() {
			a.give(p)
		}
		a.now, b.now = a.now.Add(time.Millisecond), b.now.Add(time.Millisecond)
		a.host.Advance(a.now)
		b.host.Advance(b.now)
	}
	if took := a.now.Sub(began); got < total || took > 500*time.Millisecond {
		t.Errorf("got %d bytes in %v while 100 connections wait for a silent peer", got, took)
	}
	if n := s.Conn().Info().Stats.Retransmits; n > 0 {
		t.Errorf("%d segments were sent again", n)
	}
}

// In other stacks a half-open scan (SYN, SYN,ACK, RST) leaves something that stands in the way of the next SYN
// (containers/gvisor-tap-vsock#127).
func TestScenario41HalfScansThenConnections(t *testing.T) {
	a := newBench(t, Config{})
	l, _, _ := a.host.Listen(netip.Addr{}, 80, 4)
	from := func(i int) string {
		return netip.AddrPortFrom(netip.MustParseAddr("192.0.2.9"), uint16(1024+i)).String()
	}
	for round := range 3 {
		for i := range 500 {
			a.give(tcpPacket(from(i), "10.0.0.1:80", tcp.Header{Seq: 100, Flags: tcp.SYN}, ""))
			answer := a.segment()
			rst := tcp.Header{Seq: 101, Flags: tcp.RST}
			if i%2 == 0 {
				rst.Flags, rst.Ack = tcp.RST|tcp.ACK, answer.Seq+1
			}
			a.give(tcpPacket(from(i), "10.0.0.1:80", rst, ""))
			a.silent()
		}
		if n := len(a.host.demux.conns); n != 0 {
			t.Fatalf("%d connections are left of the scan", n)
		}
		for i := range 500 { // the same ports, in earnest
			seq := tcp.Seq(5000 + 1000*round)
			a.give(tcpPacket(from(i), "10.0.0.1:80", tcp.Header{Seq: seq, Flags: tcp.SYN, Wnd: 1000}, ""))
			answer := a.segment()
			if !answer.Flags.Has(tcp.SYN | tcp.ACK) {
				t.Fatalf("connection %d: got %v", i, answer.Flags)
			}
			a.give(tcpPacket(from(i), "10.0.0.1:80", tcp.Header{Seq: seq + 1, Ack: answer.Seq + 1, Flags: tcp.ACK, Wnd: 1000}, ""))
			s := l.Accept()
			if s == nil || s.Conn().State() != tcp.Established {
				t.Fatalf("connection %d is not established", i)
			}
			s.Abort(a.now)
			a.take()
		}
	}
}
