package stack

import (
	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Counters, under the names of the MIBs: RFC 4293 (IP), RFC 4022 (TCP), RFC 4113 (UDP).

// Stats are a host's counters since it started.
type Stats struct {
	PacketsIn, PacketsOut uint64
	BytesIn, BytesOut     uint64 // IP headers included
	Unsendable            uint64 // messages longer than any packet that their path takes

	// TCP.
	ActiveOpens, PassiveOpens uint64
	AttemptFails              uint64 // handshakes that failed
	EstabResets               uint64 // connections that a reset or a timeout ended
	CurrEstab                 int    // ESTABLISHED or CLOSE-WAIT now
	InSegs, OutSegs           uint64 // those of one packet that the device merges or cuts count each by itself
	RetransSegs, OutRsts      uint64
	Connections               int // in any state now, TIME-WAIT included

	// UDP.
	InDatagrams, OutDatagrams uint64

	// ICMP.
	InEchos, OutErrors uint64

	// Drops counts what the host dropped before a connection was found, by
	// reason. What a connection drops is in its own Info.
	Drops map[ip.Drop]uint64
}

// Stats returns a copy of the counters.
func (h *Host) Stats() Stats {
	s := h.stats
	s.Connections = len(h.demux.conns)
	s.Drops = make(map[ip.Drop]uint64, len(h.stats.Drops))
	for d, n := range h.stats.Drops {
		s.Drops[d] = n
	}
	return s
}

// isEstablished says what RFC 4022 counts in tcpCurrEstab.
func isEstablished(s tcp.State) bool { return s == tcp.Established || s == tcp.CloseWait }

// countState keeps the counters that follow connections through their states.
func (h *Host) countState(s *Socket, from, to tcp.State) {
	if isEstablished(to) && !isEstablished(from) {
		h.stats.CurrEstab++
	}
	if !isEstablished(from) || isEstablished(to) {
		if (to == tcp.Closed || to == tcp.Listen) && (from == tcp.SynSent || from == tcp.SynReceived) {
			h.stats.AttemptFails++
		}
		return
	}
	h.stats.CurrEstab--
	if to == tcp.Closed {
		h.stats.EstabResets++
	}
}
