package tcp

import "github.com/sockeye-tcp/sockeye/ip"

// Loss recovery: fast retransmit (RFC 5681 §3.2), with SACK by RACK (RFC 8985), without by NewReno (RFC 6582). The states and the
// order of things are Linux's.

// A CAState is what congestion control thinks of the path.
type CAState uint8

// The states, with Linux's numbers.
const (
	CAOpen     CAState = iota // nothing is wrong
	CADisorder                // duplicate ACKs or SACK blocks came, no more than reordering brings
	CACWR                     // the window is being reduced, and nothing is to be sent again
	CARecovery                // fast recovery
	CALoss                    // after a retransmission timeout
)

var caNames = [...]string{"open", "disorder", "window reduction", "recovery", "loss"}

// String names the state in a word or two.
func (s CAState) String() string { return nameOf(caNames[:], int(s)) }

// recovery is the state of loss recovery.
type recovery struct {
	state      CAState
	dupAcks    int    // duplicate ACKs in a row
	reno       int    // without SACK: segments that have arrived behind a gap, by the count of duplicate ACKs
	high       Seq    // SND.NXT when the state was entered: "recover" of RFC 6582, RecoveryPoint of RFC 6675
	fack       Seq    // end of the highest SACKed
	reordering int    // how far segments may come out of order, in segments
	reordered  bool   // reordering was seen
	lost       uint64 // bytes that were found lost, ever
	guarded    bool   // without SACK: a recovery has just ended, and duplicate ACKs may come from it
	force      bool   // the next retransmission may exceed the window
	frto       bool   // whether a timeout was spurious is not yet known (RFC 5682)
	hold       bool   // new text goes first, to find that out
	quiet      bool   // what is sent again was too long for the path: no recovery to speak of
	undo       undo
	prr        prr
	rack       rack
	tlp        tlp
}

// start prepares recovery for a connection whose first sequence number is iss.
func (r *recovery) start(iss Seq) {
	*r = recovery{high: iss, fack: iss, reordering: minReordering, rack: rack{end: iss, round: iss}}
}

// recovering reports whether a loss is being repaired.
func (c *Conn) recovering() bool { return c.rec.state >= CARecovery }

// repairing is recovering, without the losses that the length of segments explains.
func (c *Conn) repairing() bool { return c.recovering() && !c.rec.quiet }

// inFlight returns how many bytes are in the network: sent, and neither acknowledged nor thought lost.
func (c *Conn) inFlight() int { return max(0, int(c.sent.flight)-c.rec.reno*c.win.MSS) }

// setCA changes the state.
func (c *Conn) setCA(s CAState) { c.rec.state, c.rec.quiet = s, false }

// lose takes record i for lost.
func (c *Conn) lose(now ip.Time, i int, why Why) {
	s := c.sent.at(i)
	fresh := !s.waits() && !s.sacked
	if fresh {
		c.rec.lost += uint64(s.n)
	}
	c.sent.markLost(i, why)
	if fresh {
		c.lostText(now, s, why)
	}
}

// judge decides what an ACK means that is a duplicate, reports something, or comes in a recovery.
func (c *Conn) judge(now ip.Time, seg *Segment, r *ackResult) {
	if c.reneged(now, r) {
		return
	}
	rec := &c.rec
	switch {
	case rec.state == CAOpen:
		rec.undo.first = 0
	case c.snd.una.Less(rec.high):
	case rec.state == CACWR && c.snd.una != rec.high:
		c.endReduction(now)
		c.setCA(CAOpen)
	case rec.state == CARecovery:
		rec.reno = 0
		c.recovered(now, seg)
	}
	switch rec.state {
	case CARecovery:
		c.judgeInRecovery(now, seg, r)
	case CALoss:
		c.judgeAfterTimeout(now, seg, r)
	default:
		if !c.opt.sack && r.advanced {
			rec.reno = 0
		}
		c.judgeOpen(now, seg, r)
	}
}

// judgeInRecovery takes an ACK in fast recovery that does not end it (RFC 6582 §3.2 step 3, RFC 6675 §5).
func (c *Conn) judgeInRecovery(now ip.Time, seg *Segment, r *ackResult) {
	if !r.advanced {
		c.addReno(r)
	} else if c.undoPartial(now, seg) {
		return
	}
	if c.rec.undo.on && c.rec.undo.retransmits == 0 {
		c.undoReduction(now, false, "RFC 3708 §3")
		c.keepOpen()
	}
	c.findLosses(r)
	if c.rec.state != CARecovery && c.sent.lost > 0 {
		c.enterRecovery(now, c.rackWhy())
	}
}

// judgeOpen takes an ACK outside of recovery, which may show a loss.
func (c *Conn) judgeOpen(now ip.Time, seg *Segment, r *ackResult) {
	if !r.advanced || c.rec.state != CALoss {
		c.addReno(r)
	}
	if c.rec.state <= CADisorder && c.rec.undo.on && c.rec.undo.retransmits == 0 {
		c.undoReduction(now, false, "RFC 3708 §3")
	}
	why := c.rackWhy()
	c.findLosses(r)
	switch {
	case c.sent.lost > 0 && c.mtuProbeLost(now):
	case c.sent.lost > 0:
		c.enterRecovery(now, why)
	case c.rec.state != CACWR:
		c.keepOpen()
	}
}

// keepOpen is the state when nothing is lost: open, or disorder while something is missing.
func (c *Conn) keepOpen() {
	s := CAOpen
	if c.sent.sacked > 0 || c.rec.reno > 0 || c.sent.lost > 0 || c.sent.n > 0 && c.sent.at(0).tx > 1 {
		s = CADisorder
	}
	if s != c.rec.state {
		c.setCA(s)
		c.rec.high = c.snd.nxt
	}
}

// addReno counts a duplicate ACK where there is no SACK: a segment has arrived behind the gap (RFC 5681 §3.2).
func (c *Conn) addReno(r *ackResult) {
	if c.opt.sack || !r.dup {
		return
	}
	mss := c.win.MSS
	packets := (c.outstanding() + mss - 1) / mss
	if c.rec.reno+1 < packets { // one at least is missing
		c.rec.reno++
		r.delivered += mss
		c.rateCount(r.at, mss)
	}
}

// findLosses looks for losses: by RACK, or without SACK by counting (RFC 6582 §3.2 steps 2 and 3).
func (c *Conn) findLosses(r *ackResult) {
	if c.opt.sack {
		again := c.sent.again
		if c.rackAcked(r.at) {
			r.setTimer = false
		}
		r.lostAgain = r.lostAgain || c.sent.again < again
		return
	}
	switch {
	case c.sent.n == 0 || c.sent.at(0).lost || c.rec.guarded:
	case c.rec.state < CARecovery && c.rec.reno >= c.rec.reordering:
		c.loseFirst(r.at, WhyFastRetransmit)
	case c.rec.state == CARecovery && r.advanced:
		c.loseFirst(r.at, WhyPartialAck)
		c.rec.force = true // "retransmit the first unacknowledged segment", whatever the window is
	}
}

// loseFirst takes the first segment in flight for lost, and no more of what the device was to cut into many.
func (c *Conn) loseFirst(now ip.Time, why Why) {
	c.sent.split(0, Size(c.fullMSS()))
	c.lose(now, 0, why)
}

// enterRecovery starts fast recovery.
func (c *Conn) enterRecovery(now ip.Time, why Why) {
	reduced := c.reducing()
	c.startUndo()
	if !reduced {
		c.startReduction(now)
	}
	c.setCA(CARecovery)
	rule := "RFC 6582 §3.2"
	if c.opt.sack {
		rule = "RFC 8985 §6.2"
	}
	c.emitWhy(now, EventRecovery, why, rule)
}

// recovered ends a recovery when all is acknowledged that was outstanding at its start, or takes it back. Without SACK, duplicate
// ACKs prove nothing until more is acknowledged (RFC 6582 §3.2 step 2): they may answer what was sent again.
func (c *Conn) recovered(now ip.Time, seg *Segment) {
	if c.mayUndo(now, seg) {
		c.undoReduction(now, false, "RFC 4015 §3")
	} else if c.rec.state == CARecovery || c.ctl != nil {
		c.endReduction(now)
	}
	c.rec.guarded = !c.opt.sack && c.snd.una == c.rec.high
	quiet := c.rec.quiet
	c.setCA(CAOpen)
	c.rackRecovered()
	if !quiet {
		c.emitWhy(now, EventRecovery, WhyRecovered, "RFC 6582 §3.2")
	}
}

// undoPartial looks at a partial ACK that answers the original transmission: it came late, and nothing need be sent again
// as long as that is in question.
func (c *Conn) undoPartial(now ip.Time, seg *Segment) (wait bool) {
	if !c.rec.undo.on || !c.wasDelayed(now, seg) {
		return false
	}
	if c.sent.again > 0 {
		return true
	}
	c.undoReduction(now, true, "RFC 4015 §3")
	c.keepOpen()
	return false
}

// reneged reports whether the peer has taken a SACK back, which it may (RFC 2018 §8): what it had is the first that is
// missing. A short timeout makes sure, and everything is sent again.
func (c *Conn) reneged(now ip.Time, r *ackResult) bool {
	if !r.advanced || c.sent.n == 0 || !c.sent.at(0).sacked {
		return false
	}
	r.setTimer, r.rate.any = false, false
	c.setSendTimer(now, timerRetransmit, max(c.rtt.srtt/2, renegeWait))
	return true
}

// growWindow lets the algorithm raise the window, but only when the window is
// what limits the sender: an idle or slow application must not grow it (RFC 7661).
func (c *Conn) growWindow(now ip.Time, s AckSample) {
	if s.Acked > 0 && !c.ecn.reducing && c.windowLimits() {
		s.Marked, c.ecn.acc.marked = c.ecn.acc.marked, 0
		c.cc.Acked(now, &c.win, s)
	}
}
