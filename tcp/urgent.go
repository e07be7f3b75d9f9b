package tcp

import "github.com/sockeye-tcp/sockeye/ip"

// The sending side of the urgent mechanism, RFC 9293 §3.8.5.

// SendUrgent is Send, with the urgent pointer set behind the text (MUST-30, MUST-31). New
// applications should not use it (SHLD-13).
func (c *Conn) SendUrgent(now ip.Time, p []byte) int {
	n := c.Send(now, p)
	if n > 0 {
		c.snd.urgent, c.snd.up = true, c.snd.buf.end
	}
	return n
}

// markUrgent sets URG on a segment that goes out before the end of urgent text is
// acknowledged. The pointer names the octet behind it (MUST-62).
func (c *Conn) markUrgent(out *Output) {
	if !c.snd.urgent {
		return
	}
	if c.snd.up.LessEq(c.snd.una) {
		c.snd.urgent = false
		return
	}
	if ahead := c.snd.up.Sub(out.Seq); int32(ahead) > 0 && ahead <= 0xffff {
		out.Flags |= URG
		out.Urg = uint16(ahead)
	}
}
