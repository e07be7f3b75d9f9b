package packetdrill

import (
	"bytes"
	"fmt"
	"net/netip"
)

// UDP: datagrams of the connection under test. Their text goes on from one to the next, so that none can
// be mistaken for another.

// attachUDP finds the ends of a UDP socket. Until it is connected, its peer is where a line without an address sends to.
func (r *runner) attachUDP(fd int, f *flow) {
	local, _ := r.table.LocalAddr(fd)
	f.local = netip.AddrPortFrom(r.set.local, local.Port())
	f.remote = netip.AddrPortFrom(r.set.remote, r.set.connectPort)
	if remote, errno := r.table.RemoteAddr(fd); errno == 0 {
		f.remote = remote
	}
}

// injectUDP sends a datagram of the peer to the host.
func (r *runner) injectUDP(k *Packet) error {
	f := r.current
	if f == nil || !f.udp {
		return r.fail("a datagram, but no UDP socket to send it to")
	}
	s := &segment{src: f.remote, dst: f.local}
	if k.HasPorts {
		s.src, s.dst = netip.AddrPortFrom(f.remote.Addr(), k.SrcPort), netip.AddrPortFrom(f.local.Addr(), k.DstPort)
	}
	s.text = textFrom(false, f.given, k.Len)
	f.given += k.Len
	s.ip.DontFragment = true
	k.IP.fill(&s.ip)
	return r.arrive(s.encodeUDP())
}

// sentUDP adds a datagram to its connection.
func (r *runner) sentUDP(s *segment) {
	for i := len(r.flows) - 1; i >= 0; i-- {
		f := r.flows[i]
		if !f.udp || f.local.Port() != s.src.Port() {
			continue
		}
		n := min(len(s.text), len(f.wrote)-f.told)
		if n < len(s.text) || !bytes.Equal(s.text, f.wrote[f.told:f.told+n]) {
			r.breakOff(r.failure("the text of a datagram is not what was written", "", f.words(s)))
		}
		f.told += n
		f.sent = append(f.sent, s)
		return
	}
}

// compareUDP returns what is wrong with a datagram, or with a packet that should be one or is.
func (k *Packet) compareUDP(s *segment) []string {
	var bad []string
	if k.UDP != s.udp {
		bad = append(bad, "protocol")
	}
	if k.Len != len(s.text) {
		bad = append(bad, "length")
	}
	if k.HasPorts && (s.src.Port() != k.SrcPort || s.dst.Port() != k.DstPort) {
		bad = append(bad, "ports")
	}
	return bad
}

// formatUDP writes a datagram as a script does.
func (k *Packet) formatUDP() string { return fmt.Sprintf("udp (%d)", k.Len) }
