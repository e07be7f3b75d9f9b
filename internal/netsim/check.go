package netsim

import (
	"net/netip"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/stack"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// What must hold after every event, whatever the network does. Each check has a name, which a Violation tells:
//
//	order    SND.UNA <= SND.NXT, and RCV.NXT and the right edge of the window never go back
//	cwnd     new text leaves only when the congestion window has room for it
//	sack     SACK blocks tell what has arrived, beyond the acknowledgement, each once (RFC 2018, RFC 2883)
//	timer    a timer runs while anything is awaited, and the host knows of it
//	memory   buffers, windows and gaps stay within their bounds
//	war      segments without end that bring nothing new
//	prefix   what an application reads is what the other has written, from the beginning on (app.go)
//	end      ends come as they may (scenario.go)
//	left     nothing is left when all connections are over
//	time     time goes on (net.go)

// maxNothingNew bounds the segments in a row that a connection sends while nothing about it is new. A window of
// the largest transfers, each of whose segments comes twice, is far below it.
const maxNothingNew = 5000

// maxHoles is what package tcp says that it keeps.
const maxHoles = 1024

// A watch looks at one connection of a host.
type watch struct {
	host          *Host
	local, remote netip.AddrPort
	sock          *stack.Socket
	limits        tcp.Config
	touched       bool

	last       tcp.Vars
	state      tcp.State
	arrived    ranges
	stray      tcp.Block // the last that came from far away
	nothingNew int

	// What came in though every byte of it had come in before.
	needless, needlessBytes int
}

// observe hears of every event of a host.
func (h *Host) observe(e *tcp.Event) {
	w := h.watching(e)
	if w == nil {
		return
	}
	if !w.touched {
		w.touched = true
		h.touched = append(h.touched, w)
	}
	w.event(e)
}

// watching returns the watch of the connection that an event is about, nil for none.
func (h *Host) watching(e *tcp.Event) *watch {
	if e.Vars == (tcp.Vars{}) { // a segment for no connection
		return nil
	}
	if w := h.last; w != nil && w.local == e.Local && w.remote == e.Remote {
		return w
	}
	for _, w := range h.conns {
		if w.local == e.Local && w.remote == e.Remote {
			h.last = w
			return w
		}
	}
	w := &watch{host: h, local: e.Local, remote: e.Remote, limits: h.Stack.TCP()}
	h.conns = append(h.conns, w)
	h.last = w
	return w
}

// event checks what can be checked in the middle of an input.
func (w *watch) event(e *tcp.Event) {
	v := &e.Vars
	if v.ISS != w.last.ISS || v.IRS != w.last.IRS && w.last.IRS != 0 { // a connection of its own
		if e.Kind == tcp.EventCall && w.last.ISS != 0 {
			return // the application still reads from the one before
		}
		*w = watch{host: w.host, local: w.local, remote: w.remote, sock: w.sock, limits: w.limits, touched: w.touched}
	}
	w.checkOrder(e)
	switch e.Kind {
	case tcp.EventSend:
		w.sends(e)
	case tcp.EventArrive, tcp.EventDrop:
		w.arrives(e)
	case tcp.EventTimer, tcp.EventCall:
		w.nothingNew = 0
	}
	if v.SndUna != w.last.SndUna || v.SndNxt != w.last.SndNxt || v.RcvNxt != w.last.RcvNxt || v.SndWnd != w.last.SndWnd || e.State != w.state {
		w.nothingNew = 0
	}
	w.last, w.state = *v, e.State
}

func (w *watch) checkOrder(e *tcp.Event) {
	v, n := &e.Vars, w.host.Net
	if v.SndNxt.Less(v.SndUna) {
		n.fail("order", "%v: SND.UNA %d is beyond SND.NXT %d", w.local, v.SndUna, v.SndNxt)
	}
	if w.last.IRS == 0 || e.State == tcp.Closed || e.State == tcp.Listen {
		return
	}
	if v.SndUna.Less(w.last.SndUna) {
		n.fail("order", "%v: SND.UNA goes back from %d to %d", w.local, w.last.SndUna, v.SndUna)
	}
	if v.RcvNxt.Less(w.last.RcvNxt) {
		n.fail("order", "%v: RCV.NXT goes back from %d to %d", w.local, w.last.RcvNxt, v.RcvNxt)
	}
	if was, is := w.last.RcvNxt.Add(w.last.RcvWnd), v.RcvNxt.Add(v.RcvWnd); is.Less(was) {
		n.fail("order", "%v: the window's edge goes back from %d to %d", w.local, was, is)
	}
}

// arrives notes the text that came, thrown away or not.
func (w *watch) arrives(e *tcp.Event) {
	start := e.Header.Seq
	if e.Header.Flags.Has(tcp.SYN) {
		start = start.Add(1)
	}
	end := start.Add(tcp.Size(e.Len))
	if e.Kind == tcp.EventArrive && e.Len > 0 && w.arrived.holds(start, end) {
		w.needless++
		w.needlessBytes += e.Len
	}
	if e.Header.Flags.Has(tcp.FIN) {
		end = end.Add(1)
	}
	const near = 1 << 29 // numbers this near to each other have an order
	switch {
	case start == end:
	case start.Sub(e.Vars.RcvNxt.Add(1<<32-near)) > 2*near: // forged
		w.stray = tcp.Block{Start: start, End: end}
	default:
		w.arrived.add(start, end)
	}
}

// sends checks a segment that leaves.
func (w *watch) sends(e *tcp.Event) {
	n := w.host.Net
	if w.nothingNew++; w.nothingNew > maxNothingNew {
		n.fail("war", "%v: %d segments in a row bring nothing new; the last is %v", w.local, w.nothingNew, e.Why)
	}
	w.checkWindow(e)
	o := &e.Header.Options
	for i, b := range o.Blocks() {
		w.checkBlock(e, i, b)
	}
}

// checkWindow wants new text to fit into the congestion window. It may exceed it where the RFCs say so: with
// nothing else in flight one segment may always go (RFC 5681 §3.1: the window is at least one); a window probe and a tail loss
// probe (RFC 8985 §7.3) have reasons of their own and are not new text here; nor are retransmissions, of which the first goes in
// any case (RFC 5681 §3.2, RFC 9937 §6). When the window shrinks, what is in flight already may stay beyond it.
func (w *watch) checkWindow(e *tcp.Event) {
	v, flight := &e.Vars, e.Vars.Flight
	if e.Header.Flags.Has(tcp.FIN) {
		flight-- // it is no byte
	}
	if e.Why == tcp.WhyData && e.Len > 0 && flight > v.Cwnd && flight > e.Len && e.State.Synchronized() {
		w.host.Net.fail("cwnd", "%v: %d bytes in flight after new text of %d, with a congestion window of %d", w.local, flight, e.Len, v.Cwnd)
	}
}

// checkBlock checks a SACK block.
func (w *watch) checkBlock(e *tcp.Event, i int, b tcp.Block) {
	n, ack := w.host.Net, e.Header.Ack
	blocks := e.Header.Options.Blocks()
	switch {
	case !b.Start.Less(b.End):
		n.fail("sack", "%v: block %d is from %d to %d", w.local, i, b.Start, b.End)
	case !w.arrived.holds(b.Start, b.End) && b != w.stray:
		n.fail("sack", "%v: block %d tells of %d to %d, which has not arrived whole", w.local, i, b.Start, b.End)
	}
	if i == 0 && (b.End.LessEq(ack) || len(blocks) > 1 && blocks[1].Start.LessEq(b.Start) && b.End.LessEq(blocks[1].End)) {
		return // D-SACK, RFC 2883 §4
	}
	if b.Start.LessEq(ack) {
		n.fail("sack", "%v: block %d begins at %d, which the acknowledgement of %d covers", w.local, i, b.Start, ack)
	}
	for k, c := range blocks[:i] {
		if k == 0 && c.Start.Less(b.End) && b.Start.Less(c.End) && b.Start.LessEq(c.Start) && c.End.LessEq(b.End) {
			continue // the first tells what came twice
		}
		if c.Start.Less(b.End) && b.Start.Less(c.End) {
			n.fail("sack", "%v: blocks %d and %d overlap", w.local, k, i)
		}
	}
}

// settled checks what holds once a host has sent all that it has to send.
func (h *Host) settled() {
	for _, w := range h.touched {
		w.touched = false
		w.settle()
	}
	h.touched = h.touched[:0]
}

func (w *watch) settle() {
	h := w.host
	s := h.Stack.Socket(w.local, w.remote)
	if s == nil {
		w.sock = nil
		return
	}
	w.sock = s
	c := s.Conn()
	v := c.Vars()
	w.rest(c.State(), &v, c.SynHeld(), h.deadline)
}

// rest checks a connection that has nothing to send now. Held says that its SYN waits for the application; due is when
// the host wants to be called.
func (w *watch) rest(state tcp.State, v *tcp.Vars, held bool, due ip.Time) {
	n, l := w.host.Net, &w.limits
	if v.Deadline != 0 && (due == 0 || v.Deadline < due) {
		n.fail("timer", "%v: a timer expires at %d, and the host's first at %d", w.local, v.Deadline, due)
	}
	if what := awaits(state, v); what != "" && !held && !watched(v) {
		n.fail("timer", "%v: %v awaits %s, and no timer runs for it", w.local, state, what)
	}
	switch {
	case v.SndBuf > l.SendBuffer:
		n.fail("memory", "%v: %d bytes in a send buffer of %d", w.local, v.SndBuf, l.SendBuffer)
	case v.RcvBuf+int(v.RcvWnd) > l.RecvBuffer && state != tcp.SynSent && state != tcp.Closed:
		n.fail("memory", "%v: %d bytes unread and a window of %d with a buffer of %d", w.local, v.RcvBuf, v.RcvWnd, l.RecvBuffer)
	case v.Holes > maxHoles:
		n.fail("memory", "%v: %d gaps", w.local, v.Holes)
	}
}

// awaits says what a connection waits for that only a timer can bring, "" for nothing.
func awaits(state tcp.State, v *tcp.Vars) string {
	switch state {
	case tcp.Closed, tcp.Listen:
		return ""
	case tcp.TimeWait:
		return "the end of TIME-WAIT"
	case tcp.SynSent, tcp.SynReceived, tcp.FinWait1, tcp.Closing, tcp.LastAck:
		return "an answer"
	}
	switch {
	case v.SndUna != v.SndNxt:
		return "an acknowledgement"
	case v.SndBuf > 0:
		return "room to send"
	}
	return ""
}

// ownAffairs are the timers that do not watch over what a connection waits for.
var ownAffairs = map[string]bool{"delayed ack": true, "keep-alive": true}

// watched reports whether a timer runs that goes on with what is awaited.
func watched(v *tcp.Vars) bool {
	for t, at := range v.Timers {
		if at != 0 && !ownAffairs[tcp.Timer(t).String()] {
			return true
		}
	}
	return false
}

// CheckEmpty wants every connection to be over and everything given back. It notes what is not as a violation.
func (n *Net) CheckEmpty() error {
	for _, h := range n.hosts {
		if s := h.Stack.Stats(); s.Connections != 0 {
			n.fail("left", "%s still has %d connections", h.Name, s.Connections)
		}
		if k := h.memory.Used(); k != 0 {
			n.fail("left", "%s still has %d bytes of send buffers", h.Name, k)
		}
		if d := h.Stack.Deadline(); d != 0 {
			n.fail("left", "%s still has a timer", h.Name)
		}
	}
	held := 0
	for _, l := range n.lanes {
		held += l.wire.Held()
	}
	if held > 0 {
		n.fail("left", "%d packets are still on their way", held)
	} else if n.spare.packets.out != 0 {
		n.fail("left", "%d packets were never freed", n.spare.packets.out)
	}
	return n.failed
}

// Needless returns how many segments of text reached the host though all of it had reached it before, and their
// bytes: what the network has duplicated, and what was sent again for nothing.
func (h *Host) Needless() (segments, bytes int) {
	for _, w := range h.conns {
		segments += w.needless
		bytes += w.needlessBytes
	}
	return segments, bytes
}
