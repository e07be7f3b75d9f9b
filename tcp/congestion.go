package tcp

import (
	"slices"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// The border between the machine and congestion control algorithms, RFC 5681.

// A CongestionWindow is what an algorithm governs. All values are bytes.
type CongestionWindow struct {
	Cwnd     int // may be in flight
	Ssthresh int // slow start below it, congestion avoidance above
	MSS      int // payload of a full segment; it changes with the path MTU
	// PacingRate is how many bytes a second may leave, in small bursts. 0, the default, is no bound: what the window allows
	// leaves at once (see Config.Pacing).
	PacingRate int64
}

// maxCwnd bounds the congestion window: the largest window that TCP can
// offer (RFC 7323 §2.3), so that no sum of windows overflows.
const maxCwnd = 1 << 30

// SlowStart reports whether the window is below the slow start threshold.
func (w *CongestionWindow) SlowStart() bool { return w.Cwnd < w.Ssthresh }

// Grow adds n bytes to the window, up to the largest one.
func (w *CongestionWindow) Grow(n int) { w.Cwnd += min(n, maxCwnd-w.Cwnd) }

// segments is the window in full segments, at least one.
func (w *CongestionWindow) segments() int64 { return int64(max(w.Cwnd/w.MSS, 1)) }

// slowStart grows the window by what was acknowledged, up to the threshold, and returns what is left of that (RFC 5681 §3.1).
// Departs from RFC 3465 §2.2, which allows for two segments an ACK: like Linux we take
// all of it, because receivers merge many segments into one ACK.
func (w *CongestionWindow) slowStart(acked int) (rest int) {
	n := min(acked, w.Ssthresh-w.Cwnd)
	w.Grow(n)
	return acked - n
}

// An AckSample describes an acknowledgement of new data.
type AckSample struct {
	Acked  int           // bytes newly acknowledged
	Flight int           // bytes in flight before the acknowledgement
	Marked int           // bytes that came marked, as told since the sample before: with Accurate ECN only (RFC 9768)
	RTT    time.Duration // measured by this acknowledgement; 0 when it measured none
	SRTT   time.Duration // smoothed
}

// An RTTSample is a measured round-trip time.
type RTTSample struct {
	RTT      time.Duration // of the segment that was sent last, of those that an ACK is for
	Una, Nxt Seq           // SND.UNA after the ACK, and SND.NXT
	Limited  bool          // the window is what limits the sender
}

// A Congestion decides how much may be in flight. An implementation belongs to one
// connection and is called under whatever guards that; it reads no clock. It sees only
// losses of the network: nothing inside the host drops. Embed Reno to write some of the methods only. What
// goes by the rate of delivery rather than by losses, or paces, is a Controller as well.
type Congestion interface {
	// Name is the algorithm's name in lower case, as in "reno".
	Name() string
	// Acked grows the window. It is called outside of fast recovery, and only when
	// the window is what limited the sender (RFC 7661).
	Acked(now ip.Time, w *CongestionWindow, s AckSample)
	// Loss sets Ssthresh after a loss that duplicate ACKs have shown; the machine sets
	// Cwnd for the time of recovery. flight is what was in flight, in bytes.
	Loss(now ip.Time, w *CongestionWindow, flight int)
	// Timeout sets Ssthresh after the retransmission timer has expired;
	// the machine sets Cwnd to one segment. again means that Ssthresh was set for the same loss already, and is
	// to stay (RFC 5681 §3.1).
	Timeout(now ip.Time, w *CongestionWindow, flight int, again bool)
	// Measured hears of every round-trip time that could be measured, before Acked, in recovery as well. It may set Ssthresh.
	Measured(now ip.Time, w *CongestionWindow, s RTTSample)
	// Resumed is called when text is sent while nothing is in flight; since is when text was last sent.
	Resumed(now ip.Time, w *CongestionWindow, since ip.Time)
	// Undone takes the last Loss or Timeout back, which was for nothing. The machine has set
	// Cwnd and Ssthresh to what they were.
	Undone(now ip.Time, w *CongestionWindow)
}

// CongestionByName returns what makes the congestion control of a name, for Config.Congestion: one of c.Algorithms, or of ours; nil
// when there is none of that name. c may be nil.
func (c *Config) CongestionByName(name string) func(*Config) Congestion {
	if c != nil && c.Algorithms[name] != nil {
		return c.Algorithms[name]
	}
	return CongestionByName(name)
}

// Congestions lists the names that CongestionByName knows, in order.
func (c *Config) Congestions() []string {
	names := []string{"bbr", "bbr1", "cubic", "reno"}
	for name := range c.Algorithms {
		if CongestionByName(name) == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// CongestionByName returns what makes the congestion control of ours with a name, as in Congestion.Name; nil when
// there is none of that name.
func CongestionByName(name string) func(*Config) Congestion {
	switch name {
	case "bbr":
		return NewBBR
	case "bbr1":
		return NewBBR1
	case "cubic":
		return NewCubic
	case "reno":
		return NewReno
	}
	return nil
}

// measured tells the algorithm how long a round trip of text took, if an ACK shows it.
func (c *Conn) measured(now ip.Time, r *ackResult) {
	if rtt := c.rtt.sampled(r, now); rtt > 0 && r.acked+r.sacked > 0 {
		c.cc.Measured(now, &c.win, RTTSample{RTT: rtt, Una: c.snd.una, Nxt: c.snd.nxt, Limited: c.windowLimits()})
	}
}
