package stack

import (
	"net/netip"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// What is known of path MTUs: RFC 1191, RFC 8201, RFC 5927 §7.

// The destination that was not used for longest makes room, and no more than maxPaths are remembered.
func TestPathsAreBounded(t *testing.T) {
	var c pathCache
	now := ip.Time(time.Second)
	known := tcp.PathMTU{MTU: 1000, Until: now.Add(time.Minute)}
	first := netip.MustParseAddr("10.0.0.1")
	c.put(first, known)
	addr := netip.MustParseAddr("10.1.0.0")
	for range 3 * maxPaths {
		addr = addr.Next()
		c.put(addr, known)
		if got, ok := c.get(now, first); !ok || got != known {
			t.Fatal("the path that is in use was forgotten")
		}
		if len(c.byDst) > maxPaths || len(c.byDst) != c.recent.Len() {
			t.Fatalf("%d paths are remembered, want at most %d", len(c.byDst), maxPaths)
		}
	}
	if _, ok := c.get(now, netip.MustParseAddr("10.1.0.1")); ok {
		t.Error("the oldest path is still remembered")
	}
	if _, ok := c.get(known.Until, first); ok || len(c.byDst) != maxPaths-1 {
		t.Error("an old path is still remembered")
	}
}

const otherPeer = "192.0.2.9:80"

// connect opens a connection to a peer and returns its SYN.
func (b *bench) connect(remote string) (*Socket, []byte) {
	b.t.Helper()
	s, call, errno := b.host.Connect(b.now, netip.AddrPort{}, netip.MustParseAddrPort(remote))
	if errno != 0 {
		b.t.Fatal(call, errno)
	}
	return s, b.take()[0]
}

// established opens one and lets the peer answer with an MSS of 1460.
func (b *bench) established(remote string) *Socket {
	b.t.Helper()
	s, _ := b.connect(remote)
	v := s.Conn().Vars()
	b.give(tcpPacket(remote, s.Conn().Local().String(), tcp.Header{
		Flags: tcp.SYN | tcp.ACK, Seq: 100, Ack: v.ISS.Add(1), Wnd: 65535, Options: tcp.Options{HasMSS: true, MSS: 1460},
	}, ""))
	b.take()
	return s
}

// send sends n bytes and returns the packets.
func (b *bench) send(s *Socket, n int) [][]byte {
	b.t.Helper()
	if got := s.Conn().Send(b.now, make([]byte, n)); got != n {
		b.t.Fatalf("got %d bytes taken, want %d", got, n)
	}
	s.Touch(b.now)
	return b.take()
}

// A report about one connection holds for those that follow and for those that are there, whose segments in flight go again; for
// datagrams; for ten minutes; and for no other destination.
func TestPathMTUIsShared(t *testing.T) {
	b := newBench(t, Config{})
	s1, s2, other := b.established(otherPeer), b.established(otherPeer), b.established("192.0.2.10:80")
	sent := b.send(s1, 1460)
	if n := len(b.send(s2, 1460)); n != 1 {
		t.Fatalf("got %d packets, want 1", n)
	}
	b.give(icmpAbout(t, sent[0], ip.TooBig, 1000))
	if n := len(b.take()); n != 4 {
		t.Errorf("got %d packets sent again, want 2 of each connection", n)
	}
	for s, want := range map[*Socket]int{s1: 1000, s2: 1000, other: 1500} {
		if got := s.Conn().Info(); got.MTU != want || got.InRecovery {
			t.Errorf("%v: got MTU %d, recovery %v, want %d", s.Conn().Remote(), got.MTU, got.InRecovery, want)
		}
	}
	s3, syn := b.connect(otherPeer)
	if got := s3.Conn().Info(); got.MTU != 1000 || got.SendMSS > 960 || got.RecvMSS != 960 {
		t.Errorf("a new connection: got MTU %d, MSS %d, offered %d", got.MTU, got.SendMSS, got.RecvMSS)
	}
	if got := syn[ip.HeaderLen4+tcp.HeaderLen+2:][:2]; got[0] != 960>>8 || got[1] != 960&0xff {
		t.Errorf("got a SYN with MSS %v, want 960 as Linux offers", got)
	}
	if got := b.host.pathMTU(b.now, netip.MustParseAddr("192.0.2.9")); got != 1000 {
		t.Errorf("datagrams: got %d, want 1000", got)
	}
	b.now = b.now.Add(10*time.Minute + time.Second)
	if got := b.host.pathMTU(b.now, netip.MustParseAddr("192.0.2.9")); got != 1500 {
		t.Errorf("datagrams ten minutes later: got %d, want 1500", got)
	}
	if got, _ := b.connect(otherPeer); got.Conn().Info().MTU != 1500 {
		t.Error("a connection ten minutes later starts small")
	}
}

// An accepted connection starts with what is known, too.
func TestPathMTUOfAcceptedConnections(t *testing.T) {
	b := newBench(t, Config{})
	if _, _, errno := b.host.Listen(netip.Addr{}, 80, 0); errno != 0 {
		t.Fatal(errno)
	}
	s := b.established(otherPeer)
	b.give(icmpAbout(t, b.send(s, 1460)[0], ip.TooBig, 1000))
	b.take()
	b.give(tcpPacket("192.0.2.9:1000", "10.0.0.1:80", tcp.Header{Flags: tcp.SYN, Options: tcp.Options{HasMSS: true, MSS: 1460}, Wnd: 65535}, ""))
	answer := b.take()[0]
	if got := answer[ip.HeaderLen4+tcp.HeaderLen+2:][:2]; got[0] != 960>>8 || got[1] != 960&0xff {
		t.Errorf("got a SYN,ACK with MSS %v, want 960", got)
	}
	child := b.host.Socket(netip.MustParseAddrPort("10.0.0.1:80"), netip.MustParseAddrPort("192.0.2.9:1000"))
	if got := child.Conn().Info(); got.SendMSS != 960 || got.Cwnd != 10*960 {
		t.Errorf("got MSS %d, cwnd %d, want 960 and 9600", got.SendMSS, got.Cwnd)
	}
}

// RFC 5927 §4.1, §7.2: what does not fit what was sent is forged, changes nothing and is counted.
func TestForgedPathMTU(t *testing.T) {
	for _, tt := range []struct {
		name  string
		forge func(packet []byte)
		mtu   int
	}{
		{"sequence number", func(p []byte) { p[ip.HeaderLen4+4] ^= 0x80 }, 1000},
		{"a packet that would pass", func([]byte) {}, 1500},
		{"a packet longer than ours", func(p []byte) { p[2], p[3] = 0x40, 0 }, 1400},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, Config{})
			s := b.established(otherPeer)
			sent := b.send(s, 1460)[0]
			about := icmpAbout(t, sent, ip.TooBig, tt.mtu)
			quote := about[ip.HeaderLen4+8:]
			tt.forge(quote)
			about[ip.HeaderLen4+2], about[ip.HeaderLen4+3] = 0, 0
			sum := ip.Checksum(about[ip.HeaderLen4:], 0)
			about[ip.HeaderLen4+2], about[ip.HeaderLen4+3] = byte(sum>>8), byte(sum)
			b.give(about)
			b.silent()
			b.dropped(ip.DropICMPInvalid)
			if got := s.Conn().Info().MTU; got != 1500 {
				t.Errorf("got MTU %d, want 1500", got)
			}
			if len(b.host.paths.proved.byDst) > 0 {
				t.Error("the report is remembered")
			}
		})
	}
}

// A report about a datagram of a socket that is not connected can be forged by anybody: connections do not hear of it, and the
// paths that they know stay.
func TestHearsayIsKeptApart(t *testing.T) {
	b := newBench(t, Config{})
	s := b.established(otherPeer)
	u, _, _ := b.host.BindUDP(netip.AddrPort{}, netip.AddrPort{})
	send := func(to string) []byte {
		d, errno := u.Compose(make([]byte, 1400), netip.MustParseAddrPort(to))
		if errno != 0 {
			t.Fatal(errno)
		}
		u.Send(d)
		return b.take()[0]
	}
	b.give(icmpAbout(t, send(otherPeer), ip.TooBig, 600))
	if got := s.Conn().Info().MTU; got != 1500 {
		t.Errorf("got MTU %d of the connection, want 1500", got)
	}
	if got := b.host.pathMTU(b.now, netip.MustParseAddr("192.0.2.9")); got != 600 {
		t.Errorf("got %d for datagrams, want 600", got)
	}
	b.give(icmpAbout(t, b.send(s, 1460)[0], ip.TooBig, 1200))
	b.take()
	addr := netip.MustParseAddr("198.18.0.0")
	for range 2 * maxPaths {
		addr = addr.Next()
		b.give(icmpAbout(t, send(netip.AddrPortFrom(addr, 53).String()), ip.TooBig, 600))
	}
	if got := b.host.paths; len(got.hearsay.byDst) != maxPaths || len(got.proved.byDst) != 1 {
		t.Errorf("got %d and %d paths", len(got.hearsay.byDst), len(got.proved.byDst))
	}
	b.host.Reconfigure(func(c *tcp.Config) { c.MTUReports = tcp.MTUReportsProved })
	b.give(icmpAbout(t, send("192.0.2.77:53"), ip.TooBig, 600))
	if got := b.host.pathMTU(b.now, netip.MustParseAddr("192.0.2.77")); got != 1500 {
		t.Errorf("got %d where reports about datagrams are not heard, want 1500", got)
	}
}

// A connected socket's datagrams count for connections as well.
func TestPathMTUFromDatagrams(t *testing.T) {
	b := newBench(t, Config{})
	s := b.established(otherPeer)
	peer := netip.MustParseAddrPort("192.0.2.9:53")
	u, _, _ := b.host.BindUDP(netip.AddrPort{}, peer)
	d, _ := u.Compose(make([]byte, 1400), peer)
	u.Send(d)
	b.give(icmpAbout(t, b.take()[0], ip.TooBig, 1300))
	if got := s.Conn().Info().MTU; got != 1300 {
		t.Errorf("got MTU %d, want 1300", got)
	}
}

// Below the floor routers may cut our packets, and no report is heard until that is forgotten, as in Linux.
func TestLockedPathMTU(t *testing.T) {
	b := newBench(t, Config{})
	s := b.established(otherPeer)
	sent := b.send(s, 1460)
	if sent[0][6]&0x40 == 0 {
		t.Error("a packet has no DF at first")
	}
	b.give(icmpAbout(t, sent[0], ip.TooBig, 300))
	again := b.take()
	ids := map[[2]byte]bool{}
	for _, p := range again {
		if p[6]&0x40 != 0 || len(p) > 552 {
			t.Errorf("got a packet of %d bytes, DF %v", len(p), p[6]&0x40 != 0)
		}
		ids[[2]byte(p[4:6])] = true
	}
	if len(again) != 3 || len(ids) != 3 {
		t.Errorf("got %d packets with %d numbers, want 3", len(again), len(ids))
	}
	if got := s.Conn().Info(); got.MTU != 552 || !s.Conn().PathMTU().Locked {
		t.Errorf("got %+v", s.Conn().PathMTU())
	}
	b.now = b.now.Add(10*time.Minute + time.Second)
	b.host.Advance(b.now)
	for _, p := range b.take() {
		if p[6]&0x40 == 0 {
			t.Error("a packet has no DF ten minutes later")
		}
	}
	if got := s.Conn().PathMTU(); got != (tcp.PathMTU{MTU: 1500}) {
		t.Errorf("ten minutes later: got %+v", got)
	}
}
