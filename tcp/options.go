package tcp

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// Header options: RFC 9293 §3.2, window scale and timestamps (RFC 7323), SACK (RFC 2018, RFC 2883), Fast Open (RFC 7413),
// Accurate ECN (RFC 9768).

// Option kinds.
const (
	optEnd           = 0
	optNop           = 1
	optMSS           = 2
	optWindowScale   = 3
	optSACKPermitted = 4
	optSACK          = 5
	optTimestamps    = 8
)

const (
	// MaxSACKBlocks fit into the 40 bytes of options without timestamps; with
	// them three do.
	MaxSACKBlocks = 4
	// maxWindowScale is the largest shift that RFC 7323 §2.3 allows.
	maxWindowScale = 14
	maxOptions     = 40
)

// A Block is a range of sequence numbers that was received: Start is its
// first, End the one after its last.
type Block struct{ Start, End Seq }

// Options are the options of a header. The zero value has none.
type Options struct {
	MSS           uint16
	WS            uint8 // shift count
	HasMSS, HasWS bool
	SACKPermitted bool
	HasTS         bool
	TSVal, TSEcr  uint32
	NumSACK       uint8
	SACK          [MaxSACKBlocks]Block

	// The Fast Open option of a SYN (RFC 7413): without a cookie it asks for one. FastOpenExp says that it stands in the
	// experimental option of before the RFC.
	HasFastOpen, FastOpenExp bool
	Cookie                   Cookie

	AccECN AccECN
}

// Blocks returns the SACK blocks.
func (o *Options) Blocks() []Block { return o.SACK[:o.NumSACK] }

// addBlock appends a SACK block when there is room.
func (o *Options) addBlock(b Block) {
	if int(o.NumSACK) < MaxSACKBlocks {
		o.SACK[o.NumSACK] = b
		o.NumSACK++
	}
}

// len returns the length of the options on the wire, padding included.
func (o *Options) len() int {
	n := 0
	if o.HasMSS {
		n += 4
	}
	if o.HasTS {
		n += 12
	} else if o.SACKPermitted {
		n += 4
	}
	if o.HasWS {
		n += 4
	}
	if o.NumSACK > 0 {
		n += 4 + 8*int(o.NumSACK)
	}
	return n + o.AccECN.len() + o.fastOpenLen()
}

// appendTo writes the options in the order and with the padding that Linux
// uses, which middleboxes know best: each group starts on a 4-byte border.
// SACK-permitted takes the place of the two NOPs before the timestamps. Whatever is no NOP has its
// length (MUST-68), and nothing follows an end of the list, because there is none (MUST-69).
func (o *Options) appendTo(b []byte) []byte {
	if o.HasMSS {
		b = append(b, optMSS, 4, byte(o.MSS>>8), byte(o.MSS))
	}
	switch {
	case o.HasTS && o.SACKPermitted:
		b = append(b, optSACKPermitted, 2, optTimestamps, 10)
	case o.HasTS:
		b = append(b, optNop, optNop, optTimestamps, 10)
	case o.SACKPermitted:
		b = append(b, optNop, optNop, optSACKPermitted, 2)
	}
	if o.HasTS {
		b = binary.BigEndian.AppendUint32(b, o.TSVal)
		b = binary.BigEndian.AppendUint32(b, o.TSEcr)
	}
	b = o.AccECN.appendTo(b)
	if o.HasWS {
		b = append(b, optNop, optWindowScale, 3, o.WS)
	}
	if o.NumSACK > 0 {
		b = append(b, optNop, optNop, optSACK, 2+8*o.NumSACK)
		for _, blk := range o.Blocks() {
			b = binary.BigEndian.AppendUint32(b, uint32(blk.Start))
			b = binary.BigEndian.AppendUint32(b, uint32(blk.End))
		}
	}
	if o.HasFastOpen {
		b = o.appendFastOpen(b)
	}
	return b
}

// parseOptions reads the options in b, of any segment (MUST-5). They may be aligned anyhow (MUST-64), and
// unknown ones are skipped by their length (MUST-6). An impossible length ends the reading;
// what stood before it counts, and so does the segment (MUST-7): Linux does the same.
// MSS, window scale, SACK-permitted and Fast Open mean nothing outside a SYN and are ignored there.
func parseOptions(b []byte, syn bool, o *Options) {
	*o = Options{}
	for len(b) > 0 {
		kind := b[0]
		if kind == optEnd {
			return
		}
		if kind == optNop {
			b = b[1:]
			continue
		}
		if len(b) < 2 || b[1] < 2 || int(b[1]) > len(b) {
			return
		}
		o.parseOne(kind, b[2:b[1]], syn)
		b = b[b[1]:]
	}
}

// parseOne reads the value of one option (MUST-4). A value of the wrong length is ignored.
func (o *Options) parseOne(kind byte, v []byte, syn bool) {
	switch {
	case kind == optMSS && len(v) == 2 && syn:
		o.MSS, o.HasMSS = binary.BigEndian.Uint16(v), true
	case kind == optWindowScale && len(v) == 1 && syn:
		o.WS, o.HasWS = min(v[0], maxWindowScale), true // RFC 7323 §2.3: a larger shift counts as 14
	case kind == optSACKPermitted && len(v) == 0 && syn:
		o.SACKPermitted = true
	case kind == optTimestamps && len(v) == 8:
		o.TSVal, o.TSEcr, o.HasTS = binary.BigEndian.Uint32(v), binary.BigEndian.Uint32(v[4:]), true
	case kind == optSACK && len(v) >= 8 && len(v)%8 == 0 && !syn:
		o.NumSACK = 0
		for ; len(v) >= 8; v = v[8:] {
			o.addBlock(Block{Seq(binary.BigEndian.Uint32(v)), Seq(binary.BigEndian.Uint32(v[4:]))})
		}
	case kind == optAccECN0 || kind == optAccECN1:
		o.AccECN.parse(kind, v)
	case kind == optFastOpen && syn:
		o.parseFastOpen(v, false)
	case kind == optExperimental && syn && len(v) >= 2 && binary.BigEndian.Uint16(v) == fastOpenMagic:
		o.parseFastOpen(v[2:], true)
	}
}

// Format writes the options as packetdrill does, padding included. SACK blocks
// are shown relative to irs: they speak of what the other side sent.
func (o *Options) Format(irs Seq) string {
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	if o.HasMSS {
		add("mss %d", o.MSS)
	}
	switch {
	case o.SACKPermitted && o.HasTS:
		add("sackOK")
	case o.SACKPermitted:
		add("nop,nop,sackOK")
	case o.HasTS:
		add("nop,nop")
	}
	if o.HasTS {
		add("TS val %d ecr %d", o.TSVal, o.TSEcr)
	}
	if o.AccECN.Present {
		add("%s", o.AccECN.format())
	}
	if o.HasWS {
		add("nop,wscale %d", o.WS)
	}
	if o.NumSACK > 0 {
		blocks := make([]string, 0, MaxSACKBlocks)
		for _, b := range o.Blocks() {
			blocks = append(blocks, fmt.Sprintf("%d:%d", b.Start.Sub(irs), b.End.Sub(irs)))
		}
		add("nop,nop,sack %s", strings.Join(blocks, " "))
	}
	if o.HasFastOpen {
		add("%s", o.formatFastOpen())
	}
	return strings.Join(parts, ",")
}
