package tcp

import (
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// Spurious recoveries, and taking them back: by timestamps (Eifel, RFC 3522 and RFC 4015), or when every retransmission was
// reported to be a duplicate (RFC 3708).

// undo remembers how things were before a recovery.
type undo struct {
	on          bool
	marker      Seq // SND.UNA then
	retransmits int // segments sent again that no duplicate was reported for; -1: none was sent yet
	cwnd        int
	ssthresh    int
	first       ip.Time // when the first was sent again; 0: none was
}

// startUndo remembers how things are.
func (c *Conn) startUndo() {
	u := undo{on: true, marker: c.snd.una, retransmits: -1, cwnd: c.win.Cwnd, ssthresh: c.win.Ssthresh}
	if c.rec.tlp.on && c.rec.tlp.again {
		u.retransmits = 1
	}
	c.rec.undo = u
}

// noteRetransmit counts a segment that is sent again in a recovery.
func (c *Conn) noteRetransmit(now ip.Time) {
	u := &c.rec.undo
	u.retransmits = max(u.retransmits, 0) + 1
	if u.first == 0 {
		u.first = now
	}
}

// mayUndo reports whether the recovery was for nothing.
func (c *Conn) mayUndo(now ip.Time, seg *Segment) bool {
	u := &c.rec.undo
	return u.on && (u.retransmits == 0 || c.wasDelayed(now, seg))
}

// wasDelayed reports whether an ACK answers what was sent before the first retransmission (RFC 3522 §3.2).
func (c *Conn) wasDelayed(now ip.Time, seg *Segment) bool {
	u := &c.rec.undo
	if u.first == 0 {
		return true
	}
	if !c.opt.ts || !seg.Options.HasTS || seg.Options.TSEcr == 0 {
		return false
	}
	sent := c.tsNow(now) - uint32(now.Sub(u.first)/time.Duration(tsTick))
	return int32(seg.Options.TSEcr-sent) < 0
}

// undoReduction takes the reduction back, and with forget what was thought lost as well.
func (c *Conn) undoReduction(now ip.Time, forget bool, rule string) {
	u := &c.rec.undo
	if forget {
		for i := range c.sent.n {
			if s := c.sent.at(i); s.lost {
				c.sent.unmark(i)
			}
		}
	}
	c.win.Cwnd = max(c.win.Cwnd, u.cwnd)
	c.win.Ssthresh = max(c.win.Ssthresh, u.ssthresh)
	u.on = false
	c.cc.Undone(now, &c.win)
	c.rec.rack.advanced = true // look for losses anew
	c.emitWhy(now, EventRecovery, WhyUndo, rule)
}
