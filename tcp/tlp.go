package tcp

import (
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// Tail loss probes, RFC 8985 §7: when ACKs stay out, something is sent that brings one, long before the RTO.

// tlp is the state of the probe.
type tlp struct {
	due   bool
	on    bool // one is under way (TLP.end_seq is set)
	again bool // it sent the last segment again (TLP.is_retrans)
	end   Seq  // TLP.end_seq
}

// scheduleProbe is TLP_calc_PTO and when it applies (§7.2). It takes the place of the RTO. acked says that an ACK
// asks for it: the RTO then counts from now.
func (c *Conn) scheduleProbe(now ip.Time, acked bool) bool {
	if c.sent.n == 0 || !c.opt.sack || !c.snd.synAcked || c.rec.state != CAOpen && c.rec.state != CACWR {
		return false
	}
	pto := c.cfg.InitialRTO
	if c.rtt.srtt > 0 {
		pto = 2 * c.rtt.srtt
		if c.sent.n == 1 && int(c.sent.at(0).n) <= c.win.MSS {
			pto += c.cfg.MinRTO // its ACK may be a delayed one
		} else {
			pto += timerSlack
		}
		pto = (pto + time.Millisecond - 1).Truncate(time.Millisecond)
	}
	rto := c.rtt.timeout(c.cfg.MaxRTO)
	if !acked {
		rto -= now.Sub(c.sent.at(0).at)
	}
	if rto > 0 {
		pto = min(pto, rto)
	}
	c.setSendTimer(now, timerLossProbe, c.clampToUserTimeout(now, pto))
	return true
}

// probeTimeout makes a probe due (§7.3, TLP_send_probe), one in each episode.
func (c *Conn) probeTimeout(now ip.Time) {
	if c.inHost(c.sent.n - 1) {
		c.rearmRTO(now)
		return
	}
	c.rec.tlp.due = !c.rec.tlp.on
	if c.rec.tlp.on {
		c.rearmRTO(now)
	}
}

// sendLossProbe sends new text, or the last segment again. No window of congestion holds it back.
func (c *Conn) sendLossProbe(now ip.Time, out *Output) bool {
	t := &c.rec.tlp
	if !t.due {
		return false
	}
	t.due = false
	if c.sent.n == 0 {
		return false
	}
	if mss := c.fullMSS(); c.unsent() > 0 && c.usable() >= min(c.unsent(), mss) {
		mss = c.options(now, &out.Options)
		c.growPortion(mss)
		n := min(mss, int(c.queue.at(0).end.Sub(c.snd.nxt)), c.usable())
		c.transmit(now, out, n, mss, WhyLossProbe)
		c.usage.sent = false // no probe follows a probe
		*t = tlp{on: true, end: c.snd.nxt}
	} else {
		i := c.sent.n - 1
		if mss, n := Size(mss), c.sent.at(i).n; n > mss {
			c.sent.split(i, (n-1)/mss*mss)
			i++
		}
		c.resend(now, out, i, WhyLossProbe)
		*t = tlp{on: true, again: true, end: c.snd.nxt}
	}
	c.setSendTimer(now, timerRetransmit, c.clampToUserTimeout(now, c.rtt.timeout(c.cfg.MaxRTO)))
	return true
}

// probeAcked is TLP_process_ack (§7.4): did the probe repair a loss that nothing else has shown?
func (c *Conn) probeAcked(now ip.Time, seg *Segment, r *ackResult) {
	t := &c.rec.tlp
	if !t.on || seg.Ack.Less(t.end) {
		return
	}
	switch {
	case !t.again, r.probeDuplicate:
		*t = tlp{}
	case t.end.Less(seg.Ack):
		c.startReduction(now)
		c.setCA(CACWR)
		c.emitWhy(now, EventRecovery, WhyLossProbe, "RFC 8985 §7.4")
		c.endReduction(now)
		c.keepOpen()
	case !r.advanced && r.dup && r.sacked == 0:
		*t = tlp{}
	}
}
