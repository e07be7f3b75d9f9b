package tcp

// The rules behind what is sent, for the record of events.

// sendRules are the places that ask for a segment, by its reason. Those of ACKs, resets and retransmissions may be told
// more exactly where they become due.
var sendRules = [...]string{
	WhySyn:            "RFC 9293 §3.10.1",
	WhySynAck:         "RFC 9293 §3.10.7.2, third",
	WhyData:           "RFC 9293 §3.10.2",
	WhyFin:            "RFC 9293 §3.10.4",
	WhyRTO:            "RFC 6298 §5.4",
	WhyFastRetransmit: "RFC 5681 §3.2",
	WhyPartialAck:     "RFC 6582 §3.2",
	WhyPathMTU:        "RFC 9293 §3.7.2",
	WhySynText:        "RFC 7413 §4.2.1",
	WhyRACK:           "RFC 8985 §6.2",
	WhyLossProbe:      "RFC 8985 §7.3",
	WhyAck:            "RFC 9293 §3.10.7.4, seventh",
	WhyDelayedAck:     "RFC 9293 §3.8.6.3",
	WhyDupAck:         "RFC 5681 §4.2",
	WhyWindowUpdate:   "RFC 9293 §3.8.6.2.2",
	WhyProbe:          "RFC 9293 §3.8.6.1",
	WhyKeepAlive:      "RFC 9293 §3.8.4",
	WhyChallengeAck:   "RFC 5961 §7",
	WhyTimeWaitAck:    "RFC 9293 §3.10.7.4, eighth",
	WhyReset:          "RFC 9293 §3.5.2",
	WhyMTUProbe:       "RFC 4821 §7.4",
}

// explain fills in the rule of a segment that goes out, if it has none.
func (c *Conn) explain(out *Output) {
	if out.Rule == "" && int(out.Why) < len(sendRules) {
		out.Rule = sendRules[out.Why]
	}
}
