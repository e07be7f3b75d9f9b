package pcap

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// Connections in a capture.

// A Connection is what a capture holds of a connection.
type Connection struct {
	Number int            // in the order of first packets, from 1, of all in the file
	A, B   netip.AddrPort // A sent the first segment seen, which is a SYN when the beginning was captured
	// Segments are those that were kept, in the order of the file; the counts are of all.
	Segments    []Segment
	Packets     int
	Bytes       int // of text, both ways, retransmissions included
	First, Last time.Time

	syn    tcp.Seq // of A's SYN
	hasSYN bool
	ended  bool // a RST, or a FIN, was seen
}

// A Filter chooses among connections. The zero Filter takes all.
type Filter struct {
	Addr    netip.Prefix // an end must be in it; zero: any
	Port    uint16       // an end must have it; 0: any
	Numbers func(int) bool
}

// takes reports whether the filter likes a connection.
func (f *Filter) takes(c *Connection) bool {
	addr := !f.Addr.IsValid() || f.Addr.Contains(c.A.Addr()) || f.Addr.Contains(c.B.Addr())
	port := f.Port == 0 || c.A.Port() == f.Port || c.B.Port() == f.Port
	return addr && port && (f.Numbers == nil || f.Numbers(c.Number))
}

// A Limit bounds what Connections keeps.
type Limit struct{ Connections, Segments int }

// Found is what Connections found.
type Found struct {
	Connections []*Connection // those that the filter takes
	All         int           // how many there are in all
	Packets     int           // of IP
	Other       int           // IP packets without a TCP header that can be read: UDP, later fragments, ...
	NoIP        int           // frames without IP
	// Dropped is how many segments were not kept, for the limit.
	Dropped int
}

// Connections reads a capture to its end. keep, unless nil, is called for each
// packet of a connection that the filter takes. What was found before an error is returned with it.
func Connections(r *Reader, filter Filter, limit Limit, keep func(time.Time, []byte) error) (*Found, error) {
	g := grouping{found: &Found{}, filter: &filter, limit: limit, open: map[[2]netip.AddrPort]*Connection{}}
	for {
		when, packet, err := r.Next()
		g.found.NoIP = r.Skipped()
		if errors.Is(err, io.EOF) {
			return g.found, nil
		}
		if err != nil {
			return g.found, err
		}
		g.found.Packets++
		s, ok := ParseTCP(when, packet)
		if !ok {
			g.found.Other++
			continue
		}
		c, err := g.connection(&s)
		if err != nil {
			return g.found, err
		}
		if g.add(c, s) && keep != nil {
			if err := keep(when, packet); err != nil {
				return g.found, err
			}
		}
	}
}

// A grouping sorts segments into connections.
type grouping struct {
	found  *Found
	filter *Filter
	limit  Limit
	open   map[[2]netip.AddrPort]*Connection
	kept   int
}

// ErrTooMany is the error for a capture with more connections than the limit allows.
var ErrTooMany = errors.New("too many connections")

// connection returns the connection of a segment. A SYN with another number on the same
// ports, after an end, begins a new one (RFC 9293 §3.4.1).
func (g *grouping) connection(s *Segment) (*Connection, error) {
	key := [2]netip.AddrPort{s.Src, s.Dst}
	c := g.open[key]
	opens := s.Header.Flags.Has(tcp.SYN) && !s.Header.Flags.Has(tcp.ACK)
	if c != nil && (!opens || !c.ended || c.hasSYN && s.Src == c.A && s.Header.Seq == c.syn) {
		return c, nil
	}
	if g.found.All == g.limit.Connections {
		return nil, fmt.Errorf("%w: more than %d", ErrTooMany, g.limit.Connections)
	}
	g.found.All++
	c = &Connection{Number: g.found.All, A: s.Src, B: s.Dst, First: s.When, syn: s.Header.Seq, hasSYN: opens}
	if s.Header.Flags.Has(tcp.SYN | tcp.ACK) { // the SYN before it is missing
		c.A, c.B = s.Dst, s.Src
	}
	g.open[key], g.open[[2]netip.AddrPort{s.Dst, s.Src}] = c, c
	if g.filter.takes(c) {
		g.found.Connections = append(g.found.Connections, c)
	}
	return c, nil
}

// add adds a segment, and reports whether it is one of those that are looked for.
func (g *grouping) add(c *Connection, s Segment) bool {
	c.Packets++
	c.Bytes += s.Len
	c.Last = s.When
	c.ended = c.ended || s.Header.Flags.Has(tcp.RST) || s.Header.Flags.Has(tcp.FIN)
	if !g.filter.takes(c) {
		return false
	}
	if g.kept == g.limit.Segments {
		g.found.Dropped++
		return true
	}
	g.kept++
	c.Segments = append(c.Segments, s)
	return true
}
