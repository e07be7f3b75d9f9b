package ladder

import (
	"encoding/json"
	"io"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// The JSON renderer: the model with times in seconds and everything named in words. Names of fields do not
// change and none goes away; new ones may come.

// Schema is the version of what JSON writes: it grows when a program that reads it must change.
const Schema = 1

// JSON writes ladders as one object, {"schema": 1, "ladders": [...]}, with a line break at the end. It
// returns the first error of w.
func JSON(w io.Writer, ladders []*Ladder) error {
	if ladders == nil {
		ladders = []*Ladder{}
	}
	return json.NewEncoder(w).Encode(struct {
		Schema  int       `json:"schema"`
		Ladders []*Ladder `json:"ladders"`
	}{Schema, ladders})
}

// MarshalJSON writes the ladder unfolded: {"left": end, "right": end, "lines": [line, ...]}.
// Sequence numbers are relative, also in SACK blocks; the initial ones stand with the ends.
func (l *Ladder) MarshalJSON() ([]byte, error) {
	lines := make([]jsonLine, 0, len(l.Lines))
	vars := lane{ladder: l}
	for i := range l.Lines {
		lines = append(lines, l.Lines[i].json(l, &vars))
	}
	return json.Marshal(struct {
		Left  jsonEnd    `json:"left"`
		Right jsonEnd    `json:"right"`
		Lines []jsonLine `json:"lines"`
	}{l.Left.json(), l.Right.json(), lines})
}

type jsonEnd struct {
	Name     string   `json:"name,omitempty"`
	Addr     string   `json:"addr"`
	State    string   `json:"state,omitempty"` // before the first line
	Inferred bool     `json:"inferred"`        // its states are worked out from the segments
	ISN      *tcp.Seq `json:"isn,omitempty"`
}

func (e *End) json() jsonEnd {
	j := jsonEnd{Name: e.Name, Addr: e.Addr.String(), Inferred: !e.Known}
	if e.HasFirst {
		j.State = e.First.String()
	}
	if e.HasISN {
		j.ISN = &e.ISN
	}
	return j
}

type jsonLine struct {
	Time    float64      `json:"time"`            // seconds since the first line
	Kind    string       `json:"kind"`            // of Kind
	Side    string       `json:"side"`            // the end at which it happened, "left" or "right"; of a segment, the one the time is about
	Left    []string     `json:"left,omitempty"`  // states entered
	Right   []string     `json:"right,omitempty"` // states entered
	Segment *jsonSegment `json:"segment,omitempty"`
	Reason  string       `json:"reason,omitempty"` // in brackets: inferred
	Note    string       `json:"note,omitempty"`
	Rule    string       `json:"rule,omitempty"`      // at that end
	There   string       `json:"ruleThere,omitempty"` // at the end where the segment arrives
	Changes *jsonChanges `json:"changes,omitempty"`   // of variables, to these values
}

// jsonChanges holds the values by name: bytes, relative sequence numbers, seconds; of a timer the
// seconds until it expires. Null: none.
type jsonChanges struct {
	Left  map[string]*float64 `json:"left,omitempty"`
	Right map[string]*float64 `json:"right,omitempty"`
}

type jsonSegment struct {
	Direction string   `json:"direction"`         // of travel
	Part      string   `json:"part,omitempty"`    // "departs" or "arrives", when the line does not show the whole way
	IDs       []int    `json:"ids,omitempty"`     // which of those sent it is: the same in the line of its departure and those of its arrivals
	Sent      *float64 `json:"sent,omitempty"`    // seconds, when known
	Arrived   *float64 `json:"arrived,omitempty"` // seconds, when known
	Lost      bool     `json:"lost,omitempty"`
	Flying    bool     `json:"flying,omitempty"` // neither lost nor there
	Duplicate bool     `json:"duplicate,omitempty"`
	Injected  bool     `json:"injected,omitempty"` // nobody sent it
	Overtaken bool     `json:"overtaken,omitempty"`
	Dropped   bool     `json:"dropped,omitempty"` // by the receiver; the note says why
	Flags     string   `json:"flags"`
	Seq       int64    `json:"seq"`
	Ack       *int64   `json:"ack,omitempty"`
	Len       int      `json:"len"`
	Window    int      `json:"window"`             // bytes
	Segments  int      `json:"segments,omitempty"` // when several travel as one
	Options   string   `json:"options,omitempty"`  // as packetdrill writes them
}

func (l *Line) json(in *Ladder, vars *lane) jsonLine {
	j := jsonLine{
		Time: l.At.Seconds(), Kind: l.Kind.String(), Side: l.Side.String(), Note: l.Note(), Rule: l.Rule, There: l.RuleThere,
		Left: stateNames(l.Left), Right: stateNames(l.Right),
	}
	left, right := changeMap(vars.next(l, OnLeft)), changeMap(vars.next(l, OnRight))
	if left != nil || right != nil {
		j.Changes = &jsonChanges{left, right}
	}
	if l.Kind == KindSegment {
		j.Reason, j.Segment = l.Reason(), l.segmentJSON(in)
	}
	return j
}

func (l *Line) segmentJSON(in *Ladder) *jsonSegment {
	s := &l.Segment
	j := &jsonSegment{
		Direction: l.Dir.String(), IDs: l.IDs, Sent: seconds(l.Sent), Arrived: seconds(l.Arrived),
		Lost: l.Lost, Flying: l.Flying, Duplicate: l.Duplicate, Injected: l.Injected, Overtaken: l.Overtaken,
		Dropped: l.Drop != ip.NoDrop, Flags: s.Header.Flags.Names(),
		Seq: s.Seq, Len: s.Len, Window: s.Window, Options: s.Header.Options.Format(in.End(l.Dir.Receiver()).ISN),
	}
	if l.Part != Whole {
		j.Part = l.Part.String()
	}
	if s.Header.Flags.Has(tcp.ACK) {
		j.Ack = &s.Ack
	}
	if s.Count > 1 {
		j.Segments = s.Count
	}
	return j
}

// seconds gives a time for JSON, nil when it is Unknown.
func seconds(d time.Duration) *float64 {
	if d == Unknown {
		return nil
	}
	s := d.Seconds()
	return &s
}

func stateNames(states []tcp.State) []string {
	var names []string
	for _, s := range states {
		names = append(names, s.String())
	}
	return names
}

func changeMap(list []Change) map[string]*float64 {
	if len(list) == 0 {
		return nil
	}
	m := make(map[string]*float64, len(list))
	for _, c := range list {
		m[c.Name] = &c.Number
		if c.None {
			m[c.Name] = nil
		}
	}
	return m
}
