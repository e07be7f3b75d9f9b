package tcp

// What can be asked about Accurate ECN, as in Linux's TCP_INFO.

// Marks counts packets and bytes of text by the ECN bits that they came with. All counters go round at 2^32.
type Marks struct {
	Packets        uint32 // with CE
	CE, ECT0, ECT1 uint32 // bytes of text
}

// AccECNFail says what does not work of Accurate ECN, in Linux's bits.
type AccECNFail uint8

// The bits.
const (
	AccECNFailSend       AccECNFail = 1 << iota // our SYN,ACK had to do without the bits
	AccECNFailReceive                           // marks, or what the peer says of them, are mangled
	AccECNFailOptionSend                        // the option seems to be lost on the way
	AccECNFailOption                            // that of the peer is mangled
)

// fail returns the bits.
func (a *accState) fail() (f AccECNFail) {
	set := func(is bool, bit AccECNFail) {
		if is {
			f |= bit
		}
	}
	set(a.bare, AccECNFailSend)
	set(a.mangled, AccECNFailReceive)
	set(a.noOption, AccECNFailOptionSend)
	set(a.ignore, AccECNFailOption)
	return f
}

// marks returns a count in words.
func (m *markCount) marks() Marks {
	return Marks{Packets: m.packets, CE: m.bytes[ecnCE], ECT0: m.bytes[ect0], ECT1: m.bytes[ect1]}
}
