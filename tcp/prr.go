package tcp

import "github.com/sockeye-tcp/sockeye/ip"

// Proportional Rate Reduction, RFC 9937: during recovery the window goes down to the threshold in step with what arrives.

// prr is its state, in bytes, under the names of §6.
type prr struct {
	delivered int // prr_delivered
	out       int // prr_out
	// from is RecoverFS. Departs from §6, which takes the flight: as in Linux it is the window at the start, the same
	// when that was used.
	from int
}

// startReduction starts a reduction of the window (§6.1).
func (c *Conn) startReduction(now ip.Time) {
	c.rec.high = c.snd.nxt
	c.rec.tlp = tlp{}
	c.rec.prr = prr{from: c.win.Cwnd}
	c.cc.Loss(now, &c.win, min(c.outstanding(), c.win.Cwnd)) // without what limited transmit has sent (RFC 5681 §3.2, step 2)
	c.ecnLoss()
}

// reduce sets the window after an ACK in recovery (§6.2). delivered is what it has newly acknowledged or SACKed, lost what
// was newly found lost.
func (c *Conn) reduce(delivered, lost int, advanced bool) {
	p, mss := &c.rec.prr, c.win.MSS
	if delivered <= 0 || p.from == 0 || c.ctl != nil {
		return
	}
	p.delivered += delivered
	pipe := c.inFlight()
	room := c.win.Ssthresh - pipe
	send := 0
	if room < 0 {
		share := (int64(p.delivered)*int64(c.win.Ssthresh) + int64(p.from) - 1) / int64(p.from) // an int may be too short
		send = roundUp(int(share), mss) - p.out
	} else {
		send = max(p.delivered-p.out, delivered)
		if advanced && lost == 0 {
			send += mss // §6.2: SafeACK
		}
		send = min(send, room)
	}
	if p.out == 0 {
		send = max(send, mss) // the fast retransmit itself
	}
	c.win.Cwnd = max(pipe+send, mss)
}

func roundUp(n, mss int) int { return (n + mss - 1) / mss * mss }

// endReduction ends it: the window is the threshold (§6.3), unless the algorithm has its own mind.
func (c *Conn) endReduction(now ip.Time) {
	if c.ctl != nil {
		c.ctl.Recovered(now, &c.win)
		return
	}
	if c.win.Ssthresh < maxCwnd && (c.rec.state == CACWR || c.rec.undo.on) {
		c.win.Cwnd = c.win.Ssthresh
	}
}

// reducing reports whether a reduction is under way.
func (c *Conn) reducing() bool { return c.rec.state == CACWR || c.rec.state == CARecovery }
