package tcp

import "github.com/sockeye-tcp/sockeye/ip"

// TCP Fast Open, RFC 7413: text that goes with the SYN. This is the client (§4.2.1); the server is in fastopenserver.go.

// A FastOpen says how a connection is to be opened fast. Text in a SYN may reach the server's application twice, when
// the network duplicates the SYN (RFC 7413 §2.1): open that way only when that does no harm.
type FastOpen struct {
	// Cache knows the servers' cookies. It must be set.
	Cache *FastOpenCache
	// NoCookie sends text without a cookie, to servers that are known to take it.
	NoCookie bool
	// Defer lets the SYN wait for the first text, or for SendSyn, when it may carry some.
	Defer bool
	// Deliver lets Close and CloseWrite wait for the end of the handshake, so that text which was
	// accepted is sent. Without it they end the attempt, as in any other open (RFC 9293 §3.10.4).
	Deliver bool
}

// fastOpen is the state of a fast open; most connections have none.
type fastOpen struct {
	FastOpen
	held      bool // the SYN waits for text
	option    bool // our SYN has the option
	exp       bool // in its experimental form
	cookie    Cookie
	text      Size // sent with the SYN
	acked     bool // text that came with the SYN or went with it was taken
	probation bool // after a pause: the first to try again
	fail      FastOpenFail

	server bool // the text of the peer's SYN was taken
	served
}

// A FastOpenFail says why a connection that was to be opened fast was not.
type FastOpenFail uint8

// The reasons, with Linux's numbers.
const (
	FastOpenNoFail      FastOpenFail = iota
	FastOpenNoCookie                 // there was none
	FastOpenNotAcked                 // the server did not take the text
	FastOpenSynRepeated              // the SYN had to go again
)

func (c *Conn) fastOpenFail() FastOpenFail {
	if c.fast == nil {
		return FastOpenNoFail
	}
	return c.fast.fail
}

// SetFastOpen prepares a connection that has not been opened yet for a fast Open.
func (c *Conn) SetFastOpen(f FastOpen) { c.fast = &fastOpen{FastOpen: f} }

// FastOpenRoom returns how many bytes of text the SYN can carry that is still to be sent: 0 when it is no fast
// open, when there is no cookie, or when the SYN has gone. What Send takes beyond that waits for the end of the handshake.
func (c *Conn) FastOpenRoom(now ip.Time) int {
	if c.fast == nil || c.state != SynSent || c.sent.n > 0 {
		return 0
	}
	return c.planSyn(now)
}

// SynHeld reports whether the SYN waits for text; see FastOpen.Defer.
func (c *Conn) SynHeld() bool { return c.fast != nil && c.fast.held }

// SendSyn lets a SYN go that waits for text.
func (c *Conn) SendSyn() {
	if c.SynHeld() {
		c.fast.held, c.syn = false, true
	}
}

// openFast decides whether the SYN of an Open waits.
func (c *Conn) openFast(now ip.Time) {
	if f := c.fast; f != nil && f.Defer && c.planSyn(now) > 0 {
		f.held, c.syn = true, false
	}
}

// planSyn decides what the SYN has: the option, with a cookie or as a request for one, and how many bytes of text at
// most. The text leaves room for 40 bytes of options, in case a middlebox adds some, as in Linux.
func (c *Conn) planSyn(now ip.Time) (room int) {
	f := c.fast
	known := f.Cache.lookup(now, c.serverKey())
	f.option, f.cookie, f.exp = false, Cookie{}, false
	if f.Cache.Paused(now) {
		return 0
	}
	f.probation = f.Cache.paused > 0
	if !f.NoCookie {
		f.option, f.cookie, f.exp = true, known.cookie, known.exp
		if f.cookie.n == 0 {
			f.fail = FastOpenNoCookie
			return 0
		}
	}
	mss := c.rcv.mss
	if known.mss > 0 {
		mss = min(mss, known.mss)
	}
	return max(mss-maxOptions, 0)
}

func (c *Conn) serverKey() serverKey {
	return serverKey{c.local.Addr(), c.remote.Addr()}
}

// fastSyn adds option and text to the first SYN, and returns how many bytes of text it has (RFC 7413 §4.2.1).
func (c *Conn) fastSyn(now ip.Time, out *Output) Size {
	if c.fast == nil {
		return 0
	}
	room := c.planSyn(now)
	f := c.fast
	if out.Options.HasFastOpen = f.option; f.option {
		out.Options.FastOpenExp, out.Options.Cookie = f.exp, f.cookie
	}
	n := min(room, c.unsent())
	if n > 0 {
		c.snd.buf.text(c.snd.nxt, n, out)
		f.text = Size(n)
		c.snd.nxt = c.snd.nxt.Add(f.text)
		c.queue.sent(c.snd.nxt)
		c.lastSent = now
	}
	return f.text
}

// bareSyn follows a SYN that must go again. It takes nothing along (RFC 7413 §4.2.1: "retransmit the
// SYN without the data and the Fast Open option"), so the text is lost until the handshake is over.
func (c *Conn) bareSyn() {
	if c.fast == nil || c.fast.text == 0 {
		return
	}
	c.sent.split(0, 1)
	if c.sent.n > 1 {
		c.sent.markLost(1, WhySynText)
	}
}

// fastSynTooBig follows an ICMP error that says that a SYN with text was too long for the path: it goes again at once.
func (c *Conn) fastSynTooBig() {
	if c.state == SynSent && c.fast != nil && c.fast.text > 0 {
		c.syn = true
		c.rcv.mss = min(c.rcv.mss, c.mtu-c.overhead())
		c.rcv.segMSS = min(c.rcv.segMSS, c.rcv.mss)
	}
}

// ackSyn takes the acknowledgement of a SYN,ACK, which may or may not reach over text that went with the SYN.
func (c *Conn) ackSyn(now ip.Time, seg *Segment) {
	c.snd.synAcked = true
	if c.fast == nil || c.fast.text == 0 {
		c.ackNew(now, seg)
		return
	}
	if seg.Ack != c.snd.nxt {
		c.sent.split(0, 1) // what is left of it is text
	}
	syn := *c.sent.at(0)
	c.ackNew(now, seg)
	c.measureSyn(syn)
}

// fastOpened learns from a SYN,ACK (RFC 7413 §4.2.1), and sends text again that it does not acknowledge.
func (c *Conn) fastOpened(now ip.Time, seg *Segment) {
	const rule = "RFC 7413 §4.2.1"
	f := c.fast
	if f == nil || !f.option && f.text == 0 {
		return
	}
	o := &seg.Options
	cookie, try := o.Cookie, expUntried
	switch {
	case !f.option:
		cookie = Cookie{} // we did not ask
	case c.stats.Retransmits == 0 && !o.HasFastOpen && f.text == 0:
		try = expNext // it may know the old form
		if f.exp {
			try = expTried
		}
	}
	f.Cache.learn(now, c.serverKey(), int(o.MSS), cookie, o.FastOpenExp, try)
	if c.sent.n > 0 {
		if f.fail = FastOpenNotAcked; c.stats.Retransmits > 0 {
			f.fail = FastOpenSynRepeated
		}
		c.sent.markAllLost(WhySynText)
		c.startQuietLoss()
		c.rec.force = true
		c.emitWhy(now, EventRecovery, WhySynText, rule)
		return
	}
	f.acked = f.text > 0 || len(seg.Text) > 0
}

// fastTimeout notes that the network may swallow fast opens: three timeouts in a row, or fewer when the connection ends
// with them.
func (c *Conn) fastTimeout(now ip.Time, expired bool) {
	f := c.fast
	if f == nil || f.server || !f.option && f.text == 0 {
		return
	}
	if n := c.stats.expiries; n == fastTimeouts || n < fastTimeouts && expired {
		f.Cache.pause(now)
	}
}

// fastTimeouts is how many timeouts in a row make fast opens pause, as in Linux.
const fastTimeouts = 3

// silent reports whether a connection that was opened fast with the option has received no text at all.
func (f *fastOpen) silent(c *Conn) bool {
	return f != nil && !f.server && f.option && c.stats.BytesReceived == 0 && len(c.rcv.text.runs) == 0
}

// fastReset notes a RST that is not in order, before any text: the server's answer to the SYN's text was swallowed.
func (c *Conn) fastReset(now ip.Time) {
	if c.state == Established && c.fast.silent(c) {
		c.fast.Cache.pause(now)
	}
}

// fastEnd judges a connection that was opened fast by its end: one that saw a FIN behind text that never came speaks for
// a pause, one that received text against a longer one.
func (c *Conn) fastEnd(now ip.Time) {
	f := c.fast
	switch {
	case f == nil || f.server || !f.option:
	case f.silent(c) && c.rcv.fin && !c.rcv.finned:
		f.Cache.pause(now)
	case f.probation && c.stats.BytesReceived > 0:
		f.Cache.works()
	}
}

// closesLater lets a FIN wait for the end of the handshake; see FastOpen.Deliver. It reports whether it does.
func (c *Conn) closesLater() bool {
	if c.state != SynSent || c.fast == nil || !c.fast.Deliver || c.closed && c.snd.buf.len() == 0 {
		return false
	}
	c.SendSyn()
	c.snd.fin = true
	return true
}
