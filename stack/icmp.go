package stack

import (
	"encoding/binary"
	"net/netip"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// ICMP: RFC 792, RFC 1122 §3.2.2, RFC 4443; and resets, which leave by the same door.

// icmpFor returns the ICMP of an address's family.
func icmpFor(a netip.Addr) ip.Protocol {
	if a.Is4() {
		return ip.ProtoICMP
	}
	return ip.ProtoICMPv6
}

// arriveICMP takes an ICMP message in.
func (h *Host) arriveICMP(now ip.Time, b *ip.Buffer, header *ip.Header) {
	var m ip.ICMP
	if d := ip.ParseICMP(header.Payload(b.Data), header.Src, header.Dst, b.ChecksumOK, &m); d != ip.NoDrop {
		h.drop(now, b, header, d)
		return
	}
	switch {
	case m.IsEchoRequest():
		h.stats.InEchos++
		h.echo(now, header, &m)
	case m.IsError():
		h.arriveError(now, header, &m)
	}
	b.Free() // other messages are none of a host's business
}

// echo answers an echo request (RFC 1122 §3.2.2.6).
func (h *Host) echo(now ip.Time, header *ip.Header, m *ip.ICMP) {
	src, dst := header.Dst, header.Src
	h.reply(now, ip.Header{Src: src, Dst: dst, TOS: header.TOS}, ip.AppendEchoReply(nil, src, dst, m))
}

// arriveError hands an ICMP error to the socket whose packet it quotes (MUST-54; RFC 5927 §4.1: the quotation is
// all the proof there is, so the connection checks the sequence number). Source quench never gets here (MUST-55).
func (h *Host) arriveError(now ip.Time, header *ip.Header, m *ip.ICMP) {
	var e ip.ICMPError
	if d := ip.ParseICMPError(m, &e); d != ip.NoDrop {
		h.drop(now, nil, header, d)
		return
	}
	switch e.Protocol {
	case ip.ProtoTCP:
		if s := h.demux.conns[tuple{e.Local, e.Remote}]; s != nil {
			h.connectionError(now, s, header, &e)
			return
		}
	case ip.ProtoUDP:
		if u := h.demux.udpSocket(e.Local, e.Remote); u != nil && h.addrs.own(e.Local.Addr()) {
			h.udpError(now, u, &e)
			return
		}
	}
	h.drop(now, nil, header, ip.DropICMPInvalid)
}

// causeOf says in TCP's words what an ICMP error says.
func causeOf(k ip.ErrorKind) tcp.Cause {
	switch k {
	case ip.NetUnreachable:
		return tcp.CauseNetUnreachable
	case ip.HostUnreachable, ip.HopLimitExceeded, ip.ReassemblyTimeout:
		return tcp.CauseHostUnreachable
	case ip.ProtocolUnreachable:
		return tcp.CauseProtoUnreachable
	case ip.PortUnreachable:
		return tcp.CausePortUnreachable
	case ip.Prohibited:
		return tcp.CauseProhibited
	}
	return tcp.CauseNone
}

// refuse drops a packet and tells its sender why, if that is called for and the rate allows it.
func (h *Host) refuse(now ip.Time, b *ip.Buffer, header *ip.Header, d ip.Drop) {
	if header.Report != 0 && h.addrs.own(header.Dst) {
		h.report(now, header.Report, header.ReportAt, b.Data, header)
	}
	h.drop(now, b, header, d)
}

// report sends an ICMP error about a packet.
func (h *Host) report(now ip.Time, kind ip.ErrorKind, arg int, packet []byte, header *ip.Header) {
	if h.addrs.broadcast(header.Src) || !ip.MayReport(packet, header) {
		return
	}
	if !h.errors.Allow(now) {
		h.drop(now, nil, header, ip.DropRateLimit)
		return
	}
	src := header.Dst
	if body, ok := ip.AppendICMPError(nil, src, kind, arg, packet, header); ok {
		h.stats.OutErrors++
		h.reply(now, ip.Header{Src: src, Dst: header.Src}, body)
	}
}

// lostFragments accounts for datagrams that never became whole (RFC 1122 §3.3.2, RFC 8200 §4.5).
func (h *Host) lostFragments(now ip.Time) {
	var lost ip.Lost
	for h.fragments.NextLost(&lost) {
		for range lost.Fragments {
			h.drop(now, nil, &lost.Header, lost.Reason)
		}
		if lost.Reason == ip.DropFragmentTimeout && lost.First != nil {
			h.report(now, ip.ReassemblyTimeout, 0, lost.First, &lost.Header)
		}
	}
}

// reply queues an ICMP message.
func (h *Host) reply(now ip.Time, header ip.Header, body []byte) {
	header.Protocol = icmpFor(header.Dst)
	header.ID = h.random.Uint32() // RFC 7739 §5.1: unpredictable
	h.answer(now, header, body)
}

// answer queues what is sent on nobody's behalf. When too much of it waits it is dropped.
func (h *Host) answer(now ip.Time, header ip.Header, body []byte) {
	if h.replies.queue.len() >= maxReplies {
		h.drop(now, nil, nil, ip.DropRateLimit)
		return
	}
	h.replies.push(message{header, body})
}

// sendReset queues a reset that belongs to no connection.
func (h *Host) sendReset(now ip.Time, key tuple, out *tcp.Output, rule string) {
	src, dst := key.local.Addr(), key.remote.Addr()
	b := tcp.AppendHeader(nil, &out.Header)
	binary.BigEndian.PutUint16(b[tcp.ChecksumOffset:], ip.Checksum(b, ip.PseudoSum(src, dst, ip.ProtoTCP, len(b))))
	h.answer(now, ip.Header{Src: src, Dst: dst, Protocol: ip.ProtoTCP, DontFragment: true}, b)
	h.stats.OutSegs++
	h.stats.OutRsts++
	if h.tcp.Trace != nil {
		h.tcp.Trace(&tcp.Event{
			Time: now, Kind: tcp.EventSend, Local: key.local, Remote: key.remote,
			Header: out.Header, Why: tcp.WhyReset, Rule: rule,
		})
	}
}
