package stack

import "github.com/sockeye-tcp/sockeye/ip"

// verify checks the TCP checksum of a packet before the lock is taken, and
// vouches for it. About everything else, and about what is wrong, the host
// finds out itself, and says why it drops it.
func verify(b *ip.Buffer) {
	var h ip.Header
	if b.ChecksumOK || ip.ParseHeader(b.Data, &h) != ip.NoDrop || h.IsFragment() || h.Protocol != ip.ProtoTCP {
		return
	}
	segment := h.Payload(b.Data)
	b.ChecksumOK = ip.Checksum(segment, ip.PseudoSum(h.Src, h.Dst, ip.ProtoTCP, len(segment))) == 0
}
