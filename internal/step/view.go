package step

import (
	"net/netip"
	"time"

	"github.com/sockeye-tcp/sockeye/internal/ladder"
	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// What there is to be seen between two steps.

// A View is everything at one instant.
type View struct {
	Title string
	Note  string // what the step just made shows, in plain words; before the first, what all of it is about
	Rule  string // the place in an RFC that the note speaks of, or ""

	Step, Steps int    // steps made, and steps there are as far as is known: the undone ones and the lesson's included
	Did         string // the last step in words; "" before the first
	Ahead       string // what Next would do, in words; "" when there is nothing

	Start, Now ip.Time
	Ends       [2]EndView
	InFlight   []Flight // in the order of arrival
	Fresh      int      // Events()[Fresh:] are those of the last step
	Ladder     []*ladder.Ladder
}

// Elapsed returns the time since the start.
func (v *View) Elapsed() time.Duration { return v.Now.Sub(v.Start) }

// An EndView is one end of the connection.
type EndView struct {
	Name  string
	Addr  netip.AddrPort
	State tcp.State
	// Inferred says that nobody recorded this end: its state was worked out from the segments, and
	// there is nothing else to be known of it.
	Inferred bool

	// HasConn says that there is a connection, or was one: the fields up to Timers are about it.
	HasConn            bool
	Vars               tcp.Vars
	Info               tcp.Info
	Readable, Writable int
	EOF                bool      // everything was read and the peer has sent its FIN
	Cause              tcp.Cause // why the connection is CLOSED
	NoDelay, KeepAlive bool
	Timers             []Timer // those that run, the next one first

	Listening   bool // the application waits for connections
	Open        bool // the application holds the connection and has not closed it
	Wrote, Read int  // bytes, by the application, on this connection
}

// A Timer is a timer that runs.
type Timer struct {
	Name string
	At   ip.Time
}

// A Flight is a packet on its way.
type Flight struct {
	ID       int // of the packet, for moves; counts from 1
	From, To int // A, B; From may be Nobody
	Header   tcp.Header
	Len      int    // bytes of text
	Text     string // the segment in the words of a script, with numbers relative to the initial ones
	ICMP     string // not a segment, but this ICMP error, in the words of a script

	Why  tcp.Why // it was sent
	Nth  int     // how often the range was sent before
	Rule string

	Sent, Arrives ip.Time // when it was sent, and when it arrives by itself
	Copy          int     // the ID of the packet that it is a copy of, 0: an original
	Delayed       bool
	Corrupt       bool
}
