package ip

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"
)

// datagram4 and datagram6 return a UDP datagram from the peer to us.
func datagram4(payload []byte) []byte {
	b := AppendUDPHeader(nil, netip.AddrPortFrom(peer4, 5353), netip.AddrPortFrom(ours4, 53), payload)
	return append(b, payload...)
}

func datagram6(payload []byte) []byte {
	b := AppendUDPHeader(nil, netip.AddrPortFrom(peer6, 5353), netip.AddrPortFrom(ours6, 53), payload)
	return append(b, payload...)
}

func TestParseUDP(t *testing.T) {
	data := []byte("odd")
	edit := func(b []byte, at int, to ...byte) []byte { copy(b[at:], to); return b }
	tests := []struct {
		name       string
		b          []byte
		v6         bool
		checksumOK bool
		want       Drop
	}{
		{"IPv4", datagram4(data), false, false, NoDrop},
		{"IPv6", datagram6(data), true, false, NoDrop},
		{"seven bytes", datagram4(nil)[:7], false, false, DropShort},
		{"shorter than its length field", datagram4(data)[:10], false, false, DropShort},
		{"length field below 8", edit(datagram4(data), 4, 0, 7), false, false, DropMalformed},
		{"bytes behind its length", append(datagram4(data), "surplus"...), false, false, NoDrop},
		{"wrong checksum", edit(datagram4(data), 8, 'O'), false, false, DropChecksum},
		{"wrong checksum vouched for", edit(datagram4(data), 6, 9, 9), false, true, NoDrop},
		{"no checksum over IPv4", edit(datagram4(data), 6, 0, 0), false, false, NoDrop},
		{"no checksum over IPv6", edit(datagram6(data), 6, 0, 0), true, false, DropChecksum},
		{"meant for another address", datagram4(data), true, false, DropChecksum},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			src, dst := peer4, ours4
			if tt.v6 {
				src, dst = peer6, ours6
			}
			var u UDP
			if got := ParseUDP(tt.b, src, dst, tt.checksumOK, &u); got != tt.want {
				t.Fatalf("got %q, want %q", got, tt.want)
			}
			if tt.want == NoDrop && (u.SrcPort != 5353 || u.DstPort != 53 || !bytes.Equal(u.Payload, data)) {
				t.Errorf("got %d -> %d %q, want 5353 -> 53 %q", u.SrcPort, u.DstPort, u.Payload, data)
			}
		})
	}
}

func TestAppendUDPHeaderSendsZeroChecksumAsOnes(t *testing.T) {
	// Two bytes that bring the sum to all ones make the checksum 0.
	zero := binary.BigEndian.AppendUint16(nil, ^Fold(Sum(datagram4([]byte{0, 0})[:6], PseudoSum(peer4, ours4, ProtoUDP, 10))))
	b := datagram4(zero)
	if b[6] != 0xff || b[7] != 0xff {
		t.Errorf("checksum % x, want ff ff", b[6:8])
	}
	var u UDP
	if d := ParseUDP(b, peer4, ours4, false, &u); d != NoDrop {
		t.Errorf("refused: %v", d)
	}
}

func TestAppendUDPHeaderPanicsWhenTooLong(t *testing.T) {
	mustPanic(t, "a payload of 65528 bytes", func() { datagram4(make([]byte, 65528)) })
}
