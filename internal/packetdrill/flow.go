package packetdrill

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/stack"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Connections as the peer sees them, and the wire between it and the host.

// A flow is one connection of the script.
type flow struct {
	local, remote netip.AddrPort
	listening     bool          // no connection yet: the next packet from the peer makes one
	sock          *stack.Socket // once the script has a file for it
	limit         int           // the MSS that the peer gave

	iss, irs         uint32 // initial sequence numbers on the wire
	issBase, irsBase uint32 // wire numbers minus the script's own, for SYNs
	hasISS, hasIRS   bool

	udp         bool
	given, told int // bytes of datagrams that the peer and the host have sent

	sent  []*segment // by the host, and not yet mentioned by the script
	last  *segment   // the last one that was mentioned
	wrote []byte     // by the application

	stamps                map[uint32]uint32 // TS val: the script's to the wire's
	firstStamp, firstWire uint32
	firstAt               ip.Time
	hasStamp              bool
}

// newFlow returns a connection that is under test from now on.
func (r *runner) newFlow(f flow) *flow {
	f.irs, f.irsBase = peerISN, peerISN // the host's own numbers count from zero until it has sent a SYN
	f.stamps = map[uint32]uint32{}
	f.limit = 536 // RFC 9293 §3.7.1
	if r.set.version == 6 {
		f.limit = 1220
	}
	r.flows = append(r.flows, &f)
	r.current = &f
	return &f
}

// learnISS notes the host's initial sequence number from its first SYN.
func (f *flow) learnISS(wire, script uint32) {
	if !f.hasISS {
		f.hasISS, f.iss, f.issBase = true, wire, wire-script
	}
}

// hostSeq turns a sequence number of the host's stream into that on the wire, and peerSeq one of the peer's.
func (f *flow) hostSeq(n uint32, syn bool) uint32 {
	if syn {
		return f.issBase + n
	}
	return f.iss + n
}

func (f *flow) peerSeq(n uint32, syn bool) uint32 {
	if syn {
		return f.irsBase + n
	}
	return f.irs + n
}

// drain takes everything that the host has to send.
func (r *runner) drain() {
	if r.host == nil {
		return
	}
	var p ip.Packet
	for r.host.Next(r.now, &p) {
		packet := p.AppendTo(nil)
		p.Unpin()
		r.show(true, packet)
		s, err := decode(r.now, packet)
		if err == nil && len(packet) > r.set.mtu {
			err = fmt.Errorf("the host sent a packet of %d bytes, longer than the MTU of %d", len(packet), r.set.mtu)
		}
		if err != nil {
			r.breakOff(r.fail("%s", err))
			continue
		}
		if s != nil {
			r.sentBy(s)
		}
	}
}

// breakOff keeps the first failure that no line of the script waits for.
func (r *runner) breakOff(err error) {
	if r.broken == nil {
		r.broken = err
	}
}

// sentBy adds a segment to its connection. Those of other connections pass unseen.
func (r *runner) sentBy(s *segment) {
	if s.udp {
		r.sentUDP(s)
		return
	}
	for i := len(r.flows) - 1; i >= 0; i-- {
		f := r.flows[i]
		if f.udp || f.local != s.src || f.remote != s.dst {
			continue
		}
		// What goes with a SYN (RFC 7413) is bounded by what the server said in an earlier connection.
		if len(s.text) > 0 && len(s.text)+s.optLen > f.limit && !s.flags.Has(tcp.SYN) {
			r.breakOff(r.failure(fmt.Sprintf("the host sent more than the peer's MSS of %d bytes allows", f.limit), "", f.words(s)))
		}
		if why := f.checkText(s); why != "" {
			r.breakOff(r.failure(why, "", f.words(s)))
		}
		f.sent = append(f.sent, s)
		return
	}
}

// checkText compares the text of a segment with what the application wrote at that place.
func (f *flow) checkText(s *segment) string {
	at := int64(int32(s.seq - f.iss - 1))
	if s.flags.Has(tcp.SYN) {
		at = 0
	}
	if !f.hasISS && !s.flags.Has(tcp.SYN) || at < 0 {
		return "" // a probe in front of the stream, which no receiver takes
	}
	for i, b := range s.text {
		if n := at + int64(i); n >= int64(len(f.wrote)) {
			return fmt.Sprintf("the host sent a byte at offset %d of its stream, but only %d were written", n, len(f.wrote))
		} else if b != f.wrote[n] {
			return fmt.Sprintf("the host sent the wrong byte at offset %d of its stream: %#02x, not %#02x", n, b, f.wrote[n])
		}
	}
	return ""
}

// flowOf returns the connection of a packet: the one under test, or the one with the ports that the line names; nil when
// there is none.
func (r *runner) flowOf(k *Packet) *flow {
	if !k.HasPorts || k.UDP {
		return r.current
	}
	host, peer := k.DstPort, k.SrcPort
	if k.Out {
		host, peer = peer, host
	}
	for i := len(r.flows) - 1; i >= 0; i-- {
		if f := r.flows[i]; f.local.Port() == host && f.remote.Port() == peer {
			return f
		}
	}
	return nil
}

// resolved returns a packet with the meaning of names in its options filled in.
func (r *runner) resolved(k *Packet) (*Packet, error) {
	if !slices.ContainsFunc(k.Options, func(o TCPOption) bool { return o.Symbol != "" }) {
		return k, nil
	}
	c := *k
	c.Options = slices.Clone(k.Options)
	for i := range c.Options {
		o := &c.Options[i]
		if o.Symbol == "" {
			continue
		}
		value, err := hex.DecodeString(r.set.defines[o.Symbol])
		if _, ok := r.set.defines[o.Symbol]; !ok || err != nil {
			return nil, r.fail("the name %s must be given a meaning in hexadecimal digits: -D %s=...", o.Symbol, o.Symbol)
		}
		o.Data, o.Symbol = append(bytes.Clone(o.Data), value...), ""
	}
	if why := badLength(len(AppendOptions(nil, c.Options, nil))); why != "" {
		return nil, r.fail("%s", why)
	}
	return &c, nil
}

// inject sends a packet of the peer to the host.
func (r *runner) inject(k *Packet) error {
	if k.UDP {
		return r.injectUDP(k)
	}
	k, err := r.resolved(k)
	if err != nil {
		return err
	}
	f := r.flowOf(k)
	if f == nil && r.current != nil && k.HasPorts {
		f = r.newFlow(flow{local: netip.AddrPortFrom(r.set.local, k.DstPort), remote: netip.AddrPortFrom(r.set.remote, k.SrcPort)})
	}
	if f == nil {
		return r.fail("a packet, but no socket to send it to")
	}
	if f.listening {
		f = r.newFlow(flow{local: f.local, remote: netip.AddrPortFrom(r.set.remote, r.nextPort)})
		r.nextPort++
	}
	if !f.remote.IsValid() {
		return r.fail("a packet from the peer, but the socket neither listens nor connects")
	}
	syn := k.syn()
	if syn && !f.hasIRS {
		f.hasIRS, f.irs = true, f.irsBase+k.Seq
	}
	s := &segment{src: f.remote, dst: f.local, flags: k.Flags, wnd: k.Wnd, urg: k.Urg, seq: f.peerSeq(k.Seq, syn)}
	s.ip.DontFragment = true
	k.IP.fill(&s.ip)
	if k.HasAck || k.Flags.Has(tcp.ACK) { // without a number it is 0
		s.ack = f.hostSeq(k.Ack, syn)
	}
	s.text = textFrom(false, r.placeOf(f, s), k.Len)
	options, err := r.inboundOptions(f, k)
	if err != nil {
		return err
	}
	if !k.IP.Odd.fits(f.local.Addr()) {
		return r.fail("an address or an option of another IP version than IPv%d", r.set.version)
	}
	packet := s.encodeOdd(AppendOptions(nil, options, func(n uint32) uint32 { return f.hostSeq(n, syn) }), &k.IP.Odd)
	return r.arrive(packet)
}

// placeOf returns where in the peer's stream the text of a segment lies. The connection that reads it may have begun with
// another SYN than the one that numbers in the script count from.
func (r *runner) placeOf(f *flow, s *segment) int {
	if s.flags.Has(tcp.SYN) {
		return 0
	}
	first := f.irs
	if sock := r.host.Socket(f.local, f.remote); sock != nil && sock.Conn().State() > tcp.SynSent {
		first = uint32(sock.Conn().Vars().IRS)
	}
	return int(int32(s.seq-first)) - 1
}

// fill sets what a line says about the IP header.
func (i *IPInfo) fill(h *ip.Header) {
	h.TTL, h.FlowLabel = 64, i.Flow
	if i.HasTOS {
		h.TOS = i.TOS
	}
	if i.HasECN {
		h.TOS = h.TOS&^3 | i.ECN
	}
	if i.HasTTL {
		h.TTL = i.TTL
	}
}

// arrive hands a packet to the host.
func (r *runner) arrive(packet []byte) error {
	r.show(false, packet)
	r.host.Arrive(r.now, &ip.Buffer{Data: packet})
	return r.settle()
}

// show lets a watcher see a packet.
func (r *runner) show(sent bool, packet []byte) {
	if r.tap != nil {
		r.tap(r.now, sent, packet)
	}
}

// inboundOptions returns the options of a packet of the peer, echoes of timestamps as on the wire.
func (r *runner) inboundOptions(f *flow, k *Packet) ([]TCPOption, error) {
	options := append([]TCPOption(nil), k.Options...)
	for i := range options {
		o := &options[i]
		switch {
		case o.Kind == kindMSS && k.syn() && r.opens(f):
			f.limit = int(o.Value)
			if r.set.mss > 0 {
				f.limit = min(f.limit, r.set.mss)
			}
		case o.Kind == kindTimestamp && k.HasAck && o.Ecr != 0:
			wire, ok := f.stamps[o.Ecr]
			switch {
			case ok:
			case r.set.scaledEcr && f.hasStamp:
				wire = f.firstWire + o.Ecr - f.firstStamp
			default:
				return nil, r.fail("the peer echoes the timestamp %d, which no packet of the host has had", o.Ecr)
			}
			o.Ecr = wire
		}
	}
	return options, nil
}

// opens reports whether a SYN may open the connection. Otherwise its MSS means nothing.
func (r *runner) opens(f *flow) bool {
	s := r.host.Socket(f.local, f.remote)
	return s == nil || s.Conn().State() == tcp.SynSent || s.Conn().State() == tcp.TimeWait
}

// injectICMP sends an ICMP error to the host.
func (r *runner) injectICMP(i *ICMP) error {
	f := r.current
	if f == nil || !f.remote.IsValid() {
		return r.fail("an ICMP message, but no connection that it can be about")
	}
	seq := f.iss
	if f.last != nil {
		seq = f.last.seq // the packet that the error answers, unless the line names one
	}
	if i.HasSeq {
		seq = f.hostSeq(i.Seq, false)
	}
	packet, ok := r.encodeICMP(i, f, seq)
	if !ok {
		return r.fail("there is no ICMP message %q over IPv%d", i.Type+" "+i.Code, r.set.version)
	}
	return r.arrive(packet)
}
