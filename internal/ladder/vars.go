package ladder

import (
	"strconv"
	"strings"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// The side lane: the variables of the ends, under their RFC names, and their timers. It shows what changes.

// A Change is a variable or a timer and its new value.
type Change struct {
	Name  string
	Value string // as it reads: "1448", "40ms", "off"
	// Number is the value: bytes, a sequence number relative to the initial one, or seconds. None is set when there
	// is no value: a timer that does not run, a threshold that was not set yet.
	Number float64
	None   bool
}

// A variable is a name and the value of a variable of that name.
type variable struct {
	name  string
	value func(*tcp.Vars) int64
	time  bool // the value is nanoseconds
	unset func(int64) bool
}

// variables are what the lane shows, in this order. Sequence numbers are relative.
var variables = []variable{
	{name: "snd.una", value: func(v *tcp.Vars) int64 { return int64(v.SndUna.Sub(v.ISS)) }},
	{name: "snd.nxt", value: func(v *tcp.Vars) int64 { return int64(v.SndNxt.Sub(v.ISS)) }},
	{name: "snd.wnd", value: func(v *tcp.Vars) int64 { return int64(v.SndWnd) }},
	{name: "rcv.nxt", value: func(v *tcp.Vars) int64 { return int64(v.RcvNxt.Sub(v.IRS)) }},
	{name: "rcv.wnd", value: func(v *tcp.Vars) int64 { return int64(v.RcvWnd) }},
	{name: "cwnd", value: func(v *tcp.Vars) int64 { return int64(v.Cwnd) }},
	{name: "ssthresh", value: func(v *tcp.Vars) int64 { return int64(v.Ssthresh) }, unset: func(n int64) bool { return n == 0 || n >= unbounded }},
	{name: "flight", value: func(v *tcp.Vars) int64 { return int64(v.Flight) }},
	{name: "sndbuf", value: func(v *tcp.Vars) int64 { return int64(v.SndBuf) }},
	{name: "rcvbuf", value: func(v *tcp.Vars) int64 { return int64(v.RcvBuf) }},
	{name: "holes", value: func(v *tcp.Vars) int64 { return int64(v.Holes) }},
	{name: "srtt", value: func(v *tcp.Vars) int64 { return int64(v.SRTT) }, time: true, unset: func(n int64) bool { return n == 0 }},
	{name: "rto", value: func(v *tcp.Vars) int64 { return int64(v.RTO) }, time: true, unset: func(n int64) bool { return n == 0 }},
}

// unbounded is a slow-start threshold that no window reaches: there is none yet.
const unbounded = 1 << 30

// change tells the value of a variable.
func (v *variable) change(n int64) Change {
	switch {
	case v.unset != nil && v.unset(n):
		return Change{Name: v.name, Value: "-", None: true}
	case v.time:
		return Change{Name: v.name, Value: span(time.Duration(n)), Number: time.Duration(n).Seconds()}
	}
	return Change{Name: v.name, Value: strconv.FormatInt(n, 10), Number: float64(n)}
}

// changes tells what is different in an end's variables from one event to a later one, at now: from nil, everything
// that is not zero. A timer shows as the time until it expires, or "off".
func changes(from, to *tcp.Vars, now ip.Time) []Change {
	if to == nil || from == to {
		return nil
	}
	if from == nil {
		from = &tcp.Vars{ISS: to.ISS, SndUna: to.ISS, SndNxt: to.ISS, IRS: to.IRS, RcvNxt: to.IRS}
	}
	var list []Change
	for i := range variables {
		v := &variables[i]
		if c := v.change(v.value(to)); c != v.change(v.value(from)) {
			list = append(list, c)
		}
	}
	for t, at := range to.Timers {
		c := Change{Name: timerName(tcp.Timer(t)), Value: "off", None: true}
		if at != 0 {
			left := max(at.Sub(now), 0)
			c.Value, c.Number, c.None = span(left), left.Seconds(), false
		}
		if at != from.Timers[t] {
			list = append(list, c)
		}
	}
	return list
}

// timerName is the name of a timer among the variables.
func timerName(t tcp.Timer) string { return t.String() + timerSuffix }

const timerSuffix = " timer"

// A lane walks down a ladder and tells the changes of each line.
type lane struct {
	ladder *Ladder
	last   [2]*tcp.Vars
}

// next returns what changes at an end in the next line.
func (n *lane) next(l *Line, s Side) []Change {
	v := l.Vars(s)
	list := changes(n.last[s], v, n.ladder.Start.Add(l.timeAt(s)))
	n.last[s] = v
	return list
}

// timeAt is when a line happened at an end: a segment that takes one line arrives later than it left.
func (l *Line) timeAt(s Side) time.Duration {
	if l.Kind == KindSegment && l.Part == Whole && l.Arrived != Unknown && s == l.Dir.Receiver() {
		return l.Arrived
	}
	return l.At
}

// changeWords writes changes on one line: "snd.una 1, snd.nxt 87".
func changeWords(list []Change) string {
	var b strings.Builder
	for i, c := range list {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(c.Name + " " + c.Value)
	}
	return b.String()
}

// span writes a time with three digits: 1.25s, 40ms, 312µs.
func span(d time.Duration) string {
	unit := time.Nanosecond
	for unit < time.Hour && unit*1000 <= d.Abs() {
		unit *= 10
	}
	return d.Round(unit).String()
}
