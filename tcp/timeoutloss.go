package tcp

import (
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// What a retransmission timeout means (RFC 5681 §3.1, RFC 6298 §5.4), and whether it was spurious (F-RTO, RFC 5682).

// renegeWait is the least time that a peer has for showing that it still has what it has SACKed, as in Linux.
const renegeWait = 10 * time.Millisecond

// timeoutLoss takes what is outstanding for lost, except, with SACK, what was sent so late that it may still
// arrive (RFC 8985 §6.3).
func (c *Conn) timeoutLoss(now ip.Time) {
	rec := &c.rec
	fresh := rec.state < CARecovery
	c.loseOutstanding(now)
	// "the value of ssthresh is held constant" when the retransmission is lost as well
	again := rec.state > CADisorder && c.snd.una.Less(rec.high) && (rec.state != CALoss || c.stats.expiries != 1)
	if !again {
		c.startUndo()
	}
	c.cc.Timeout(now, &c.win, c.outstanding(), again)
	if rec.state <= CADisorder && c.sackedSegments() >= minReordering {
		rec.reordering = min(rec.reordering, minReordering)
	}
	c.win.Cwnd = c.inFlight() + c.win.MSS
	c.pace.next = now // it has waited long enough
	c.ecnLoss()
	c.accTimeout()
	c.setCA(CALoss)
	rec.dupAcks, rec.reno, rec.high, rec.tlp = 0, 0, c.snd.nxt, tlp{}
	rec.frto, rec.hold = fresh || c.stats.expiries > 1, false // RFC 5682 §3.1 step 1
	c.emitWhy(now, EventRecovery, WhyRTO, "RFC 5681 §3.1")
}

// loseOutstanding marks it.
func (c *Conn) loseOutstanding(now ip.Time) {
	reneged := c.sent.n > 0 && c.sent.at(0).sacked
	for i := range c.sent.n {
		s := c.sent.at(i)
		switch {
		case reneged:
			c.sent.unmark(i)
		case s.sacked, c.opt.sack && i > 0 && c.rec.rack.rtt > now.Sub(s.at):
			continue
		}
		c.lose(now, i, WhyRTO)
	}
}

// startQuietLoss enters the state of a loss that is no sign of congestion: no window changes.
func (c *Conn) startQuietLoss() {
	if c.rec.state != CALoss {
		c.rec.high, c.rec.undo.on, c.rec.frto = c.snd.nxt, false, false
		c.setCA(CALoss)
	}
}

// judgeAfterTimeout takes an ACK in the state of loss.
func (c *Conn) judgeAfterTimeout(now ip.Time, seg *Segment, r *ackResult) {
	c.processLoss(now, seg, r)
	if c.rec.state != CALoss {
		c.judgeOpen(now, seg, r)
		return
	}
	c.findLosses(r)
	if r.lostAgain {
		c.judgeOpen(now, seg, r)
	}
}

// processLoss is the end of the state, and F-RTO with SACK (RFC 5682 §3.1).
func (c *Conn) processLoss(now ip.Time, seg *Segment, r *ackResult) {
	rec := &c.rec
	recovered := rec.high.LessEq(c.snd.una)
	if r.advanced && c.mayUndo(now, seg) && rec.undo.on {
		c.undoTimeout(now, "RFC 4015 §3")
		return
	}
	if rec.frto {
		if r.original { // step 3 (b): what was sent once has arrived
			c.undoTimeout(now, "RFC 5682 §3.1")
			return
		}
		switch {
		case rec.high.Less(c.snd.nxt):
			if r.sacked > 0 || r.dup {
				rec.frto = false // step 3 (a): the loss was real
			}
		case r.advanced && !recovered:
			rec.high = c.snd.nxt
			if c.unsent() > 0 && c.usable() > 0 {
				rec.hold = true // step 2 (b): new text first
				return
			}
			rec.frto = false
		}
	}
	rec.hold = false
	if recovered {
		c.recovered(now, seg)
		return
	}
	if !c.opt.sack {
		if rec.high.Less(c.snd.nxt) && r.dup {
			c.addReno(r)
		} else if r.advanced {
			rec.reno = 0
		}
	}
}

// undoTimeout takes a timeout back that was spurious.
func (c *Conn) undoTimeout(now ip.Time, rule string) {
	c.undoReduction(now, true, rule)
	c.rec.frto, c.rec.hold = false, false
	c.setCA(CAOpen)
}
