package tcp

import (
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// RACK, RFC 8985 §6: a segment is lost when one that was sent sufficiently later has arrived.

const (
	// rackPersist is for how many recoveries a wider reordering window stays (§6.2, step 4).
	rackPersist = 16
	// timerSlack is added to waits for reordering and for a loss probe, as in Linux: two ticks of its clock.
	timerSlack = 2 * time.Millisecond
)

// rack is the state of RACK, under the names of §5.3.
type rack struct {
	at       ip.Time // RACK.xmit_ts: when the most recently sent segment that has arrived was sent
	end      Seq     // RACK.end_seq: its end
	rtt      time.Duration
	advanced bool // a segment has arrived since losses were last looked for

	mult      int // RACK.reo_wnd_mult less one
	persist   int
	duplicate bool // a duplicate was reported since mult was last raised
	round     Seq  // SND.NXT then: mult is raised once a round trip
}

// rackAdvance learns from a segment that has arrived (§6.2, steps 1 and 2).
func (c *Conn) rackAdvance(now ip.Time, s *sent) {
	k := &c.rec.rack
	rtt := now.Sub(s.at)
	if s.tx > 1 && rtt < c.rtt.min {
		return // it was the transmission before the last
	}
	k.advanced = true
	k.rtt = rtt
	if sentAfter(s.at, s.end(), k.at, k.end) {
		k.at, k.end = s.at, s.end()
	}
}

// sentAfter is RACK_sent_after of §6.2.
func sentAfter(at ip.Time, end Seq, at2 ip.Time, end2 Seq) bool {
	return at > at2 || at == at2 && end2.Less(end)
}

// rackWindow is RACK_update_reo_wnd (§6.2, step 4): how long to wait for a segment that is late.
func (c *Conn) rackWindow() time.Duration {
	if !c.rec.reordered && (c.rec.state >= CARecovery || c.sackedSegments() >= c.rec.reordering) {
		return 0
	}
	return min(c.rtt.min/4*time.Duration(c.rec.rack.mult+1), c.rtt.srtt)
}

// rackWiden raises the window after reports of duplicates, once a round trip (§6.2, step 4).
func (c *Conn) rackWiden() {
	k := &c.rec.rack
	if !k.duplicate || c.snd.una.Less(k.round) {
		return
	}
	k.duplicate = false
	k.mult, k.persist, k.round = min(k.mult+1, 254), rackPersist, c.snd.nxt
}

// rackRecovered narrows the window again when enough recoveries have passed.
func (c *Conn) rackRecovered() {
	k := &c.rec.rack
	if k.persist > 0 {
		if k.persist--; k.persist == 0 {
			k.mult = 0
		}
	}
}

// rackDetect is RACK_detect_loss (§6.2, step 5). It returns how long to wait until it must be asked again, 0 for not at all.
func (c *Conn) rackDetect(now ip.Time) (wait time.Duration) {
	k := &c.rec.rack
	window := c.rackWindow()
	for i := range c.sent.n {
		s := c.sent.at(i)
		if s.sacked || s.waits() || !sentAfter(k.at, k.end, s.at, s.end()) {
			continue
		}
		if left := k.rtt + window - now.Sub(s.at); left > 0 {
			wait = max(wait, left)
			continue
		}
		c.lose(now, i, c.rackWhy())
	}
	return wait
}

// rackWhy tells a loss that duplicate ACKs prove from one that time does.
func (c *Conn) rackWhy() Why {
	if c.rec.state < CARecovery && c.sackedSegments() >= c.rec.reordering {
		return WhyFastRetransmit
	}
	return WhyRACK
}

// rackAcked looks for losses after an ACK that came at the time at, and reports whether the reordering timer runs then. What
// was missing then may have come in the meantime, and wait behind this ACK.
func (c *Conn) rackAcked(at ip.Time) bool {
	k := &c.rec.rack
	if !k.advanced {
		return false
	}
	k.advanced = false
	wait := c.rackDetect(at)
	if wait == 0 {
		return false
	}
	c.setSendTimer(at, timerReorder, (wait + timerSlack).Truncate(time.Millisecond))
	return true
}

// reorderTimeout follows the reordering timer: what is still missing is lost (§6.3).
func (c *Conn) reorderTimeout(now ip.Time) {
	lost := c.rec.lost
	c.rackDetect(now)
	if c.rec.lost != lost && c.rec.state != CARecovery && !c.mtuProbeLost(now) {
		c.enterRecovery(now, WhyRACK)
		c.reduce(c.win.MSS, int(c.rec.lost-lost), false)
	}
	if c.timers[timerRetransmit] == 0 {
		c.rearmRTO(now)
	}
}
