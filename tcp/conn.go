package tcp

import (
	"fmt"
	"net/netip"

	"github.com/sockeye-tcp/sockeye/ip"
)

// The connection: its TCB (RFC 9293 §3.3.1) and what moves it.

// A Conn is one connection. It does no I/O, starts no goroutine, takes no lock
// and reads no clock; it is not safe for concurrent use.
//
// Its methods are of four kinds. Inputs (Open, Arrive, Advance, Send, Receive, Close, ...) change
// the connection and return no segment. Next is the only output. Deadline says when to come back. The
// rest only look. The rule: after any input call Next until it returns false,
// then wait for the next input or until Deadline, when Advance is due.
//
// Nothing that the peer sends causes an error or a panic. What ended a
// connection is told by Cause.
type Conn struct {
	cfg           *Config
	local, remote netip.AddrPort
	state         State
	passive       bool // opened by LISTEN (MUST-11)
	returned      bool // back in LISTEN after a failed handshake
	closed        bool // the application has called Close or Abort
	rcvShut       bool // the application reads no more
	cause, soft   Cause
	changes       Change

	iss, irs Seq
	snd      sendSpace
	rcv      recvSpace
	opt      agreed
	ecn      ecnState
	syn      bool // a SYN or SYN,ACK is due
	rst      resetDue
	ack      ackState
	challenge
	probe  probeState
	keep   keepState
	timers [numTimers]ip.Time
	fast   *fastOpen // nil: opened in the usual way

	queue    writeQueue
	sent     sentQueue
	rtt      rttEstimator
	rate     rate
	cc       Congestion
	ctl      Controller // cc, when it is one
	win      CongestionWindow
	rec      recovery
	usage    usage
	pace     pacer
	lastSent ip.Time // when text was last sent

	mtu      int // of the path
	path     pathState
	gso      int // longest IP packet the device takes, 0 = the MTU
	tos, ttl uint8
	noDelay  bool
	corked   bool
	maxSeg   int // see SetMaxSeg
	busy     chronometer
	stats    Stats
	created  ip.Time
}

// sendSpace holds the send sequence variables.
type sendSpace struct {
	una, nxt Seq
	wnd      Size
	wl1, wl2 Seq
	maxWnd   Size // largest window seen (§3.8.6.2.1)
	up       Seq  // urgent pointer; meaningful while urgent
	urgent   bool
	scale    uint8 // of the peer's windows
	peerMSS  int   // what the peer can receive
	synAcked bool
	buf      sendBuffer
	fin      bool // a FIN follows the text
	finSent  bool
	small    Seq // end of the last segment that was not full (Minshall's Nagle)
}

// recvSpace holds the receive sequence variables.
type recvSpace struct {
	nxt    Seq
	edge   Seq // right edge of the window offered: RCV.NXT + RCV.WND
	up     Seq // urgent pointer; meaningful while urgent
	urgent bool
	scale  uint8
	mss    int // what we offer
	segMSS int // largest text seen: what the peer calls a full segment
	text   reassembly
	fin    bool // a FIN has arrived, perhaps out of order
	finSeq Seq  // its place
	finned bool // the FIN has been reached
	dsack  Block
	tos    uint8 // of the last packet
}

// wnd returns RCV.WND: what is left of the window that was offered.
func (r *recvSpace) wnd() Size { return r.edge.Sub(r.nxt) }

// agreed are the options that both sides have in their SYNs.
type agreed struct {
	ts, sack, ws bool
	tsOffset     uint32
	tsRecent     uint32  // TS.Recent (RFC 7323 §4.3)
	tsRecentAt   ip.Time // when it was set
}

// A Change is a set of things that an input has brought about.
type Change uint8

// What changed.
const (
	ChangeState    Change = 1 << iota // the state, or the cause of the end
	ChangeReadable                    // there is more to read, or EOF
	ChangeWritable                    // there is room to write
	ChangeUrgent                      // the urgent pointer advanced (MUST-32)
)

// New returns a closed connection between two addresses over a path that carries
// packets of mtu bytes (at least 68 for IPv4 and 1280 for IPv6). cfg comes from Prepare and is shared.
func New(cfg *Config, local, remote netip.AddrPort, mtu int) *Conn {
	c := &Conn{cfg: cfg, local: local, remote: remote, noDelay: cfg.NoDelay}
	c.setCongestion(cfg.Congestion(cfg))
	c.mtu = max(mtu, minMTU(remote.Addr()))
	c.path.link = c.mtu
	c.rcv.mss = c.mtu - c.overhead() // MUST-67, SHLD-6
	c.rcv.segMSS = min(defaultMSS4, c.rcv.mss)
	c.snd.peerMSS = c.defaultMSS()
	c.snd.buf.mem = cfg.Memory
	c.rtt = rttEstimator{rto: cfg.InitialRTO}
	c.ack.ato = cfg.DelayedAckMin
	c.pace.max = cfg.MaxPacingRate
	return c
}

// Local returns our address and port.
func (c *Conn) Local() netip.AddrPort { return c.local }

// Remote returns the peer's address and port.
func (c *Conn) Remote() netip.AddrPort { return c.remote }

// State returns the state.
func (c *Conn) State() State { return c.state }

// Cause says why the connection is CLOSED; CauseNone when it is not, or was never open.
func (c *Conn) Cause() Cause { return c.cause }

// SoftError returns the last soft error (MUST-47): what an ICMP error said (SHLD-25), or CauseTimeout from R1
// on (SHLD-9). It is CauseNone when there was none since the peer was last heard. Who does not ask is not told (SHLD-20).
func (c *Conn) SoftError() Cause { return c.soft }

// Dead reports whether the host may forget the connection: it is CLOSED, or
// back in LISTEN after a failed passive open (RFC 9293 §3.10.7.4, second), and has nothing left to send.
func (c *Conn) Dead() bool {
	return (c.state == Closed || c.state == Listen && c.returned) && !c.rst.due
}

// Readable returns how many bytes can be read.
func (c *Conn) Readable() int { return c.rcv.text.bytes }

// EOF reports whether everything was read and the peer has sent FIN, or
// whether the application has shut reading down.
func (c *Conn) EOF() bool { return c.rcv.text.bytes == 0 && (c.rcv.finned || c.rcvShut) }

// PeerFIN reports whether the peer's FIN has been reached (MUST-12: it closed in order).
func (c *Conn) PeerFIN() bool { return c.rcv.finned }

// CanSend reports whether the application may still send: not before Open,
// and not after CloseWrite, Close or the end of the connection.
func (c *Conn) CanSend() bool {
	switch c.state {
	case SynSent, SynReceived, Established, CloseWait:
		return !c.snd.fin
	}
	return false
}

// Writable returns how many bytes Send would take, at least at first: see SetNotSentLowat.
func (c *Conn) Writable() int {
	if !c.CanSend() {
		return 0
	}
	if c.tooMuchUnsent() {
		return 0
	}
	return max(0, c.cfg.SendBuffer-c.snd.buf.len())
}

// tellWriter lets whoever waits for room know of it, once a third of the buffer is free. A writer that was woken for each ACK would copy
// a segment each time, and the machine would do little else than wake it. Linux does the same (sk_stream_min_wspace).
func (c *Conn) tellWriter() {
	if 2*c.Writable() >= c.snd.buf.len() {
		c.changes |= ChangeWritable
	}
}

// TakeChanges returns what changed since the last call.
func (c *Conn) TakeChanges() Change {
	ch := c.changes
	c.changes = 0
	return ch
}

// setState is the only writer of c.state after New.
func (c *Conn) setState(now ip.Time, to State, why Why, rule string) {
	from := c.state
	if !from.allows(to) {
		panic(fmt.Sprintf("BUG: no edge from %v to %v (%v)", from, to, why))
	}
	c.state = to
	c.changes |= ChangeState
	if c.cfg.Trace != nil {
		e := c.event(now, EventState)
		e.From, e.Why, e.Rule, e.Cause = from, why, rule, c.cause
		c.cfg.Trace(&e)
	}
}

// die ends the connection. What was received in order stays readable.
func (c *Conn) die(now ip.Time, cause Cause, why Why, rule string) {
	c.fastEnd(now)
	c.cause = cause
	c.timers = [numTimers]ip.Time{}
	c.snd.buf.clear()
	c.queue.reset(c.snd.buf.end)
	c.sent.clear()
	c.changes |= ChangeReadable | ChangeWritable
	c.rcv.text.clearRuns()
	if c.closed || c.rcvShut {
		c.rcv.text.clear()
	}
	c.setState(now, Closed, why, rule)
}

// event fills in what every event has.
func (c *Conn) event(now ip.Time, kind EventKind) Event {
	return Event{Time: now, Kind: kind, Local: c.local, Remote: c.remote, State: c.state, Vars: c.Vars()}
}

// emitWhy records an event that has a reason and a rule.
func (c *Conn) emitWhy(now ip.Time, kind EventKind, why Why, rule string) {
	if c.cfg.Trace == nil {
		return
	}
	e := c.event(now, kind)
	e.Why, e.Rule = why, rule
	c.cfg.Trace(&e)
}

// emitCall records a call of the application.
func (c *Conn) emitCall(now ip.Time, call Call, n int) {
	if c.cfg.Trace == nil {
		return
	}
	e := c.event(now, EventCall)
	e.Call, e.Bytes = call, n
	c.cfg.Trace(&e)
}

// drop records that a segment, or a part of it, is thrown away.
func (c *Conn) drop(now ip.Time, seg *Segment, d ip.Drop, rule string) {
	c.stats.Drops++
	if c.cfg.Trace == nil {
		return
	}
	e := c.event(now, EventDrop)
	e.Header, e.Len, e.Drop, e.Rule = seg.Header, len(seg.Text), d, rule
	c.cfg.Trace(&e)
}
