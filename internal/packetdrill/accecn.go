package packetdrill

import "fmt"

// The options of Accurate ECN in words, RFC 9768 §3.2.3.

// accECN reads the counters of an AccECN option, in one of their two orders: "e0b 1 ceb 0 e1b 1" or "e1b 1 ceb 0 e0b 1". The last ones
// may be missing.
func (p *parser) accECN() TCPOption {
	o := TCPOption{Kind: kindAccECN0}
	names := accECNFields[kindAccECN0]
	if p.acceptWord("e1b") {
		o.Kind, names = kindAccECN1, accECNFields[kindAccECN1]
	} else if !p.acceptWord("e0b") {
		p.fail("expected \"e0b\" or \"e1b\", found %s", p.found())
	}
	for i, name := range names {
		if i > 0 && !p.acceptWord(name) {
			break
		}
		n := p.unsigned("a counter of bytes", 1<<24-1)
		o.Data = append(o.Data, byte(n>>16), byte(n>>8), byte(n))
	}
	return o
}

// accECNFields are the counters of the options, in their order.
var accECNFields = map[uint8][]string{kindAccECN0: {"e0b", "ceb", "e1b"}, kindAccECN1: {"e1b", "ceb", "e0b"}}

// accECNWords writes an AccECN option with its counters, or as bytes when these are no whole counters.
func accECNWords(kind uint8, v []byte) string {
	names := accECNFields[kind]
	switch {
	case len(v) == 0:
		return optionName(kind)
	case len(v)%3 != 0 || len(v) > 3*len(names):
		return fmt.Sprintf("kind %d %x", kind, v)
	}
	words := "ECN"
	for i := range len(v) / 3 {
		words += fmt.Sprintf(" %s %d", names[i], uint32(v[3*i])<<16|uint32(v[3*i+1])<<8|uint32(v[3*i+2]))
	}
	return words
}
