package stack

import (
	"net/netip"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// FuzzArrive gives a host with sockets of all kinds anything at all. Nothing that arrives may cause a
// panic, an endless answer, or more memory than the bounds allow.
func FuzzArrive(f *testing.F) {
	syn := tcp.Header{Seq: 100, Flags: tcp.SYN}
	f.Add(tcpPacket("192.0.2.9:1000", "10.0.0.1:80", syn, ""), []byte{})
	f.Add(udpPacket("192.0.2.9:1000", "10.0.0.1:53", "x"), udpPacket("[2001:db8::9]:1000", "[fd00::1]:54", "x"))
	src, dst := netip.MustParseAddr("192.0.2.9"), netip.MustParseAddr("10.0.0.1")
	f.Add(packet("192.0.2.9", "10.0.0.1", ip.ProtoICMP, ip.AppendEchoRequest(nil, src, dst, 1, 2, []byte("x"))), []byte{0x45})
	f.Fuzz(func(t *testing.T, first, second []byte) {
		b := newBench(t, Config{})
		b.host.Listen(netip.Addr{}, 80, 1)
		b.host.BindUDP(netip.MustParseAddrPort("10.0.0.1:53"), netip.AddrPort{})
		b.host.Connect(b.now, netip.AddrPort{}, netip.MustParseAddrPort("192.0.2.9:80"))
		for _, data := range [][]byte{first, second, first} {
			// As it came, and once more with checksums that count as good: the fuzzer cannot compute them.
			b.host.Arrive(b.now, &ip.Buffer{Data: append([]byte(nil), data...)})
			b.host.Arrive(b.now, &ip.Buffer{Data: append([]byte(nil), data...), ChecksumOK: true})
			if n := len(b.take()); n > 200 {
				t.Fatalf("%d packets in answer to two", n)
			}
		}
		for range 100 {
			at := b.host.Deadline()
			if at.IsZero() {
				break
			}
			if at.Before(b.now) {
				t.Fatalf("the deadline %v lies before now, %v", at, b.now)
			}
			b.now = at
			b.host.Advance(b.now)
			b.take()
		}
		b.now = b.now.Add(time.Hour)
		b.host.Advance(b.now)
		b.take()
	})
}
