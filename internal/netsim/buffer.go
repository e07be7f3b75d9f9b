package netsim

import (
	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// The buffers of packets: used again, and counted.

// A Spare is storage that one simulation leaves to the next. It changes nothing but the time that they take. The
// zero Spare is ready for use, by one Net at a time; one that ended with a violation must not be used again.
type Spare struct {
	packets  buffers
	memories []*tcp.Memory
	reading  []byte
}

// memory returns the memory of host number i.
func (s *Spare) memory(i int) *tcp.Memory {
	for len(s.memories) <= i {
		s.memories = append(s.memories, new(tcp.Memory))
	}
	return s.memories[i]
}

// scratch returns room to read into, which is good until the next read of anybody.
func (s *Spare) scratch() []byte {
	if s.reading == nil {
		s.reading = make([]byte, 32<<10)
	}
	return s.reading
}

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
