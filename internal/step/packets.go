package step

import "github.com/sockeye-tcp/sockeye/ip"

// What a capture at one end would hold.

// A Packet is an IP packet as it left an end or arrived there.
type Packet struct {
	At   ip.Time
	Data []byte // must not be changed
}

// A Capturer is a Player that knows the packets themselves. Players of worlds are.
type Capturer interface {
	// Packets returns the packets that an end has sent and got up to now, in order. Those that were
	// damaged on the way are left out.
	Packets(end int) []Packet
}

// Packets implements Capturer.
func (s *session) Packets(end int) []Packet {
	var list []Packet
	for _, n := range s.world.ends[end].log {
		if n.kind == entryIn || n.kind == entryOut {
			list = append(list, Packet{n.at, n.data})
		}
	}
	return list
}

// A Rewinder is a Player that goes back to its start faster than step by step. Players of worlds are.
type Rewinder interface{ Rewind() }

// Rewind implements Rewinder.
func (s *session) Rewind() { s.rebuild(s.base) }
