package tcptest

import (
	"fmt"
	"strings"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// Segments as values, for tests that compute them.

// A Segment is a line for Expect or Inject as a value.
type Segment struct {
	Flags tcp.Flags
	Seq   uint32 // offset from the sender's ISN; in a SYN, the number itself
	Len   int    // bytes of text
	Ack   uint32 // offset from the receiver's ISN; only with tcp.ACK
	// Window is the raw field, not scaled. -1 expects any; what is injected needs one.
	Window int
	// Options in the words of the language, in order: "mss 1460", "sackOK", "nop", "TS val 1 ecr 0", "wscale 7",
	// "sack 1:11 21:31". The single word "..." expects any.
	Options []string
}

// String returns the line.
func (s Segment) String() string {
	var b strings.Builder
	for _, f := range []struct {
		flag tcp.Flags
		word string
	}{{tcp.SYN, "S"}, {tcp.FIN, "F"}, {tcp.RST, "R"}, {tcp.PSH, "P"}, {tcp.ACK, "."}} {
		if s.Flags.Has(f.flag) {
			b.WriteString(f.word)
		}
	}
	if b.Len() == 0 {
		b.WriteString("-")
	}
	fmt.Fprintf(&b, " %d:%d(%d)", s.Seq, s.Seq+uint32(s.Len), s.Len)
	if s.Flags.Has(tcp.ACK) {
		fmt.Fprintf(&b, " ack %d", s.Ack)
	}
	if s.Window >= 0 {
		fmt.Fprintf(&b, " win %d", s.Window)
	}
	if len(s.Options) > 0 {
		fmt.Fprintf(&b, " <%s>", strings.Join(s.Options, ","))
	}
	return b.String()
}

// ExpectSegment is Expect with a value.
func (h *Host) ExpectSegment(s Segment) {
	h.t.Helper()
	h.Expect(s.String())
}

// InjectSegment is Inject with a value.
func (h *Host) InjectSegment(s Segment) {
	h.t.Helper()
	h.Inject(s.String())
}
