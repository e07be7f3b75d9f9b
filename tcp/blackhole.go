package tcp

import "github.com/sockeye-tcp/sockeye/ip"

// Black holes: paths on which full segments vanish, and no router says so (RFC 2923 §2.1, RFC 4821 §7.7, RFC 8899 §4.3).

// seekBlackHole follows a retransmission timeout. From R1 timeouts in a row on, the segments may be too long for the path:
// they are made as short as the base, then half as long after each further timeout, and the search begins there. Segments that
// were no longer than the base from the start are left alone. Linux does the same, but counts R1 in time, and
// shortens the last as well.
func (c *Conn) seekBlackHole(now ip.Time) {
	if c.cfg.MTUProbing == MTUProbingOff || c.stats.expiries < c.cfg.R1 || c.windowClosed() {
		return
	}
	s := &c.path.search
	full := c.fullMSS()
	n := c.cfg.BaseMSS
	if full <= n {
		if !s.on {
			return
		}
		n = full / 2
	}
	n = max(n, c.cfg.MTUProbeFloor, c.cfg.MinSendMSS)
	if int(c.sent.at(0).segment()) <= n {
		return // what vanishes is short enough
	}
	if !s.on {
		c.startSearch(now)
	}
	s.low, s.probe = c.packetOf(n), 0
	s.mtu = s.low
	c.win.MSS = c.fullMSS()
	c.stats.BlackHoles++
	c.emitMTU(now, WhyBlackHole, "RFC 4821 §7.7")
}
