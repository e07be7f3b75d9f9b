package ladder

import (
	"encoding/json"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// The JSON renderer: the model with times in seconds and everything named in words.

// MarshalJSON writes the ladder unfolded. Sequence numbers are relative, also in
// SACK blocks; the initial ones stand with the ends.
func (l *Ladder) MarshalJSON() ([]byte, error) {
	lines := make([]jsonLine, 0, len(l.Lines))
	for i := range l.Lines {
		lines = append(lines, l.Lines[i].json(l))
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
	Inferred bool     `json:"inferred"`
	ISN      *tcp.Seq `json:"isn,omitempty"`
}

func (e *End) json() jsonEnd {
	j := jsonEnd{Name: e.Name, Addr: e.Addr.String(), Inferred: e.Inferred}
	if e.HasFirst {
		j.State = e.First.String()
	}
	if e.HasISN {
		j.ISN = &e.ISN
	}
	return j
}

type jsonLine struct {
	Time    float64      `json:"time"` // seconds since the first line
	Kind    string       `json:"kind"`
	Left    []string     `json:"left,omitempty"`  // states entered
	Right   []string     `json:"right,omitempty"` // states entered
	Segment *jsonSegment `json:"segment,omitempty"`
	Reason  string       `json:"reason,omitempty"`
	Note    string       `json:"note,omitempty"`
	Rule    string       `json:"rule,omitempty"`
}

type jsonSegment struct {
	Direction string  `json:"direction"` // of travel: "right" was sent, "left" arrived
	Dropped   bool    `json:"dropped,omitempty"`
	Flags     string  `json:"flags"`
	Seq       uint32  `json:"seq"`
	Ack       *uint32 `json:"ack,omitempty"`
	Len       int     `json:"len"`
	Window    int     `json:"window"` // bytes
	Segments  int     `json:"segments,omitempty"`
	Options   string  `json:"options,omitempty"` // as packetdrill writes them
}

func (l *Line) json(in *Ladder) jsonLine {
	j := jsonLine{Time: l.At.Seconds(), Kind: l.Kind.String(), Note: l.Note(), Rule: l.Rule}
	for _, s := range l.Left {
		j.Left = append(j.Left, s.String())
	}
	for _, s := range l.Right {
		j.Right = append(j.Right, s.String())
	}
	if l.Kind == KindSegment {
		j.Reason, j.Segment = l.Reason(), l.Segment.json(in, l)
	}
	return j
}

func (s *Segment) json(in *Ladder, l *Line) *jsonSegment {
	j := &jsonSegment{
		Direction: "right", Dropped: l.Drop != ip.NoDrop, Flags: s.Header.Flags.Names(),
		Seq: s.Seq, Len: s.Len, Window: s.Window, Options: s.Header.Options.Format(in.Right.ISN),
	}
	if l.Dir == ToLeft {
		j.Direction, j.Options = "left", s.Header.Options.Format(in.Left.ISN)
	}
	if s.Header.Flags.Has(tcp.ACK) {
		j.Ack = &s.Ack
	}
	if s.Count > 1 {
		j.Segments = s.Count
	}
	return j
}
