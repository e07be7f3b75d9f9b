package netsim

import "github.com/sockeye-tcp/sockeye/tcp"

// A ranges is a set of sequence numbers, in order.
type ranges []tcp.Block

// add puts the numbers from start up to end in.
func (r *ranges) add(start, end tcp.Seq) {
	s := *r
	if n := len(s); n > 0 && s[n-1].End == start { // what comes in order
		s[n-1].End = end
		return
	}
	i := 0
	for i < len(s) && s[i].End.Less(start) {
		i++
	}
	j := i
	for j < len(s) && s[j].Start.LessEq(end) {
		if s[j].Start.Less(start) {
			start = s[j].Start
		}
		if end.Less(s[j].End) {
			end = s[j].End
		}
		j++
	}
	if i == j {
		s = append(s, tcp.Block{})
		copy(s[i+1:], s[i:])
	} else {
		s = append(s[:i+1], s[j:]...)
	}
	s[i] = tcp.Block{Start: start, End: end}
	*r = s
}

// holds reports whether all the numbers from start up to end are in.
func (r ranges) holds(start, end tcp.Seq) bool {
	for i := len(r) - 1; i >= 0; i-- {
		if r[i].Start.LessEq(start) {
			return end.LessEq(r[i].End)
		}
	}
	return false
}
