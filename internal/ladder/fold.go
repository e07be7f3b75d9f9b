package ladder

import (
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Folding: a long transfer is mostly alike, and one line says it all.

const (
	// foldEnds is how many segments of a run stay in sight at each end of it.
	foldEnds = 2
	// foldLeast is the length from which a run is worth folding: less would save too few lines.
	foldLeast = 2*foldEnds + 4
)

// Folded returns a copy of the ladder in which runs of ordinary segments (data
// and acknowledgements that change nothing else) are each replaced by one
// KindFold line. Whatever is out of the ordinary stays.
func (l *Ladder) Folded() *Ladder {
	folded := *l
	folded.Lines = nil
	for rest := l.Lines; len(rest) > 0; {
		n := ordinaryRun(rest)
		first, last, fits := ends(rest[:n])
		if !fits {
			n = max(n, 1)
			folded.Lines = append(folded.Lines, rest[:n]...)
		} else {
			folded.Lines = append(folded.Lines, rest[:first]...)
			folded.Lines = append(folded.Lines, fold(rest[first:last]))
			folded.Lines = append(folded.Lines, rest[last:n]...)
		}
		rest = rest[n:]
	}
	return &folded
}

// ends returns where the part of a run begins and ends that is folded away, and whether it is long enough for that. Segments
// count, not the calls between them.
func ends(run []Line) (first, last int, fits bool) {
	var segments []int
	for i := range run {
		if run[i].Kind == KindSegment {
			segments = append(segments, i)
		}
	}
	n := len(segments)
	if n < foldLeast {
		return 0, 0, false
	}
	return segments[foldEnds], segments[n-foldEnds], true
}

// ordinaryRun returns the length of the run of ordinary lines at the start.
func ordinaryRun(lines []Line) int {
	for i := range lines {
		if !lines[i].ordinary() {
			return i
		}
	}
	return len(lines)
}

// ordinary reports whether a line may be folded away.
func (l *Line) ordinary() bool {
	if len(l.Left) > 0 || len(l.Right) > 0 || l.Trip.odd() {
		return false
	}
	if l.Kind == KindCall {
		return l.Call == tcp.CallSend || l.Call == tcp.CallReceive
	}
	h := &l.Segment.Header
	plain := h.Flags == tcp.ACK || h.Flags == tcp.ACK|tcp.PSH
	return l.Kind == KindSegment && plain && l.Drop == ip.NoDrop && h.Wnd > 0 && h.Options.NumSACK == 0 &&
		l.Nth == 0 && ordinaryWhy(l.Why) && ordinaryFinding(l.Finding)
}

// odd reports whether something unusual happened to a segment on its way.
func (t *Trip) odd() bool {
	return t.Lost || t.Flying || t.Duplicate || t.Injected || t.Overtaken || t.Missing > 0
}

// ordinaryFinding is ordinaryWhy for what was seen on the wire.
func ordinaryFinding(f Finding) bool {
	switch f {
	case NoFinding, FoundData, FoundAck, FoundWindowUpdate:
		return true
	}
	return false
}

// ordinaryWhy reports whether a segment sent for this reason is nothing special.
func ordinaryWhy(w tcp.Why) bool {
	switch w {
	case tcp.WhyNone, tcp.WhyData, tcp.WhyAck, tcp.WhyDelayedAck, tcp.WhyWindowUpdate:
		return true
	}
	return false
}

// fold makes the line that stands for a run.
func fold(run []Line) Line {
	last := &run[len(run)-1]
	line := Line{Kind: KindFold, At: run[0].At, LeftVars: last.LeftVars, RightVars: last.RightVars}
	f := &line.Fold
	f.Until = last.At
	for i := range run {
		if run[i].Kind == KindSegment {
			f.count(&run[i])
		}
	}
	return line
}

// count adds one segment to a fold.
func (f *Fold) count(l *Line) {
	s := &l.Segment
	switch {
	case l.Part == Arrives:
		f.Arrivals++
	case l.Dir == ToRight:
		f.ToRight += s.Count
		f.BytesRight += s.Len
	default:
		f.ToLeft += s.Count
		f.BytesLeft += s.Len
	}
}

// Took returns how long the run took.
func (l *Line) Took() time.Duration { return l.Fold.Until - l.At }
