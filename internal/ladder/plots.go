package ladder

import (
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// What there is to plot of a ladder: sequence numbers, congestion control, round-trip times.

// leastData is how many segments with text make a plot of one direction worth looking at.
const leastData = 2

// plots returns the plots of a ladder, those of one direction side by side.
func (l *Ladder) plots() []*plot {
	var list []*plot
	for _, d := range []Direction{ToRight, ToLeft} {
		if l.dataSegments(d) < leastData {
			continue
		}
		list = append(list, l.sequencePlot(d))
		if p := l.windowPlot(d.Sender()); p != nil {
			list = append(list, p)
		}
		if p := l.rttPlot(d); p != nil {
			list = append(list, p)
		}
	}
	for _, p := range list {
		p.until = l.lastSegment()
	}
	return list
}

// lastSegment is when the last segment passed, in seconds: what comes later, TIME-WAIT say, would press the curves together.
func (l *Ladder) lastSegment() (last float64) {
	for i := range l.Lines {
		if line := &l.Lines[i]; line.Kind == KindSegment {
			last = max(last, line.seenAt(OnLeft), line.seenAt(OnRight))
		}
	}
	return last
}

// dataSegments counts the segments with text of a direction.
func (l *Ladder) dataSegments(d Direction) (n int) {
	for i := range l.Lines {
		if line := &l.Lines[i]; line.Kind == KindSegment && line.Dir == d && line.Segment.Len > 0 {
			n++
		}
	}
	return n
}

// seenAt is when the end on a side saw a segment, or the time of the line when it did not.
func (l *Line) seenAt(s Side) float64 {
	at := l.At
	switch {
	case l.Kind != KindSegment:
	case s == l.Dir.Sender() && l.Sent != Unknown:
		at = l.Sent
	case s == l.Dir.Receiver() && l.Arrived != Unknown:
		at = l.Arrived
	}
	return at.Seconds()
}

// sequencePlot is Stevens' time-sequence graph, as the sender sees it: text as it leaves, what is acknowledged, and the window's edge.
func (l *Ladder) sequencePlot(d Direction) *plot {
	s := d.Sender()
	fresh := curve{name: "sent", class: "fresh", shape: bars}
	again := curve{name: "sent again", class: "resent", shape: bars}
	lost := curve{name: "lost", class: "lost", shape: marks}
	acks := curve{name: "acknowledged", class: "acked", shape: steps}
	edge := curve{name: "window", class: "edge", shape: steps}
	for i := range l.Lines {
		line := &l.Lines[i]
		g := &line.Segment
		switch {
		case line.Kind != KindSegment:
		case line.Dir == d && g.Len > 0 && line.Part != Arrives:
			p := point{line.seenAt(s), float64(g.Seq), float64(g.Seq) + float64(g.Len)}
			if line.Nth > 0 || line.Why.Retransmission() {
				again.points = append(again.points, p)
			} else {
				fresh.points = append(fresh.points, p)
			}
			if line.Lost {
				lost.points = append(lost.points, point{x: p.x, y: (p.y + p.top) / 2})
			}
		case line.heardBy(s) && g.Header.Flags.Has(tcp.ACK):
			acks.rise(point{x: line.seenAt(s), y: float64(g.Ack)})
			edge.rise(point{x: line.seenAt(s), y: float64(g.Ack) + float64(g.Window)})
		}
	}
	p := &plot{title: "Sequence numbers, " + l.sideName(s) + " to " + l.sideName(s.Other()), unit: "bytes"}
	p.add(fresh, again, lost, acks)
	if top := fresh.top(); edge.within(2 * top) {
		p.add(edge)
	}
	return p
}

// heardBy reports whether a line shows that an end believed a segment of the other's: in a record of one end all that came count.
func (l *Line) heardBy(s Side) bool {
	return l.Kind == KindSegment && l.Dir.Receiver() == s && l.Part != Departs && !l.Injected && (l.Drop == ip.NoDrop || l.TextOnly)
}

// rise adds a point unless its value is below the last.
func (v *curve) rise(p point) {
	if n := len(v.points); n == 0 || v.points[n-1].y <= p.y {
		v.points = append(v.points, p)
	}
}

// top is the largest value.
func (v *curve) top() (top float64) {
	for _, p := range v.points {
		top = max(top, p.y, p.top)
	}
	return top
}

// within reports whether all values are below a bound: a curve far above the others would press them flat.
func (v *curve) within(bound float64) bool { return len(v.points) > 0 && v.top() <= bound }

// add adds the curves that have points.
func (p *plot) add(curves ...curve) {
	for _, v := range curves {
		if len(v.points) > 0 {
			p.curves = append(p.curves, v)
		}
	}
}

// windowPlot shows the congestion window, the threshold and what is in flight; nil for an end that recorded none.
func (l *Ladder) windowPlot(s Side) *plot {
	cwnd := curve{name: "cwnd", class: "cwnd", shape: steps}
	ssthresh := curve{name: "ssthresh", class: "ssthresh", shape: steps}
	flight := curve{name: "flight", class: "flight", shape: steps}
	var last *tcp.Vars
	for i := range l.Lines {
		v, at := l.Lines[i].Vars(s), l.Lines[i].seenAt(s)
		if v == nil || v == last {
			continue
		}
		last = v
		cwnd.points = append(cwnd.points, point{x: at, y: float64(v.Cwnd)})
		flight.points = append(flight.points, point{x: at, y: float64(v.Flight)})
		if v.Ssthresh > 0 && v.Ssthresh < unbounded {
			ssthresh.points = append(ssthresh.points, point{x: at, y: float64(v.Ssthresh)})
		}
	}
	if last == nil {
		return nil
	}
	p := &plot{title: "Congestion window of " + l.sideName(s), unit: "bytes"}
	p.add(flight, cwnd)
	if ssthresh.within(4 * max(cwnd.top(), flight.top())) {
		p.add(ssthresh)
	}
	return p
}

// rttPlot shows how long text took to be acknowledged, and what the sender made of it; nil when nothing was measured, or only
// at the other end, which knows nothing of it.
func (l *Ladder) rttPlot(d Direction) *plot {
	s := d.Sender()
	if l.End(s.Other()).Known && !l.End(s).Known {
		return nil
	}
	samples := curve{name: "measured", class: "sample", shape: dots}
	smooth := curve{name: "srtt", class: "srtt", shape: steps}
	var out []flightTime
	var last time.Duration
	for i := range l.Lines {
		line := &l.Lines[i]
		if v := line.Vars(s); v != nil && v.SRTT > 0 && v.SRTT != last {
			last = v.SRTT
			smooth.points = append(smooth.points, point{x: line.seenAt(s), y: milliseconds(last)})
		}
		switch h := &line.Segment.Header; {
		case line.Kind != KindSegment:
		case line.Dir == d && line.Part != Arrives && (line.Segment.Len > 0 || h.Flags.Has(tcp.SYN)):
			out = depart(out, line)
		case line.heardBy(s) && h.Flags.Has(tcp.ACK):
			var at float64
			if out, at = acknowledge(out, h.Ack, line.seenAt(s)); at >= 0 {
				samples.points = append(samples.points, point{x: line.seenAt(s), y: at * 1e3})
			}
		}
	}
	if len(samples.points) == 0 {
		return nil
	}
	p := &plot{title: "Round-trip time seen by " + l.sideName(s), unit: "ms"}
	p.add(smooth, samples)
	return p
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1e3 }

// A flightTime is text that waits for its acknowledgement.
type flightTime struct {
	end   tcp.Seq
	sent  float64
	again bool // was sent twice: its acknowledgement measures nothing (Karn)
}

// depart notes text that leaves.
func depart(out []flightTime, l *Line) []flightTime {
	end := endOf(l)
	for i := range out {
		if out[i].end == end {
			out[i].again = true
			return out
		}
	}
	return append(out, flightTime{end: end, sent: l.seenAt(l.Dir.Sender()), again: l.Nth > 0})
}

// acknowledge takes out what an acknowledgement covers, and returns the round-trip time of the last of it, or -1.
func acknowledge(out []flightTime, ack tcp.Seq, now float64) (rest []flightTime, rtt float64) {
	rtt = -1
	ambiguous := false
	for _, f := range out {
		if !f.end.LessEq(ack) {
			rest = append(rest, f)
			continue
		}
		ambiguous = ambiguous || f.again
		rtt = now - f.sent
	}
	if ambiguous {
		rtt = -1
	}
	return rest, rtt
}
