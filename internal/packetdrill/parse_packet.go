package packetdrill

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// The parser: packets.

// Option kinds on the wire (RFC 9293 §3.2, RFC 7323, RFC 2018, RFC 2385, RFC 7413, RFC 6994, RFC 9768). They are written here a second time, so
// that the scripts are an opinion of their own on what package tcp sends.
const (
	kindEOL       = 0
	kindNOP       = 1
	kindMSS       = 2
	kindWScale    = 3
	kindSACKOK    = 4
	kindSACK      = 5
	kindTimestamp = 8
	kindMD5       = 19
	kindFastOpen  = 34
	kindAccECN0   = 172
	kindAccECN1   = 174
	kindExp       = 254
)

// fastOpenMagic begins the value of an experimental option that is a Fast Open cookie (RFC 7413 §A.2).
var fastOpenMagic = []byte{0xf9, 0x89}

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
	if info.Odd.isOdd() && (out || strings.HasPrefix(strings.TrimLeft(p.rest(), " \t"), "icmp")) {
		p.fail("badsum, src, dst and ipopt are for segments of the peer")
	}
	if p.acceptWord("icmp") {
		if out {
			p.fail("ICMP packets that the host sends are not supported")
		}
		e.ICMP = p.icmp()
		return
	}
	k := &Packet{Out: out, IP: info}
	p.ports(k)
	if p.acceptWord("udp") {
		p.datagram(k)
		e.Packet = k
		return
	}
	k.Flags = p.flags()
	k.Seq, k.Len = p.sequence()
	p.fieldsAfter(k)
	e.Packet = k
	switch {
	case k.Flags.Has(tcp.ACK) != k.HasAck && out:
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
			if !p.oddWord(w, &i.Odd) {
				p.fail("expected ect0, ect1, ce, noecn, tos, ttl, flowlabel, badsum, src, dst or ipopt, found %q", w)
			}
		}
		if p.accept(closing) {
			return i
		}
		p.expect(",")
	}
}

// datagram reads the length of a UDP datagram, in parentheses.
func (p *parser) datagram(k *Packet) {
	k.UDP = true
	p.expect("(")
	k.Len = int(p.unsigned("a length", maxText))
	p.expect(")")
}

// ports reads "8080 > 40001", if it stands there.
func (p *parser) ports(k *Packet) {
	p.blanks()
	back := p.cursor
	if !isDigit(p.peek()) {
		return
	}
	src := p.while(isDigit)
	if !p.accept(">") {
		p.cursor = back // flags may begin with a digit, too
		return
	}
	n, err := strconv.ParseUint(src, 10, 16)
	if err != nil {
		p.fail("%s is not a port", src)
	}
	k.HasPorts, k.SrcPort = true, uint16(n)
	k.DstPort = uint16(p.unsigned("a port", 1<<16-1))
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

// flags reads the control bits: letters of FSRP.UEWA, or - for none. A digit is the ACE field, which the bits
// A, W and E make up (RFC 9768 §3.2).
func (p *parser) flags() tcp.Flags {
	p.space()
	text := p.while(func(b byte) bool { return strings.IndexByte(" \t\r\n", b) < 0 })
	if text == "-" {
		return 0
	}
	var f tcp.Flags
	hasACE := false
	for i := range len(text) {
		bit := strings.IndexByte("FSRP.UEWA", text[i])
		switch {
		case '0' <= text[i] && text[i] <= '7':
			ace := tcp.Flags(text[i] - '0')
			if hasACE || f&(tcp.ECE|tcp.CWR|tcp.AE) != 0 {
				p.fail("the flags %q name one twice", text)
			}
			hasACE = true
			f |= ace&1*tcp.ECE | ace>>1&1*tcp.CWR | ace>>2&1*tcp.AE
			continue
		case bit < 0:
			p.fail("%q is no flag; expected some of FSRP.UEWA, or -", text)
		case f.Has(1 << bit), hasACE && bit >= 6:
			p.fail("the flags %q name one twice", text)
		}
		f |= 1 << bit
	}
	if f == 0 && !hasACE {
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
	for _, o := range list {
		if o.Symbol != "" {
			return list // their length is known when the script runs
		}
	}
	if why := badLength(len(AppendOptions(nil, list, nil))); why != "" {
		p.fail("%s", why)
	}
	return list
}

// badLength says what is wrong with options of n bytes.
func badLength(n int) string {
	switch {
	case n%4 != 0:
		return fmt.Sprintf("the options take %d bytes: pad them with nop to a multiple of 4", n)
	case n > 40:
		return fmt.Sprintf("the options take %d bytes, more than the 40 there are", n)
	}
	return ""
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
	case "ECN":
		return p.accECN()
	case "ECN0":
		return TCPOption{Kind: kindAccECN0}
	case "ECN1":
		return TCPOption{Kind: kindAccECN1}
	case "FO":
		return p.data(kindFastOpen, nil)
	case "FOEXP":
		return p.data(kindExp, fastOpenMagic)
	case "md5":
		return p.data(kindMD5, nil)
	case "exp":
		return p.data(kindExp, nil)
	case "raw":
		o := p.data(kindExp, nil)
		o.Raw = true
		return o
	case "kind":
		kind := uint8(p.unsigned("the kind of an option", 255))
		if kind <= kindTimestamp && kind != 6 && kind != 7 {
			p.fail("the option %d has a name: %s", kind, optionName(kind))
		}
		return p.data(kind, nil)
	case "":
		p.fail("expected an option, found %s", p.found())
	default:
		p.fail("the option %s is not supported", w)
	}
	return TCPOption{}
}

// data reads the value of an option in hexadecimal digits, or a name that the script's options give a meaning; nothing
// is an empty value.
func (p *parser) data(kind uint8, prefix []byte) TCPOption {
	o := TCPOption{Kind: kind, Data: bytes.Clone(prefix)}
	p.blanks()
	text := p.while(isWord)
	value, err := hex.DecodeString(text)
	switch {
	case err == nil:
		o.Data = append(o.Data, value...)
	case isSymbol(text):
		o.Symbol = text
	default:
		p.fail("%q is neither bytes in hexadecimal digits nor a name", text)
	}
	if len(o.Data) > 38 {
		p.fail("an option can have at most 38 bytes")
	}
	return o
}

// isSymbol reports whether a word may be a name that the script's options give a meaning.
func isSymbol(word string) bool {
	return word != "" && isLetter(word[0]) && word == strings.ToUpper(word)
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
	if _, _, ok := icmpNumbers(i, 4); ok || isSymbol(i.Code) {
		return i
	}
	if _, _, ok := icmpNumbers(i, 6); !ok {
		p.fail("the ICMP message %q is not supported", strings.TrimSpace(i.Type+" "+i.Code))
	}
	return i
}
