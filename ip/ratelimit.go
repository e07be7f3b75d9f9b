package ip

import "time"

// A limit on the rate of answers, as RFC 1812 §4.3.2.8, RFC 4443 §2.4(f) and RFC 5961 §7 ask for.

// A RateLimit is a token bucket: it lets burst events pass at once and rate
// events a second in the long run. The zero RateLimit lets nothing pass.
//
// It keeps one number, the time at which the bucket would be full again; each
// event moves that time by one interval.
type RateLimit struct {
	interval time.Duration // between events in the long run
	depth    time.Duration // how far full may lie ahead of now for one more event to pass
	full     Time
}

// NewRateLimit returns a full bucket. Rate is in events a second, at least 1,
// and at most a billion; burst is at least 1.
func NewRateLimit(rate, burst int) RateLimit {
	if rate < 1 || rate > int(time.Second) || burst < 1 {
		panic("BUG: rate limit without rate or burst")
	}
	interval := time.Second / time.Duration(rate)
	return RateLimit{interval: interval, depth: interval * time.Duration(burst-1)}
}

// Allow reports whether one more event may happen now, and counts it if so.
func (r *RateLimit) Allow(now Time) bool {
	if r.interval == 0 {
		return false
	}
	full := max(r.full, now)
	if full.Sub(now) > r.depth {
		return false
	}
	r.full = full.Add(r.interval)
	return true
}
