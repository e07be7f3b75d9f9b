package campaign

import (
	"encoding/binary"
	"slices"

	"github.com/sockeye-tcp/sockeye/ip"
)

// The observer in the link: what it sees is true, whatever the stacks think. It counts retransmissions, and among them those that were for
// nothing because the link has let the text through before.

// Counts are what it saw of one connection.
type Counts struct {
	Segments    int64 `json:"segments"`    // with text, in the direction of the data
	Retransmits int64 `json:"retransmits"` // of them: with text that was sent before
	Spurious    int64 `json:"spurious"`    // of those: with nothing in them that the link had lost each time
	Lost        int64 `json:"lost"`        // segments that the link lost
	Acks        int64 `json:"acks"`        // segments without text on the way back
}

// An Observer watches the segments that enter a link. It belongs to one connection, the first
// whose SYN the active end sends.
type Observer struct {
	// FromClient says that data goes from the end that opens the connection.
	FromClient bool

	counts Counts
	port   uint16 // the client's; 0: no SYN yet
	begun  bool
	origin tcpSeq  // sequence number of the first text
	next   int64   // behind all that was sent, as an offset from origin
	passed extents // what the link let through
}

// A tcpSeq is a sequence number.
type tcpSeq = uint32

// TCP flags.
const (
	flagFin = 1
	flagSyn = 2
	flagRst = 4
)

// Counts returns what was seen so far.
func (o *Observer) Counts() Counts { return o.counts }

// Sees takes a segment as it enters the link, and whether the link loses it.
func (o *Observer) Sees(s Segment, fromClient, lost bool) {
	client := s.dst
	if fromClient {
		client = s.src
	}
	if o.port == 0 && fromClient && s.flags&(flagSyn|flagRst) == flagSyn {
		o.port = client
	}
	switch {
	case client != o.port || o.port == 0 || s.flags&flagRst != 0:
	case fromClient != o.FromClient:
		if s.n == 0 && s.flags&(flagSyn|flagFin) == 0 {
			o.counts.Acks++
		}
	case s.flags&flagSyn != 0:
		o.origin, o.begun = s.seq+1, true
	case o.begun && s.n > 0:
		o.text(s, lost)
	}
}

// text takes a segment with text.
func (o *Observer) text(s Segment, lost bool) {
	// The offset is the one nearest to what comes next, so that numbers may wrap.
	from := o.next + int64(int32(s.seq-o.origin-tcpSeq(o.next)))
	to := from + int64(s.n)
	if from < 0 {
		return // a zero-window probe before the first text
	}
	o.counts.Segments++
	if lost {
		o.counts.Lost++
	}
	if from < o.next {
		o.counts.Retransmits++
		if to <= o.next && o.passed.cover(extent{from, to}) {
			o.counts.Spurious++
		}
	}
	o.next = max(o.next, to)
	if !lost {
		o.passed.add(extent{from, to})
	}
}

// A Segment is what matters of one.
type Segment struct {
	src, dst uint16
	seq      tcpSeq
	flags    byte
	n        int // bytes of text
}

// Parse reads a packet, if it is TCP over IPv4.
func Parse(b []byte) (s Segment, ok bool) {
	if len(b) < 20 || b[0]>>4 != 4 || ip.Protocol(b[9]) != ip.ProtoTCP {
		return s, false
	}
	header := int(b[0]&15) * 4
	total := int(binary.BigEndian.Uint16(b[2:]))
	if total > len(b) || total < header+20 {
		return s, false
	}
	t := b[header:total]
	offset := int(t[12]>>4) * 4
	if offset < 20 || offset > len(t) {
		return s, false
	}
	return Segment{
		src: binary.BigEndian.Uint16(t), dst: binary.BigEndian.Uint16(t[2:]), seq: binary.BigEndian.Uint32(t[4:]),
		flags: t[13], n: len(t) - offset,
	}, true
}

// An extent is a range of offsets, without its end.
type extent struct{ from, to int64 }

// extents are a set of offsets: in order, apart from each other.
type extents []extent

// find returns the first that ends at or behind an offset.
func (e extents) find(at int64) int {
	i, _ := slices.BinarySearchFunc(e, at, func(x extent, at int64) int {
		if x.to < at {
			return -1
		}
		return 1
	})
	return i
}

// cover reports whether all of x is in the set.
func (e extents) cover(x extent) bool {
	i := e.find(x.to)
	return i < len(e) && e[i].from <= x.from
}

// add adds x to the set.
func (e *extents) add(x extent) {
	first := e.find(x.from)
	last := first
	for last < len(*e) && (*e)[last].from <= x.to {
		x.from, x.to = min(x.from, (*e)[last].from), max(x.to, (*e)[last].to)
		last++
	}
	*e = slices.Replace(*e, first, last, x)
}
