package ladder

import (
	"net/netip"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// From segments seen on the wire to the model.

// Seen is a segment that was seen on the wire. Whether it arrived, and why it was sent, is not known.
type Seen struct {
	Time     ip.Time
	Src, Dst netip.AddrPort
	Header   tcp.Header
	Len      int // bytes of text
}

// Observe makes the ladders of segments seen on the wire, in the order in which they
// were, one for each connection. The states of both ends are inferred by the rules of RFC 9293 §3.10.7, and
// each segment has a Finding: why it was sent, as far as those before it tell. The end
// that opens stands on the left unless Options.LeftHost says otherwise.
func Observe(seen []Seen, o Options) []*Ladder {
	var all []*connection
	open := map[pair]*connection{}
	for i := range seen {
		s := &seen[i]
		key := pair{s.Src, s.Dst}
		c := open[key]
		if c == nil || c.wire.opensAnew(s) {
			c = &connection{wire: &wire{}}
			c.face(s, &o)
			c.Start = s.Time
			open[key], open[key.mirror()] = c, c
			all = append(all, c)
		}
		c.see(s)
	}
	ladders := make([]*Ladder, 0, len(all))
	for _, c := range all {
		c.finish()
		ladders = append(ladders, &c.Ladder)
	}
	return ladders
}

// face puts the ends of a connection into their columns: its first segment comes from the left, unless it answers a SYN.
func (c *connection) face(s *Seen, o *Options) {
	left, right := s.Src, s.Dst
	swap := s.Header.Flags.Has(tcp.SYN | tcp.ACK)
	if h := o.LeftHost; h.IsValid() && (left.Addr() == h) != (right.Addr() == h) {
		swap = right.Addr() == h
	}
	if swap {
		left, right = right, left
	}
	c.Left, c.Right = o.end(OnLeft, left), o.end(OnRight, right)
}

// see appends the line of a segment.
func (c *connection) see(s *Seen) {
	d := ToRight
	if s.Src != c.Left.Addr {
		d = ToLeft
	}
	at := s.Time.Sub(c.Start)
	l := Line{
		Kind: KindSegment, At: at, Side: d.Sender(), Segment: Segment{Header: s.Header, Len: s.Len, Count: 1},
		Trip: Trip{Dir: d, Sent: at, Arrived: Unknown},
	}
	c.wire.judge(&l)
	c.Lines = append(c.Lines, l)
}
