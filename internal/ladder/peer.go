package ladder

import (
	"slices"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// The states of an end that recorded nothing, the peer, worked out from the segments by RFC 9293 §3.10.7.
// "Ours" are those that go to it, "its own" those that come from it.
//
// What the peer sent tells its state at once. What we sent changes it only
// where it arrived: a SYN or FIN of ours arrived when the peer acknowledged it,
// and before any segment of the peer that does not. That order tells a
// simultaneous open or close from an ordinary one. An ACK of ours leaves no such proof; it counts
// as arrived unless the peer repeats what it acknowledged.

// An effect is a change that a segment of ours makes at the peer.
type effect uint8

// The effects, in the order in which one segment has them.
const (
	ourSyn    effect = iota // our SYN arrives
	ourSynAck               // our SYN,ACK arrives
	synAcked                // our ACK of its SYN arrives
	finAcked                // our ACK of its FIN arrives
	ourFin                  // our FIN arrives
	ourReset                // our RST arrives
)

// An inference looks at the lines of a ladder for the states of one end.
type inference struct {
	lines []Line
	side  Side // of the peer
}

// infer fills in the states of an end.
func (c *connection) infer(side Side) {
	in := inference{c.Lines, side}
	at := in.effects()
	p := peer{}
	p.state, p.known = in.first()
	_, finEnd, hasFin := in.fin()
	end := c.End(side)
	end.First, end.HasFirst = p.state, p.known
	lines := make([]Line, 0, len(c.Lines))
	for i, l := range c.Lines {
		if in.accepted(i) {
			flags := l.Segment.Header.Flags
			if hasFin && !l.Segment.Header.Seq.Less(finEnd) {
				flags |= tcp.FIN // it went before, and was lost or overtaken
			}
			l.enterAll(side, p.sent(flags))
		}
		after := p.received(at[i])
		switch {
		case len(after) == 0:
			lines = append(lines, l)
		case in.ours(i):
			l.enterAll(side, after)
			lines = append(lines, l)
		default: // ours had been under way while the peer's travelled
			m := Line{Kind: KindState, At: l.At, Side: side, LeftVars: l.LeftVars, RightVars: l.RightVars}
			m.enterAll(side, after)
			lines = append(lines, l, m)
		}
	}
	c.Lines = lines
}

// enterAll sets the states that an end enters.
func (l *Line) enterAll(s Side, states []tcp.State) {
	for _, state := range states {
		l.enter(s, state)
	}
}

// first says in which state the peer was before the first line, as far as
// the record tells: its first segment betrays it.
func (in *inference) first() (tcp.State, bool) {
	for i := range in.lines {
		l := &in.lines[i]
		if !in.accepted(i) {
			continue
		}
		switch f := l.Segment.Header.Flags; {
		case f.Has(tcp.SYN | tcp.ACK):
			return tcp.Listen, true
		case f.Has(tcp.SYN), f.Has(tcp.RST):
			return tcp.Closed, true
		}
		return tcp.Established, true
	}
	return tcp.Closed, false
}

// fin returns the line of the peer's FIN, if it sent one, and the sequence number after it.
func (in *inference) fin() (line int, end tcp.Seq, ok bool) {
	for i := range in.lines {
		if in.accepted(i) && in.lines[i].Segment.Header.Flags.Has(tcp.FIN) {
			return i, endOf(&in.lines[i]), true
		}
	}
	return 0, 0, false
}

// accepted reports whether line i is a segment that arrived and can be believed:
// it was not thrown away, or only because our end was closed already.
func (in *inference) accepted(i int) bool {
	l := &in.lines[i]
	return l.Kind == KindSegment && l.Dir.Sender() == in.side && l.Finding != FoundForged && (l.Drop == ip.NoDrop || l.Drop == ip.DropNoPort || l.TextOnly)
}

// ours reports whether line i is a segment that goes to the peer.
func (in *inference) ours(i int) bool {
	return in.lines[i].Kind == KindSegment && in.lines[i].Dir.Sender() != in.side
}

// effects returns, for each line, what takes effect at the peer there.
func (in *inference) effects() map[int][]effect {
	at := map[int][]effect{}
	put := func(i int, e effect) {
		if i >= 0 {
			at[i] = append(at[i], e)
			slices.Sort(at[i])
		}
	}
	if i := in.arrival(tcp.SYN); in.opensActively() {
		put(i, ourSyn)
	} else {
		put(i, ourSynAck)
	}
	put(in.arrival(tcp.FIN), ourFin)
	put(in.acknowledgement(tcp.SYN), synAcked)
	put(in.acknowledgement(tcp.FIN), finAcked)
	put(slices.IndexFunc(in.lines, func(l Line) bool {
		return l.Kind == KindSegment && l.Dir.Sender() != in.side && l.Segment.Header.Flags.Has(tcp.RST) && l.Finding != FoundForged
	}), ourReset)
	return at
}

// opensActively reports whether our first SYN has no ACK.
func (in *inference) opensActively() bool {
	i := slices.IndexFunc(in.lines, func(l Line) bool {
		return l.Kind == KindSegment && l.Dir.Sender() != in.side && l.Segment.Header.Flags.Has(tcp.SYN)
	})
	return i < 0 || !in.lines[i].Segment.Header.Flags.Has(tcp.ACK)
}

// arrival returns the line at which our SYN or FIN (bit) reaches the peer, or -1
// when nothing shows that it did. It lies after the last copy, and after the
// last segment of the peer, before the first that acknowledges it.
func (in *inference) arrival(bit tcp.Flags) int {
	at, sent := -1, false
	var end tcp.Seq // the sequence number after the bit
	var first tcp.Flags
	fin, finEnd, hasFin := in.fin()
	for i := range in.lines {
		l := &in.lines[i]
		f := l.Segment.Header.Flags
		switch {
		case l.Kind != KindSegment:
		case l.Dir.Sender() != in.side && f.Has(bit):
			if !sent {
				end, first, sent = endOf(l), f, true
			}
			// A SYN,ACK after a SYN is no copy: simultaneous open.
			if bit != tcp.SYN || f.Has(tcp.ACK) == first.Has(tcp.ACK) {
				at = i
			}
		case sent && in.accepted(i) && f.Has(tcp.ACK) && !l.Segment.Header.Ack.Less(end):
			if bit == tcp.FIN && hasFin && i < fin && !f.Has(tcp.FIN) && !l.Segment.Header.Seq.Less(finEnd) {
				return i // its own FIN went before its first ACK of ours, and was lost: a simultaneous close
			}
			return at
		case sent && in.accepted(i) && !f.Has(tcp.RST):
			at = i
		}
	}
	return -1
}

// acknowledgement returns the line of our first segment that acknowledges the
// peer's SYN or FIN (bit) and after which the peer does not repeat it, or -1.
func (in *inference) acknowledgement(bit tcp.Flags) int {
	at, seen := -1, false
	var end tcp.Seq
	var first tcp.Flags
	for i := range in.lines {
		l := &in.lines[i]
		if l.Kind != KindSegment {
			continue
		}
		f := l.Segment.Header.Flags
		switch {
		case l.Dir.Sender() == in.side && f.Has(bit) && (in.accepted(i) || seen && endOf(l) == end):
			// A SYN,ACK after a SYN is no repetition but a simultaneous open.
			if !seen || bit != tcp.SYN || f.Has(tcp.ACK) == first.Has(tcp.ACK) {
				at = -1
			}
			if !seen {
				end, first, seen = endOf(l), f, true
			}
		case l.Dir.Sender() != in.side && seen && at < 0 && f.Has(tcp.ACK) && !l.Segment.Header.Ack.Less(end):
			at = i
		}
	}
	return at
}

// endOf returns the sequence number after a segment's last.
func endOf(l *Line) tcp.Seq { return endAfter(&l.Segment.Header, l.Segment.Len) }

// A peer is the state machine of Figure 5, driven from outside.
type peer struct {
	state tcp.State
	known bool
}

// sent returns the states that the peer must have entered to send a segment with these flags.
func (p *peer) sent(f tcp.Flags) []tcp.State {
	switch s := p.state; {
	case f.Has(tcp.RST):
		return p.enter(tcp.Closed)
	case f.Has(tcp.SYN|tcp.ACK) && (s == tcp.Listen || s == tcp.SynSent):
		return p.enter(tcp.SynReceived)
	case f.Has(tcp.SYN) && s == tcp.Closed:
		return p.enter(tcp.SynSent)
	case f.Has(tcp.FIN) && (s == tcp.Established || s == tcp.SynReceived):
		return p.enter(tcp.FinWait1)
	case f.Has(tcp.FIN) && s == tcp.CloseWait:
		return p.enter(tcp.LastAck)
	}
	return nil
}

// received returns the states that the peer enters when segments of ours have these effects.
func (p *peer) received(effects []effect) []tcp.State {
	var entered []tcp.State
	for _, e := range effects {
		if to, ok := transitions[e][p.state]; ok && p.known {
			entered = append(entered, p.enter(to)...)
		}
	}
	return entered
}

// enter changes the state.
func (p *peer) enter(s tcp.State) []tcp.State {
	if p.known && p.state == s {
		return nil
	}
	p.state, p.known = s, true
	return []tcp.State{s}
}

// transitions are the edges of Figure 5 that an effect makes the peer take.
var transitions = [...]map[tcp.State]tcp.State{
	ourSyn: {
		tcp.Listen:  tcp.SynReceived,
		tcp.SynSent: tcp.SynReceived, // simultaneous open
	},
	ourSynAck: {tcp.SynSent: tcp.Established},
	synAcked:  {tcp.SynReceived: tcp.Established},
	finAcked:  {tcp.FinWait1: tcp.FinWait2, tcp.Closing: tcp.TimeWait, tcp.LastAck: tcp.Closed},
	ourFin:    {tcp.Established: tcp.CloseWait, tcp.FinWait1: tcp.Closing, tcp.FinWait2: tcp.TimeWait},
	ourReset: {
		tcp.SynSent: tcp.Closed, tcp.SynReceived: tcp.Closed, tcp.Established: tcp.Closed,
		tcp.FinWait1: tcp.Closed, tcp.FinWait2: tcp.Closed, tcp.CloseWait: tcp.Closed,
		tcp.Closing: tcp.Closed, tcp.LastAck: tcp.Closed, tcp.TimeWait: tcp.Closed,
	},
}
