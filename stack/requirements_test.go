package stack

import (
	"net/netip"
	"syscall"
	"testing"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Requirements of RFC 9293 on the host around TCP, which no other test shows.

// MUST-41, MUST-42: listening on a port works while a connection from that port is in the
// handshake, and disturbs it not.
func TestListenBesideHandshake(t *testing.T) {
	b := newBench(t, Config{})
	local := netip.MustParseAddrPort("10.0.0.1:4000")
	s, call, errno := b.host.Connect(b.now, local, remote80)
	if errno != 0 {
		t.Fatal(call, errno)
	}
	b.take()
	if _, call, errno := b.host.Listen(netip.Addr{}, 4000, 0); errno != 0 {
		t.Fatal(call, errno)
	}
	b.give(tcpPacket("192.0.2.9:80", "10.0.0.1:4000", tcp.Header{Seq: 1, Ack: s.Conn().Vars().SndNxt, Flags: tcp.SYN | tcp.ACK}, ""))
	if got := s.Conn().State(); got != tcp.Established {
		t.Errorf("the connection: got state %v, want ESTABLISHED", got)
	}
	b.take()
	b.give(tcpPacket("192.0.2.10:80", "10.0.0.1:4000", tcp.Header{Seq: 1, Flags: tcp.SYN}, ""))
	if got := b.segment(); got.Flags != tcp.SYN|tcp.ACK {
		t.Errorf("the listener: got %v, want SYN,ACK", got.Flags)
	}
}

// MUST-46: an open towards an address that no host can have fails, and sends nothing.
func TestInvalidRemote(t *testing.T) {
	for _, remote := range []string{
		"224.0.0.1:80", "[ff02::1]:80", "255.255.255.255:80", "10.0.0.255:80", "0.0.0.0:80", "[::]:80", "127.0.0.1:80",
	} {
		b := newBench(t, Config{})
		_, call, errno := b.host.Connect(b.now, netip.AddrPort{}, netip.MustParseAddrPort(remote))
		if errno != syscall.ENETUNREACH || call != "connect" {
			t.Errorf("%s: got %s: %v, want connect: %v", remote, call, errno, syscall.ENETUNREACH)
		}
		b.silent()
	}
}

// MUST-45: addresses stay for as long as the connection lives, whatever else the host has.
func TestAddressesStay(t *testing.T) {
	a, b, client, server := joined(t)
	client.Conn().Send(b.now, []byte("x"))
	client.Touch(b.now)
	h, _ := b.one()
	if got, want := h.Src, client.Conn().Local().Addr(); got != want {
		t.Errorf("got source %v, want %v", got, want)
	}
	if got, want := server.Conn().Local(), netip.MustParseAddrPort("10.0.0.1:80"); got != want {
		t.Errorf("got local address %v, want the one that the SYN was sent to, %v", got, want)
	}
	_ = a
}

// MUST-50: IP options that nobody understands are passed over.
func TestUnknownIPOption(t *testing.T) {
	b := newBench(t, Config{})
	b.host.Listen(netip.Addr{}, 80, 0)
	plain := tcpPacket("192.0.2.9:1000", "10.0.0.1:80", tcp.Header{Seq: 1, Flags: tcp.SYN}, "")
	option := []byte{0x9e, 4, 0, 0} // an experimental one, RFC 4727
	p := append(append(append([]byte(nil), plain[:20]...), option...), plain[20:]...)
	p[0]++ // a word longer
	p[3] += 4
	p[10], p[11] = 0, 0
	sum := ip.Checksum(p[:24], 0)
	p[10], p[11] = byte(sum>>8), byte(sum)
	b.give(p)
	b.dropped()
	if got := b.segment(); got.Flags != tcp.SYN|tcp.ACK {
		t.Errorf("got %v, want SYN,ACK", got.Flags)
	}
}

// MUST-55: source quench changes nothing.
func TestSourceQuench(t *testing.T) {
	_, b, client, _ := joined(t)
	client.Conn().Send(b.now, []byte("x"))
	client.Touch(b.now)
	sent := b.take()[0]
	before := client.Conn().Info()
	quench := append([]byte{4, 0, 0, 0, 0, 0, 0, 0}, sent[:28]...)
	sum := ip.Checksum(quench, 0)
	quench[2], quench[3] = byte(sum>>8), byte(sum)
	b.give(packet("192.0.2.254", "10.0.0.2", ip.ProtoICMP, quench))
	b.dropped(ip.DropICMPInvalid)
	if after := client.Conn().Info(); after != before {
		t.Errorf("got %+v, want %+v", after, before)
	}
}

// MAY-4: a segment that is sent again has the same IPv4 Identification.
func TestIdentificationOfARetransmission(t *testing.T) {
	_, b, client, _ := joined(t)
	client.Conn().Send(b.now, []byte("x"))
	client.Touch(b.now)
	first, _ := b.one()
	b.now = b.host.Deadline()
	b.host.Advance(b.now)
	if again, _ := b.one(); again.ID != first.ID || !again.DontFragment {
		t.Errorf("got ID %d, don't fragment %v, want %d and true", again.ID, again.DontFragment, first.ID)
	}
}
