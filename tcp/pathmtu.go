package tcp

import (
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// What is known of the path MTU, and how it changes: RFC 1191, RFC 8201. What ICMP says is read in icmp.go, and plpmtud.go
// searches without it.

const (
	// defaultMinPathMTU is the least IPv4 path MTU that an ICMP error can make us believe in: smaller ones exist
	// only in attacks. Linux has the same floor, min_pmtu.
	defaultMinPathMTU = 552
	// minPathMTU6 is what every link of IPv6 carries (RFC 8200 §5).
	minPathMTU6 = 1280
	// defaultPathMTULife is how long a report holds: RFC 1191 §6.3 and RFC 8201 §4 recommend ten minutes.
	defaultPathMTULife = 10 * time.Minute
)

// A PathMTU is what is known of the path to a destination.
type PathMTU struct {
	MTU   int     // the longest IP packet that passes, in bytes
	Until ip.Time // when this is forgotten and longer packets are tried again; zero: nothing has been reported
	// Locked says that a router wants packets shorter than the floor. They are as long as the floor then, and without
	// DF: routers may cut them (IPv4 alone).
	Locked bool
}

// Reported returns what a router's report of an MTU makes of what was known of a path; ok is false when it changes nothing. A
// report never raises the MTU (RFC 1191 §3, RFC 8201 §4), and one of less than 1280 bytes over IPv6 counts for nothing (RFC 8201
// §4). Over IPv4 one below the floor is not believed: Linux takes the floor, lets routers cut the packets, and hears no more
// reports until that is forgotten.
func (c *Config) Reported(now ip.Time, old PathMTU, is4 bool, mtu int) (p PathMTU, ok bool) {
	if is4 && c.MTUReports == MTUReportsFloor {
		mtu = 0
	}
	switch {
	case mtu >= old.MTU, old.Locked, c.MTUReports == MTUReportsIgnored, !is4 && mtu < minPathMTU6:
		return old, false
	case is4 && mtu < c.MinPathMTU:
		return PathMTU{min(old.MTU, c.MinPathMTU), now.Add(c.PathMTULife), true}, true
	}
	return PathMTU{mtu, now.Add(c.PathMTULife), false}, true
}

// MTUReports says what a host makes of reports that packets were too long (Linux: ip_no_pmtu_disc, with its numbers). With any
// but the first, packets over IPv4 go without DF, so that routers may cut them.
type MTUReports uint8

// The choices.
const (
	MTUReportsBelieved MTUReports = iota // the path MTU is discovered, RFC 1191
	MTUReportsFloor                      // each report means Config.MinPathMTU
	MTUReportsIgnored                    // none is heard
	MTUReportsProved                     // those alone that quote a segment in flight: none about datagrams
)

// An MTUDiscover says what one connection does, as IP_MTU_DISCOVER.
type MTUDiscover uint8

// The choices.
const (
	MTUWant      MTUDiscover = iota // what Config.MTUReports says
	MTUDont                         // packets go without DF
	MTUDo                           // packets have DF
	MTUProbe                        // the same
	MTUInterface                    // packets go without DF, and reports are not heard
	MTUOmit                         // the same
)

// SetMTUDiscover chooses.
func (c *Conn) SetMTUDiscover(d MTUDiscover) { c.path.discover = d }

// mayCut reports whether routers may cut our packets: they have no DF.
func (c *Conn) mayCut() bool {
	switch c.path.discover {
	case MTUDo, MTUProbe:
		return false
	case MTUWant:
		return c.path.locked || c.cfg.MTUReports != MTUReportsBelieved
	}
	return true
}

// pathState is the path of one connection. Conn.mtu is its MTU.
type pathState struct {
	link     int // the MTU of our own link
	until    ip.Time
	locked   bool
	discover MTUDiscover
	search   mtuSearch
}

// PathMTU returns what the connection knows of its path.
func (c *Conn) PathMTU() PathMTU { return PathMTU{c.mtu, c.path.until, c.path.locked} }

// LearnPathMTU takes what somebody else has found out about the path, unless it is no less than what is known. It is an input.
// Before the handshake the MSS that we offer follows, as in Linux.
func (c *Conn) LearnPathMTU(now ip.Time, p PathMTU) {
	if p.MTU >= c.mtu && !p.Locked || p.Until <= now || c.path.discover >= MTUInterface {
		return
	}
	fresh := c.state != SynSent && !c.snd.synAcked && c.sent.n == 0
	if fresh {
		c.offerLess(p.MTU)
	}
	c.shrinkPath(now, p, "RFC 8201 §5.2")
	if fresh {
		c.resetWindow()
	}
}

// minOfferedMSS is the least MSS that we offer because of a report: Linux's min_adv_mss.
const minOfferedMSS = 256

// offerLess lowers the MSS that we offer to what packets of mtu bytes carry. RFC 1191 §3.1 would leave it alone, because
// the way back may be another. As in Linux it follows: more often the ways are the same, and the peer is spared the search.
func (c *Conn) offerLess(mtu int) {
	c.rcv.mss = min(c.rcv.mss, max(mtu-c.overhead(), minOfferedMSS))
	c.rcv.segMSS = min(c.rcv.segMSS, c.rcv.mss)
}

// shrinkPath takes a smaller path MTU, and sends again what was too long for it.
func (c *Conn) shrinkPath(now ip.Time, p PathMTU, rule string) {
	old := c.mtu
	c.mtu, c.path.until, c.path.locked = p.MTU, p.Until, p.Locked
	if c.mtu == old {
		return
	}
	c.limitSearch(now)
	c.win.MSS = c.fullMSS()
	if c.state == Closed {
		return // not opened yet
	}
	c.emitMTU(now, WhyICMP, rule)
	c.fastSynTooBig()
	c.cutAnew(now)
}

// cutAnew sends again what was in segments longer than those of now. That is no congestion: no window changes (RFC 1191 §6.5).
func (c *Conn) cutAnew(now ip.Time) {
	full := Size(c.fullMSS())
	lost := c.rec.lost
	for i := range c.sent.n {
		if s := c.sent.at(i); s.segment() > full && !s.sacked {
			c.lose(now, i, WhyPathMTU)
		}
	}
	if c.rec.lost != lost {
		c.startPathLoss(now)
	}
}

// startPathLoss enters the state of a loss that the length of segments explains. Nobody is told of a recovery, because there is
// none. A loss probe would now be sent before what is lost, and what comes back for it would make that look lost again.
func (c *Conn) startPathLoss(now ip.Time) {
	c.rec.force = true
	if c.snd.synAcked {
		c.rec.tlp = tlp{}
		c.setSendTimer(now, timerRetransmit, c.clampToUserTimeout(now, c.rtt.timeout(c.cfg.MaxRTO)))
	}
	quiet := c.rec.quiet || c.rec.state < CARecovery
	c.startQuietLoss()
	c.rec.quiet = quiet
}

// agePath forgets a report that is old, so that longer packets are tried again (RFC 1191 §6.3, RFC 8201 §4).
func (c *Conn) agePath(now ip.Time) {
	if c.path.until == 0 || now < c.path.until {
		return
	}
	c.mtu, c.path.until, c.path.locked = c.path.link, 0, false
	c.win.MSS = c.fullMSS()
	c.emitMTU(now, WhyTimeout, "RFC 8201 §4")
}

// emitMTU records that packets are of another length from now on.
func (c *Conn) emitMTU(now ip.Time, why Why, rule string) {
	if c.cfg.Trace == nil {
		return
	}
	e := c.event(now, EventMTU)
	e.Why, e.Rule, e.Bytes = why, rule, c.packetMTU()
	c.cfg.Trace(&e)
}
