package tcp_test

import (
	"testing"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// A pool makes the packets of a test, and wants each of them back once.
type pool struct {
	t   testing.TB
	out map[*ip.Buffer]bool // in use
}

func newPool(t testing.TB) pool { return pool{t, map[*ip.Buffer]bool{}} }

// segment puts text into a packet, as if headers stood before it.
func (p pool) segment(text []byte) *tcp.Segment {
	const headers = 40
	b := &ip.Buffer{Data: make([]byte, headers+len(text)), Home: p}
	p.out[b] = true
	copy(b.Data[headers:], text)
	return &tcp.Segment{Text: b.Data[headers:], Buf: b}
}

// Recycle takes a packet back, and makes it useless to whoever still looks at it.
func (p pool) Recycle(b *ip.Buffer) {
	if !p.out[b] {
		p.t.Fatal("a packet is freed twice")
	}
	delete(p.out, b)
	for i := range b.Data {
		b.Data[i] = 0xee
	}
}
