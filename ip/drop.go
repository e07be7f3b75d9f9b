package ip

// A Drop says why a packet, or part of one, was thrown away. There is one
// enumeration for all layers, because every dropped packet must have exactly
// one reason: it shows in counters, in events and in the ladder.
type Drop uint8

// The reasons, from the outside in.
const (
	NoDrop Drop = iota // not dropped

	// IP.
	DropShort          // shorter than its headers say
	DropVersion        // neither IPv4 nor IPv6
	DropHeaderLength   // impossible header length
	DropHeaderChecksum // IPv4 header checksum wrong
	DropOptions        // malformed IPv4 options or IPv6 extension headers
	DropSource         // source address that no host can have (multicast, unspecified, loopback from outside)
	DropNotOurs        // destination is none of our addresses
	DropProtocol       // no such transport protocol here
	DropFragment       // malformed fragment
	DropFragmentOverlap
	DropFragmentMemory  // reassembly memory used up
	DropFragmentTimeout // the rest never came

	// Transport in general.
	DropChecksum    // TCP, UDP or ICMP checksum wrong
	DropNoPort      // nobody listens there
	DropMalformed   // header or options malformed
	DropMemory      // the stack's memory is used up
	DropRateLimit   // an answer was due, but its rate limit was reached
	DropICMPInvalid // ICMP error that quotes nothing of ours
	DropQueueFull   // the receiver's queue is full (UDP)

	// TCP.
	DropOutOfWindow    // outside the receive window (RFC 9293 §3.10.7.4, first)
	DropDuplicate      // every byte was there already
	DropPAWS           // timestamp too old (RFC 7323 §5.3)
	DropOldAck         // acknowledges too old a byte (RFC 5961 §5.2)
	DropFutureAck      // acknowledges what was never sent
	DropNoAck          // no ACK bit where one must be
	DropResetSequence  // RST that is in the window but not at RCV.NXT (RFC 5961 §3.2)
	DropUnexpectedSyn  // SYN in a synchronized state (RFC 5961 §4.2)
	DropBadHandshake   // not acceptable in LISTEN or SYN-SENT
	DropReset          // RST to what does not exist: never answered
	DropBacklog        // the listener's queues are full
	DropTooManyHoles   // out of order beyond the bound on holes
	DropReceiveBuffer  // no room in the receive buffer
	DropAfterClose     // data that nobody will read
	DropBroadcast      // TCP to a broadcast or multicast address (RFC 9293 §3.9.2.3)
	DropInvalidAddress // SYN from an address nobody can connect from

	numDrops
)

var dropText = [numDrops]string{
	"not dropped", "too short", "unknown IP version", "impossible header length", "bad IP header checksum",
	"malformed IP options", "invalid source address", "not our address", "unknown protocol",
	"malformed fragment", "overlapping fragment", "no memory for fragments", "fragments timed out",
	"bad checksum", "nobody listens on this port", "malformed header", "out of memory", "rate limit",
	"ICMP error that quotes nothing of ours", "receive queue full",
	"outside the receive window", "duplicate", "timestamp too old (PAWS)", "ACK too old", "ACK of data never sent",
	"no ACK bit", "RST not at RCV.NXT", "SYN in a synchronized state", "not acceptable in the handshake",
	"RST for no connection", "backlog full", "too many holes", "receive buffer full", "data after close",
	"to a broadcast or multicast address", "SYN from an invalid address",
}

// String says the reason in a few words.
func (d Drop) String() string {
	if int(d) < len(dropText) {
		return dropText[d]
	}
	return "unknown"
}
