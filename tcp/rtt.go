package tcp

import (
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// The retransmission timeout, RFC 6298.

// An rttEstimator keeps SRTT and RTTVAR and computes the timeout from them (MUST-18).
type rttEstimator struct {
	srtt, rttvar time.Duration // 0: nothing measured yet
	min          time.Duration // smallest sample
	last         time.Duration
	rto          time.Duration // before back-off
	backoff      uint          // doublings since the last sample (§5.5)
}

// clockGranularity is G: timestamps tick in milliseconds.
const clockGranularity = time.Millisecond

// sample takes a measured round-trip time (§2.2, §2.3), and the least that the same ACK shows.
func (r *rttEstimator) sample(rtt, least, minRTO time.Duration) {
	rtt, least = max(rtt, 1), max(least, 1) // a zero would read as "never measured"
	r.last = rtt
	if r.min == 0 || least < r.min {
		r.min = least
	}
	if r.srtt == 0 {
		r.srtt, r.rttvar = rtt, rtt/2
	} else {
		r.rttvar += ((r.srtt - rtt).Abs() - r.rttvar) / 4
		r.srtt += (rtt - r.srtt) / 8
	}
	// Departs from §2.4, which bounds the whole RTO below by 1 s: as in Linux the
	// bound is on the variance term, so that a long path keeps a margin too.
	r.rto = r.srtt + max(clockGranularity, 4*r.rttvar, minRTO)
	r.backoff = 0 // not before: §5, last note; an ACK alone may be late for the first transmission
}

// timeout returns the RTO with its back-off, at most limit.
func (r *rttEstimator) timeout(limit time.Duration) time.Duration {
	d := r.rto
	for range r.backoff {
		if d >= limit {
			break
		}
		d *= 2
	}
	return min(d, limit)
}

// sampled returns the least round-trip time that an ACK shows, 0 when it shows none.
func (r *rttEstimator) sampled(a *ackResult, now ip.Time) time.Duration {
	switch {
	case a.timed && !a.again:
		return max(now.Sub(a.last), 1)
	case a.timedSACK:
		return max(now.Sub(a.lastSACK), 1)
	}
	return 0
}
