package ip

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"testing"
)

// naiveChecksum is RFC 1071 §4.1, word by word.
func naiveChecksum(b []byte, initial uint32) uint16 {
	sum := uint64(initial)
	for i := 0; i+1 < len(b); i += 2 {
		sum += uint64(b[i])<<8 | uint64(b[i+1])
	}
	if len(b)%2 != 0 {
		sum += uint64(b[len(b)-1]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// randomBytes returns n bytes, in some draws so full of ones that carries abound.
func randomBytes(rng *rand.Rand, n int) []byte {
	b := make([]byte, n)
	ones := rng.IntN(3) == 0
	for i := range b {
		b[i] = byte(rng.Uint32())
		if ones {
			b[i] = 0xff
		}
	}
	return b
}

func TestChecksumExampleOfRFC1071(t *testing.T) {
	b := []byte{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7} // §3
	if got, want := Fold(Sum(b, 0)), uint16(0xddf2); got != want {
		t.Errorf("sum: got %#04x, want %#04x", got, want)
	}
}

func TestChecksumEqualsNaive(t *testing.T) {
	rng := rand.New(rand.NewPCG(1071, 1))
	for length := range 600 {
		for align := range 8 {
			b := randomBytes(rng, length+align)[align:]
			initial := rng.Uint32N(1 << 18)
			if got, want := Checksum(b, initial), naiveChecksum(b, initial); got != want {
				t.Fatalf("length %d, alignment %d, initial %#x: got %#04x, want %#04x", length, align, initial, got, want)
			}
		}
	}
	b := randomBytes(rng, 1<<16)
	if got, want := Checksum(b, 0), naiveChecksum(b, 0); got != want {
		t.Errorf("64 KiB: got %#04x, want %#04x", got, want)
	}
}

func TestChecksumCarriesThroughAllOnes(t *testing.T) {
	// Every length at which a carry can run out of the last word.
	for length := range 200 {
		b := make([]byte, length)
		for i := range b {
			b[i] = 0xff
		}
		for _, first := range []byte{0, 1, 0xff} {
			if length > 0 {
				b[0] = first
			}
			if got, want := Checksum(b, 1), naiveChecksum(b, 1); got != want {
				t.Errorf("length %d, first %#x: got %#04x, want %#04x", length, first, got, want)
			}
		}
	}
}

func TestSumChainsOverPiecesOfAnyLength(t *testing.T) {
	rng := rand.New(rand.NewPCG(1071, 2))
	for range 5000 {
		b := randomBytes(rng, rng.IntN(300))
		initial := rng.Uint32N(1 << 18)
		sum, pieces := initial, []int{}
		for rest := b; len(rest) > 0; {
			n := rng.IntN(len(rest) + 1)
			sum, rest, pieces = Sum(rest[:n], sum), rest[n:], append(pieces, n)
		}
		if got, want := ^Fold(sum), naiveChecksum(b, initial); got != want {
			t.Fatalf("pieces %v: got %#04x, want %#04x", pieces, got, want)
		}
	}
}

func TestTransportSumCoversHeaderTailAndPayload(t *testing.T) {
	rng := rand.New(rand.NewPCG(1071, 3))
	for range 500 {
		var p Packet
		p.Reset()
		p.Header = append(p.Header, randomBytes(rng, 20+rng.IntN(60))...)
		for range rng.IntN(4) {
			p.Payload = append(p.Payload, randomBytes(rng, rng.IntN(50)))
		}
		if got, want := ^Fold(p.TransportSum(20, 77)), naiveChecksum(p.AppendTo(nil)[20:], 77); got != want {
			t.Fatalf("got %#04x, want %#04x", got, want)
		}
	}
}

func TestPseudoSumEqualsWrittenOutHeader(t *testing.T) {
	tests := []struct {
		name     string
		src, dst string
		proto    Protocol
		length   int
	}{
		{"IPv4", "192.0.2.1", "198.51.100.255", ProtoTCP, 1460},
		{"IPv4 with all bits set", "255.255.255.254", "255.255.255.255", 255, 65535},
		{"IPv6", "2001:db8::1", "2001:db8:ffff::abcd", ProtoUDP, 8},
		{"IPv6 with all bits set", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", 255, 65535},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			src, dst := netip.MustParseAddr(tt.src), netip.MustParseAddr(tt.dst)
			b := append(src.AsSlice(), dst.AsSlice()...)
			if src.Is4() { // RFC 9293 §3.1: zero, PTCL, TCP length
				b = binary.BigEndian.AppendUint16(append(b, 0, byte(tt.proto)), uint16(tt.length))
			} else { // RFC 8200 §8.1: length, zero, next header
				b = append(binary.BigEndian.AppendUint32(b, uint32(tt.length)), 0, 0, 0, byte(tt.proto))
			}
			if got, want := ^Fold(PseudoSum(src, dst, tt.proto, tt.length)), naiveChecksum(b, 0); got != want {
				t.Errorf("got %#04x, want %#04x", got, want)
			}
		})
	}
}

// BenchmarkChecksum reports its speed in GB/s.
func BenchmarkChecksum(b *testing.B) {
	for _, size := range []int{20, 64, 1460, 65536} {
		for _, align := range []int{0, 1} {
			b.Run(strconv.Itoa(size)+"/align="+strconv.Itoa(align), func(b *testing.B) {
				data := make([]byte, size+align)[align:]
				for b.Loop() {
					Checksum(data, 0)
				}
				b.ReportMetric(float64(size)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GB/s")
			})
		}
	}
}
