package virtual

import (
	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// The wire: packets in and out.

// Send hands a packet to the host.
func (p *Process) Send(data []byte) {
	p.enter()
	defer p.leave()
	data = append([]byte(nil), data...)
	if isSYN(data) {
		p.refresh()
	}
	p.host.Arrive(p.now, &ip.Buffer{Data: data})
	p.settle()
}

// isSYN reports whether a packet opens a connection.
func isSYN(data []byte) bool {
	var h ip.Header
	if ip.ParseHeader(data, &h) != ip.NoDrop || h.Protocol != ip.ProtoTCP {
		return false
	}
	const flags = 13
	body := h.Payload(data)
	return len(body) > flags && tcp.Flags(body[flags])&(tcp.SYN|tcp.ACK) == tcp.SYN
}

// Receive takes the next packet that the host has sent, and the time of day when it did, in microseconds. When there is
// none, time passes until there is; ok is false when there never will be one.
func (p *Process) Receive() (data []byte, at int64, ok bool) {
	p.enter()
	defer p.leave()
	for idle := 0; len(p.sent) == 0 && idle < maxIdle; idle++ {
		p.quiet()
		d := p.deadline()
		if d.IsZero() && len(p.sent) == 0 {
			p.rest(grace)
			p.quiet()
			d = p.deadline()
		}
		switch {
		case len(p.sent) > 0:
		case d.IsZero():
			return nil, 0, false
		default:
			if p.now.Before(d) {
				idle = 0
			}
			p.runTo(d)
		}
	}
	if len(p.sent) == 0 {
		return nil, 0, false
	}
	next := p.sent[0]
	p.sent = p.sent[1:]
	return next.data, microseconds(next.at), true
}
