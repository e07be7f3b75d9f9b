package tcp

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// The options of Accurate ECN on the wire, RFC 9768 §3.2.3: how many bytes of text have come with each mark.

const (
	optAccECN0 = 172 // order 0: ECT(0), CE, ECT(1)
	optAccECN1 = 174 // order 1: ECT(1), CE, ECT(0)
	accField   = 3   // bytes of a counter
	accFields  = 3   // counters of a whole option
)

// An AccECN is the option of Accurate ECN. Its counters are the lower 24 bits of those of whoever sends it; one that is
// not in the option is 0. The zero AccECN is none.
type AccECN struct {
	Present bool
	Order   uint8 // 0: E0B comes first. 1: E1B does
	Fields  uint8 // how many counters it has, from the first on: 0 to 3

	E0B, CEB, E1B uint32 // bytes of text that came with ECT(0), CE and ECT(1)
}

// field returns the counter at place i.
func (a *AccECN) field(i int) *uint32 {
	switch {
	case i == 1:
		return &a.CEB
	case (i == 0) == (a.Order == 0):
		return &a.E0B
	}
	return &a.E1B
}

// size returns the length of the option without padding.
func (a *AccECN) size() int { return 2 + accField*int(a.Fields) }

// len returns its length with padding, 0 for none.
func (a *AccECN) len() int {
	if !a.Present {
		return 0
	}
	return (a.size() + 3) &^ 3
}

// appendTo writes the option and pads it to whole words.
func (a *AccECN) appendTo(b []byte) []byte {
	if !a.Present {
		return b
	}
	b = append(b, optAccECN0+2*a.Order, byte(a.size()))
	for i := range int(a.Fields) {
		n := *a.field(i)
		b = append(b, byte(n>>16), byte(n>>8), byte(n))
	}
	for range a.len() - a.size() {
		b = append(b, optNop)
	}
	return b
}

// parse reads the value of an option. Of an odd length those counters count that are there as a whole (§3.2.3, "MUST").
func (a *AccECN) parse(kind byte, v []byte) {
	*a = AccECN{Present: true, Order: (kind - optAccECN0) / 2, Fields: uint8(min(len(v)/accField, accFields))}
	for i := range int(a.Fields) {
		*a.field(i) = uint32(v[accField*i])<<16 | uint32(binary.BigEndian.Uint16(v[accField*i+1:]))
	}
}

// format writes the option as packetdrill does, with the padding. One without counters is ECN0 or ECN1.
func (a *AccECN) format() string {
	if a.Fields == 0 {
		return fmt.Sprintf("ECN%d,nop,nop", a.Order)
	}
	names := [...]string{"e0b", "ceb", "e1b"}
	if a.Order == 1 {
		names = [...]string{"e1b", "ceb", "e0b"}
	}
	var b strings.Builder
	b.WriteString("ECN")
	for i := range int(a.Fields) {
		fmt.Fprintf(&b, " %s %d", names[i], *a.field(i))
	}
	b.WriteString(strings.Repeat(",nop", a.len()-a.size()))
	return b.String()
}

// truncate leaves an option with two counters: the first of an order, and CE.
func (a *AccECN) truncate(order uint8) {
	a.Order, a.Fields = order, 2
	*a.field(2) = 0
}

// fitAccECN cuts the option to the room that there is beside a number of SACK blocks, and leaves it out when a counter
// that has changed would not be in it (§3.2.3.3, "MUST"). changed has bit 1<<n for that of ECN bits n.
func (o *Options) fitAccECN(changed uint8, blocks int) {
	fits := func() bool {
		n := o.len()
		if blocks > 0 {
			n += 4 + 8*blocks
		}
		return n <= maxOptions
	}
	if fits() {
		return
	}
	switch {
	case o.AccECN.Fields < accFields:
	case changed&(1<<ect1) == 0:
		o.AccECN.truncate(0)
	case changed&(1<<ect0) == 0:
		o.AccECN.truncate(1)
	}
	if !fits() {
		o.AccECN = AccECN{}
	}
}
