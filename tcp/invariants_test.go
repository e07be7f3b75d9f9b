package tcp

import "fmt"

// What must hold of every connection after every input and output.

// Records returns in how many pieces what is unacknowledged is held.
func (c *Conn) Records() int { return c.sent.n }

// CheckInvariants returns what is wrong with the connection, nil when nothing is.
func (c *Conn) CheckInvariants() error {
	for _, check := range []func() error{c.checkSendSpace, c.checkQueue, c.checkSendBuffer, c.checkWriteQueue, c.checkRecvSpace, c.checkRuns} {
		if err := check(); err != nil {
			return fmt.Errorf("invariant: %w", err)
		}
	}
	return nil
}

// CheckTimers returns what would leave the connection waiting for ever. It holds once Next has returned false.
func (c *Conn) CheckTimers() error {
	if c.state == Closed || c.state == Listen {
		if c.Deadline() != 0 {
			return fmt.Errorf("invariant: a timer runs in %v", c.state)
		}
		return nil
	}
	switch {
	case c.sent.n > 0 && !c.watched():
		return fmt.Errorf("invariant: %d records are unacknowledged and no retransmission timer runs", c.sent.n)
	case c.sent.n == 0 && c.watched():
		return fmt.Errorf("invariant: a retransmission timer runs with nothing in flight")
	case c.timers[timerPersist] != 0 && (c.sent.n > 0 || c.unsent() == 0 && !c.finDue()):
		return fmt.Errorf("invariant: a persist timer runs with %d records in flight and %d bytes to send", c.sent.n, c.unsent())
	case c.snd.synAcked && c.sent.n == 0 && (c.unsent() > 0 || c.finDue()) && c.timers[timerPersist]|c.timers[timerPacing] == 0:
		return fmt.Errorf("invariant: %d bytes wait, nothing is in flight, and no timer runs for them", c.unsent())
	case c.ack.delayed && c.state != TimeWait && c.timers[timerDelayedAck] == 0:
		return fmt.Errorf("invariant: an ACK is delayed and no timer runs")
	case c.state == TimeWait && c.timers[timerTimeWait] == 0:
		return fmt.Errorf("invariant: TIME-WAIT without a timer")
	case c.state == FinWait2 && c.closed && c.timers[timerFinWait2] == 0:
		return fmt.Errorf("invariant: FIN-WAIT-2 without a timer on a closed connection")
	case c.ack.owed > 0:
		return fmt.Errorf("invariant: %d ACKs are owed and none came out", c.ack.owed)
	}
	return nil
}

// watched reports whether one of the timers runs that watch over what was sent.
func (c *Conn) watched() bool {
	return c.timers[timerRetransmit]|c.timers[timerReorder]|c.timers[timerLossProbe] != 0
}

func (c *Conn) checkSendSpace() error {
	if c.state == Closed || c.state == Listen {
		return nil
	}
	s := &c.snd
	end := s.buf.end
	switch {
	case s.nxt.Less(s.una):
		return fmt.Errorf("SND.UNA %d is beyond SND.NXT %d", s.una, s.nxt)
	case s.finSent && s.nxt != end.Add(1):
		return fmt.Errorf("FIN sent, and SND.NXT is not behind it")
	case !s.finSent && end.Less(s.nxt):
		return fmt.Errorf("SND.NXT is beyond the text")
	case s.finSent && !s.fin:
		return fmt.Errorf("a FIN was sent that nobody asked for")
	case c.win.Cwnd < c.win.MSS || c.win.Cwnd/2 > maxCwnd:
		return fmt.Errorf("congestion window %d with an MSS of %d", c.win.Cwnd, c.win.MSS)
	case (c.state == FinWait2 || c.state == TimeWait) && s.una != s.nxt:
		return fmt.Errorf("%v with something unacknowledged", c.state)
	}
	return nil
}

// checkQueue compares the accounts of the retransmission queue with its records.
func (c *Conn) checkQueue() error {
	if c.state == Closed || c.state == Listen {
		return nil
	}
	var flight Size
	lost, at := 0, c.snd.una
	for i := range c.sent.n {
		s := c.sent.at(i)
		if s.seq != at || s.n == 0 {
			return fmt.Errorf("record %d is at %d with %d bytes, not at %d", i, s.seq, s.n, at)
		}
		at = s.end()
		if s.lost {
			lost++
		}
		if s.flies() {
			flight += s.n
		}
	}
	switch {
	case c.sent.n > 0 && at != c.snd.nxt:
		return fmt.Errorf("the records end at %d, SND.NXT is %d", at, c.snd.nxt)
	case c.sent.n == 0 && c.snd.una != c.snd.nxt && !c.syn && !c.SynHeld():
		return fmt.Errorf("nothing is recorded of %d bytes in flight", c.snd.nxt.Sub(c.snd.una))
	case flight != c.sent.flight:
		return fmt.Errorf("flight is %d, the records say %d", c.sent.flight, flight)
	case lost != c.sent.lost:
		return fmt.Errorf("%d records are counted as lost, %d are", c.sent.lost, lost)
	}
	return nil
}

// checkWriteQueue walks the portions: together they are the text that waits.
func (c *Conn) checkWriteQueue() error {
	at := c.snd.nxt
	for i := range c.queue.len() {
		p := c.queue.at(i)
		if p.end.LessEq(at) {
			return fmt.Errorf("portion %d ends at %d, not behind %d", i, p.end, at)
		}
		at = p.end
	}
	if c.state != Closed && c.state != Listen && c.unsent() > 0 && at != c.snd.buf.end || c.unsent() == 0 && c.queue.len() > 0 {
		return fmt.Errorf("the portions end at %d, the text at %d", at, c.snd.buf.end)
	}
	return nil
}

// checkSendBuffer walks the chunks.
func (c *Conn) checkSendBuffer() error {
	b := &c.snd.buf
	at, last := b.start, (*chunk)(nil)
	for k := b.head; k != nil; k = k.next {
		if k.seq != at || k.dead || k.r > k.w || k.w > len(k.room) {
			return fmt.Errorf("chunk %d..%d of %d at %d, want it at %d", k.r, k.w, len(k.room), k.seq, at)
		}
		at, last = at.Add(Size(k.w-k.r)), k
	}
	switch {
	case at != b.end:
		return fmt.Errorf("the chunks end at %d, the send buffer at %d", at, b.end)
	case last != b.tail:
		return fmt.Errorf("the last chunk is not the tail")
	case b.len() > c.cfg.SendBuffer:
		return fmt.Errorf("%d bytes in a send buffer of %d", b.len(), c.cfg.SendBuffer)
	}
	return nil
}

func (c *Conn) checkRecvSpace() error {
	if c.state == Closed || c.state == Listen || c.state == SynSent {
		return nil
	}
	r := &c.rcv
	text := r.nxt
	if r.finned {
		text--
	}
	held := r.text.bytes + int(r.wnd())
	switch {
	case r.edge.Less(r.nxt):
		return fmt.Errorf("RCV.NXT %d is beyond the window's edge %d", r.nxt, r.edge)
	case r.text.next != text:
		return fmt.Errorf("RCV.NXT %d, but the text ends at %d", r.nxt, r.text.next)
	case held > c.cfg.RecvBuffer:
		return fmt.Errorf("%d bytes unread and a window of %d are more than the buffer of %d", r.text.bytes, r.wnd(), c.cfg.RecvBuffer)
	}
	return nil
}

// checkRuns walks the text that was received.
func (c *Conn) checkRuns() error {
	r := &c.rcv.text
	if n := runLen(&r.ready); n != r.bytes {
		return fmt.Errorf("%d bytes are ready, %d are counted", n, r.bytes)
	}
	if len(r.runs) > maxHoles {
		return fmt.Errorf("%d holes", len(r.runs))
	}
	at := r.next
	for i := range r.runs {
		u := &r.runs[i]
		if !at.Less(u.Start) || !u.Start.Less(u.End) {
			return fmt.Errorf("run %d..%d follows %d", u.Start, u.End, at)
		}
		if n := runLen(u); n != int(u.End.Sub(u.Start)) {
			return fmt.Errorf("run %d..%d holds %d bytes", u.Start, u.End, n)
		}
		at = u.End
	}
	if len(r.runs) > 0 && c.state != Closed && c.rcv.edge.Less(at) {
		return fmt.Errorf("text at %d beyond the window's edge %d", at, c.rcv.edge)
	}
	return nil
}

func runLen(u *run) int {
	n := 0
	for p := u.first; p != nil; p = p.next {
		n += len(p.b)
		if p.next == nil && p != u.last {
			return -1
		}
	}
	return n
}
