package tcp

import (
	"net/netip"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// The event record: everything that happens to a connection, in order.

// An Event is one thing that happened: a segment in or out, a call, a timer,
// a change of state, a drop, an episode of recovery. Verbose output, ladders, plots, statistics and
// tests all read this record; nothing else describes packets.
//
// The machine lends the event to Config.Trace for the time of the call. Keep
// a copy, not the pointer; Header holds no reference to packet memory.
type Event struct {
	Time          ip.Time
	Kind          EventKind
	Local, Remote netip.AddrPort

	State State // the connection's state after the event
	From  State // EventState: the state before

	// EventArrive, EventSend, EventDrop: the segment.
	Header Header
	Len    int // bytes of text
	GSO    int // the text goes out, or came in, as segments of this size; 0 = one segment

	Why   Why     // EventSend: what made us send; EventState: what made us move
	Nth   int     // EventSend: how often this range was sent before; EventTimer: expiries in a row
	Drop  ip.Drop // EventDrop: why it was thrown away
	Timer Timer   // EventTimer
	Call  Call    // EventCall
	Bytes int     // EventCall: bytes sent or received by it; EventICMP: the MTU that it tells; EventMTU: the longest packet
	Cause Cause   // EventState to CLOSED, EventICMP: what ended it, or might have

	// Rule is the place in an RFC that decided: "RFC 9293 §3.10.7.4, fifth". EventSend, EventDrop, EventState, EventICMP,
	// EventRecovery, EventUrgent and EventMarks have one.
	Rule string

	// Vars is the TCB after the event.
	Vars Vars
}

// Vars are the variables of a TCB, under their RFC names (§3.3.1), with those of
// retransmission and congestion control.
type Vars struct {
	ISS, SndUna, SndNxt Seq
	SndWnd              Size
	SndWL1, SndWL2      Seq
	IRS, RcvNxt         Seq
	RcvWnd              Size
	SndBuf, RcvBuf      int // bytes held for sending (not yet acknowledged) and for the reader
	Cwnd, Ssthresh      int // bytes
	Flight              int // bytes sent and neither acknowledged nor thought lost
	SRTT, RTTVar, RTO   time.Duration
	Holes               int // gaps in what was received
	Recovery            bool
	Deadline            ip.Time
	Timers              [numTimers]ip.Time // when each Timer expires; zero: it does not run
}

// An EventKind says what sort of event it is.
type EventKind uint8

// The kinds of event.
const (
	EventArrive   EventKind = iota // a segment came in
	EventSend                      // a segment goes out
	EventDrop                      // a segment, or part of one, was thrown away
	EventState                     // the connection changed its state
	EventTimer                     // a timer expired
	EventCall                      // the application called
	EventICMP                      // an ICMP error about this connection came in
	EventRecovery                  // loss recovery began or ended; see Why
	EventUrgent                    // the urgent pointer advanced
	EventMTU                       // the length of packets has changed, or a probe of it was lost; see Bytes and Why
	EventMarks                     // congestion marks are no longer asked for or believed; see Why
)

var eventNames = [...]string{"arrive", "send", "drop", "state", "timer", "call", "icmp", "recovery", "urgent", "path MTU", "marks"}

// String names the kind in one word.
func (k EventKind) String() string { return nameOf(eventNames[:], int(k)) }

// A Why says what made a connection send a segment or change its state.
type Why uint8

// The reasons, of segments and then of changes that no segment explains.
const (
	WhyNone Why = iota
	WhySyn
	WhySynAck
	WhyData
	WhyFin
	WhyRTO            // retransmit: the retransmission timer expired
	WhyFastRetransmit // retransmit: three duplicate ACKs
	WhyPartialAck     // retransmit: a partial ACK in recovery (RFC 6582)
	WhyPathMTU        // retransmit: the path carries less than was thought
	WhySynText        // retransmit: text that went with the SYN was not taken (RFC 7413)
	WhyRACK           // retransmit: what was sent later has arrived (RFC 8985)
	WhyLossProbe      // the ACKs have stayed out: the last segment again, or new text (RFC 8985)
	WhyAck            // text or FIN that is acknowledged at once
	WhyDelayedAck     // the delayed-ACK timer expired
	WhyDupAck         // something is missing, or came twice
	WhyWindowUpdate   // the reader made room
	WhyProbe          // zero-window probe
	WhyKeepAlive
	WhyChallengeAck // RFC 5961
	WhyTimeWaitAck  // the peer's FIN again, in TIME-WAIT
	WhyReset
	WhySimultaneousOpen
	WhyCall      // the application's call
	WhyArrive    // a segment
	WhyTimeout   // a timer
	WhyICMP      // a hard ICMP error in the handshake
	WhyRecovered // recovery ended
	WhyUndo      // recovery was spurious and is undone
	WhyMark      // a router has marked a packet (RFC 3168)

	WhyMTUProbe     // new text in a longer segment than others, to see whether it passes (RFC 4821); or it has passed
	WhyMTUProbeLost // such a segment did not pass
	WhyBlackHole    // full segments seem to vanish without a word

	WhyMangled // something on the way changes marks, or what is said about them (RFC 9768)
)

var whyNames = [...]string{
	"", "open", "answer to SYN", "data", "close", "retransmit (RTO)", "retransmit (3 duplicate ACKs)",
	"retransmit (partial ACK)", "retransmit (path MTU)", "retransmit (text of the SYN)", "retransmit (RACK)", "loss probe",
	"ack", "delayed ack", "duplicate ack", "window update", "zero-window probe", "keep-alive",
	"challenge ack (RFC 5961)", "ack of a repeated FIN", "reset", "simultaneous open",
	"call", "segment", "timeout", "ICMP error", "recovered", "undo",
	"congestion mark (RFC 3168)",
	"path MTU probe", "path MTU probe lost", "path MTU black hole",
	"mangled on the way (RFC 9768)",
}

// String says the reason in a few words.
func (w Why) String() string { return nameOf(whyNames[:], int(w)) }

// Retransmission reports whether the reason is one of those that send a range again.
func (w Why) Retransmission() bool {
	return w >= WhyRTO && w <= WhyRACK
}

// A Call is a call of the application, RFC 9293 §3.10.1 to 3.10.6.
type Call uint8

// The calls.
const (
	CallNone Call = iota
	CallOpen
	CallListen
	CallSend
	CallReceive
	CallCloseRead
	CallCloseWrite
	CallClose
	CallAbort
)

var callNames = [...]string{"", "open", "listen", "send", "receive", "close-read", "close-write", "close", "abort"}

// String names the call in one word.
func (c Call) String() string { return nameOf(callNames[:], int(c)) }

// A Cause says why a connection ended, or what stands in its way. The adapter
// turns it into the error that the kernel would give.
type Cause uint8

// The causes.
const (
	CauseNone             Cause = iota
	CauseDone                   // both sides closed in order
	CauseRefused                // RST in answer to our SYN
	CauseReset                  // RST from the peer
	CauseTimeout                // no answer: handshake, retransmission, keep-alive or user timeout
	CauseAborted                // by our own side
	CauseNetUnreachable         // ICMP
	CauseHostUnreachable        // ICMP
	CauseProtoUnreachable       // ICMP
	CausePortUnreachable        // ICMP
	CauseProhibited             // ICMP, administratively
)

var causeNames = [...]string{
	"", "closed", "connection refused", "reset by peer", "timed out", "aborted",
	"network unreachable", "host unreachable", "protocol unreachable", "port unreachable", "administratively prohibited",
}

// String says the cause in a few words.
func (c Cause) String() string { return nameOf(causeNames[:], int(c)) }

func nameOf(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return "unknown"
}
