package ladder

import (
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// What a line says, in words, whatever draws it.

// Words says what a segment is: "SYN, ACK seq 0 ack 1". With absolute set, sequence
// numbers are those on the wire.
func (s *Segment) Words(absolute bool) string { return strings.Join(s.wordList(absolute), " ") }

// wordList returns the parts of Words, the most telling first.
func (s *Segment) wordList(absolute bool) []string {
	h := &s.Header
	seq, ack := s.Seq, s.Ack
	if absolute {
		seq, ack = int64(h.Seq), int64(h.Ack)
	}
	flags := strings.ReplaceAll(h.Flags.Names(), ",", ", ")
	switch n := bits.OnesCount16(uint16(h.Flags)); {
	case n == 0:
		flags = "no flags"
	case n > maxFlagNames:
		flags = h.Flags.String()
	}
	list := []string{flags, fmt.Sprintf("seq %d", seq)}
	if s.Len > 0 {
		list = append(list, fmt.Sprintf("len %d", s.Len))
	}
	if h.Flags.Has(tcp.ACK) {
		list = append(list, fmt.Sprintf("ack %d", ack))
	}
	if h.Flags.Has(tcp.URG) {
		list = append(list, fmt.Sprintf("urg %d", h.Urg))
	}
	if absolute && h.Seq.Add(tcp.Size(s.Len)) < h.Seq {
		list = append(list, "wraps")
	}
	if h.Wnd == 0 && !h.Flags.Has(tcp.RST) {
		list = append(list, "win 0")
	}
	return list
}

// maxFlagNames is how many flags are written out: so many names fit the narrowest
// arrow, and no honest segment has more.
const maxFlagNames = 4

// OptionWords says what the options are that a reader wants to see: all of a
// SYN's, with the window, and the SACK blocks of others, relative like Ack unless absolute is set.
func (s *Segment) OptionWords(absolute bool) string {
	o := &s.Header.Options
	var parts []string
	if s.Header.Flags.Has(tcp.SYN) {
		parts = append(parts, "win "+strconv.Itoa(int(s.Header.Wnd)))
	}
	if o.HasMSS {
		parts = append(parts, "mss "+strconv.Itoa(int(o.MSS)))
	}
	if o.SACKPermitted {
		parts = append(parts, "sack")
	}
	if o.HasTS && s.Header.Flags.Has(tcp.SYN) {
		parts = append(parts, "ts")
	}
	if o.HasWS {
		parts = append(parts, "scale "+strconv.Itoa(int(o.WS)))
	}
	if w := o.FastOpenWords(); w != "" {
		parts = append(parts, w)
	}
	shown := func(n tcp.Seq) int64 {
		if absolute {
			return int64(n)
		}
		return s.Ack + int64(int32(n-s.Header.Ack))
	}
	for _, b := range o.Blocks() {
		parts = append(parts, fmt.Sprintf("sack %d:%d", shown(b.Start), shown(b.End)))
	}
	if s.Count > 1 {
		parts = append(parts, fmt.Sprintf("%d segments in one", s.Count))
	}
	return strings.Join(parts, " ")
}

// Reason says why a segment was sent and whether it was lost, or how the one that arrives came; "" when there
// is nothing to say. What was worked out from the wire stands in brackets.
func (l *Line) Reason() string {
	if l.Part == Arrives {
		return l.came()
	}
	var list []string
	if w := l.Finding.String() + l.Why.String(); w != "" {
		list = append(list, w)
		if l.Nth > 0 {
			list = append(list, ordinal(l.Nth+1)+" time")
		}
	}
	if l.Lost {
		list = append(list, "lost")
	}
	words := strings.Join(list, ", ")
	if l.Finding != NoFinding {
		return "[" + words + "]"
	}
	return words
}

// came says how a segment that left in another line arrives.
func (t *Trip) came() string {
	var list []string
	for _, w := range []struct {
		so   bool
		word string
	}{{t.Injected, "injected"}, {t.Duplicate, "duplicate"}, {t.Overtaken, "overtaken"}} {
		if w.so {
			list = append(list, w.word)
		}
	}
	if t.Sent != Unknown && t.Arrived >= t.Sent { // clocks may differ
		list = append(list, "after "+span(t.Arrived-t.Sent))
	}
	return strings.Join(list, ", ")
}

// Rules returns the places in RFCs that decided, at the end that At is about and then at the other; each once; mostly one or none.
func (l *Line) Rules() []string {
	var list []string
	for r := range strings.SplitSeq(l.Rule+"; "+l.RuleThere, "; ") {
		if r != "" && !slices.Contains(list, r) {
			list = append(list, r)
		}
	}
	return list
}

// dropRule is the rule by which a segment was thrown away.
func (l *Line) dropRule() string {
	if l.Part == Whole && l.Sent != Unknown {
		return l.RuleThere
	}
	return l.Rule
}

// Note says what a line is that no segment crosses, and of a segment what became
// of it, if that is out of the ordinary. It is "" when there is nothing to say.
func (l *Line) Note() string {
	switch l.Kind {
	case KindSegment:
		return l.segmentNote()
	case KindState:
		return l.stateNote()
	case KindCall:
		if l.Bytes > 0 {
			return fmt.Sprintf("call: %s %s", l.Call, plural(l.Bytes, "byte"))
		}
		return "call: " + l.Call.String()
	case KindTimer:
		if l.Nth > 1 {
			return fmt.Sprintf("timer: %s, %s in a row", l.Timer, ordinal(l.Nth))
		}
		return "timer: " + l.Timer.String()
	case KindICMP:
		if l.Bytes > 0 {
			return fmt.Sprintf("ICMP: packet too big, MTU %d", l.Bytes)
		}
		return "ICMP: " + l.Cause.String()
	case KindMTU:
		return fmt.Sprintf("packets of %d bytes: %s", l.Bytes, l.Why)
	case KindRecovery:
		return "recovery: " + l.Why.String()
	case KindUrgent:
		return "urgent pointer advanced"
	case KindMarks:
		return "congestion marks: " + l.Why.String()
	case KindFold:
		return strings.Join(l.Fold.Words(), "; ")
	case KindDiscard:
		return "packet dropped: " + l.Drop.String()
	case KindGap:
		return plural(l.Count, "event") + " not recorded"
	}
	return ""
}

// segmentNote says what became of a segment.
func (l *Line) segmentNote() string {
	switch {
	case l.Flying:
		return "on its way"
	case l.Missing > 0:
		return plural(l.Missing, "byte") + " of it lost"
	case l.TextOnly:
		return "text dropped: " + l.Drop.String()
	case l.Drop != ip.NoDrop:
		return "dropped: " + l.Drop.String()
	case l.Cause != tcp.CauseNone && l.Cause != tcp.CauseDone:
		return l.Cause.String()
	}
	return ""
}

// stateNote says what moved our end, when nothing else in the ladder does.
func (l *Line) stateNote() string {
	switch {
	case l.Cause != tcp.CauseNone:
		return l.Cause.String()
	case len(l.Entered(l.Side)) > 0:
		return l.Why.String()
	}
	return ""
}

// Words says how much a fold stands for: one text for each direction.
func (f *Fold) Words() []string {
	var list []string
	add := func(n, bytes int, way string) {
		switch {
		case bytes > 0:
			list = append(list, fmt.Sprintf("%s %s, %s", plural(n, "segment"), way, plural(bytes, "byte")))
		case n > 0:
			list = append(list, fmt.Sprintf("%s %s", plural(n, "ACK"), way))
		}
	}
	add(f.ToRight, f.BytesRight, "out")
	add(f.ToLeft, f.BytesLeft, "in")
	if len(list) == 0 {
		list = append(list, plural(f.Arrivals, "arrival"))
	}
	return list
}

// plural writes a count with its unit: "602,112 bytes".
func plural(n int, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return thousands(n) + " " + unit + "s"
}

// thousands writes a number with commas.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// ordinal writes 1st, 2nd, 3rd.
func ordinal(n int) string {
	suffix := "th"
	if tens := n / 10 % 10; tens != 1 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return strconv.Itoa(n) + suffix
}
