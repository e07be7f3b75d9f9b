package ladder

import (
	"net/netip"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// The model: what a ladder holds, apart from how it is drawn.

// A Ladder is one connection.
type Ladder struct {
	Left, Right End
	Start       ip.Time       // times of lines count from here
	Until       time.Duration // when the last thing happened: it stays when lines are left out
	Lines       []Line
}

// End returns the end on a side.
func (l *Ladder) End(s Side) *End {
	if s == OnLeft {
		return &l.Left
	}
	return &l.Right
}

// A Side is one of the two columns.
type Side uint8

// The sides.
const (
	OnLeft Side = iota
	OnRight
)

// Other returns the opposite side.
func (s Side) Other() Side { return 1 - s }

// String returns "left" or "right".
func (s Side) String() string { return [...]string{"left", "right"}[s] }

// An End is one side of a ladder. Ends are told apart by address and port: on
// loopback the address alone is the same for both.
type End struct {
	Addr netip.AddrPort
	Name string // "" when nobody named it

	// Known says that the end's own record was there, and that its states are true. Otherwise they are
	// worked out from the segments.
	Known bool
	// First is the state before the first line, when HasFirst is set.
	First    tcp.State
	HasFirst bool

	// ISN is the initial sequence number, when HasISN is set: relative numbers count from it.
	ISN    tcp.Seq
	HasISN bool
}

// A Kind says what sort of line it is.
type Kind uint8

// The kinds of line.
const (
	KindSegment  Kind = iota // a segment, or a part of its way; see Part
	KindState                // nothing but a change of state
	KindCall                 // the application called
	KindTimer                // a timer expired
	KindICMP                 // an ICMP error came in
	KindRecovery             // loss recovery began or ended
	KindUrgent               // the urgent pointer advanced
	KindMTU                  // packets are of another length from now on, or a probe of it was lost
	KindMarks                // congestion marks are no longer asked for or believed
	KindFold                 // stands for a run of ordinary segments
	KindGap                  // the recorder ran out of room here
	KindDiscard              // a packet was thrown away that nobody knows more about
)

var kindNames = [...]string{"segment", "state", "call", "timer", "icmp", "recovery", "urgent", "mtu", "marks", "fold", "gap", "discard"}

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
	ToLeft                   // sent by the right end
)

// String returns "right" or "left".
func (d Direction) String() string { return d.Receiver().String() }

// Sender returns the side that a segment comes from.
func (d Direction) Sender() Side { return Side(d) }

// Receiver returns the side that a segment goes to.
func (d Direction) Receiver() Side { return Side(d).Other() }

// A Part says how much of a segment's way a line shows. It takes two lines when
// something happened in between that might have gone otherwise had it arrived at once.
type Part uint8

// The parts.
const (
	Whole   Part = iota // from end to end, or as much as the record tells
	Departs             // leaves; arrives in a later line, or never
	Arrives             // arrives; left in an earlier line, or nobody knows where
)

// String names the part in one word.
func (p Part) String() string { return [...]string{"whole", "departs", "arrives"}[p] }

// Unknown is the time of what the record does not tell, or what did not happen.
const Unknown time.Duration = -1 << 63

// A Line is one rung.
type Line struct {
	Kind Kind
	At   time.Duration // since Ladder.Start. Of a segment: when it left, or for Arrives when it arrived
	Side Side          // the end at which it happened; of a segment, the one that At is about

	// Left and Right are the states that the ends enter here, in order; mostly none.
	Left, Right []tcp.State

	Segment Segment // KindSegment
	Trip            // KindSegment

	Why     tcp.Why // KindSegment, KindState, KindRecovery, KindMTU: the reason
	Finding Finding // KindSegment: the reason as worked out from the wire
	Nth     int     // how often the range was sent before; KindTimer: expiries in a row
	Drop    ip.Drop // KindSegment: why the receiver threw it away
	// TextOnly says that the drop took the text, or part of it, and that the rest of the segment counted.
	TextOnly bool
	// Rule is the place in an RFC that decided, or "". RuleThere is that of the end where a Whole segment arrives.
	Rule, RuleThere string

	Timer tcp.Timer // KindTimer
	Call  tcp.Call  // KindCall
	Bytes int       // KindCall: sent or received by it; KindICMP: the MTU that it tells; KindMTU: the longest packet
	Cause tcp.Cause // KindICMP, and where an end enters CLOSED
	Fold  Fold      // KindFold
	Count int       // KindGap: events that were not recorded

	// LeftVars and RightVars are the variables of the ends after the line, nil for
	// an end that has recorded none. They are shared by lines: not to be changed.
	LeftVars, RightVars *tcp.Vars
}

// A Trip is the way of a segment. The zero Trip of a record of one end says nothing but the direction.
type Trip struct {
	Dir  Direction
	Part Part
	// IDs number the segments that were sent, from 1 on: the lines of a segment's departure and
	// of its arrivals have the same. What a device has merged on the way arrives with several; what nobody sent has none.
	IDs []int
	// Sent and Arrived count from Ladder.Start, or are Unknown.
	Sent, Arrived time.Duration

	Lost      bool // left, and never arrives
	Flying    bool // left, and is on its way still
	Duplicate bool // Arrives: had arrived before
	Injected  bool // Arrives: the end named as its source did not send it
	Overtaken bool // Arrives: what was sent later is there already
	Missing   int  // bytes of text that never arrive of what a device cut into several
}

// A Segment is what a rung shows of a segment.
type Segment struct {
	Header tcp.Header // with absolute numbers
	Seq    int64      // relative to the sender's ISN: it does not wrap, and what is older than the connection is below zero
	Ack    int64      // relative to the receiver's ISN; meaningless without ACK
	Window int        // scaled, in bytes
	Len    int        // bytes of text
	Count  int        // how many segments travel as one: above 1 for segments cut or merged by the device
}

// A Fold counts the segments of a run.
type Fold struct {
	Until                 time.Duration // when the last one passed
	ToRight, ToLeft       int           // segments
	BytesRight, BytesLeft int           // bytes of text
	Arrivals              int           // lines with Arrives: the segments are counted where they left
}

// Entered returns the states that an end enters in this line, in order; mostly none.
func (l *Line) Entered(s Side) []tcp.State {
	if s == OnLeft {
		return l.Left
	}
	return l.Right
}

// Vars returns the variables of an end after the line, or nil.
func (l *Line) Vars(s Side) *tcp.Vars {
	if s == OnLeft {
		return l.LeftVars
	}
	return l.RightVars
}

// enter adds a state that an end enters.
func (l *Line) enter(s Side, state tcp.State) {
	if s == OnLeft {
		l.Left = append(l.Left, state)
	} else {
		l.Right = append(l.Right, state)
	}
}

// setVars sets the variables of an end.
func (l *Line) setVars(s Side, v *tcp.Vars) {
	if s == OnLeft {
		l.LeftVars = v
	} else {
		l.RightVars = v
	}
}
