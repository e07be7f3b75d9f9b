package tcp

import (
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// Packetization layer path MTU discovery, RFC 4821 §7 and RFC 8899: the path MTU is searched with segments of text that are
// longer than the others. It needs no word from routers. The sizes, the bounds and when a probe may go are Linux's.

// An MTUProbing says when a connection searches its path MTU, as Linux's tcp_mtu_probing.
type MTUProbing uint8

// The choices. Departs from Linux, which does not search by default: behind tunnels, where this stack lives, reports get lost,
// and a connection stands still for ever. What it costs is a few short segments after three timeouts in a row.
const (
	MTUProbingBlackHole MTUProbing = iota // once full segments seem to vanish; see blackhole.go
	MTUProbingOff                         // never
	MTUProbingAlways                      // from the start
)

const (
	// minProbeWindow is the least congestion window, in segments, for a probe: a loss must show by duplicate ACKs
	// (RFC 4821 §7.4). The number is Linux's.
	minProbeWindow = 11
	// probeRoom is how many segments the window must have left: a probe is longer than one.
	probeRoom = 2
)

// An mtuSearch is the state of the search. Lengths are those of IP packets.
type mtuSearch struct {
	on         bool
	low, high  int // search_low and search_high (RFC 4821 §7.3): what passes, and what at most may pass
	mtu        int // eff_pmtu: packets are no longer; 0: than the path MTU is said to be
	probe      int // of the probe under way; 0: there is none
	start, end Seq // its text
	began      ip.Time
}

// An MTUSearch says how far a search is. Lengths are those of IP packets in bytes.
type MTUSearch struct {
	On        bool
	Low, High int // what is known to pass, or thought so, and what at most may pass
	Probe     int // of the probe that is under way; 0: there is none
}

func (c *Conn) mtuSearch() MTUSearch {
	s := &c.path.search
	return MTUSearch{s.on, s.low, s.high, s.probe}
}

// setMTUDefaults fills in what concerns the path MTU.
func (c *Config) setMTUDefaults() {
	setDefault(&c.MinPathMTU, defaultMinPathMTU)
	setDefault(&c.PathMTULife, defaultPathMTULife)
	setDefault(&c.BaseMSS, 1024)
	setDefault(&c.MinSendMSS, minPeerMSS)
	c.MinSendMSS = max(c.MinSendMSS, minPeerMSS)
	setDefault(&c.MTUProbeFloor, minPeerMSS)
	setDefault(&c.MTUProbeThreshold, 8)
	setDefault(&c.MTUProbeInterval, 10*time.Minute)
}

// packetMTU is the longest packet that is sent.
func (c *Conn) packetMTU() int {
	if s := &c.path.search; s.mtu > 0 {
		return min(c.mtu, s.mtu)
	}
	return c.mtu
}

// packetOf returns the length of a packet with n bytes of text, textIn the other way round.
func (c *Conn) packetOf(n int) int       { return n + c.overhead() + c.usualOptions() }
func (c *Conn) textIn(packet int) int    { return packet - c.packetOf(0) }
func (c *Conn) searchTop() int           { return min(c.mtu, c.snd.peerMSS+c.overhead()) }
func (s *mtuSearch) covers(una Seq) bool { return s.probe > 0 && una == s.start }

// startSearch begins a search at the base.
func (c *Conn) startSearch(now ip.Time) {
	c.path.search = mtuSearch{on: true, low: c.packetOf(c.cfg.BaseMSS), high: c.searchTop(), began: now}
}

// openSearch begins one with the connection, when that is wanted. Whoever opened starts at the base; the other side, as in Linux, sends
// full segments until a probe has shown what passes.
func (c *Conn) openSearch(now ip.Time, active bool) {
	if c.cfg.MTUProbing != MTUProbingAlways {
		return
	}
	c.startSearch(now)
	if active {
		c.path.search.mtu = c.path.search.low
	}
}

// planMTUProbe returns how much text a probe has that can go now, 0 when none can. The text waits when one could go but for
// the windows.
func (c *Conn) planMTUProbe(now ip.Time, o *Options) (n int, why held) {
	s, mss := &c.path.search, c.win.MSS
	if !s.on || s.probe > 0 || c.rec.state != CAOpen || c.win.Cwnd < minProbeWindow*mss || o.NumSACK > 0 || c.snd.urgent {
		return 0, heldNot
	}
	if s.high-s.low < c.cfg.MTUProbeThreshold {
		c.searchAgain(now)
		return 0, heldNot
	}
	n = c.textIn((s.low + s.high) / 2)
	need := n + (c.rec.reordering+1)*mss // enough behind it for its loss to be seen
	flight := c.inFlight()
	switch {
	case c.unsent() < need || int(c.snd.wnd) < need || !c.isOneRecord(n):
		return 0, heldNot
	case c.usable() < need:
		return 0, heldWindow
	case flight+probeRoom*mss > c.win.Cwnd && flight > 0:
		return 0, heldCongestion
	}
	return n, heldNot
}

// isOneRecord reports whether the next n bytes belong together: a segment must not join what the application keeps apart.
func (c *Conn) isOneRecord(n int) bool {
	end := c.snd.nxt.Add(Size(n))
	for i := range c.queue.len() {
		switch p := c.queue.at(i); {
		case !p.end.Less(end):
			return true
		case p.eor:
			return false
		}
	}
	return true
}

// sendMTUProbe sends one. The congestion window is a segment less while it is under way, because it is like two.
func (c *Conn) sendMTUProbe(now ip.Time, out *Output, n int) {
	s := &c.path.search
	s.probe, s.start, s.end = c.packetOf(n), c.snd.nxt, c.snd.nxt.Add(Size(n))
	c.win.Cwnd -= c.win.MSS
	c.stats.MTUProbes++
	c.transmit(now, out, n, n, WhyMTUProbe)
}

// mtuProbeAcked follows an acknowledgement: packets as long as the probe pass. The window stays the same in bytes, as far as
// it can in whole segments.
func (c *Conn) mtuProbeAcked(now ip.Time) {
	s := &c.path.search
	if s.probe == 0 || c.snd.una.Less(s.end) {
		return
	}
	segments := max(c.win.Cwnd/c.win.MSS*c.packetOf(c.win.MSS)/s.probe, 1)
	s.low, s.mtu, s.probe = s.probe, s.probe, 0
	c.win.MSS = c.fullMSS()
	c.win.Cwnd = segments * c.win.MSS
	c.emitMTU(now, WhyMTUProbe, "RFC 4821 §7.6.1")
}

// mtuProbeLost reports whether what is lost is the probe: longer packets do not pass. That is no congestion, and no window
// changes (RFC 4821 §7.6.2, RFC 8899 §3). Its text goes again in ordinary segments.
func (c *Conn) mtuProbeLost(now ip.Time) bool {
	s := &c.path.search
	if !s.covers(c.snd.una) || c.rec.state >= CACWR {
		return false
	}
	for i := 0; i < c.sent.n && c.sent.at(i).seq.Less(s.end); i++ {
		c.lose(now, i, WhyPathMTU)
	}
	c.failProbe(now, s.probe-1)
	c.startPathLoss(now)
	return true
}

// failProbe notes that the probe did not pass, and what at most may.
func (c *Conn) failProbe(now ip.Time, high int) {
	s := &c.path.search
	s.high, s.probe = high, 0
	c.win.Cwnd += c.win.MSS
	c.stats.MTUProbesLost++
	c.emitMTU(now, WhyMTUProbeLost, "RFC 4821 §7.6.2")
}

// limitSearch takes the path MTU of a router's report as the end of the search (RFC 8899 §4.6.2).
func (c *Conn) limitSearch(now ip.Time) {
	s := &c.path.search
	if !s.on {
		return
	}
	if s.probe > c.mtu {
		c.failProbe(now, c.mtu)
	}
	s.high, s.low = min(s.high, c.mtu), min(s.low, c.mtu)
}

// searchAgain begins anew when the last search is old: the path may carry more by now (RFC 8899 §5.1.1, PMTU_RAISE_TIMER).
func (c *Conn) searchAgain(now ip.Time) {
	s := &c.path.search
	if now.Sub(s.began) < c.cfg.MTUProbeInterval {
		return
	}
	s.began = now
	s.low, s.high = c.packetOf(c.win.MSS), c.searchTop()
}
