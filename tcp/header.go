package tcp

import (
	"fmt"
	"strings"

	"github.com/sockeye-tcp/sockeye/ip"
)

// The TCP header and the segment, RFC 9293 §3.1.

// Flags are the control bits of the header. AE is the bit of RFC 9768 that
// was once NS; it lies in the byte of the data offset.
type Flags uint16

// The control bits, with their values on the wire.
const (
	FIN Flags = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
	ECE
	CWR
	AE
)

// Has reports whether all the bits of g are set in f.
func (f Flags) Has(g Flags) bool { return f&g == g }

// String writes the bits as packetdrill does: S. for SYN,ACK and a lone dot for ACK.
func (f Flags) String() string {
	const letters = "FSRP.UEWA"
	var b strings.Builder
	for i := range letters {
		if f&(1<<i) != 0 && letters[i] != '.' {
			b.WriteByte(letters[i])
		}
	}
	if f.Has(ACK) {
		b.WriteByte('.')
	}
	return b.String()
}

// Names writes the bits in words: "SYN,ACK".
func (f Flags) Names() string {
	names := [...]string{"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR", "AE"}
	var set []string
	for i, name := range names {
		if f&(1<<i) != 0 {
			set = append(set, name)
		}
	}
	return strings.Join(set, ",")
}

// A Header is a TCP header in host form.
type Header struct {
	SrcPort, DstPort uint16
	Seq              Seq
	Ack              Seq // meaningless without ACK
	Flags            Flags
	Wnd              uint16 // as on the wire: not yet scaled; unsigned (MUST-1)
	Urg              uint16 // meaningless without URG
	Options          Options
}

// A Segment is a segment that arrived. The zero Buf is allowed: Text then
// belongs to the connection from Arrive on, and is left to the garbage collector.
type Segment struct {
	Header
	Text []byte     // the payload, inside Buf when there is one
	Buf  *ip.Buffer // owns Text
	TOS  uint8      // of the IP header: Differentiated Services and ECN; whoever has that sets it
	At   ip.Time    // when the device handed it over; zero: when the connection gets it

	synAck bool // it was a SYN,ACK: its ECN bits are about the handshake
}

// arrived returns when the segment came from the network. A busy host may get round to it later, and that is not the
// path's fault: round trips, and what RACK makes of them, count from here (RFC 8985 §6.2, RFC 6298 §2).
func (s *Segment) arrived(now ip.Time) ip.Time {
	if s.At == 0 || s.At > now {
		return now
	}
	return s.At
}

// Len returns SEG.LEN: the bytes of text, plus one each for SYN and FIN.
func (s *Segment) Len() Size { return segLen(s.Flags, len(s.Text)) }

// textEnd returns the sequence number behind the text of a segment without SYN.
func (s *Segment) textEnd() Seq { return s.Seq.Add(Size(len(s.Text))) }

// segLen returns how many sequence numbers a segment takes.
func segLen(f Flags, text int) Size {
	n := Size(text)
	if f.Has(SYN) {
		n++
	}
	if f.Has(FIN) {
		n++
	}
	return n
}

// free gives the segment's buffer back; nobody kept its text.
func (s *Segment) free() {
	s.Buf.Free()
	s.Buf, s.Text = nil, nil
}

// An Output is a segment that is to be sent. Text points into the send buffer
// and stays valid until every pin is released.
type Output struct {
	Header
	Text [][]byte
	Len  int      // bytes of text
	Pins []ip.Pin // hold Text until the segment has been written

	// GSO is the size at which the text must be cut into segments, or 0 when
	// it is one segment that fits.
	GSO int
	// Why says what made the connection send it, and Rule which place in an RFC asks for it.
	Why  Why
	Rule string
	// Nth counts the transmissions of the same sequence range: 0 for the first.
	Nth int
	// TTL and TOS are for the IP header: hop limit (0 = the host's default)
	// and Differentiated Services with the ECN bits.
	TTL, TOS uint8
	// MayCut says that routers may cut the packet (IPv4): it has no DF.
	MayCut bool
}

// FormatSegment writes a segment as packetdrill does: "S. 0:0(0) ack 1 win 65535 <mss 1460>".
// Sequence numbers are shown relative to iss, acknowledgements to irs.
func FormatSegment(h *Header, length int, iss, irs Seq) string {
	var b strings.Builder
	f := h.Flags.String()
	if f == "" {
		f = "-"
	}
	seq := h.Seq.Sub(iss)
	fmt.Fprintf(&b, "%s %d:%d(%d)", f, seq, seq+Size(length), length)
	if h.Flags.Has(ACK) {
		fmt.Fprintf(&b, " ack %d", h.Ack.Sub(irs))
	}
	fmt.Fprintf(&b, " win %d", h.Wnd)
	if h.Flags.Has(URG) {
		fmt.Fprintf(&b, " urg %d", h.Urg)
	}
	if o := h.Options.Format(irs); o != "" {
		fmt.Fprintf(&b, " <%s>", o)
	}
	return b.String()
}
