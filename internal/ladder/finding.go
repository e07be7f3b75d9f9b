package ladder

// What a segment on the wire is, when its sender has not told.

// A Finding is the reason for a segment as worked out from what was seen on the
// wire: in the machine's words where it has some.
type Finding uint8

// The findings.
const (
	NoFinding Finding = iota
	FoundOpen
	FoundSynAck
	FoundSimultaneousOpen
	FoundData
	FoundClose
	FoundAck
	FoundReset
	FoundRetransmission     // what set it off does not show
	FoundTimeout            // after a silence that is long enough for one
	FoundFastRetransmission // after three duplicate ACKs
	FoundSpurious           // had been acknowledged by then
	FoundOutOfOrder         // too soon after those behind it to be sent again
	FoundGap                // text before it was not seen, or not yet
	FoundDupAck
	FoundDupSACK // reports text that came twice (RFC 2883)
	FoundZeroWindow
	FoundWindowUpdate
	FoundProbe
	FoundProbeAck
	FoundKeepAlive
	FoundKeepAliveAck
	FoundUnseenAck // acknowledges what was not seen: the capture has a gap
	FoundTimeWaitAck
	FoundForged // a RST that the receiver will not believe
	numFindings
)

var findingText = [numFindings]string{
	"", "open", "answer to SYN", "simultaneous open", "data", "close", "ack", "reset",
	"retransmit", "retransmit (RTO)", "retransmit (3 duplicate ACKs)", "retransmit of what had arrived",
	"out of order", "data after a gap", "duplicate ack", "ack of a duplicate (DSACK)", "window closed", "window update",
	"zero-window probe", "ack of a probe", "keep-alive", "ack of a keep-alive",
	"ack of data not seen", "ack of a repeated FIN", "reset outside the window",
}

// String says the finding in a few words.
func (f Finding) String() string {
	if f < numFindings {
		return findingText[f]
	}
	return "unknown"
}

// retransmission reports whether the finding is one of those that send a range again.
func (f Finding) retransmission() bool {
	return f >= FoundRetransmission && f <= FoundSpurious
}
