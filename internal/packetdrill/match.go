package packetdrill

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Packets of the host against the lines that announce them.

// expect waits for the packet of a line and compares it.
func (r *runner) expect(e *Event, at ip.Time) error {
	k, f := e.Packet, r.flowOf(e.Packet)
	if f == nil {
		return r.fail("a packet of the host, but there is no socket or connection that sends it")
	}
	last := at
	if e.When.HasUntil {
		last = at.Add(e.When.Until - e.When.At)
	}
	s, err := r.take(f, k, last.Add(patience))
	if err != nil {
		return err
	}
	if s == nil {
		return r.failure("the host sends nothing", f.line(k, r.window(e, at, last)), "nothing, up to "+r.clock(last.Add(patience)))
	}
	if s.flags.Has(tcp.SYN) && k.syn() {
		f.learnISS(s.seq, k.Seq)
	}
	if k, err = r.resolved(k); err != nil {
		return err
	}
	bad := f.compare(k, s, r.set)
	tolerance := r.tolerance(at.Sub(r.prevAt))
	if !e.When.Any && (s.at < at.Add(-tolerance) || s.at > last.Add(tolerance)) {
		bad = append(bad, "its time")
	}
	if len(bad) > 0 {
		return r.failure("the host's packet differs in "+strings.Join(bad, ", "),
			f.line(k, r.window(e, at, last)), f.words(s)+" at "+r.clock(s.at))
	}
	f.last = s
	f.remember(k, s)
	return nil
}

// window describes when a packet is due.
func (r *runner) window(e *Event, at, last ip.Time) string {
	switch {
	case e.When.Any:
		return "at any time"
	case last > at:
		return "at " + r.clock(at) + " to " + r.clock(last)
	}
	return "at " + r.clock(at)
}

// take returns the next packet of the connection; nil when none comes before a time. A run of packets
// that a line announces as one comes as one.
func (r *runner) take(f *flow, k *Packet, giveUp ip.Time) (*segment, error) {
	for len(f.sent) == 0 {
		d := r.deadline()
		if d.IsZero() || giveUp.Before(d) {
			return nil, nil
		}
		if err := r.advance(d); err != nil {
			return nil, err
		}
	}
	first := f.sent[0]
	f.sent = f.sent[1:]
	if r.set.strict || len(first.text) == 0 || len(first.text) >= k.Len {
		return first, nil
	}
	whole, size := *first, len(first.text)
	whole.text = slices.Clone(first.text)
	for len(whole.text) < k.Len && len(f.sent) > 0 {
		next := f.sent[0]
		if !follows(&whole, next, size) {
			break
		}
		f.sent = f.sent[1:]
		whole.text = append(whole.text, next.text...)
		whole.at = next.at
		whole.flags = whole.flags&^(tcp.PSH|tcp.FIN) | next.flags&(tcp.PSH|tcp.FIN)
		if len(next.text) < size {
			break // only the last may be shorter
		}
	}
	return &whole, nil
}

// follows reports whether next continues a run of segments of one size.
func follows(whole, next *segment, size int) bool {
	return next.seq == whole.seq+uint32(len(whole.text)) && len(next.text) > 0 && len(next.text) <= size &&
		!whole.flags.Has(tcp.FIN) && next.flags&^(tcp.PSH|tcp.FIN) == whole.flags&^(tcp.PSH|tcp.FIN|tcp.CWR) &&
		next.ack == whole.ack && next.wnd == whole.wnd && next.optLen == whole.optLen
}

// compare returns the names of the fields in which a segment is not what a line says.
func (f *flow) compare(k *Packet, s *segment, set *settings) []string {
	var bad []string
	check := func(ok bool, what string) {
		if !ok {
			bad = append(bad, what)
		}
	}
	if k.UDP || s.udp {
		bad = k.compareUDP(s)
	} else {
		f.compareHeader(k, s, check)
	}
	check(!k.IP.HasECN || s.ip.TOS&3 == k.IP.ECN, "ECN")
	check(!k.IP.HasTOS || s.ip.TOS == k.IP.TOS, "TOS")
	check(!k.IP.HasTTL || s.ip.TTL == k.IP.TTL, "TTL")
	check(!k.IP.HasLabel || s.ip.FlowLabel == k.IP.Flow, "flow label")
	if !k.AnyOptions {
		bad = append(bad, f.compareOptions(k, s, set)...)
	}
	return bad
}

// compareHeader compares the fields of the TCP header.
func (f *flow) compareHeader(k *Packet, s *segment, check func(ok bool, what string)) {
	syn := s.flags.Has(tcp.SYN)
	check(s.flags == k.Flags, "flags")
	check(s.reserved == 0, "reserved bits")
	check(s.seq == f.hostSeq(k.Seq, syn), "sequence number")
	check(len(s.text) == k.Len, "length")
	if s.flags.Has(tcp.ACK) {
		check(s.ack == f.peerSeq(k.Ack, syn), "acknowledgement")
	} else {
		check(s.ack == 0, "acknowledgement (not 0 although ACK is unset)")
	}
	check(!k.HasWnd || s.wnd == k.Wnd, "window")
	check(s.urg == k.Urg, "urgent pointer")
}

// compareOptions compares kinds, order, padding and values. TS val counts only when the script has a clock for it.
func (f *flow) compareOptions(k *Packet, s *segment, set *settings) []string {
	want := f.wireOptions(k)
	if len(want) != len(s.options) {
		return []string{"options"}
	}
	var bad []string
	for i := range want {
		w, g := want[i], s.options[i]
		if w.Kind == kindTimestamp && g.Kind == kindTimestamp {
			if w.Ecr != g.Ecr {
				bad = append(bad, "echoed timestamp")
			}
			if set.tick > 0 && f.hasStamp && !f.onTime(w.Value, g.Value, s.at, set.tick) {
				bad = append(bad, "timestamp")
			}
			continue
		}
		if w.Kind != g.Kind || w.Value != g.Value || !slices.Equal(w.SACK, g.SACK) || !bytes.Equal(w.Data, g.Data) {
			bad = append(bad, "option "+optionName(w.Kind))
		}
	}
	return bad
}

// wireOptions returns the options of a line with SACK blocks as on the wire.
func (f *flow) wireOptions(k *Packet) []TCPOption {
	options := slices.Clone(k.Options)
	for i := range options {
		options[i].SACK = slices.Clone(options[i].SACK)
		for j, b := range options[i].SACK {
			options[i].SACK[j] = [2]uint32{f.peerSeq(b[0], k.syn()), f.peerSeq(b[1], k.syn())}
		}
	}
	return options
}

// onTime reports whether a timestamp has moved on from the first one as the script says, within
// 4 ms or an eighth of the time between.
func (f *flow) onTime(script, wire uint32, at ip.Time, tick time.Duration) bool {
	off := time.Duration(int32((wire-f.firstWire)-(script-f.firstStamp))) * tick
	return off.Abs() <= max(defaultTolerance, at.Sub(f.firstAt)/8)
}

// remember notes the timestamp of a packet, so that the peer can echo it.
func (f *flow) remember(k *Packet, s *segment) {
	val := func(options []TCPOption) (uint32, bool) {
		i := slices.IndexFunc(options, func(o TCPOption) bool { return o.Kind == kindTimestamp })
		if i < 0 {
			return 0, false
		}
		return options[i].Value, true
	}
	script, ok := val(k.Options)
	wire, has := val(s.options)
	if !ok || !has {
		return
	}
	f.stamps[script] = wire
	if !f.hasStamp {
		f.hasStamp, f.firstStamp, f.firstWire, f.firstAt = true, script, wire, s.at
	}
}

// line writes what was expected in the script's words.
func (f *flow) line(k *Packet, when string) string {
	return fmt.Sprintf("> %s %s", f.format(k, k.HasWnd), when)
}

// words writes a segment of the host in the script's words.
func (f *flow) words(s *segment) string {
	syn := s.flags.Has(tcp.SYN)
	if s.udp {
		return "> " + (&Packet{UDP: true, Len: len(s.text)}).formatUDP()
	}
	k := &Packet{Flags: s.flags, Len: len(s.text), Wnd: s.wnd, Urg: s.urg, HasAck: s.flags.Has(tcp.ACK), HasUrg: s.urg != 0}
	k.Seq, k.Ack = s.seq-f.hostSeq(0, syn), s.ack-f.peerSeq(0, syn)
	k.Options = slices.Clone(s.options)
	for i, o := range k.Options {
		k.Options[i].SACK = slices.Clone(o.SACK)
		for j, b := range o.SACK {
			k.Options[i].SACK[j] = [2]uint32{b[0] - f.peerSeq(0, syn), b[1] - f.peerSeq(0, syn)}
		}
	}
	return "> " + f.format(k, true)
}

// format writes a packet as a script does.
func (f *flow) format(k *Packet, window bool) string {
	if k.UDP {
		return k.formatUDP()
	}
	var b strings.Builder
	flags := k.Flags.String()
	if flags == "" {
		flags = "-"
	}
	fmt.Fprintf(&b, "%s %d:%d(%d)", flags, k.Seq, k.Seq+uint32(k.Len), k.Len)
	if k.HasAck {
		fmt.Fprintf(&b, " ack %d", k.Ack)
	}
	if window {
		fmt.Fprintf(&b, " win %d", k.Wnd)
	}
	if k.HasUrg {
		fmt.Fprintf(&b, " urg %d", k.Urg)
	}
	if k.AnyOptions {
		b.WriteString(" <...>")
	} else if len(k.Options) > 0 {
		words := make([]string, len(k.Options))
		for i, o := range k.Options {
			words[i] = o.String()
		}
		fmt.Fprintf(&b, " <%s>", strings.Join(words, ","))
	}
	return b.String()
}
