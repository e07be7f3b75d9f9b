package stack

import (
	"net/netip"
	"testing"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// TestReconfigureIsForLaterConnections changes the buffers of a host between connections.
func TestReconfigureIsForLaterConnections(t *testing.T) {
	h := NewHost(Config{Addrs: []netip.Prefix{netip.MustParsePrefix("192.0.2.1/24")}, TCP: tcp.Config{SendBuffer: 10000}})
	connect := func() *Socket {
		s, call, errno := h.ConnectWith(1, netip.AddrPort{}, netip.MustParseAddrPort("192.0.2.2:80"), func(c *tcp.Conn) { c.SetTTL(9) })
		if errno != 0 {
			t.Fatalf("%s: %v", call, errno)
		}
		return s
	}
	before := connect()
	h.Reconfigure(func(c *tcp.Config) { c.SendBuffer = 20000 })
	after := connect()
	if got, want := before.Conn().Writable(), 10000; got != want {
		t.Errorf("the connection from before has room for %d bytes, want %d", got, want)
	}
	if got, want := after.Conn().Writable(), 20000; got != want {
		t.Errorf("the connection from after has room for %d bytes, want %d", got, want)
	}
}

// TestListenersPrepareTheirConnections changes the settings of a host with an open listener.
func TestListenersPrepareTheirConnections(t *testing.T) {
	h := NewHost(Config{Addrs: []netip.Prefix{netip.MustParsePrefix("192.0.2.1/24")}})
	l, call, errno := h.Listen(netip.Addr{}, 80, 1)
	if errno != 0 {
		t.Fatalf("%s: %v", call, errno)
	}
	prepared := 0
	l.Prepare = func(*tcp.Conn) { prepared++ }
	h.Reconfigure(func(c *tcp.Config) { c.NoTimestamps = true })
	seg := tcp.Segment{Header: tcp.Header{SrcPort: 9, DstPort: 80, Flags: tcp.SYN, Options: tcp.Options{HasTS: true}}}
	h.arriveListener(1, l, tuple{netip.MustParseAddrPort("192.0.2.1:80"), netip.MustParseAddrPort("192.0.2.2:9")}, &seg)
	for _, s := range h.demux.conns {
		if s.conn.Info().Timestamps {
			t.Error("timestamps were agreed on, although the host has been told to leave them out")
		}
	}
	if prepared != 1 || len(h.demux.conns) != 1 {
		t.Errorf("%d connections, %d of them prepared; want 1 and 1", len(h.demux.conns), prepared)
	}
}
