package step

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/sockeye-tcp/sockeye/internal/packetdrill"
	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Segments that nobody has sent, from the words of a script.

// Kinds of option that an injected segment can have; others are an error.
const (
	optEnd       = 0
	optNop       = 1
	optMSS       = 2
	optScale     = 3
	optSACKOK    = 4
	optSACK      = 5
	optTimestamp = 8
	optAccECN0   = 172
	optAccECN1   = 174
)

// inject lets a segment arrive at an end.
func (w *World) inject(to int, text string) error {
	k, err := parseSegment(text)
	if err != nil {
		return err
	}
	e := w.ends[to]
	seq0, ack0 := e.numbers()
	options, err := appendOptions(nil, k.Options, ack0)
	if err != nil {
		return err
	}
	t := binary.BigEndian.AppendUint16(nil, e.peer.Port())
	t = binary.BigEndian.AppendUint16(t, e.local.Port())
	t = binary.BigEndian.AppendUint32(t, seq0+k.Seq)
	if k.HasAck {
		t = binary.BigEndian.AppendUint32(t, ack0+k.Ack)
	} else {
		t = append(t, 0, 0, 0, 0)
	}
	t = binary.BigEndian.AppendUint16(t, uint16((20+len(options))/4)<<12|uint16(k.Flags))
	t = binary.BigEndian.AppendUint16(t, k.Wnd)
	t = append(t, 0, 0)
	t = binary.BigEndian.AppendUint16(t, k.Urg)
	t = append(t, options...)
	t = append(t, textFrom(1-to, max(0, int(int32(k.Seq))-1), k.Len)...)
	p := w.newPacket(Nobody, to, ipPacket(e.peer.Addr(), e.local.Addr(), k.IP, t))
	p.injected = true
	return w.arrive(p)
}

// ipPacket puts a TCP segment into an IP packet and completes its checksum.
func ipPacket(src, dst netip.Addr, info packetdrill.IPInfo, t []byte) []byte {
	binary.BigEndian.PutUint16(t[tcp.ChecksumOffset:], ip.Checksum(t, ip.PseudoSum(src, dst, ip.ProtoTCP, len(t))))
	h := ip.Header{Src: src, Dst: dst, Protocol: ip.ProtoTCP, TTL: 64, DontFragment: true}
	if info.HasTOS {
		h.TOS = info.TOS
	}
	if info.HasECN {
		h.TOS = h.TOS&^3 | info.ECN
	}
	if info.HasTTL {
		h.TTL = info.TTL
	}
	return append(ip.AppendHeader(nil, &h, len(t)), t...)
}

// parseSegment reads a segment as it stands in a script behind "<".
func parseSegment(text string) (*packetdrill.Packet, error) {
	s, err := packetdrill.Parse("segment", []byte("0 < "+strings.TrimSpace(text)))
	if err != nil {
		return nil, err
	}
	if len(s.Events) != 1 || s.Events[0].Packet == nil {
		return nil, fmt.Errorf("%q is not one TCP segment", text)
	}
	k := s.Events[0].Packet
	if len(k.Options) == 0 && k.AnyOptions {
		return nil, fmt.Errorf("%q: the options of a segment that arrives must be named", text)
	}
	return k, nil
}

// numbers returns what the sequence numbers of the peer, and those of the end itself, count from: the initial ones of
// the connection as far as this end knows them.
func (e *end) numbers() (peer, own uint32) {
	peer, own = e.world.ends[1-e.index].iss, e.iss
	if e.knowsPeer() {
		peer = uint32(e.last.Conn().Vars().IRS)
	}
	return peer, own
}

// knowsPeer reports whether the end has heard the initial number of the peer.
func (e *end) knowsPeer() bool { return e.last != nil && e.last.Conn().State() > tcp.SynSent }

// injectable are the kinds of option that the script of a world can name again.
var injectable = []uint8{optEnd, optNop, optMSS, optScale, optSACKOK, optSACK, optTimestamp, optAccECN0, optAccECN1}

// appendOptions writes options as they stand; SACK blocks count from ack0.
func appendOptions(b []byte, list []packetdrill.TCPOption, ack0 uint32) ([]byte, error) {
	for _, o := range list {
		if o.Raw || !slices.Contains(injectable, o.Kind) {
			return nil, fmt.Errorf("the option %v cannot be injected", o)
		}
	}
	return packetdrill.AppendOptions(b, list, func(n uint32) uint32 { return ack0 + n }), nil
}
