package tcp

// Connection states, RFC 9293 §3.3.2.

// A State is one of the eleven states of a connection.
type State uint8

// The states, in the order of the RFC. CLOSED is first, so that a zero TCB is closed.
const (
	Closed State = iota
	Listen
	SynSent
	SynReceived
	Established
	FinWait1
	FinWait2
	CloseWait
	Closing
	LastAck
	TimeWait
	numStates
)

var stateNames = [numStates]string{
	"CLOSED", "LISTEN", "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1",
	"FIN-WAIT-2", "CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT",
}

// String returns the name as the RFC spells it: "SYN-RECEIVED".
func (s State) String() string {
	if s < numStates {
		return stateNames[s]
	}
	return "UNKNOWN"
}

// Synchronized reports whether both ends know each other's sequence numbers:
// ESTABLISHED and every state after it.
func (s State) Synchronized() bool { return s >= Established && s < numStates }

// edges holds, for each state, the states that Figure 5 and §3.10 allow next.
// CLOSED is allowed from everywhere: abort, reset, timeout.
var edges = [numStates]uint16{
	Closed:      1<<Listen | 1<<SynSent,
	Listen:      1<<SynReceived | 1<<SynSent,
	SynSent:     1<<SynReceived | 1<<Established,
	SynReceived: 1<<Established | 1<<FinWait1 | 1<<CloseWait | 1<<Listen,
	Established: 1<<FinWait1 | 1<<CloseWait,
	FinWait1:    1<<FinWait2 | 1<<Closing | 1<<TimeWait,
	FinWait2:    1 << TimeWait,
	CloseWait:   1 << LastAck,
	Closing:     1 << TimeWait,
	LastAck:     0,
	TimeWait:    0, // a new SYN may reopen it (MAY-2), as another Conn: see MayReopen
}

// allows reports whether a connection may go from s to t.
func (s State) allows(t State) bool { return t == Closed || edges[s]&(1<<t) != 0 }
