package step

import (
	"encoding/binary"
	"fmt"

	"github.com/sockeye-tcp/sockeye/ip"
)

// ICMP errors in the words of a script.

// icmpWords says which error about which segment a packet is, with numbers relative to iss.
func icmpWords(data []byte, iss uint32) string {
	var outer ip.Header
	if ip.ParseHeader(data, &outer) != ip.NoDrop {
		return "icmp"
	}
	b := outer.Payload(data)
	const headerLen, fragmentationNeeded = 8, 3<<8 | 4
	if len(b) < headerLen || binary.BigEndian.Uint16(b) != fragmentationNeeded {
		return "icmp"
	}
	quoted := b[headerLen:]
	if len(quoted) < ip.HeaderLen4+headerLen {
		return "icmp"
	}
	length := int(binary.BigEndian.Uint16(quoted[2:])) - int(quoted[0]&15)*4
	segment := quoted[int(quoted[0]&15)*4:]
	if len(segment) >= 13 {
		length -= int(segment[12]>>4) * 4
	}
	seq := binary.BigEndian.Uint32(segment[4:]) - iss
	return fmt.Sprintf("icmp unreachable frag_needed mtu %d [%d:%d(%d)]",
		binary.BigEndian.Uint16(b[6:]), seq, seq+uint32(length), length)
}
