package stack

import (
	"net/netip"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Hosts without goroutines, joined by hand, in virtual time: what the tests of the machine use.

// A bench is a host whose packets a test takes and gives.
type bench struct {
	t    *testing.T
	host *Host
	now  ip.Time
	drop []ip.Drop // what the trace has said
}

func newBench(t *testing.T, cfg Config) *bench {
	t.Helper()
	b := &bench{t: t, now: ip.Time(time.Second)}
	if cfg.Addrs == nil {
		cfg.Addrs = addrsA
	}
	if cfg.Rand == nil {
		cfg.Rand = zeros{}
	}
	cfg.Trace = func(e *tcp.Event) {
		if e.Kind == tcp.EventDrop {
			b.drop = append(b.drop, e.Drop)
		}
	}
	b.host = NewHost(cfg)
	return b
}

// zeros is an endless source of zeros: runs are the same every time.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// give hands the host a packet.
func (b *bench) give(packet []byte) {
	b.host.Arrive(b.now, &ip.Buffer{Data: packet})
}

// take returns the packets that the host has to send.
func (b *bench) take() [][]byte {
	var out [][]byte
	var p ip.Packet
	for b.host.Next(b.now, &p) {
		p.CompleteChecksum() // if it was left to the device
		out = append(out, p.AppendTo(nil))
		p.Unpin()
	}
	return out
}

// one returns the only packet that the host has to send, parsed.
func (b *bench) one() (ip.Header, []byte) {
	b.t.Helper()
	out := b.take()
	if len(out) != 1 {
		b.t.Fatalf("got %d packets, want 1", len(out))
	}
	return b.parse(out[0])
}

// parse returns the header and the payload of a packet.
func (b *bench) parse(packet []byte) (h ip.Header, payload []byte) {
	b.t.Helper()
	if d := ip.ParseHeader(packet, &h); d != ip.NoDrop {
		b.t.Fatalf("the host sent a bad packet: %v", d)
	}
	return h, h.Payload(packet)
}

// silent fails when the host has something to send.
func (b *bench) silent() {
	b.t.Helper()
	if out := b.take(); len(out) != 0 {
		b.t.Errorf("got %d packets, want none", len(out))
	}
}

// dropped fails unless the drops since the last call are these.
func (b *bench) dropped(want ...ip.Drop) {
	b.t.Helper()
	if len(b.drop) != len(want) {
		b.t.Errorf("got drops %v, want %v", b.drop, want)
	} else {
		for i := range want {
			if b.drop[i] != want[i] {
				b.t.Errorf("got drops %v, want %v", b.drop, want)
			}
		}
	}
	b.drop = nil
}

// segment parses the only packet that the host has to send as a TCP segment.
func (b *bench) segment() (seg tcp.Segment) {
	b.t.Helper()
	h, payload := b.one()
	if d := tcp.ParseSegment(payload, h.Src, h.Dst, false, &seg); d != ip.NoDrop {
		b.t.Fatalf("the host sent a bad segment: %v", d)
	}
	return seg
}

// join lets two hosts exchange packets until neither has any.
func join(a, b *bench) {
	for {
		fromA, fromB := a.take(), b.take()
		if len(fromA)+len(fromB) == 0 {
			return
		}
		for _, p := range fromA {
			b.give(p)
		}
		for _, p := range fromB {
			a.give(p)
		}
	}
}

// joined returns two hosts, A listening on port 80, and a connection from B to it.
func joined(t *testing.T) (a, b *bench, client, server *Socket) {
	t.Helper()
	a, b = newBench(t, Config{Addrs: addrsA}), newBench(t, Config{Addrs: addrsB})
	l, _, errno := a.host.Listen(netip.Addr{}, 80, 0)
	if errno != 0 {
		t.Fatal(errno)
	}
	client, call, errno := b.host.Connect(b.now, netip.AddrPort{}, netip.MustParseAddrPort("10.0.0.1:80"))
	if errno != 0 {
		t.Fatal(call, errno)
	}
	join(a, b)
	if server = l.Accept(); server == nil {
		t.Fatal("no connection to accept")
	}
	return a, b, client, server
}

// packet builds an IP packet.
func packet(src, dst string, proto ip.Protocol, payload []byte) []byte {
	h := ip.Header{Src: netip.MustParseAddr(src), Dst: netip.MustParseAddr(dst), Protocol: proto}
	return append(ip.AppendHeader(nil, &h, len(payload)), payload...)
}

// tcpPacket builds a TCP packet with a good checksum.
func tcpPacket(src, dst string, h tcp.Header, text string) []byte {
	from, to := netip.MustParseAddrPort(src), netip.MustParseAddrPort(dst)
	h.SrcPort, h.DstPort = from.Port(), to.Port()
	b := append(tcp.AppendHeader(nil, &h), text...)
	sum := ip.Checksum(b, ip.PseudoSum(from.Addr(), to.Addr(), ip.ProtoTCP, len(b)))
	b[tcp.ChecksumOffset], b[tcp.ChecksumOffset+1] = byte(sum>>8), byte(sum)
	return packet(from.Addr().String(), to.Addr().String(), ip.ProtoTCP, b)
}

// udpPacket builds a UDP packet.
func udpPacket(src, dst, text string) []byte {
	from, to := netip.MustParseAddrPort(src), netip.MustParseAddrPort(dst)
	b := append(ip.AppendUDPHeader(nil, from, to, []byte(text)), text...)
	return packet(from.Addr().String(), to.Addr().String(), ip.ProtoUDP, b)
}
