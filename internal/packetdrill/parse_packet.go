package packetdrill

import (
	"strconv"
	"strings"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// The parser: packets.

// Option kinds on the wire (RFC 9293 §3.2, RFC 7323, RFC 2018). They are written here a second time, so
// that the scripts are an opinion of their own on what package tcp sends.
const (
	kindEOL       = 0
	kindNOP       = 1
	kindMSS       = 2
	kindWScale    = 3
	kindSACKOK    = 4
	kindSACK      = 5
	kindTimestamp = 8
)

const (
	maxSeq = 1<<32 - 1
	// maxText keeps an inbound packet within the 64 KiB of an IP packet.
	maxText = 65000
)

// packet reads "< ..." or "> ...".
func (p *parser) packet(e *Event) {
	out := p.accept(">")
	if !out {
		p.expect("<")
	}
	info := p.ipInfo()
	if p.acceptWord("icmp") {
		if out {
			p.fail("ICMP packets that the host sends are not supported")
		}
		e.ICMP = p.icmp()
		return
	}
	if p.acceptWord("udp") {
		p.fail("UDP packets are not supported")
	}
	k := &Packet{Out: out, IP: info, Flags: p.flags()}
	k.Seq, k.Len = p.sequence()
	p.fieldsAfter(k)
	e.Packet = k
	switch {
	case k.Flags.Has(tcp.ACK) != k.HasAck:
		p.fail("the flag \".\" and \"ack\" go together")
	case !out && k.Len > maxText:
		p.fail("a packet can hold at most %d bytes", maxText)
	case !out && !k.HasWnd && !k.Flags.Has(tcp.RST):
		p.fail("a packet from the peer needs its window: \"win\"")
	case !out && k.AnyOptions:
		p.fail("a packet from the peer needs its options: <...> is for packets of the host")
	}
}

// ipInfo reads [ect0], [ttl 1, tos 0x10] and the like, in brackets or parentheses.
func (p *parser) ipInfo() IPInfo {
	var i IPInfo
	closing := "]"
	if p.accept("(") {
		closing = ")"
	} else if !p.accept("[") {
		return i
	}
	for {
		switch w := p.word(); w {
		case "noecn", "ect1", "ect0", "ce":
			i.HasECN, i.ECN = true, map[string]uint8{"noecn": 0, "ect1": 1, "ect0": 2, "ce": 3}[w]
		case "tos":
			i.HasTOS, i.TOS = true, uint8(p.ranged("tos", 255))
		case "ttl", "hlim":
			i.HasTTL, i.TTL = true, uint8(p.ranged(w, 255))
		case "flowlabel":
			i.HasLabel, i.Flow = true, uint32(p.ranged(w, 1<<20-1))
		default:
			p.fail("expected ect0, ect1, ce, noecn, tos, ttl or flowlabel, found %q", w)
		}
		if p.accept(closing) {
			return i
		}
		p.expect(",")
	}
}

// ranged reads a number, perhaps in hex, of at most limit.
func (p *parser) ranged(what string, limit int64) int64 {
	p.space()
	text := p.while(isWord)
	n, err := strconv.ParseInt(text, 0, 64)
	if err != nil || n < 0 || n > limit {
		p.fail("%s must be a number from 0 to %d, not %q", what, limit, text)
	}
	return n
}

// flags reads the control bits: letters of FSRP.UEWA, or - for none.
func (p *parser) flags() tcp.Flags {
	p.space()
	text := p.while(func(b byte) bool { return strings.IndexByte(" \t\r\n", b) < 0 })
	if text == "-" {
		return 0
	}
	var f tcp.Flags
	for i := range len(text) {
		bit := strings.IndexByte("FSRP.UEWA", text[i])
		switch {
		case isDigit(text[i]):
			p.fail("the flags %q hold an ACE counter, which is not supported", text)
		case bit < 0:
			p.fail("%q is no flag; expected some of FSRP.UEWA, or -", text)
		case f.Has(1 << bit):
			p.fail("the flags %q name one twice", text)
		}
		f |= 1 << bit
	}
	if f == 0 {
		p.fail("expected flags, found %s", p.found())
	}
	return f
}

// sequence reads start:end(length).
func (p *parser) sequence() (start uint32, length int) {
	start = uint32(p.unsigned("a sequence number", maxSeq))
	p.expect(":")
	end := uint32(p.unsigned("a sequence number", maxSeq))
	p.expect("(")
	length = int(p.unsigned("a length", 1<<30))
	p.expect(")")
	if end-start != uint32(length) {
		p.fail("%d:%d is %d bytes, not %d", start, end, end-start, length)
	}
	return start, length
}

// fieldsAfter reads what may follow the sequence numbers.
func (p *parser) fieldsAfter(k *Packet) {
	if p.acceptWord("ack") {
		k.Ack, k.HasAck = uint32(p.unsigned("an acknowledgement number", maxSeq)), true
	}
	if p.acceptWord("win") {
		k.Wnd, k.HasWnd = uint16(p.unsigned("a window", 1<<16-1)), true
	}
	if p.acceptWord("urg") {
		k.Urg, k.HasUrg = uint16(p.unsigned("an urgent pointer", 1<<16-1)), true
	}
	p.blanks()
	if p.peek() != '<' {
		return
	}
	p.step(1)
	if p.accept("...") {
		k.AnyOptions = true
		p.expect(">")
		return
	}
	k.Options = p.options()
}

// options reads the header options up to the closing bracket, and checks that they fill whole words.
func (p *parser) options() []TCPOption {
	var list []TCPOption
	for {
		list = append(list, p.tcpOption())
		if p.accept(">") {
			break
		}
		p.expect(",")
	}
	n := len(appendOptions(nil, list, nil))
	if n%4 != 0 {
		p.fail("the options take %d bytes: pad them with nop to a multiple of 4", n)
	}
	if n > 40 {
		p.fail("the options take %d bytes, more than the 40 there are", n)
	}
	return list
}

// tcpOption reads one option.
func (p *parser) tcpOption() TCPOption {
	switch w := p.word(); w {
	case "eol":
		return TCPOption{Kind: kindEOL}
	case "nop":
		return TCPOption{Kind: kindNOP}
	case "mss":
		return TCPOption{Kind: kindMSS, Value: uint32(p.unsigned("an MSS", 1<<16-1))}
	case "wscale":
		return TCPOption{Kind: kindWScale, Value: uint32(p.unsigned("a shift count", 255))}
	case "sackOK":
		return TCPOption{Kind: kindSACKOK}
	case "sack":
		return TCPOption{Kind: kindSACK, SACK: p.sackBlocks()}
	case "TS":
		o := TCPOption{Kind: kindTimestamp}
		if !p.acceptWord("val") {
			p.fail("expected \"val\", found %s", p.found())
		}
		o.Value = uint32(p.unsigned("a timestamp", maxSeq))
		if !p.acceptWord("ecr") {
			p.fail("expected \"ecr\", found %s", p.found())
		}
		o.Ecr = uint32(p.unsigned("a timestamp", maxSeq))
		return o
	case "FO", "FOEXP":
		p.fail("the option %s (TCP Fast Open) is not supported", w)
	case "":
		p.fail("expected an option, found %s", p.found())
	default:
		p.fail("the option %s is not supported", w)
	}
	return TCPOption{}
}

// sackBlocks reads a:b c:d.
func (p *parser) sackBlocks() [][2]uint32 {
	var blocks [][2]uint32
	for p.space(); isDigit(p.peek()); p.space() {
		from := uint32(p.unsigned("a sequence number", maxSeq))
		p.expect(":")
		blocks = append(blocks, [2]uint32{from, uint32(p.unsigned("a sequence number", maxSeq))})
	}
	if len(blocks) == 0 || len(blocks) > 4 {
		p.fail("sack needs one to four blocks, has %d", len(blocks))
	}
	return blocks
}

// icmp reads what follows "icmp": type, code, mtu, [seq:seq(len)].
func (p *parser) icmp() *ICMP {
	i := &ICMP{Type: p.word()}
	if i.Type == "" {
		p.fail("expected the type of an ICMP message, found %s", p.found())
	}
	p.blanks()
	if isLetter(p.peek()) && !strings.HasPrefix(p.rest(), "mtu ") {
		i.Code = p.word()
	}
	if p.acceptWord("mtu") {
		i.MTU = int(p.unsigned("an MTU", 1<<16-1))
	}
	p.blanks()
	if p.peek() == '[' {
		p.step(1)
		i.HasSeq = true
		i.Seq = uint32(p.unsigned("a sequence number", maxSeq))
		if p.accept(":") {
			p.unsigned("a sequence number", maxSeq)
			p.expect("(")
			p.unsigned("a length", maxSeq)
			p.expect(")")
		}
		p.expect("]")
	}
	if _, _, ok := icmpNumbers(i, 4); ok {
		return i
	}
	if _, _, ok := icmpNumbers(i, 6); !ok {
		p.fail("the ICMP message %q is not supported", strings.TrimSpace(i.Type+" "+i.Code))
	}
	return i
}
