package tcp

import (
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// The border between the machine and congestion control algorithms, RFC 5681.

// A CongestionWindow is what an algorithm governs. All values are bytes.
type CongestionWindow struct {
	Cwnd     int // may be in flight
	Ssthresh int // slow start below it, congestion avoidance above
	MSS      int // payload of a full segment; it changes with the path MTU
}

// maxCwnd bounds the congestion window: the largest window that TCP can
// offer (RFC 7323 §2.3), so that no sum of windows overflows.
const maxCwnd = 1 << 30

// SlowStart reports whether the window is below the slow start threshold.
func (w *CongestionWindow) SlowStart() bool { return w.Cwnd < w.Ssthresh }

// Grow adds n bytes to the window, up to the largest one.
func (w *CongestionWindow) Grow(n int) { w.Cwnd = min(w.Cwnd+n, maxCwnd) }

// An AckSample describes an acknowledgement of new data.
type AckSample struct {
	Acked  int           // bytes newly acknowledged
	Flight int           // bytes in flight before the acknowledgement
	RTT    time.Duration // measured by this acknowledgement; 0 when it measured none
	SRTT   time.Duration // smoothed
}

// An RTTSample is a measured round-trip time.
type RTTSample struct {
	RTT      time.Duration // more than 0
	Una, Nxt Seq           // SND.UNA after the ACK, and SND.NXT
}

// A Measurer is a Congestion that hears of every round-trip time, also when the window does not limit the sender.
type Measurer interface {
	Measured(now ip.Time, w *CongestionWindow, s RTTSample)
}

// A Congestion decides how much may be in flight. An implementation belongs to one
// connection and is called under whatever guards that; it reads no clock. It sees only
// losses of the network: nothing inside the host drops.
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
	// the machine sets Cwnd to one segment.
	Timeout(now ip.Time, w *CongestionWindow, flight int)
}

// CongestionByName returns what makes the algorithm of a name, "reno" or "cubic", or nil.
func CongestionByName(name string) func() Congestion {
	switch name {
	case "reno":
		return func() Congestion { return new(Reno) }
	case "cubic":
		return func() Congestion { return new(Cubic) }
	}
	return nil
}
