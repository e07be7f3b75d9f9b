package step

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/sockeye-tcp/sockeye/internal/packetdrill"
	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Packets in a script. They are read from their bytes, so that options stand in the order in which they were sent.

// A wireSegment is a segment as it crossed the wire.
type wireSegment struct {
	ip       ip.Header
	flags    tcp.Flags
	seq, ack uint32
	wnd, urg uint16
	options  []byte
	text     int
}

// readSegment reads a packet that a host has sent or that was injected: it is in order.
func readSegment(data []byte) (s wireSegment, ok bool) {
	if ip.ParseHeader(data, &s.ip) != ip.NoDrop || s.ip.Protocol != ip.ProtoTCP {
		return s, false
	}
	b := s.ip.Payload(data)
	if len(b) < 20 || len(b) < int(b[12]>>4)*4 {
		return s, false
	}
	header := int(b[12]>>4) * 4
	s.seq, s.ack = binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])
	s.flags = tcp.Flags(binary.BigEndian.Uint16(b[12:]) & 0x1ff)
	s.wnd, s.urg = binary.BigEndian.Uint16(b[14:]), binary.BigEndian.Uint16(b[18:])
	s.options, s.text = b[20:header], len(b)-header
	return s, true
}

// arrival writes a packet that the end got.
func (w *scriptWriter) arrival(e entry) {
	s, ok := readSegment(e.data)
	if !ok {
		words := icmpWords(e.data, w.iss)
		if words == "icmp" {
			w.failure = &ScriptError{"an ICMP message has arrived that the language does not have"}
			return
		}
		if w.reached { // otherwise nobody is told: there is no connection
			w.line(e.at, "< %s", words)
		}
		return
	}
	w.reached = true
	if w.listens {
		w.listens, w.localPort, w.remotePort = false, scriptPort, w.nextPort
		w.nextPort++
	}
	syn := s.flags.Has(tcp.SYN)
	if syn && !w.hasIRS {
		if !w.knowsPeer {
			w.irsBase = s.seq // the first that is heard of the peer: this is its zero
		}
		w.hasIRS, w.irs = true, s.seq
	}
	w.knowsPeer, w.unasked = true, !s.flags.Has(tcp.ACK)
	seq, ack := s.seq-w.irs, s.ack-w.iss
	if syn {
		seq = s.seq - w.irsBase
	}
	w.line(e.at, "< %s", w.words(&s, seq, ack, func(kind byte, v []byte) string {
		switch kind {
		case optSACK:
			return sackWords(v, w.iss)
		case optTimestamp:
			return fmt.Sprintf("TS val %d ecr %d", binary.BigEndian.Uint32(v), w.echo(&s, binary.BigEndian.Uint32(v[4:])))
		}
		return ""
	}))
}

// echo returns how a script writes a timestamp that the peer echoes. The runner has to know it: it has another clock.
func (w *scriptWriter) echo(s *wireSegment, stamp uint32) uint32 {
	switch {
	case !s.flags.Has(tcp.ACK) || stamp == 0:
		return stamp
	case stamp == packetdrill.ZeroStamp:
		w.failure = &ScriptError{"a timestamp is echoed that is zero on the wire when the script runs"}
	case w.stamps[stamp]:
		return stamp
	case len(w.stamps) == 0:
		return 0 // the end has sent no timestamp on this connection, and does not look
	}
	w.scaled = true
	return stamp
}

// departure writes a packet that the end sent.
func (w *scriptWriter) departure(e entry) {
	s, ok := readSegment(e.data)
	if !ok {
		return // the runner looks at TCP only
	}
	syn := s.flags.Has(tcp.SYN)
	if syn && !w.hasISS {
		w.hasISS, w.iss = true, s.seq
	}
	seq, ack := s.seq-w.iss, s.ack-w.irs
	if syn {
		ack = s.ack - w.irsBase
	}
	if w.hasISS && w.unasked && s.seq == 0 && s.flags.Has(tcp.RST) {
		seq = (1<<32 - packetdrill.HostISN) & (1<<32 - 1)
	}
	w.line(e.at, "> %s", w.words(&s, seq, ack, func(kind byte, v []byte) string {
		switch kind {
		case optSACK:
			return sackWords(v, w.irs)
		case optTimestamp:
			stamp := binary.BigEndian.Uint32(v)
			w.stamps[stamp] = true
			return fmt.Sprintf("TS val %d ecr %d", stamp, binary.BigEndian.Uint32(v[4:]))
		}
		return ""
	}))
}

// words writes a segment. special writes the options that speak of numbers.
func (w *scriptWriter) words(s *wireSegment, seq, ack uint32, special func(byte, []byte) string) string {
	var b strings.Builder
	if ecn := s.ip.TOS & 3; ecn != 0 {
		fmt.Fprintf(&b, "[%s] ", [...]string{"", "ect1", "ect0", "ce"}[ecn])
	}
	flags := s.flags.String()
	if flags == "" {
		flags = "-"
	}
	fmt.Fprintf(&b, "%s %d:%d(%d)", flags, seq, seq+uint32(s.text), s.text)
	if s.flags.Has(tcp.ACK) {
		fmt.Fprintf(&b, " ack %d", ack)
	}
	fmt.Fprintf(&b, " win %d", s.wnd)
	if s.urg != 0 {
		fmt.Fprintf(&b, " urg %d", s.urg)
	}
	if o := w.optionWords(s.options, special); o != "" {
		fmt.Fprintf(&b, " <%s>", o)
	}
	return b.String()
}

// optionWords writes options in their order.
func (w *scriptWriter) optionWords(b []byte, special func(byte, []byte) string) string {
	var words []string
	for len(b) > 0 {
		switch b[0] {
		case optEnd:
			words, b = append(words, "eol"), b[1:]
			continue
		case optNop:
			words, b = append(words, "nop"), b[1:]
			continue
		}
		if len(b) < 2 || b[1] < 2 || int(b[1]) > len(b) {
			w.failure = &ScriptError{"a segment has options that make no sense"}
			return ""
		}
		v := b[2:b[1]]
		switch b[0] {
		case optMSS:
			words = append(words, fmt.Sprintf("mss %d", binary.BigEndian.Uint16(v)))
		case optScale:
			words = append(words, fmt.Sprintf("wscale %d", v[0]))
		case optSACKOK:
			words = append(words, "sackOK")
		case optAccECN0, optAccECN1:
			words = append(words, packetdrill.TCPOption{Kind: b[0], Data: v}.String())
		default:
			word := special(b[0], v)
			if word == "" {
				w.failure = &ScriptError{fmt.Sprintf("a segment has the option %d, which has no word here", b[0])}
				return ""
			}
			words = append(words, word)
		}
		b = b[b[1]:]
	}
	return strings.Join(words, ",")
}

// sackWords writes SACK blocks relative to a number.
func sackWords(v []byte, base uint32) string {
	var blocks []string
	for ; len(v) >= 8; v = v[8:] {
		blocks = append(blocks, fmt.Sprintf("%d:%d", binary.BigEndian.Uint32(v)-base, binary.BigEndian.Uint32(v[4:])-base))
	}
	return "sack " + strings.Join(blocks, " ")
}
