package tcp

import (
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// Delivery rate samples, draft-ietf-ccwg-bbr-06 §4.1 (formerly draft-cheng-iccrg-delivery-rate-estimation): how fast the path
// delivers, measured by each ACK from the sending of the segment that it is for. Linux has the same in tcp_rate.c.

// rate is the state of a connection, "C" in §4.1.2.1. C.lost is recovery.lost.
type rate struct {
	delivered   uint64  // C.delivered: bytes that the peer has, ever, those that came twice by our fault included
	duplicate   uint64  // of them: bytes that came twice
	deliveredAt ip.Time // C.delivered_time
	first       ip.Time // C.first_send_time
	limited     uint64  // C.app_limited: what delivered is when the gap in what was sent has passed; 0: there is none
	last        RateSample
}

// A sentRate is what was known when a segment was sent, "P" in §4.1.2.1.
type sentRate struct {
	delivered   uint64  // P.delivered
	lost        uint64  // P.lost
	deliveredAt ip.Time // P.delivered_time
	first       ip.Time // P.first_send_time
	flight      Size    // P.tx_in_flight, with the segment itself
	limited     bool    // P.is_app_limited
}

// A RateSample says how fast the path delivers, by one ACK. Numbers of bytes are of text.
type RateSample struct {
	Delivered  int           // bytes that the peer got during Interval; 0: this ACK allows no sample
	Interval   time.Duration // from the sending of the segment that the ACK is for, or from the ACK before that
	Rate       int64         // Delivered in Interval, in bytes a second; 0: no sample
	AppLimited bool          // there was too little to send: the path may deliver faster
	Again      bool          // the segment was sent more than once

	// What was known when that segment was sent, of all that the ACK is for the one that was sent last. They
	// are set when Any is.
	Any      bool
	Prior    uint64 // Total then
	TxFlight int    // bytes in flight then, with the segment

	Total  uint64        // bytes delivered up to now, ever
	Acked  int           // of them: by this ACK
	Lost   int           // bytes that this ACK has shown to be lost
	Since  int           // bytes found lost since that segment was sent
	RTT    time.Duration // the shortest that this ACK shows; 0: none
	SRTT   time.Duration // smoothed; 0: none was measured yet
	Flight int           // bytes in flight now
	Full   bool          // the congestion window was full in the last round trip
	SACK   bool          // the peer reports what has arrived behind a gap: more than one loss a round trip can be found
}

// rateSent notes what is known when a record is sent that stands in the queue (§4.1.2.2, OnPacketSent).
func (c *Conn) rateSent(now ip.Time, s *sent) {
	flight := Size(c.inFlight())
	if flight <= s.n {
		c.rate.first, c.rate.deliveredAt = now, now
	}
	s.rate = sentRate{
		delivered: c.rate.delivered, lost: c.rec.lost, deliveredAt: c.rate.deliveredAt, first: c.rate.first,
		flight: flight, limited: c.rate.limited != 0,
	}
}

// ackedRate is the part of a sample that is collected while the records of an ACK are looked at.
type ackedRate struct {
	any   bool
	p     sentRate
	at    ip.Time // P.send_time
	end   Seq     // P.packet_id
	again bool
}

// add takes a record that is newly known to have arrived (§4.1.2.3, UpdateRateSample). The one counts that was sent last.
func (r *ackedRate) add(s *sent) {
	if r.any && !sentAfter(s.at, s.end(), r.at, r.end) {
		return
	}
	*r = ackedRate{any: true, p: s.rate, at: s.at, end: s.end(), again: s.tx > 1}
}

// rateCount counts what an ACK has delivered.
func (c *Conn) rateCount(now ip.Time, n int) {
	if n > 0 {
		c.rate.delivered += uint64(n)
		c.rate.deliveredAt = now
	}
}

// rateDuplicate counts text that came twice, as far as we have sent it twice: the path has delivered it.
func (c *Conn) rateDuplicate(n int) {
	d := min(uint64(n), c.stats.BytesRetransmitted-c.rate.duplicate)
	c.rate.duplicate += d
	c.rate.delivered += d
}

// rateSample finishes the sample of an ACK (§4.1.2.3, GenerateRateSample). lost is what was lost before.
func (c *Conn) rateSample(now ip.Time, r *ackResult, lost uint64) RateSample {
	k := &c.rate
	s := RateSample{
		Total: k.delivered, Acked: r.delivered, Lost: int(c.rec.lost - lost), RTT: c.rtt.sampled(r, now), SRTT: c.rtt.srtt,
		Flight: c.inFlight(), Full: c.usage.limited, SACK: c.opt.sack,
	}
	if k.limited != 0 && k.delivered > k.limited {
		k.limited = 0
	}
	p := &r.rate.p
	if !r.rate.any {
		return s
	}
	s.Any, s.Prior, s.TxFlight, s.Since = true, p.delivered, int(p.flight), int(c.rec.lost-p.lost)
	s.AppLimited, s.Again = p.limited, r.rate.again
	k.first = r.rate.at
	// Text may be sent, and ACKs may come, in bursts: the longer time is nearer to the truth (§4.1.1.2.4).
	s.Interval = max(r.rate.at.Sub(p.first), now.Sub(p.deliveredAt))
	if s.Interval <= 0 || s.Interval < c.rtt.min {
		s.Interval = 0 // no reliable sample: it was an earlier transmission that has arrived
		return s
	}
	s.Delivered = int(k.delivered - p.delivered)
	s.Rate = perSecond(s.Delivered, s.Interval)
	if s.Rate > 0 && (!s.AppLimited || s.Rate >= k.last.Rate) {
		k.last = s
	}
	return s
}

// perSecond returns n bytes in a time as bytes a second.
func perSecond(n int, d time.Duration) int64 {
	return int64(float64(n) / d.Seconds())
}

// checkLimited notes that the application has too little to send (§4.1.2.4): what follows in the next round trip says little about
// the path. It is asked when all has been sent that can be; more to send comes only later.
func (c *Conn) checkLimited() {
	if c.unsent() < c.win.MSS && c.inFlight() < c.win.Cwnd && c.sent.waiting == 0 {
		c.rate.limited = max(c.rate.delivered+uint64(c.inFlight()), 1)
	}
}
