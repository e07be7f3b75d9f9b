package ip

import (
	"bytes"
	"testing"
)

// cut returns the packets that Cut makes.
func cut(t testing.TB, h Header, payload []byte, mtu int) [][]byte {
	t.Helper()
	c, ok := Cut(&h, payload, mtu)
	if !ok {
		t.Fatalf("%d bytes cannot be sent over an MTU of %d", len(payload), mtu)
	}
	var p Packet
	var packets [][]byte
	for c.Next(&p) {
		packets = append(packets, p.AppendTo(nil))
		if len(packets) > MaxPacket {
			t.Fatal("no end of fragments")
		}
	}
	return packets
}

func TestCutFitsTheMTU(t *testing.T) {
	for _, h := range []Header{from4(ProtoUDP), from6(ProtoUDP)} {
		for _, mtu := range []int{1280, 1281, 1500, 9000} {
			for _, n := range []int{0, 1, mtu - 48, mtu - 40, mtu - 39, mtu - 20, mtu - 19, 8191, 65000} {
				h.ID = 99
				payload := numbered(n)
				checkCut(t, cut(t, h, payload, mtu), payload, mtu)
			}
		}
	}
	h := from4(ProtoUDP)
	h.ID = 99
	checkCut(t, cut(t, h, numbered(1000), MinMTU4), numbered(1000), MinMTU4)
}

// checkCut verifies that packets carry payload in order, none longer than mtu.
func checkCut(t *testing.T, packets [][]byte, payload []byte, mtu int) {
	t.Helper()
	var got []byte
	for i, b := range packets {
		h := mustParse(t, b)
		if len(b) > mtu || h.TotalLen != len(b) {
			t.Errorf("packet %d has %d bytes, total length %d; the MTU is %d", i, len(b), h.TotalLen, mtu)
		}
		if len(packets) > 1 && (h.ID != 99 || h.FragOffset != len(got) || h.MoreFragments != (i < len(packets)-1)) {
			t.Errorf("packet %d: ID %d offset %d more %v, want 99, %d", i, h.ID, h.FragOffset, h.MoreFragments, len(got))
		}
		if h.Protocol != ProtoUDP || h.TTL != 61 {
			t.Errorf("packet %d: %v with TTL %d, want UDP with 61", i, h.Protocol, h.TTL)
		}
		got = append(got, h.Payload(b)...)
	}
	if !bytes.Equal(got, payload) {
		t.Errorf("payload of %d bytes came out as %d others over MTU %d", len(payload), len(got), mtu)
	}
	headerLen := HeaderLen4
	if packets[0][0]>>4 == 6 {
		headerLen = HeaderLen6
	}
	if fits := headerLen+len(payload) <= mtu; fits != (len(packets) == 1) {
		t.Errorf("%d bytes in %d packets over MTU %d", len(payload), len(packets), mtu)
	}
}

func TestCutRefuses(t *testing.T) {
	whole := func(h Header) Header { h.DontFragment = true; return h }
	tests := []struct {
		name string
		h    Header
		n    int
		mtu  int
		want bool
	}{
		{"IPv4 that fits and must not be cut", whole(from4(ProtoUDP)), 1480, 1500, true},
		{"IPv4 that must not be cut", whole(from4(ProtoUDP)), 1481, 1500, false},
		{"IPv6 that must not be cut", whole(from6(ProtoUDP)), 1461, 1500, false},
		{"longest IPv4", from4(ProtoUDP), 65515, 1500, true},
		{"IPv4 beyond the longest", from4(ProtoUDP), 65516, 1500, false},
		{"IPv6 beyond the longest", from6(ProtoUDP), 65496, 1500, false},
		{"beyond the longest over a larger MTU", from4(ProtoUDP), 65516, 70000, false},
		{"IPv4 over an impossible MTU", from4(ProtoUDP), 100, 67, false},
		{"IPv6 over an impossible MTU", from6(ProtoUDP), 1300, 1279, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, ok := Cut(&tt.h, make([]byte, tt.n), tt.mtu)
			if ok != tt.want {
				t.Errorf("got %v, want %v", ok, tt.want)
			}
			var p Packet
			if !ok && c.Next(&p) {
				t.Error("a packet came out nevertheless")
			}
		})
	}
}
