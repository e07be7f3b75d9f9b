package step

import (
	"fmt"
	"slices"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// The wire: packets in flight and what can be done to them.

// A packet is an IP packet on its way.
type packet struct {
	id, from, to  int
	data          []byte // never changed: the logs of both ends share it
	segment       tcp.Segment
	seq0, ack0    tcp.Seq // what its numbers are shown relative to
	isICMP        bool
	sent, arrives ip.Time

	event    int // that tells of the sending, as an index of the record; -1: none
	why      tcp.Why
	nth      int
	rule     string
	copyOf   int
	delayed  bool
	damaged  bool
	injected bool
}

// newPacket reads a packet that is to be shown, or that arrives.
func (w *World) newPacket(from, to int, data []byte) *packet {
	w.lastID++
	p := &packet{id: w.lastID, from: from, to: to, data: data, event: -1, sent: w.now, arrives: w.now.Add(w.cfg.Delay)}
	var header ip.Header
	if d := ip.ParseHeader(data, &header); d != ip.NoDrop {
		return p
	}
	p.isICMP = header.Protocol == ip.ProtoICMP
	if header.Protocol == ip.ProtoTCP {
		tcp.ParseSegment(header.Payload(data), header.Src, header.Dst, true, &p.segment)
		p.seq0, p.ack0 = w.zeros(p)
	}
	return p
}

// zeros returns what the numbers of a packet make sense relative to: the initial ones as its sender knows them. A
// reset is made for the end that gets it.
func (w *World) zeros(p *packet) (seq0, ack0 tcp.Seq) {
	if p.from != Nobody && !p.segment.Flags.Has(tcp.RST) {
		peer, own := w.ends[p.from].numbers()
		return tcp.Seq(own), tcp.Seq(peer)
	}
	peer, own := w.ends[p.to].numbers()
	if p.segment.Flags.Has(tcp.RST) && !w.ends[p.to].knowsPeer() {
		peer = 0
	}
	return tcp.Seq(peer), tcp.Seq(own)
}

// send puts a packet of an end on the wire, or lets the router answer that it is too long.
func (w *World) send(from int, data []byte) {
	p := w.newPacket(from, 1-from, data)
	w.claim(p)
	if limit := w.cfg.PathMTU; limit > 0 && len(data) > limit {
		w.tooBig(from, data, limit)
		return
	}
	w.wire = append(w.wire, p)
}

// claim finds the event that tells why a packet was sent.
func (w *World) claim(p *packet) {
	i := slices.IndexFunc(w.unclaimed, func(at int) bool {
		e := &w.events[at]
		return e.Header.Seq == p.segment.Seq && e.Header.Flags == p.segment.Flags &&
			e.Header.SrcPort == p.segment.SrcPort && e.Len == len(p.segment.Text)
	})
	if i < 0 {
		return
	}
	p.event = w.unclaimed[i]
	w.unclaimed = slices.Delete(w.unclaimed, i, i+1)
	e := &w.events[p.event]
	p.why, p.nth, p.rule = e.Why, e.Nth, e.Rule
}

// tooBig is what the router in the middle sends back (RFC 1191 §4): it takes half the delay to get
// there, and half to come back.
func (w *World) tooBig(from int, data []byte, limit int) {
	var header ip.Header
	ip.ParseHeader(data, &header)
	body, ok := ip.AppendICMPError(nil, router, ip.TooBig, limit, data, &header)
	if !ok {
		return
	}
	answer := ip.Header{Src: router, Dst: header.Src, Protocol: ip.ProtoICMP, TTL: 64}
	p := w.newPacket(Nobody, from, append(ip.AppendHeader(nil, &answer, len(body)), body...))
	p.rule = "RFC 1191 §4"
	w.wire = append(w.wire, p)
}

// onPacket makes a move on a packet in flight.
func (w *World) onPacket(m Move) error {
	i := slices.IndexFunc(w.wire, func(p *packet) bool { return p.id == m.Packet })
	if i < 0 {
		return fmt.Errorf("%v: there is no such packet in flight", m)
	}
	p := w.wire[i]
	switch m.Kind {
	case Deliver:
		return w.arrive(p)
	case Drop:
		w.wire = slices.Delete(w.wire, i, i+1)
	case Duplicate:
		w.lastID++
		c := *p
		c.id, c.copyOf = w.lastID, p.id
		w.wire = append(w.wire, &c)
	case Delay:
		if m.D <= 0 {
			return fmt.Errorf("%v: time only passes forward", m)
		}
		p.arrives, p.delayed = max(p.arrives, w.now).Add(m.D), true
	case Corrupt:
		if p.damaged {
			return fmt.Errorf("%v: it is damaged already", m)
		}
		p.data = slices.Clone(p.data)
		p.data[len(p.data)-1] ^= 1 << w.random.IntN(8)
		p.damaged = true
	}
	return nil
}

// arrive lets a packet arrive now.
func (w *World) arrive(p *packet) error {
	w.wire = slices.DeleteFunc(w.wire, func(q *packet) bool { return q == p })
	w.landed[p.event] = true
	e := w.ends[p.to]
	if !p.damaged {
		e.note(entry{kind: entryIn, data: p.data})
	}
	first := len(w.events)
	e.host.Arrive(w.now, &ip.Buffer{Data: slices.Clone(p.data)})
	if i := arrival(w.events[first:]); i >= 0 && !p.isICMP {
		w.origins[first+i] = p.event
	}
	return w.settle()
}

// arrival returns the index of the event that tells that a segment came in, or was dropped on the way in; -1 when none does.
func arrival(events []tcp.Event) int {
	i := slices.IndexFunc(events, func(e tcp.Event) bool { return e.Kind == tcp.EventArrive })
	if i < 0 {
		i = slices.IndexFunc(events, func(e tcp.Event) bool { return e.Kind == tcp.EventDrop })
	}
	return i
}
