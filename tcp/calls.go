package tcp

import (
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// The calls of the application, RFC 9293 §3.10.1 to §3.10.6.

// Open starts an active open (§3.10.1). The connection must be CLOSED and new,
// or in LISTEN.
func (c *Conn) Open(now ip.Time) {
	if c.state != Closed && c.state != Listen || c.created != 0 && c.state == Closed {
		panic("BUG: Open of a connection that is not new")
	}
	c.emitCall(now, CallOpen, 0)
	c.passive = false
	c.start(now)
	c.setState(now, SynSent, WhyCall, "RFC 9293 §3.10.1")
	c.openFast(now)
}

// OpenPassive puts a new connection into LISTEN (§3.10.1). It then waits for
// one SYN, from the remote address that New was given.
func (c *Conn) OpenPassive(now ip.Time) {
	if c.state != Closed || c.created != 0 {
		panic("BUG: OpenPassive of a connection that is not new")
	}
	c.created = now
	c.passive = true
	c.emitCall(now, CallListen, 0)
	c.setState(now, Listen, WhyCall, "RFC 9293 §3.10.1")
}

// start chooses the ISS and makes a SYN due.
func (c *Conn) start(now ip.Time) {
	c.created = now
	c.iss = c.cfg.ISN(c.local, c.remote, now)
	c.snd.una, c.snd.nxt = c.iss, c.iss.Add(1)
	c.snd.small, c.snd.up = c.iss, c.iss
	c.rec.start(c.iss)
	c.snd.buf.start, c.snd.buf.end = c.snd.nxt, c.snd.nxt
	c.queue.reset(c.snd.nxt)
	c.usage = usage{round: c.snd.nxt, full: now}
	c.opt.tsOffset = c.cfg.TSOffset(c.local, c.remote)
	c.syn = true
	c.resetWindow()
}

// resetWindow sets the initial congestion window (RFC 6928).
func (c *Conn) resetWindow() {
	mss := c.fullMSS()
	c.win = CongestionWindow{Cwnd: c.cfg.InitialWindow * mss, Ssthresh: maxCwnd, MSS: mss}
}

// Send copies as much of p as there is room for into the send buffer and
// returns how many bytes it took (§3.10.2). It takes none after CloseWrite or Close, and
// none when the buffer is full: wait for ChangeWritable.
func (c *Conn) Send(now ip.Time, p []byte) int { return c.SendWith(now, p, 0) }

// SendWith is Send with flags. Without SendMore it pushes (MAY-15).
func (c *Conn) SendWith(now ip.Time, p []byte, f SendFlags) int {
	n := 0
	for n < len(p) {
		room := c.Reserve(len(p) - n)
		if len(room) == 0 {
			c.Push(now)
			break
		}
		k := copy(room, p[n:])
		n += k
		if n < len(p) {
			c.Commit(now, k, SendPart)
		} else {
			c.Commit(now, k, f)
		}
	}
	if len(p) == 0 && f&SendPart == 0 {
		c.Push(now) // the last part of a write may be empty
	}
	return n
}

// Reserve returns room for up to n bytes of text to send, or none: the first
// half of Send, for callers that copy without holding the lock that guards
// the connection. Commit is the second, and must follow each Reserve that
// returned room, whatever happens to the connection in between. One caller at a time.
func (c *Conn) Reserve(n int) []byte {
	n = min(n, c.Writable())
	if c.queue.lowat > 0 { // at the end of a portion the limit counts again
		goal := c.portionGoal()
		if room := c.tailRoom(goal); room > 0 {
			goal = room
		}
		n = min(n, goal)
	}
	room := c.snd.buf.reserve(n)
	c.busy.full = len(room) == 0 && c.CanSend()
	return room
}

// Commit sends the first n bytes of the room that Reserve returned. A write in several parts has SendPart in all but the last;
// when it breaks off, Push must follow.
func (c *Conn) Commit(now ip.Time, n int, f SendFlags) {
	took := c.snd.buf.commit(n)
	if c.state == Closed {
		return
	}
	c.queueText(now, took, f)
	c.busy.start(now, timeBusy)
	c.emitCall(now, CallSend, n)
	if n > 0 {
		c.SendSyn()
	}
}

// Receive copies received text into p and returns how much (§3.10.3); 0 when there is none: see EOF and Cause.
func (c *Conn) Receive(now ip.Time, p []byte) int {
	n := c.rcv.text.read(p)
	c.received(now, n)
	return n
}

// Peek copies received text from an offset on into p and returns how much. The text
// stays where it is.
func (c *Conn) Peek(offset int, p []byte) int { return c.rcv.text.peek(offset, p) }

// Take moves the next piece of received text out without copying it, if it is
// at most limit bytes long. When it is longer, or nothing is there, Take
// returns false, and Receive does the rest.
func (c *Conn) Take(now ip.Time, limit int) (Text, bool) {
	t, ok := c.rcv.text.take(limit)
	c.received(now, len(t.Bytes))
	return t, ok
}

// received does what reading brings about: perhaps an ACK or a window update.
func (c *Conn) received(now ip.Time, n int) {
	if n == 0 || c.state == Closed {
		return
	}
	c.emitCall(now, CallReceive, n)
	c.ackAfterRead()
	c.updateWindow()
}

// CloseWrite closes our direction (§3.10.4): a FIN follows the text that is still to
// be sent. The peer may go on sending.
func (c *Conn) CloseWrite(now ip.Time) {
	if c.snd.fin || c.state == Closed {
		return
	}
	c.emitCall(now, CallCloseWrite, 0)
	c.closeWrite(now)
}

// closeWrite queues the FIN. The state changes at once, even when a closed window
// holds the FIN back (§3.10.4: "queue this request until all preceding SENDs have
// been segmentized").
func (c *Conn) closeWrite(now ip.Time) {
	const rule = "RFC 9293 §3.10.4"
	switch c.state {
	case Listen, SynSent:
		if !c.closesLater() {
			c.die(now, CauseAborted, WhyCall, rule)
		}
	case SynReceived, Established:
		c.snd.fin = true
		if c.finWaits() {
			break
		}
		c.setState(now, FinWait1, WhyCall, rule)
	case CloseWait:
		c.snd.fin = true
		c.setState(now, LastAck, WhyCall, rule)
	}
	c.changes |= ChangeWritable
}

// CloseRead ends reading: what was received is thrown away, and what still comes
// is acknowledged and thrown away. The peer is not told.
func (c *Conn) CloseRead(now ip.Time) {
	if c.rcvShut {
		return
	}
	c.emitCall(now, CallCloseRead, 0)
	c.rcvShut = true
	c.discard()
	c.changes |= ChangeReadable
}

// discard throws away what the reader will not read and opens the window for what follows.
func (c *Conn) discard() {
	for {
		t, ok := c.rcv.text.take(maxBuffer)
		if !ok {
			break
		}
		t.Free()
	}
	c.updateWindow()
}

// Close closes both directions (§3.10.4); nothing is read any more (MAY-1). When received text is unread, or text arrives
// later, the peer gets a RST, because data was lost (SHLD-3).
func (c *Conn) Close(now ip.Time) {
	if c.closed {
		return
	}
	c.emitCall(now, CallClose, 0)
	c.closed = true
	if c.state == Closed {
		c.rcv.text.clear()
		return
	}
	if c.rcv.text.bytes > 0 && !c.rcvShut && c.state != TimeWait { // in TIME-WAIT the peer is done, and the wait must go on
		c.abort(now, "RFC 9293 §3.6.1, SHLD-3")
		return
	}
	c.rcvShut = true
	c.discard()
	if !c.snd.fin {
		c.closeWrite(now)
	} else if c.state == SynReceived {
		c.setState(now, FinWait1, WhyCall, "RFC 9293 §3.10.4")
	}
	if c.state == FinWait2 {
		c.timers[timerFinWait2] = now.Add(c.cfg.FinWait2)
	}
}

// Abort ends the connection at once with a RST (§3.10.5).
func (c *Conn) Abort(now ip.Time) {
	c.closed = true
	if c.state == Closed {
		c.rcv.text.clear()
		return
	}
	c.emitCall(now, CallAbort, 0)
	c.abort(now, "RFC 9293 §3.10.5")
}

// abort departs from §3.10.5 in CLOSING and LAST-ACK, which end without a RST there: text of ours may be
// lost, and the peer would wait for it.
func (c *Conn) abort(now ip.Time, rule string) {
	c.closed = true
	switch c.state {
	case SynReceived, Established, FinWait1, FinWait2, CloseWait, Closing, LastAck:
		c.queueReset(c.snd.nxt, c.rcv.nxt)
		c.rst.rule = rule
	}
	c.die(now, CauseAborted, WhyCall, rule)
}

// SetNoDelay switches Nagle's algorithm off or on (MUST-17).
// It sends what a cork or Nagle's algorithm has held back.
func (c *Conn) SetNoDelay(on bool) {
	c.noDelay = on
	c.queue.flush = c.queue.flush || on
}

// SetTOS sets the Differentiated Services field of the packets that follow
// (MUST-48, SHLD-21, SHLD-22); the two ECN bits are not the application's. In the middle of a connection it is
// better left alone, because segments may overtake each other then (SHLD-23).
func (c *Conn) SetTOS(tos uint8) { c.tos = tos &^ 3 }

// SetTTL sets the hop limit of the packets that follow (MUST-49); 0 is the host's default.
func (c *Conn) SetTTL(ttl uint8) { c.ttl = ttl }

// SetUserTimeout sets how long what was sent may stay unacknowledged, or probes of a closed window unanswered, before
// the connection ends with CauseTimeout (MUST-21, RFC 5482); 0 leaves it to Config.Retries.
func (c *Conn) SetUserTimeout(d time.Duration) { c.keep.userTimeout = d }

// Configure changes the settings of this connection alone. What has been used already stays as it was: the scale of
// the window once it has been told, for one. Config.ISN, TSOffset and Trace are not to be changed.
func (c *Conn) Configure(change func(*Config)) {
	own := *c.cfg
	change(&own)
	c.cfg = Prepare(own)
	c.changes |= ChangeWritable // the send buffer may be larger now
}

// SetCongestion changes the congestion control, to what such a function makes as Config.Congestion is. It starts from the
// window as it is.
func (c *Conn) SetCongestion(fresh func(*Config) Congestion) { c.setCongestion(fresh(c.cfg)) }

// SetQuickAck says whether text that arrives is to be acknowledged soon, or with the application's answer, as long as
// nothing else tells what the exchange is like (TCP_QUICKACK).
func (c *Conn) SetQuickAck(on bool) {
	c.ack.pingpong = !on
	if on && c.ack.delayed && c.rcv.text.bytes == 0 && (c.state == Established || c.state == CloseWait) {
		c.ackNow(WhyAck)
	}
}
