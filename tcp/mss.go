package tcp

import "net/netip"

// Segment sizes: RFC 9293 §3.7.1, RFC 6691.

const (
	defaultMSS4 = 536  // MUST-15
	defaultMSS6 = 1220 // MUST-15
	// minPeerMSS is the least that we let a peer ask for: with 40 bytes of options 8 bytes of
	// text remain. A smaller one only serves attacks (CVE-2019-11479); Linux has the same floor.
	minPeerMSS = 48
)

// minMTU is the smallest MTU that IP allows: RFC 791 and RFC 8200 §5.
func minMTU(a netip.Addr) int {
	if a.Is4() || a.Is4In6() {
		return 68
	}
	return 1280
}

// is4 reports whether the connection is over IPv4.
func (c *Conn) is4() bool { return c.remote.Addr().Is4() || c.remote.Addr().Is4In6() }

// overhead is the length of the IP and TCP headers without options.
func (c *Conn) overhead() int {
	if c.is4() {
		return 20 + HeaderLen
	}
	return 40 + HeaderLen
}

// defaultMSS is what a peer can receive that has not said (MUST-15).
func (c *Conn) defaultMSS() int {
	if c.is4() {
		return defaultMSS4
	}
	return defaultMSS6
}

// setPeerMSS takes the MSS option of the peer's SYN (MUST-14). An MSS of 0 means nothing and counts as none, as in Linux.
func (c *Conn) setPeerMSS(o *Options) {
	if o.HasMSS && o.MSS != 0 {
		c.snd.peerMSS = max(int(o.MSS), c.cfg.MinSendMSS)
	}
	if c.maxSeg > 0 {
		c.snd.peerMSS = min(c.snd.peerMSS, c.maxSeg)
	}
}

// SetMaxSeg bounds the text of a segment in both directions (TCP_MAXSEG). It counts for connections
// that are not open yet; 0 is no bound.
func (c *Conn) SetMaxSeg(n int) {
	if n < 0 || c.state != Closed && c.state != Listen {
		return
	}
	c.maxSeg = n
	c.rcv.mss = c.mtu - c.overhead()
	if n > 0 {
		c.rcv.mss = min(c.rcv.mss, max(n, minPeerMSS))
		c.snd.peerMSS = min(c.defaultMSS(), c.rcv.mss)
	}
}

// sendMSS is Eff.snd.MSS for a segment with optLen bytes of options (MUST-16, RFC 6691 §3).
func (c *Conn) sendMSS(optLen int) int {
	return max(min(c.snd.peerMSS, c.packetMTU()-c.overhead())-optLen, minPeerMSS-maxOptions)
}

// fullMSS is the text of an ordinary full segment: with timestamps, without SACK blocks.
func (c *Conn) fullMSS() int {
	return c.sendMSS(c.usualOptions())
}

// usualOptions is the length of the options of an ordinary segment.
func (c *Conn) usualOptions() int {
	if c.opt.ts {
		return 12
	}
	return 0
}

// SetGSO tells the longest IP packet that the device takes whole and cuts into
// segments itself; 0, the default, means that each segment must fit the MTU.
func (c *Conn) SetGSO(maxPacket int) { c.gso = maxPacket }
