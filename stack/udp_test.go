package stack

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// UDP: borders kept, senders named, queues bounded, sockets told apart.

// udpPair returns a socket on b and one on a that is connected to it.
func udpPair(t *testing.T, a, b *Net, address string) (client net.Conn, server net.PacketConn) {
	t.Helper()
	server, err := b.ListenPacket("udp", address)
	if err != nil {
		t.Fatal(err)
	}
	client, err = a.Dial("udp", server.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); server.Close() })
	return client, server
}

func TestUDPKeepsBorders(t *testing.T) {
	for _, tt := range []struct {
		name    string
		address string
	}{{"IPv4", "10.0.0.2:0"}, {"IPv6", "[fd00::2]:0"}} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := newPair(t, Config{})
				client, server := udpPair(t, a, b, tt.address)
				buf := make([]byte, 1<<16)
				for _, size := range []int{0, 1, 1472, 1473, 9000, maxUDPPayload(netip.MustParseAddrPort(tt.address).Addr())} {
					want := bytes.Repeat([]byte("u"), size)
					if n, err := client.Write(want); n != size || err != nil {
						t.Fatalf("writing %d bytes: got %d, %v", size, n, err)
					}
					n, from, err := server.ReadFrom(buf)
					if err != nil || !bytes.Equal(buf[:n], want) || from.String() != client.LocalAddr().String() {
						t.Fatalf("got %d bytes from %v, %v; want %d from %v", n, from, err, size, client.LocalAddr())
					}
					server.WriteTo(buf[:n], from)
					if n, err := client.Read(buf); err != nil || n != size {
						t.Fatalf("got %d bytes back, %v; want %d", n, err, size)
					}
				}
			})
		})
	}
}

// What does not fit into the reader's buffer is lost, with its datagram.
// Datagrams that a device has merged come out one by one.
func TestMergedDatagrams(t *testing.T) {
	b := newBench(t, Config{})
	u, _, _ := b.host.BindUDP(netip.MustParseAddrPort("10.0.0.1:7"), netip.AddrPort{})
	want := bytes.Repeat([]byte("datagram"), 40)
	from, to := netip.MustParseAddrPort("192.0.2.9:1000"), netip.MustParseAddrPort("10.0.0.1:7")
	packet := ip.AppendHeader(nil, &ip.Header{Src: from.Addr(), Dst: to.Addr(), Protocol: ip.ProtoUDP}, ip.UDPHeaderLen+len(want))
	packet = append(ip.AppendUDPHeader(packet, from, to, want), want...)
	b.host.Arrive(b.now, &ip.Buffer{Data: packet, GSOSize: 100})
	var got []byte
	for _, n := range []int{100, 100, 100, 20} {
		d, ok := u.Receive()
		if !ok || len(d.Payload) != n || d.From != from {
			t.Fatalf("got %d bytes from %v, want %d", len(d.Payload), d.From, n)
		}
		got = append(got, d.Payload...)
	}
	if !bytes.Equal(got, want) || b.host.Stats().InDatagrams != 4 {
		t.Errorf("got %q, %d datagrams", got, b.host.Stats().InDatagrams)
	}
	if _, ok := u.Receive(); ok {
		t.Error("got one more")
	}
}

func TestUDPTruncates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newPair(t, Config{})
		client, server := udpPair(t, a, b, "10.0.0.2:0")
		client.Write([]byte("long"))
		client.Write([]byte("next"))
		buf := make([]byte, 2)
		for _, want := range []string{"lo", "ne"} {
			if n, _, err := server.ReadFrom(buf); err != nil || string(buf[:n]) != want {
				t.Errorf("got %q, %v; want %q", buf[:n], err, want)
			}
		}
	})
}

// A slow reader loses what comes beyond its queue; the stack does not.
func TestUDPQueueIsBounded(t *testing.T) {
	for _, tt := range []struct {
		name string
		size int
		want int // datagrams kept
	}{
		{"by bytes", 1000, udpBuffer / 1000},
		{"by number", 0, maxUDPQueue},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, Config{})
			u, _, _ := b.host.BindUDP(netip.MustParseAddrPort("10.0.0.1:53"), netip.AddrPort{})
			for range tt.want + 10 {
				b.give(udpPacket("192.0.2.9:1000", "10.0.0.1:53", string(make([]byte, tt.size))))
			}
			if got := u.queue.len(); got != tt.want {
				t.Errorf("got %d datagrams in the queue, want %d", got, tt.want)
			}
			if got := b.host.Stats().Drops[ip.DropQueueFull]; got != 10 {
				t.Errorf("got %d drops counted, want 10", got)
			}
		})
	}
}

// A small datagram does not pin the large buffer that it came in.
func TestSmallDatagramPinsNothing(t *testing.T) {
	b := newBench(t, Config{})
	u, _, _ := b.host.BindUDP(netip.MustParseAddrPort("10.0.0.1:53"), netip.AddrPort{})
	big := make([]byte, 0, 1<<16)
	b.give(append(big, udpPacket("192.0.2.9:1000", "10.0.0.1:53", "small")...))
	if d, _ := u.Receive(); cap(d.Payload) > 64 {
		t.Errorf("the datagram holds %d bytes", cap(d.Payload))
	}
}

// Writers wait while the device is full, and their deadline still counts.
func TestUDPWriterWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dev, _ := newNarrowPair(1)
		n := newNet(t, dev, Config{Addrs: addrsA})
		c, err := n.Dial("udp", "10.0.0.2:53")
		if err != nil {
			t.Fatal(err)
		}
		c.SetWriteDeadline(time.Now().Add(time.Second))
		sent := 0
		for ; err == nil; sent++ {
			_, err = c.Write(make([]byte, 1000))
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("got error %v, want a timeout", err)
		}
		if limit := udpBuffer/1000 + writeBatch + 2; sent > limit {
			t.Errorf("%d datagrams wait for a full device, want at most %d", sent, limit)
		}
	})
}

// The socket that fits best gets the datagram.
func TestUDPDemux(t *testing.T) {
	peer := netip.MustParseAddrPort("192.0.2.9:1000")
	b := newBench(t, Config{})
	bind := func(local string, remote netip.AddrPort) *UDPSocket {
		var l netip.AddrPort
		if local == "any" {
			l = netip.AddrPortFrom(netip.Addr{}, 53)
		} else {
			l = netip.MustParseAddrPort(local)
		}
		u := &UDPSocket{host: b.host, local: l, remote: remote}
		b.host.demux.addUDP(u)
		return u
	}
	sockets := map[string]*UDPSocket{
		"connected": bind("10.0.0.1:53", peer),
		"address":   bind("10.0.0.1:53", netip.AddrPort{}),
		"family":    bind("0.0.0.0:53", netip.AddrPort{}),
		"any":       bind("any", netip.AddrPort{}),
	}
	for _, step := range []struct{ from, want string }{
		{"192.0.2.9:1000", "connected"}, {"192.0.2.9:1001", "address"},
	} {
		got := b.host.demux.udpSocket(netip.MustParseAddrPort("10.0.0.1:53"), netip.MustParseAddrPort(step.from))
		if got != sockets[step.want] {
			t.Errorf("from %s: the datagram did not go to the socket bound to %s", step.from, step.want)
		}
	}
	for _, want := range []string{"connected", "address", "family", "any"} {
		if got := b.host.demux.udpSocket(netip.MustParseAddrPort("10.0.0.1:53"), peer); got != sockets[want] {
			t.Errorf("the datagram did not go to the socket bound to %s", want)
		}
		b.host.demux.removeUDP(sockets[want])
	}
	if got := b.host.demux.udpSocket(netip.MustParseAddrPort("10.0.0.1:53"), peer); got != nil {
		t.Error("the datagram went to a closed socket")
	}
}

func TestUDPBind(t *testing.T) {
	for _, tt := range []struct {
		name          string
		first, second netip.AddrPort
		want          syscall.Errno
	}{
		{"same address", addrPort("10.0.0.1:53"), addrPort("10.0.0.1:53"), syscall.EADDRINUSE},
		{"other port", addrPort("10.0.0.1:53"), addrPort("10.0.0.1:54"), 0},
		{"other address", addrPort("10.0.0.1:53"), addrPort("[fd00::1]:53"), 0},
		{"any after one", addrPort("10.0.0.1:53"), netip.AddrPortFrom(netip.Addr{}, 53), syscall.EADDRINUSE},
		{"one after any", netip.AddrPortFrom(netip.Addr{}, 53), addrPort("10.0.0.1:53"), syscall.EADDRINUSE},
		{"any IPv6 after one IPv4", addrPort("10.0.0.1:53"), addrPort("[::]:53"), 0},
		{"foreign", addrPort("10.0.0.1:53"), addrPort("10.0.0.9:53"), syscall.EADDRNOTAVAIL},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newBench(t, Config{}).host
			if _, call, errno := h.BindUDP(tt.first, netip.AddrPort{}); errno != 0 {
				t.Fatal(call, errno)
			}
			if _, _, errno := h.BindUDP(tt.second, netip.AddrPort{}); errno != tt.want {
				t.Errorf("got %v, want %v", errno, tt.want)
			}
		})
	}
}

func addrPort(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }
