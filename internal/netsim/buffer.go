package netsim

import "github.com/sockeye-tcp/sockeye/ip"

// The buffers of packets: used again, and counted.

// smallPacket is what most packets fit into.
const smallPacket = 2048

// buffers are those of one network.
type buffers struct {
	free []*ip.Buffer
	out  int // given out and not back yet
}

// get returns a buffer with room for n bytes.
func (p *buffers) get(n int) *ip.Buffer {
	p.out++
	if n > smallPacket {
		return &ip.Buffer{Data: make([]byte, n), Home: p}
	}
	if k := len(p.free); k > 0 {
		b := p.free[k-1]
		p.free = p.free[:k-1]
		b.Home = p
		return b
	}
	return &ip.Buffer{Data: make([]byte, smallPacket), Home: p}
}

// Recycle takes a buffer back.
func (p *buffers) Recycle(b *ip.Buffer) {
	p.out--
	data := b.Data[:cap(b.Data)]
	*b = ip.Buffer{Data: data}
	if len(data) == smallPacket {
		p.free = append(p.free, b)
	}
}
