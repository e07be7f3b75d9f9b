package stack

import (
	"encoding/binary"
	"net/netip"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// The way out: whose turn it is, and the headers of TCP packets.

// A sender may have packets to send. send makes one, into a packet that was reset; false
// means there is none, and the sender will be queued again when that changes.
type sender interface {
	send(now ip.Time, p *ip.Packet) bool
	waiting() *bool // whether it stands in the queue
}

// enqueue gives a sender its turn, once everybody before it has had theirs.
func (h *Host) enqueue(s sender) {
	if w := s.waiting(); !*w {
		*w = true
		h.ready.push(s)
	}
}

// Next writes the next packet that is to be sent into p, which it resets, and
// reports whether there was one. Its payload lies in the senders' buffers: the packet must be
// unpinned when it has been written. Whoever has packets sends one a turn.
// Packets to our own addresses do not come out here: the host takes them in again.
func (h *Host) Next(now ip.Time, p *ip.Packet) bool {
	if !h.next(now, p) {
		return false
	}
	if !h.cfg.Offload.Checksum {
		p.CompleteChecksum()
	}
	return true
}

// next is Next without the checksum, which Net computes outside of its lock.
func (h *Host) next(now ip.Time, p *ip.Packet) bool {
	for h.ready.len() > 0 {
		s := h.ready.pop()
		p.Reset()
		if !s.send(now, p) {
			*s.waiting() = false
			continue
		}
		h.ready.push(s)
		if !h.addrs.own(destination(p)) {
			h.stats.PacketsOut++
			h.stats.BytesOut += uint64(p.Len())
			return true
		}
		h.loopback(now, p)
	}
	return false
}

// destination returns where a packet goes.
func destination(p *ip.Packet) netip.Addr {
	if p.Header[0]>>4 == 4 {
		return netip.AddrFrom4([4]byte(p.Header[16:20]))
	}
	return netip.AddrFrom16([16]byte(p.Header[24:40]))
}

// loopback takes in a packet that we sent to ourselves.
func (h *Host) loopback(now ip.Time, p *ip.Packet) {
	b := &ip.Buffer{Data: p.AppendTo(make([]byte, 0, p.Len())), GSOSize: p.GSOSize, ChecksumOK: true}
	p.Unpin()
	h.Arrive(now, b)
}

// send makes the connection's next packet.
func (s *Socket) send(now ip.Time, p *ip.Packet) bool {
	h := s.host
	if !s.conn.Next(now, &h.out) {
		h.settle(now, s)
		return false
	}
	h.buildTCP(s, &h.out, p)
	h.stats.OutSegs += uint64(h.out.Segments())
	if h.out.Nth > 0 {
		h.stats.RetransSegs++
	}
	if h.out.Flags.Has(tcp.RST) {
		h.stats.OutRsts++
	}
	return true
}

func (s *Socket) waiting() *bool { return &s.waits }

// buildTCP writes the packet that carries a segment: headers, and the text by reference.
func (h *Host) buildTCP(s *Socket, out *tcp.Output, p *ip.Packet) {
	segment := tcp.AppendHeader(h.scratch[:0], &out.Header)
	length := len(segment) + out.Len
	header := ip.Header{
		Src: s.key.local.Addr(), Dst: s.key.remote.Addr(), Protocol: ip.ProtoTCP,
		TTL: out.TTL, TOS: out.TOS, FlowLabel: s.flowLabel,
		DontFragment: !out.MayCut, // path MTU discovery, RFC 1191; the ID then means nothing (RFC 6864 §4.1; MAY-4)
	}
	if out.MayCut {
		header.ID = h.random.Uint32()
	}
	p.Header = ip.AppendHeader(p.Header, &header, length)
	start := len(p.Header)
	p.Header = append(p.Header, segment...)
	p.Payload = append(p.Payload, out.Text...)
	p.Pins = append(p.Pins, out.Pins...)
	if out.GSO > 0 && out.Len > out.GSO {
		p.GSOSize = uint16(out.GSO)
	}
	pseudo := ip.PseudoSum(header.Src, header.Dst, ip.ProtoTCP, length)
	binary.BigEndian.PutUint16(p.Header[start+tcp.ChecksumOffset:], ip.Fold(pseudo))
	p.NeedsChecksum, p.ChecksumStart, p.ChecksumOffset = true, uint16(start), tcp.ChecksumOffset
}
