package stack

import (
	"net/netip"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// The way in: from an IP packet to the socket it is for. RFC 1122 §3.2.1, RFC 8200 §3.

// Arrive takes a packet in, and with it the ownership of the buffer.
func (h *Host) Arrive(now ip.Time, b *ip.Buffer) {
	h.stats.PacketsIn++
	h.stats.BytesIn += uint64(len(b.Data))
	if b.At.IsZero() {
		b.At = now
	}
	var header ip.Header
	if d := ip.ParseHeader(b.Data, &header); d != ip.NoDrop {
		h.refuse(now, b, &header, d)
		return
	}
	if d := h.checkAddresses(&header); d != ip.NoDrop {
		h.drop(now, b, &header, d)
		return
	}
	if !header.IsFragment() {
		h.deliver(now, b, &header)
		return
	}
	whole, d := h.fragments.Add(now, b, &header) // takes the buffer in every case
	if d != ip.NoDrop {
		h.drop(now, nil, &header, d)
	}
	h.lostFragments(now)
	if whole == nil {
		return
	}
	if d := ip.ParseHeader(whole.Data, &header); d != ip.NoDrop {
		h.drop(now, whole, &header, d)
		return
	}
	h.deliver(now, whole, &header)
}

// checkAddresses says whether a packet is ours to take: to one of our addresses, and not from a broadcast
// address of our network (RFC 1122 §3.2.1.3; MUST-63). Package ip has refused all other senders that no host can be.
func (h *Host) checkAddresses(header *ip.Header) ip.Drop {
	switch {
	case h.addrs.broadcast(header.Src):
		return ip.DropSource
	case h.addrs.own(header.Dst):
		return ip.NoDrop
	case h.addrs.broadcast(header.Dst) && header.Protocol == ip.ProtoTCP:
		return ip.DropBroadcast // RFC 9293 §3.9.2.3, MUST-57
	}
	return ip.DropNotOurs
}

// deliver hands a whole packet to its protocol.
func (h *Host) deliver(now ip.Time, b *ip.Buffer, header *ip.Header) {
	switch {
	case header.Protocol == ip.ProtoTCP:
		h.arriveTCP(now, b, header)
	case header.Protocol == ip.ProtoUDP:
		h.arriveUDP(now, b, header)
	case header.Protocol == icmpFor(header.Dst):
		h.arriveICMP(now, b, header)
	case header.Protocol == ip.ProtoNoNextHeader:
		b.Free() // nothing in it, and that is no error (RFC 8200 §4.7)
	default:
		header.Report = ip.ProtocolUnreachable
		h.refuse(now, b, header, ip.DropProtocol)
	}
}

// arriveTCP finds the connection, or the listener, or nobody (RFC 9293 §3.10.7.1).
func (h *Host) arriveTCP(now ip.Time, b *ip.Buffer, header *ip.Header) {
	seg := &h.seg
	*seg = tcp.Segment{}
	if d := tcp.ParseSegment(header.Payload(b.Data), header.Src, header.Dst, b.ChecksumOK, seg); d != ip.NoDrop {
		h.drop(now, b, header, d)
		return
	}
	seg.Buf, seg.TOS, seg.At = b, header.TOS, b.At
	h.stats.InSegs += uint64(seg.Segments())
	local := netip.AddrPortFrom(header.Dst, seg.DstPort)
	remote := netip.AddrPortFrom(header.Src, seg.SrcPort)
	if s := h.demux.conns[tuple{local, remote}]; s != nil && !h.makesWay(now, s, seg) {
		s.conn.Arrive(now, seg)
		h.touched(now, s)
		return
	}
	if l := h.demux.listener(local); l != nil {
		h.arriveListener(now, l, tuple{local, remote}, seg)
		return
	}
	h.rejectSegment(now, tuple{local, remote}, seg, ip.DropNoPort, "RFC 9293 §3.10.7.1")
}

// makesWay forgets a connection in TIME-WAIT when a SYN asks for a new one that
// cannot be mistaken for the old (RFC 9293 §3.6.1, RFC 6191).
func (h *Host) makesWay(now ip.Time, s *Socket, seg *tcp.Segment) bool {
	if !s.conn.MayReopen(now, seg) || h.demux.listener(s.key.local) == nil {
		return false
	}
	h.forget(s)
	return true
}

// rejectSegment answers a segment that belongs to no connection with a reset, unless
// it is a reset itself (RFC 9293 §3.5.2, group 1).
func (h *Host) rejectSegment(now ip.Time, key tuple, seg *tcp.Segment, d ip.Drop, rule string) {
	var out tcp.Output
	answer := tcp.ReplyReset(seg, &out)
	if !answer {
		d = ip.DropReset
	}
	h.dropSegment(now, key, seg, d, rule)
	if answer {
		h.sendReset(now, key, &out, rule)
	}
}

// drop throws a packet away before its connection is known. A nil buffer has been
// freed already; header may be nil, or hold no addresses.
func (h *Host) drop(now ip.Time, b *ip.Buffer, header *ip.Header, d ip.Drop) {
	h.countDrop(d)
	b.Free()
	if h.tcp.Trace == nil {
		return
	}
	e := tcp.Event{Time: now, Kind: tcp.EventDrop, Drop: d, Rule: ruleOf(d)}
	if header != nil {
		e.Local, e.Remote = netip.AddrPortFrom(header.Dst, 0), netip.AddrPortFrom(header.Src, 0)
	}
	h.tcp.Trace(&e)
}

// dropSegment throws away a segment that belongs to no connection.
func (h *Host) dropSegment(now ip.Time, key tuple, seg *tcp.Segment, d ip.Drop, rule string) {
	h.countDrop(d)
	if h.tcp.Trace != nil {
		h.tcp.Trace(&tcp.Event{
			Time: now, Kind: tcp.EventDrop, Local: key.local, Remote: key.remote,
			Header: seg.Header, Len: len(seg.Text), Drop: d, Rule: rule,
		})
	}
	seg.Buf.Free()
	seg.Buf, seg.Text = nil, nil
}

func (h *Host) countDrop(d ip.Drop) {
	if h.stats.Drops == nil {
		h.stats.Drops = map[ip.Drop]uint64{}
	}
	h.stats.Drops[d]++
}
