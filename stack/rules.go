package stack

import (
	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// The rules behind drops before a connection is known, for the record of events.

// dropRules are the places in RFCs that ask for a packet to be thrown away, or allow it.
var dropRules = map[ip.Drop]string{
	ip.DropShort:           "RFC 1122 §3.2.1",
	ip.DropVersion:         "RFC 1122 §3.2.1.1",
	ip.DropHeaderLength:    "RFC 791 §3.1",
	ip.DropHeaderChecksum:  "RFC 1122 §3.2.1.2",
	ip.DropOptions:         "RFC 1122 §3.2.1.8; RFC 8200 §4.2",
	ip.DropSource:          "RFC 1122 §3.2.1.3",
	ip.DropNotOurs:         "RFC 1122 §3.2.1.3",
	ip.DropProtocol:        "RFC 1122 §3.2.2.1",
	ip.DropFragment:        "RFC 8200 §4.5",
	ip.DropFragmentOverlap: "RFC 5722 §3",
	ip.DropFragmentMemory:  "RFC 1122 §3.3.2",
	ip.DropFragmentTimeout: "RFC 1122 §3.3.2",
	ip.DropChecksum:        "RFC 9293 §3.1, MUST-3",
	ip.DropNoPort:          "RFC 1122 §4.1.3.1",
	ip.DropMalformed:       "RFC 9293 §3.1",
	ip.DropMemory:          "RFC 9293 §3.10.1",
	ip.DropRateLimit:       "RFC 1812 §4.3.2.8; RFC 4443 §2.4",
	ip.DropICMPInvalid:     "RFC 5927 §4.1",
	ip.DropQueueFull:       "RFC 768",
	ip.DropBroadcast:       "RFC 9293 §3.9.2.3, MUST-57",
	ip.DropInvalidAddress:  "RFC 9293 §3.9.2.3, MUST-63",
}

// ruleOf returns the rule for a drop, RFC 1122's on being liberal for one that has none of its own.
func ruleOf(d ip.Drop) string {
	if rule := dropRules[d]; rule != "" {
		return rule
	}
	return "RFC 1122 §1.2.2"
}

// listenStep names the step of RFC 9293 §3.10.7.2 in which a segment to a listener ends.
func listenStep(seg *tcp.Segment) string {
	switch {
	case seg.Flags.Has(tcp.RST):
		return ", first"
	case seg.Flags.Has(tcp.ACK):
		return ", second"
	case seg.Flags.Has(tcp.SYN):
		return ", third"
	}
	return ", fourth"
}
