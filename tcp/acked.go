package tcp

import (
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// What an acknowledgement says about what was sent: which segments have arrived, how long that took, and what follows for
// the windows.

// An ackResult collects it.
type ackResult struct {
	dup            bool // a duplicate ACK
	advanced       bool // SND.UNA has advanced
	acked          int  // bytes of text newly acknowledged
	sacked         int  // bytes newly SACKed
	delivered      int  // bytes that are newly known to have arrived
	duplicate      bool // text came twice, the peer says
	probeDuplicate bool // that was the loss probe
	original       bool // something has arrived that was sent once, before the recovery
	again          bool // something was acknowledged that was sent more than once
	lostAgain      bool // something was lost again
	packets        int  // segments newly acknowledged or SACKed
	marks          int  // packets that came marked, the peer says
	setTimer       bool // the retransmission timer starts anew

	timed, timedSACK    bool // the times below are set: when what was sent once was sent
	first, last         ip.Time
	firstSACK, lastSACK ip.Time

	at ip.Time // when the acknowledgement came

	rate ackedRate
}

// sample notes the transmission time of a segment that was acknowledged.
func (r *ackResult) sample(at ip.Time) {
	if !r.timed {
		r.timed, r.first = true, at
	}
	r.last = at
}

// sampleSACK notes that of one that was SACKed.
func (r *ackResult) sampleSACK(at ip.Time) {
	if !r.timedSACK {
		r.timedSACK, r.firstSACK = true, at
	}
	r.lastSACK = at
}

// advanceUna moves SND.UNA.
func (c *Conn) advanceUna(ack Seq) bool {
	if !c.snd.una.Less(ack) {
		return false
	}
	c.stats.BytesAcked += uint64(ack.Sub(c.snd.una))
	c.snd.una = ack
	c.snd.buf.ack(ack)
	c.tellWriter()
	c.stats.expiries = 0
	c.snd.small = maxSeq(c.snd.small, ack) // keeps within half of the sequence space
	return true
}

// ackNew takes the acknowledgement of our SYN, and of text that went with it.
func (c *Conn) ackNew(now ip.Time, seg *Segment) {
	r := ackResult{advanced: c.advanceUna(seg.Ack)}
	c.processAck(now, seg, &r)
}

// processAck follows SND.UNA.
func (c *Conn) processAck(now ip.Time, seg *Segment, r *ackResult) {
	rec := &c.rec
	r.at = seg.arrived(now)
	lost, fack, timedOut := rec.lost, rec.fack, rec.state == CALoss
	before := c.stats.Delivered
	c.takeSACK(r.at, seg, r)
	c.takeAcked(r.at, seg, r, fack)
	r.packets = int(c.stats.Delivered - before)
	c.accFeedback(now, seg, r)
	c.rateCount(r.at, r.delivered+r.sacked)
	c.mtuProbeAcked(now)
	c.measured(r.at, r)
	rec.fack = maxSeq(rec.fack, c.snd.una)
	if rec.state == CAOpen {
		rec.high = maxSeq(rec.high, c.snd.una)
	}
	rec.guarded = rec.guarded && !r.advanced
	if r.dup {
		rec.dupAcks++
	} else if r.advanced {
		rec.dupAcks = 0
	}
	c.rackWiden()
	c.probeAcked(now, seg, r)
	if r.dup || r.sacked > 0 || r.duplicate || rec.state != CAOpen {
		c.judge(now, seg, r)
	}
	if r.setTimer {
		c.setTimerAfterAck(now)
	}
	r.delivered += r.sacked
	s := c.rateSample(r.at, r, lost)
	switch {
	case c.ctl != nil:
		c.ctl.Control(now, &c.win, s)
	case c.reducing():
		c.reduce(r.delivered, int(rec.lost-lost), r.advanced)
	case r.acked > 0 && (timedOut || !rec.guarded):
		c.growWindow(r.at, AckSample{Acked: r.delivered, Flight: c.inFlight() + r.delivered, RTT: c.rtt.sampled(r, r.at), SRTT: c.rtt.srtt})
	}
}

// takeAcked takes the acknowledged records out of the queue.
func (c *Conn) takeAcked(now ip.Time, seg *Segment, r *ackResult, fack Seq) {
	lowest := c.snd.nxt
	c.stats.Delivered += uint64(c.sent.segments(c.snd.una, c.win.MSS))
	var syn sent
	for {
		s, ok := c.sent.ack(c.snd.una)
		if !ok {
			break
		}
		r.setTimer = true
		switch {
		case s.tx > 1:
			r.again = true
		case !s.sacked:
			r.sample(s.at)
			lowest = minSeq(lowest, s.seq)
			r.original = r.original || s.end().LessEq(c.rec.high)
		}
		if s.flags.Has(SYN) {
			syn, s.n = s, s.n-1
		}
		r.acked += int(s.n)
		if !s.sacked {
			r.delivered += int(s.n)
			c.rackAdvance(now, &s)
			r.rate.add(&s)
		}
	}
	c.measureRTT(now, seg, r)
	if syn.n > 0 {
		c.measureSyn(syn)
	}
	switch {
	case !r.setTimer:
		c.timerAfterSACK(now, r)
	case c.opt.sack:
		if lowest.Less(fack) {
			c.learnReordering(lowest)
		}
	default:
		r.original = r.original && !r.again
		r.delivered = c.takeReno(r.acked)
	}
}

// takeReno says how much an ACK has delivered where there is no SACK: some of it was counted by duplicate ACKs.
func (c *Conn) takeReno(acked int) int {
	mss := c.win.MSS
	segments := (acked + mss - 1) / mss
	n := max(acked-c.rec.reno*mss, min(acked, mss))
	c.rec.reno = max(0, c.rec.reno-max(segments-1, 0))
	return n
}

// timerAfterSACK: a SACK of what was sent after the first segment was last sent shows that the path works, and the timer starts anew.
func (c *Conn) timerAfterSACK(now ip.Time, r *ackResult) {
	r.setTimer = r.timedSACK && c.sent.n > 0 && c.sent.at(0).at < r.firstSACK
}

// measureRTT takes a sample from an ACK: from the first transmission that it acknowledges when nothing of it
// was sent twice (Karn, RFC 6298 §3; MUST-18), else from a SACK, else from the echoed timestamp (RFC 7323 §4.1).
func (c *Conn) measureRTT(now ip.Time, seg *Segment, r *ackResult) {
	o := &seg.Options
	var rtt, latest time.Duration
	switch {
	case r.timed && !r.again:
		rtt, latest = now.Sub(r.first), now.Sub(r.last)
	case r.timedSACK:
		rtt, latest = now.Sub(r.firstSACK), now.Sub(r.lastSACK)
	case r.setTimer && c.opt.ts && o.HasTS && o.TSEcr != 0:
		// Less than a tick counts as one, as in Linux: as nothing, it would be the shortest round trip for ever.
		rtt = time.Duration(max(c.tsNow(now)-o.TSEcr, 1)) * time.Duration(tsTick)
		if rtt < 0 || rtt > c.cfg.MaxRTO*2 {
			return // no echo of ours
		}
		latest = rtt
	default:
		return
	}
	c.rtt.sample(rtt, latest, c.cfg.MinRTO)
}
