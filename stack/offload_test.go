package stack

import (
	"bytes"
	"net/netip"
	"testing"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Long packets for devices that cut them: with the fields that the device needs, and no others.

// MUST-2: every checksum is good when it arrives, whoever has computed it.
func TestOffload(t *testing.T) {
	all := ip.Offload{Checksum: true, TSO4: true, TSO6: true, MaxGSO: 64 << 10}
	for _, tt := range []struct {
		name    string
		offload ip.Offload
		remote  string
		gso     uint16
		sum     bool // left to the device
	}{
		{"none", ip.Offload{}, "10.0.0.2:80", 0, false},
		{"checksum", ip.Offload{Checksum: true}, "10.0.0.2:80", 0, true},
		{"all, IPv4", all, "10.0.0.2:80", 1448, true},
		{"all, IPv6", all, "[fd00::2]:80", 1428, true},
		{"TSO for the other family", ip.Offload{Checksum: true, TSO6: true, MaxGSO: 64 << 10}, "10.0.0.2:80", 0, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, b := newBench(t, Config{Offload: tt.offload}), newBench(t, Config{Addrs: addrsB})
			l, _, _ := b.host.Listen(netip.Addr{}, 80, 0)
			s, call, errno := a.host.Connect(a.now, netip.AddrPort{}, netip.MustParseAddrPort(tt.remote))
			if errno != 0 {
				t.Fatal(call, errno)
			}
			a.passOn(b)
			join(a, b)
			server := l.Accept()
			want := bytes.Repeat([]byte("0123456789abcdef"), 4096)
			s.Conn().Send(a.now, want)
			s.Touch(a.now)
			for packets := a.passOn(b); len(packets) > 0; packets = a.passOn(b) {
				checkPackets(t, packets, tt.gso, tt.sum)
				for _, p := range b.take() {
					a.give(p)
				}
			}
			got := make([]byte, len(want))
			if n := server.Conn().Receive(b.now, got); n != len(want) || !bytes.Equal(got, want) {
				t.Errorf("got %d bytes, want the %d sent", n, len(want))
			}
			b.dropped()
		})
	}
}

// A sentPacket is what a test keeps of a packet.
type sentPacket struct {
	length  int
	text    int
	gso     uint16
	needsIt bool
}

// passOn gives everything that a has to send to b, as a device with the same offloads would.
func (a *bench) passOn(b *bench) (packets []sentPacket) {
	a.t.Helper()
	var p ip.Packet
	for a.host.Next(a.now, &p) {
		kept := sentPacket{length: p.Len(), text: p.Len() - len(p.Header), gso: p.GSOSize, needsIt: p.NeedsChecksum}
		packets = append(packets, kept)
		p.CompleteChecksum()
		buf := &ip.Buffer{Data: p.AppendTo(nil), GSOSize: p.GSOSize}
		p.Unpin()
		b.host.Arrive(b.now, buf)
	}
	return packets
}

func checkPackets(t *testing.T, packets []sentPacket, gso uint16, sum bool) {
	t.Helper()
	for _, p := range packets {
		switch {
		case p.needsIt != sum:
			t.Errorf("got a packet with NeedsChecksum %v, want %v", p.needsIt, sum)
		case p.gso == 0 && p.length > 1500:
			t.Errorf("got a packet of %d bytes without GSOSize", p.length)
		case p.gso != 0 && (p.gso != gso || p.text <= int(gso)):
			t.Errorf("got a packet of %d bytes of text with GSOSize %d, want GSOSize %d", p.text, p.gso, gso)
		}
	}
	if gso != 0 && packets[0].gso == 0 {
		t.Error("got a short packet where a long one was possible")
	}
}

// Packets point into the send buffer: nothing is copied on the way out.
func TestPacketsPointIntoTheSendBuffer(t *testing.T) {
	_, b, client, _ := joined(t)
	room := client.Conn().Reserve(100)
	copy(room, "text")
	client.Conn().Commit(b.now, 4, 0)
	client.Touch(b.now)
	var p ip.Packet
	if !b.host.Next(b.now, &p) {
		t.Fatal("nothing to send")
	}
	if len(p.Payload) != 1 || &p.Payload[0][0] != &room[0] || len(p.Pins) == 0 {
		t.Errorf("got %d slices and %d pins; want the room that was filled, pinned", len(p.Payload), len(p.Pins))
	}
	p.Unpin()
}

// Connections take turns: nobody is served twice before everybody was served once.
func TestSendersTakeTurns(t *testing.T) {
	a, b := newBench(t, Config{}), newBench(t, Config{Addrs: addrsB})
	b.host.Listen(netip.Addr{}, 80, 0)
	var socks []*Socket
	for range 3 {
		s, _, _ := a.host.Connect(a.now, netip.AddrPort{}, netip.MustParseAddrPort("10.0.0.2:80"))
		socks = append(socks, s)
	}
	join(a, b)
	for _, s := range socks {
		s.Conn().Send(a.now, make([]byte, 10000))
		s.Touch(a.now)
	}
	var order []uint16
	for _, packet := range a.take()[:6] {
		h, payload := a.parse(packet)
		var seg tcp.Segment
		tcp.ParseSegment(payload, h.Src, h.Dst, false, &seg)
		order = append(order, seg.SrcPort)
	}
	for i := range 3 {
		if order[i] != order[i+3] || order[i] == order[(i+1)%3] {
			t.Fatalf("got packets from ports %v, want each in its turn", order)
		}
	}
}

// The steady path allocates nothing in this package.
func TestArriveAllocatesNothing(t *testing.T) {
	a, b, client, _ := joined(t)
	client.Conn().SetNoDelay(true)
	a.host.tcp.Trace, b.host.tcp.Trace = nil, nil // an event does cost something
	var p ip.Packet
	ack := &ip.Buffer{}
	room := make([]byte, 0, 2048)
	allocs := testing.AllocsPerRun(1000, func() {
		client.Conn().Send(b.now, []byte("x"))
		client.Touch(b.now)
		for b.host.Next(b.now, &p) {
			ack.Data = p.AppendTo(room[:0])
			p.Unpin()
			a.host.Arrive(a.now, ack)
		}
		for a.host.Next(a.now, &p) {
			ack.Data = p.AppendTo(room[:0])
			p.Unpin()
			b.host.Arrive(b.now, ack)
		}
	})
	if allocs > 0.1 { // tcp makes a new chunk now and then
		t.Errorf("got %v allocations for a segment and its ACK, want none", allocs)
	}
}
