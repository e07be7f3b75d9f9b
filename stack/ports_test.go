package stack

import (
	"net/netip"
	"syscall"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// Which ports are chosen (RFC 6056), which may be bound, and what becomes of those in TIME-WAIT.

var remote80 = netip.MustParseAddrPort("192.0.2.9:80")

func TestEphemeralPorts(t *testing.T) {
	h := newBench(t, Config{}).host
	seen := map[uint16]bool{}
	for range 1000 {
		s, call, errno := h.Connect(1, netip.AddrPort{}, remote80)
		if errno != 0 {
			t.Fatal(call, errno)
		}
		port := s.Conn().Local().Port()
		if port < firstEphemeral || port > lastEphemeral || seen[port] {
			t.Fatalf("got port %d, which is taken or out of range", port)
		}
		seen[port] = true
	}
}

// Ports towards one destination say nothing about those towards another.
func TestPortsDependOnDestinationAndSecret(t *testing.T) {
	first := func(seed byte, remote string) uint16 {
		h := newBench(t, Config{Rand: constant(seed)}).host
		s, _, _ := h.Connect(1, netip.AddrPort{}, netip.MustParseAddrPort(remote))
		return s.Conn().Local().Port()
	}
	a, b, c := first(1, "192.0.2.9:80"), first(1, "192.0.2.10:80"), first(2, "192.0.2.9:80")
	if a == b || a == c {
		t.Errorf("got ports %d, %d for another destination and %d with another secret; want three", a, b, c)
	}
	if again := first(1, "192.0.2.9:80"); again != a {
		t.Errorf("got port %d and then %d from the same host in the same state", a, again)
	}
}

type constant byte

func (c constant) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(c)
	}
	return len(p), nil
}

func TestPortsRunOut(t *testing.T) {
	h := newBench(t, Config{}).host
	for range numEphemeral {
		if _, call, errno := h.Connect(1, netip.AddrPort{}, remote80); errno != 0 {
			t.Fatal(call, errno)
		}
	}
	if _, call, errno := h.Connect(1, netip.AddrPort{}, remote80); errno != syscall.EADDRNOTAVAIL || call != "connect" {
		t.Errorf("got %s: %v, want connect: %v", call, errno, syscall.EADDRNOTAVAIL)
	}
	// Another destination has ports of its own.
	if _, call, errno := h.Connect(1, netip.AddrPort{}, netip.MustParseAddrPort("192.0.2.10:80")); errno != 0 {
		t.Error(call, errno)
	}
}

// timeWait returns two hosts and a connection of the second that is in TIME-WAIT.
func timeWait(t *testing.T) (a, b *bench, client *Socket) {
	t.Helper()
	a, b, client, server := joined(t)
	client.Close(b.now)
	join(a, b)
	server.Close(a.now)
	join(a, b)
	if got := client.Conn().State(); got != tcp.TimeWait {
		t.Fatalf("got state %v, want TIME-WAIT", got)
	}
	if n := len(a.host.demux.conns); n != 0 {
		t.Fatalf("%d connections are left at the other end", n)
	}
	return a, b, client
}

// A port in TIME-WAIT may be bound again, towards the same peer: timestamps tell old from new.
func TestTimeWaitIsReused(t *testing.T) {
	a, b, old := timeWait(t)
	b.now, a.now = b.now.Add(time.Second), a.now.Add(time.Second)
	s, call, errno := b.host.Connect(b.now, old.Conn().Local(), old.Conn().Remote())
	if errno != 0 {
		t.Fatal(call, errno)
	}
	join(a, b)
	if got := s.Conn().State(); got != tcp.Established {
		t.Errorf("got state %v, want ESTABLISHED", got)
	}
	if got := len(b.host.demux.conns); got != 1 {
		t.Errorf("got %d connections, want 1", got)
	}
}

// A SYN beyond everything received ends TIME-WAIT for a new connection (MAY-2); an older one does not.
func TestSynInTimeWait(t *testing.T) {
	for _, tt := range []struct {
		name string
		add  tcp.Size
		want tcp.Flags
	}{
		{"new", 1000, tcp.SYN | tcp.ACK},
		{"old", ^tcp.Size(999), tcp.ACK},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, b, old := timeWait(t)
			b.now = b.now.Add(time.Second) // our own initial number must be new, too
			local, remote := old.Conn().Local(), old.Conn().Remote()
			if _, _, errno := b.host.Listen(netip.Addr{}, local.Port(), 0); errno != syscall.EADDRINUSE {
				t.Errorf("listening on the port of our own connection: got %v, want %v", errno, syscall.EADDRINUSE)
			}
			// A listener that was there before: connect() would have avoided its port, so it is put in by hand.
			b.host.demux.addListener(&ListenSocket{
				host: b.host, port: local.Port(), machine: tcp.NewListener(b.host.tcp, 1), children: map[*tcp.Conn]*Socket{},
			})
			h := tcp.Header{Seq: old.Conn().Vars().RcvNxt.Add(tt.add), Flags: tcp.SYN}
			b.give(tcpPacket(remote.String(), local.String(), h, ""))
			if got := b.segment(); got.Flags != tt.want {
				t.Errorf("got %v, want %v", got.Flags, tt.want)
			}
		})
	}
}

func TestBindTCP(t *testing.T) {
	any4, any6, anyAddr := netip.IPv4Unspecified(), netip.IPv6Unspecified(), netip.Addr{}
	own := netip.MustParseAddr("10.0.0.1")
	for _, tt := range []struct {
		name          string
		first, second netip.Addr
		want          syscall.Errno
	}{
		{"same", own, own, syscall.EADDRINUSE},
		{"any after one", own, anyAddr, syscall.EADDRINUSE},
		{"one after any", anyAddr, own, syscall.EADDRINUSE},
		{"any IPv4 after any", anyAddr, any4, syscall.EADDRINUSE},
		{"any IPv6 after any IPv4", any4, any6, 0},
		{"one of the other family", own, netip.MustParseAddr("fd00::1"), 0},
		{"foreign", own, netip.MustParseAddr("10.0.0.9"), syscall.EADDRNOTAVAIL},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newBench(t, Config{}).host
			if _, call, errno := h.Listen(tt.first, 80, 0); errno != 0 {
				t.Fatal(call, errno)
			}
			if _, _, errno := h.Listen(tt.second, 80, 0); errno != tt.want {
				t.Errorf("got %v, want %v", errno, tt.want)
			}
		})
	}
}

// A server that is restarted finds its port free, although old connections are still there.
func TestListenAgainBesideOldConnections(t *testing.T) {
	a, _, _, _ := joined(t)
	for _, l := range a.host.demux.listeners[80] {
		l.Close(a.now)
	}
	if _, call, errno := a.host.Listen(netip.Addr{}, 80, 0); errno != 0 {
		t.Error(call, errno)
	}
}
