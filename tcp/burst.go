package tcp

import (
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// How much may go at once: the peer's window, the congestion window, Nagle and silly windows, and the size of packets
// that a device cuts into segments.

// maxPacketText bounds the text of one packet that is cut into segments later: 64 KiB less all headers, as in Linux.
const maxPacketText = 65215

// A held says what holds text back.
type held uint8

const (
	heldNot        held = iota
	heldCongestion      // the congestion window is full
	heldWindow          // the peer's window is
	heldSmall           // a full segment could go; this waits for more text, or an ACK
	heldPacing          // it is not yet its turn
)

// plan returns how much of portion i may go now in one packet from at on, when all before that has gone, or what holds it back.
// It joins the peer's window, the congestion window, Nagle (§3.7.4) and silly-window avoidance (§3.8.6.2.1, MUST-38).
// However it was written, text leaves in full segments as far as there is enough of it (SHLD-27, SHLD-28, MAY-16).
func (c *Conn) plan(now ip.Time, i int, at Seq, mss int) (int, held) {
	n := int(c.queue.at(i).end.Sub(at))
	flight := c.inFlight() + int(at.Sub(c.snd.nxt))
	size := min(n, c.packetLimit(mss))
	if room := c.win.Cwnd - flight; room < size {
		switch {
		case room >= mss:
			size = room - room%mss
		case flight > 0:
			return 0, heldCongestion
		default:
			size = min(n, mss)
		}
	}
	usable := c.usable() - int(at.Sub(c.snd.nxt))
	if usable < min(n, mss) {
		if usable <= 0 || 2*usable < int(c.snd.maxWnd) { // condition 3, Fs = 1/2
			return 0, heldWindow
		}
		return usable, heldNot
	}
	if n > mss {
		if why := c.defers(now, i, n, c.win.Cwnd-flight, usable, mss); why != heldNot {
			return 0, why
		}
	}
	if size = min(size, usable); size < n {
		return size - size%mss, heldNot
	}
	if rest := n % mss; rest > 0 && i == c.queue.len()-1 && c.holdsSmall(at) {
		if n < mss {
			return 0, heldSmall
		}
		size = n - rest
	}
	return size, heldNot
}

// holdsSmall reports whether a segment that is not full must wait, when no text follows it.
func (c *Conn) holdsSmall(at Seq) bool {
	switch {
	case c.finDue() || c.queue.flush || c.snd.urgent: // all there is (§3.8.6.2.1, condition 2; SHLD-7)
		return false
	case c.corked || c.queue.more || c.queue.writing:
		return true
	}
	return !c.noDelay && c.smallOutstanding(at)
}

// smallOutstanding is Nagle's question in Minshall's form: is a segment that was not
// full unacknowledged? Departs from §3.7.4, which asks for any unacknowledged data: Linux
// does the same, because the last portion of a large write would wait for nothing.
func (c *Conn) smallOutstanding(at Seq) bool {
	return c.snd.una.Less(c.snd.small) && c.snd.small.LessEq(at)
}

// packetLimit is the most text of one packet: half of the congestion window, so that two are under way, and what leaves in
// a millisecond at the rate of pacing or, where there is none, at twice the present rate, but two segments in any case. It is more on
// short paths, unless congestion control has its own rate: the quantum of draft-ietf-ccwg-bbr-06 §5.6.3 is none of those. The sizes are
// Linux's. A packet is cut into segments by the device, or here.
func (c *Conn) packetLimit(mss int) int {
	if c.snd.urgent {
		return mss
	}
	rate := c.paceRate()
	if rate == 0 && c.rtt.srtt > 0 {
		rate = c.windowRate()
	} else if rate == 0 {
		rate = maxPacketText << 10
	}
	n := int(min(rate>>10, maxPacketText))
	if us := c.rtt.min / time.Microsecond; c.win.PacingRate == 0 && c.rtt.min > 0 && us>>9 < 32 {
		n += maxPacketText >> (us >> 9)
	}
	n = max(min(n, maxPacketText)/mss, c.cfg.PacketSegments)
	return min(n, max(c.win.Cwnd/mss/2, 1)) * mss
}

// portionGoal is how long a portion grows: as long as a packet can be, but half of the largest window at most.
func (c *Conn) portionGoal() int {
	mss, n := c.fullMSS(), maxPacketText
	if wnd := int(c.snd.maxWnd); wnd > defaultMSS4 {
		n = min(n, wnd/2)
	} else if wnd > 0 {
		n = min(n, wnd)
	}
	return max(n-n%mss, mss)
}

// fit returns how much unsent text may go in one output, and whether anything may; 0 bytes are a bare FIN. A packet of
// several segments that the device does not cut goes out as so many outputs.
func (c *Conn) fit(now ip.Time, mss int) (int, held) {
	if c.unsent() == 0 {
		if c.usable() > 0 {
			return 0, heldNot
		}
		return 0, heldWindow
	}
	q := &c.queue
	rest := min(int(int32(q.packet-c.snd.nxt)), c.burst(mss))
	if rest > 0 && rest <= c.usable() && rest <= c.win.Cwnd-c.inFlight() {
		return rest, heldNot
	}
	if c.paceHolds(now) {
		return 0, heldPacing
	}
	c.growPortion(mss)
	n, held := c.plan(now, 0, c.snd.nxt, mss)
	n = c.paceCut(n, mss)
	q.packet, q.several = c.snd.nxt.Add(Size(n)), n > mss
	return min(n, c.burst(mss)), held
}

// growPortion lets the first portion have text of the second, when it is shorter than the packet that could go.
func (c *Conn) growPortion(mss int) {
	q := &c.queue
	limit := min(c.packetLimit(mss), max(c.win.Cwnd-c.inFlight(), mss)/mss*mss)
	for q.len() > 1 && !q.at(0).eor && q.gone.Less(q.at(0).end) { // what had left before more was written
		p, next := q.at(0), q.at(1)
		missing := limit - int(p.end.Sub(c.snd.nxt))
		if missing <= 0 {
			return
		}
		if have := int(next.end.Sub(p.end)); missing < have {
			p.end = p.end.Add(Size(missing))
			return
		}
		next.push = next.push || p.push
		q.head++
	}
}

// burst is the most text that one output may carry: one segment, or as many as the device cuts itself.
func (c *Conn) burst(mss int) int {
	if c.gso == 0 || c.snd.urgent || c.ecn.confirm || c.ecn.acc.uncuttable() { // CWR is for one segment
		return mss
	}
	n := c.gso - c.overhead() - maxOptions
	return max(mss, n-n%mss)
}
