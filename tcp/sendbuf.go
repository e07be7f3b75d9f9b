package tcp

import "fmt"

// The send buffer: what the application has written and the peer has not yet acknowledged.

const (
	// Chunks are between these sizes: small ones for a request of a few lines, large ones so
	// that a 64 KiB segment needs two or three slices.
	minChunk = 2 << 10
	maxChunk = 64 << 10
	// maxFreeChunks bounds the large chunks that a Memory keeps for later: 1 MiB.
	maxFreeChunks = 16
)

// A Memory hands out the chunks of send buffers, and counts them against one limit for a whole host.
// It is as little safe for concurrent use as the connections that share it: one lock guards them all.
type Memory struct {
	// Limit is the number of bytes that all send buffers together may take; 0 = no limit.
	Limit int
	used  int
	free  []*chunk // of size maxChunk
}

// Used returns the bytes handed out.
func (m *Memory) Used() int { return m.used }

// get returns a chunk with room for n bytes or more if n is small enough, or nil at the limit.
func (m *Memory) get(n int) *chunk {
	size := minChunk
	for size < n && size < maxChunk {
		size *= 2
	}
	if m.Limit > 0 && m.used+size > m.Limit {
		return nil
	}
	m.used += size
	if last := len(m.free) - 1; size == maxChunk && last >= 0 {
		c := m.free[last]
		m.free = m.free[:last]
		return c
	}
	return &chunk{mem: m, room: make([]byte, size)}
}

func (m *Memory) put(c *chunk) {
	m.used -= len(c.room)
	if len(c.room) == maxChunk && len(m.free) < maxFreeChunks {
		*c = chunk{mem: m, room: c.room}
		m.free = append(m.free, c)
	}
}

// A chunk is a piece of a send buffer. Bytes room[r:w] hold text from seq on.
// Written bytes never change, and the chunk is not used again while it is
// pinned: a packet that points into it may be on its way to the device, outside of any lock.
type chunk struct {
	mem  *Memory
	room []byte
	r, w int
	seq  Seq // of room[r]
	pins int
	dead bool // out of the buffer; goes home with the last pin
	next *chunk
}

// Unpin gives up one pin.
func (c *chunk) Unpin() {
	if c.pins--; c.pins == 0 && c.dead {
		c.mem.put(c)
	}
}

// retire takes the chunk out of use.
func (c *chunk) retire() {
	c.next = nil
	if c.dead = true; c.pins == 0 {
		c.mem.put(c)
	}
}

// A sendBuffer holds text in the order of its sequence numbers.
type sendBuffer struct {
	mem        *Memory
	head, tail *chunk
	start, end Seq // of the text held
	reserved   *chunk
}

// len returns the bytes held.
func (b *sendBuffer) len() int { return int(b.end.Sub(b.start)) }

// reserve returns room for up to n bytes behind the text. It stays valid until commit, even if the buffer is emptied.
func (b *sendBuffer) reserve(n int) []byte {
	if b.reserved != nil {
		panic("BUG: two writers reserve room at once")
	}
	if n <= 0 {
		return nil
	}
	if b.tail == nil || b.tail.w == len(b.tail.room) {
		c := b.mem.get(n)
		if c == nil {
			return nil
		}
		c.seq = b.end
		if b.tail == nil {
			b.head = c
		} else {
			b.tail.next = c
		}
		b.tail = c
	}
	c := b.tail
	c.pins++
	b.reserved = c
	room := c.room[c.w:]
	return room[:min(n, len(room))]
}

// commit adds the first n reserved bytes to the text, gives the reservation up, and returns how much it added.
func (b *sendBuffer) commit(n int) int {
	c := b.reserved
	b.reserved = nil
	if c.dead {
		n = 0
	}
	c.w += n
	b.end = b.end.Add(Size(n))
	c.Unpin()
	return n
}

// text appends to out.Text the n bytes from seq on, and pins them.
func (b *sendBuffer) text(seq Seq, n int, out *Output) {
	c := b.head
	for c != nil && n > 0 {
		have := c.w - c.r
		skip := int(seq.Sub(c.seq))
		if skip >= have {
			c = c.next
			continue
		}
		take := min(n, have-skip)
		at := c.r + skip
		out.Text = append(out.Text, c.room[at:at+take:at+take])
		out.Pins = append(out.Pins, c)
		c.pins++
		out.Len += take
		seq = seq.Add(Size(take))
		n -= take
		c = c.next
	}
	if n > 0 {
		panic(fmt.Sprintf("BUG: text to send is not in the send buffer: %d bytes missing at %d of %d..%d", n, seq, b.start, b.end))
	}
}

// ack drops the text before una.
func (b *sendBuffer) ack(una Seq) {
	if una.LessEq(b.start) {
		return
	}
	b.start = minSeq(una, b.end)
	for b.head != nil {
		c := b.head
		n := int(b.start.Sub(c.seq))
		if n < c.w-c.r || n == c.w-c.r && c == b.tail && (b.reserved == c || c.w < len(c.room)/2) {
			c.r += n
			c.seq = b.start
			return
		}
		b.pop()
	}
}

// pop retires the first chunk.
func (b *sendBuffer) pop() {
	c := b.head
	if b.head = c.next; b.head == nil {
		b.tail = nil
	}
	c.retire()
}

// clear drops everything.
func (b *sendBuffer) clear() {
	for b.head != nil {
		b.pop()
	}
	b.start = b.end
}
