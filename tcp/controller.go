package tcp

import "github.com/sockeye-tcp/sockeye/ip"

// Congestion control that goes by a model of the path instead of by its losses.

// A Controller is a Congestion that governs the window by itself, in recovery as well, as BBR does. An algorithm becomes one
// by having these methods, too. The machine then leaves Cwnd alone but for two cases: after Timeout it sets it to one segment more than
// is in flight, and before Undone to no less than it was before the loss. It calls neither Acked nor PRR, and takes nothing from a
// window that is not used. Ssthresh means nothing unless the algorithm gives it a meaning.
//
// Of one ACK it hears in this order: Measured; Lost, for each range; Loss, Recovered or Undone, if recovery begins or ends;
// Control.
type Controller interface {
	Congestion
	// Control follows every ACK while something is outstanding, that of our SYN included. It sets Cwnd, and PacingRate if
	// it wants to pace.
	Control(now ip.Time, w *CongestionWindow, s RateSample)
	// Lost hears of text that is found lost, except where that is no sign of congestion (a smaller path MTU).
	Lost(now ip.Time, w *CongestionWindow, l LostText)
	// Recovered says that what Loss or Timeout has begun is over, and was not for nothing. It follows at once when
	// Loss was about a mark, or about what a loss probe has repaired.
	Recovered(now ip.Time, w *CongestionWindow)
}

// A LostText is a range of text that was found lost, with what was known when it was sent. Numbers are bytes.
type LostText struct {
	Len        int
	TxFlight   int    // in flight then, with the range
	Since      int    // found lost since then, with the range
	AppLimited bool   // there was too little to send
	Total      uint64 // delivered up to now, ever
	SACK       bool   // see RateSample
}

// lostText tells a Controller that a record was lost.
func (c *Conn) lostText(now ip.Time, s *sent, why Why) {
	if c.ctl == nil || why == WhyPathMTU {
		return
	}
	c.ctl.Lost(now, &c.win, LostText{
		Len: int(s.n), TxFlight: int(s.rate.flight), Since: int(c.rec.lost - s.rate.lost), AppLimited: s.rate.limited,
		Total: c.rate.delivered, SACK: c.opt.sack,
	})
}

// setCongestion takes a new algorithm.
func (c *Conn) setCongestion(cc Congestion) {
	c.cc, c.win.PacingRate = cc, 0
	c.ctl, _ = cc.(Controller)
}
