package tcp

import (
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// TCP Fast Open, RFC 7413 §4.2.2: the server takes text from a SYN with a good cookie, and may answer before the
// handshake is over.

// A FastOpenListen says how a listener takes fast opens. The zero value: not at all.
type FastOpenListen struct {
	// Queue is how many connections that were opened fast may be in the handshake at once (§5.1: an attacker
	// who has a cookie could fill memory otherwise). Beyond it a SYN is handled in the usual way. One that was accepted and then
	// reset in the handshake keeps its place for a minute: its SYN came from somebody else.
	Queue int
	// NoCookie takes text without a cookie, from anybody.
	NoCookie bool
	// Keys make and check the cookies.
	Keys *FastOpenKeys
}

// resetPenalty is how long a connection that was reset in the handshake keeps its place: as in Linux.
const resetPenalty = time.Minute

// served is the server's half of the state of a fast open.
type served struct {
	reply    Options // Fast Open option of the first SYN,ACK
	accepted bool    // the application has it
	reset    bool    // by the peer, in the handshake
	repeated uint32  // our timestamp when the SYN,ACK went again first
}

// fastListener is a listener's half.
type fastListener struct {
	FastOpenListen
	pending   map[*Conn]struct{} // in the handshake
	penalties []ip.Time          // when places of those that were reset become free
}

// SetFastOpen says how the listener takes fast opens from now on.
func (l *Listener) SetFastOpen(f FastOpenListen) { l.fast.FastOpenListen = f }

// FastOpenPending returns how many places of FastOpenListen.Queue are taken.
func (l *Listener) FastOpenPending() int { return len(l.fast.pending) + len(l.fast.penalties) }

// room reports whether another connection may be opened fast.
func (f *fastListener) room(now ip.Time) bool {
	if f.Queue <= 0 {
		return false
	}
	if len(f.pending)+len(f.penalties) < f.Queue {
		return true
	}
	if len(f.penalties) == 0 || now.Before(f.penalties[0]) {
		return false
	}
	f.penalties = f.penalties[1:]
	return true
}

// takeFast decides what becomes of the Fast Open option and the text of a SYN (§4.2.2): the child takes the text, or its
// SYN,ACK has a cookie, or both, or neither.
func (l *Listener) takeFast(now ip.Time, c *Conn, seg *Segment) {
	o, f := &seg.Options, &l.fast
	if len(seg.Text) == 0 && !o.HasFastOpen || !f.room(now) {
		return
	}
	key := 0
	if o.HasFastOpen && o.Cookie.n > 0 && f.Keys != nil {
		key = f.Keys.Check(o.Cookie, c.local.Addr(), c.remote.Addr())
	}
	c.fast = &fastOpen{server: f.NoCookie || key > 0}
	if o.HasFastOpen && key != 1 && !f.NoCookie && f.Keys != nil { // asked for, wrong, or of an old key
		reply := &c.fast.reply
		reply.Cookie = f.Keys.Cookie(c.local.Addr(), c.remote.Addr())
		reply.HasFastOpen, reply.FastOpenExp = reply.Cookie.n > 0, o.FastOpenExp
	}
	if c.fast.server {
		if f.pending == nil {
			f.pending = map[*Conn]struct{}{}
		}
		f.pending[c] = struct{}{}
	}
}

// Served follows each change of state of a connection that was opened fast, whether it was accepted or not, and
// reports whether the listener is done with it.
func (l *Listener) Served(now ip.Time, c *Conn) (done bool) {
	if c.FastOpenPending() {
		return false
	}
	if _, ok := l.fast.pending[c]; ok {
		delete(l.fast.pending, c)
		if c.fast.reset && c.fast.accepted && !l.closed {
			l.fast.penalties = append(l.fast.penalties, now.Add(resetPenalty))
		}
	}
	return true
}

// FastOpenPending reports whether the connection has taken text from a SYN and is still in the handshake.
func (c *Conn) FastOpenPending() bool {
	return c.early() && !c.snd.synAcked && c.state != Closed
}

// early reports whether the connection has taken its peer's SYN with the text, and may itself send before the handshake is over.
func (c *Conn) early() bool { return c.fast != nil && c.fast.server }

// unacked returns how many bytes are not acknowledged, SYN and FIN included, but not a SYN,ACK that text went beyond.
func (c *Conn) unacked() int {
	n := int(c.snd.nxt.Sub(c.snd.una))
	if c.FastOpenPending() {
		n--
	}
	return n
}

// finWaits reports whether the FIN of a half close waits for the end of the handshake, as in Linux; that of a Close does not.
func (c *Conn) finWaits() bool { return c.state == SynReceived && c.early() && !c.closed }

// takeSynText takes the text of a SYN. A FIN in it is left to come again.
func (c *Conn) takeSynText(now ip.Time, seg *Segment) {
	if !c.early() {
		return
	}
	c.rcv.edge = c.rcv.nxt.Add(c.synWindow())
	seg.Seq, seg.Flags = seg.Seq.Add(1), seg.Flags&^(SYN|FIN)
	c.trim(now, seg)
	if len(seg.Text) > 0 {
		c.fast.acked = true
		c.measureSegment(seg)
		c.rcv.text.add(seg.Seq, seg)
		c.rcv.nxt = c.rcv.text.next
		c.stats.BytesReceived = uint64(c.rcv.text.bytes)
		c.changes |= ChangeReadable
	}
	c.ack.owed = 0 // the SYN,ACK says it
}

// replyFast adds the Fast Open option to the first SYN,ACK. Later ones have none, in case it is what stops them.
func (c *Conn) replyFast(o *Options) {
	if c.fast == nil || c.sent.n > 0 {
		return
	}
	if r := &c.fast.reply; r.HasFastOpen && o.len()+r.len() <= maxOptions {
		o.HasFastOpen, o.FastOpenExp, o.Cookie = true, r.FastOpenExp, r.Cookie
	}
}

// synLost follows a timeout in the handshake. Text that was sent early waits: it is thought lost only
// with the second timeout, because the first may be the SYN,ACK's alone.
func (c *Conn) synLost(now ip.Time) {
	switch {
	case !c.early():
		c.sent.markAllLost(WhyRTO)
	case c.stats.expiries == 2:
		c.timeoutLoss(now)
	default:
		c.sent.markLost(0, WhyRTO)
		if c.stats.expiries == 1 {
			c.fast.repeated = c.tsNow(now)
		}
	}
}

// undoSynLost takes that back when the ACK of the handshake echoes the timestamp of the first SYN,ACK: the later
// ones, and with them all losses, were imagined (RFC 3522 §3.2).
func (c *Conn) undoSynLost(now ip.Time, seg *Segment) {
	o := &seg.Options
	if !c.early() || c.rec.state != CALoss || !c.opt.ts || !o.HasTS || int32(o.TSEcr-c.fast.repeated) >= 0 {
		return
	}
	syn := c.sent.at(0)
	syn.tx, syn.at = 1, syn.first // it is the first that is answered
	c.undoTimeout(now, "RFC 3522 §3.2")
}
