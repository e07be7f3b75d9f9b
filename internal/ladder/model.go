package ladder

import (
	"net/netip"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// The model: what a ladder holds, apart from how it is drawn.

// A Ladder is one connection as its left end recorded it.
type Ladder struct {
	Left, Right End
	Start       ip.Time // Line.At counts from here, on the clock of the left end
	Lines       []Line
}

// An End is one side of a ladder. Ends are told apart by address and port: on
// loopback the address alone is the same for both.
type End struct {
	Addr netip.AddrPort
	Name string // "" when nobody named it

	// First is the state before the first line, when HasFirst is set.
	First    tcp.State
	HasFirst bool
	// Inferred says that the states were worked out from the segments.
	Inferred bool

	// ISN is the initial sequence number, when HasISN is set: relative numbers count from it.
	ISN    tcp.Seq
	HasISN bool
}

// A Kind says what sort of line it is.
type Kind uint8

// The kinds of line.
const (
	KindSegment  Kind = iota // a segment crosses, or is dropped on arrival
	KindState                // nothing but a change of state
	KindCall                 // the application called
	KindTimer                // a timer expired
	KindICMP                 // an ICMP error came in
	KindRecovery             // loss recovery began or ended
	KindUrgent               // the urgent pointer advanced
	KindFold                 // stands for a run of ordinary segments
	KindGap                  // the recorder ran out of room here
)

var kindNames = [...]string{"segment", "state", "call", "timer", "icmp", "recovery", "urgent", "fold", "gap"}

// String names the kind in one word.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}

// A Direction says which way a segment travels.
type Direction uint8

// The directions.
const (
	ToRight Direction = iota // sent by the left end
	ToLeft                   // arrived at the left end
)

// A Line is one rung.
type Line struct {
	Kind Kind
	At   time.Duration // since Ladder.Start

	// Left and Right are the states that the ends enter here, in order; mostly none.
	Left, Right []tcp.State

	Dir     Direction // KindSegment
	Segment Segment   // KindSegment
	Why     tcp.Why   // KindSegment ToRight, KindState, KindRecovery: the reason
	Nth     int       // how often the range was sent before; KindTimer: expiries in a row
	Drop    ip.Drop   // KindSegment ToLeft: why it was thrown away
	// TextOnly says that the drop took the text, or part of it, and that the rest of the segment counted.
	TextOnly bool
	Rule     string // the place in an RFC that decided, or ""

	Timer tcp.Timer // KindTimer
	Call  tcp.Call  // KindCall
	Bytes int       // KindCall: sent or received by it
	Cause tcp.Cause // KindICMP, and KindState to CLOSED
	Fold  Fold      // KindFold
	Count int       // KindGap: events that were not recorded

	Vars tcp.Vars // the left end's variables after the line
}

// A Segment is what a rung shows of a segment.
type Segment struct {
	Header tcp.Header // with absolute numbers
	Seq    uint32     // relative to the sender's ISN
	Ack    uint32     // relative to the receiver's ISN; meaningless without ACK
	Window int        // scaled, in bytes
	Len    int        // bytes of text
	Count  int        // how many segments travel as one: above 1 for segments cut or merged by the device
}

// A Fold counts the segments of a run.
type Fold struct {
	Until                 time.Duration // when the last one passed
	ToRight, ToLeft       int           // segments
	BytesRight, BytesLeft int           // bytes of text
}
