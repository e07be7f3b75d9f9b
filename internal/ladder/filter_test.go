package ladder

import (
	"slices"
	"strings"
	"testing"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// matching returns what the chosen lines say.
func matching(t *testing.T, l *Ladder, filter string) []string {
	t.Helper()
	f, err := ParseFilter(filter)
	if err != nil {
		t.Fatal(err)
	}
	says := []string{}
	for _, line := range l.Filtered(f).Lines {
		if line.Kind == KindSegment {
			says = append(says, line.Segment.Words(false))
		} else {
			says = append(says, line.Note())
		}
	}
	return says
}

func TestFilters(t *testing.T) {
	exchange, again := Build(exchange().events, Options{})[0], Build(retransmissions().events, Options{})[0]
	for _, test := range []struct {
		l      *Ladder
		filter string
		want   []string
	}{
		{exchange, "syn", []string{"SYN seq 0", "SYN, ACK seq 0 ack 1"}},
		{exchange, "SYN left", []string{"SYN, ACK seq 0 ack 1"}},
		{exchange, "syn !ack, fin right", []string{"SYN seq 0", "FIN, ACK seq 87 ack 301"}},
		{exchange, "call !send", []string{"call: open", "call: close"}},
		{exchange, "data", []string{"PSH, ACK seq 1 len 86 ack 1", "PSH, ACK seq 1 len 300 ack 87"}},
		{exchange, "delayed", []string{"ACK seq 87 ack 301"}},
		{exchange, "time-wait", []string{"FIN, ACK seq 301 ack 88"}},
		{exchange, "nothing-like-it", []string{}},
		{again, "drop", []string{"ACK seq 1 len 1448 ack 87"}},
		{again, "retransmit 3rd", []string{"PSH, ACK seq 1 len 86 ack 1"}},
		{again, "timer", []string{"timer: retransmission", "timer: retransmission", "timer: retransmission, 2nd in a row"}},
		{again, "§3.10.7.4", []string{"ACK seq 1 len 1448 ack 87"}},
	} {
		if got := matching(t, test.l, test.filter); !slices.Equal(got, test.want) {
			t.Errorf("%q: got %q, want %q", test.filter, got, test.want)
		}
	}
}

func TestFiltersOfFates(t *testing.T) {
	l := Build(allFates(), Options{})[0]
	for filter, want := range map[string]int{"lost": 3, "duplicate": 2, "injected": 1, "overtaken": 1, "departs !lost": 8, "arrives": 11, "flying": 0} {
		if got := len(matching(t, l, filter)); got != want {
			t.Errorf("%q: got %d lines, want %d", filter, got, want)
		}
	}
}

func TestFilteredLinesKeepTheStatesBetween(t *testing.T) {
	f, err := ParseFilter("data")
	if err != nil {
		t.Fatal(err)
	}
	first := Build(exchange().events, Options{})[0].Filtered(f).Lines[0]
	if got, want := first.Left, []tcp.State{tcp.SynSent, tcp.Established}; !slices.Equal(got, want) {
		t.Errorf("before the first data: got %v, want %v", got, want)
	}
}

func TestBadFilters(t *testing.T) {
	for _, filter := range []string{"", "syn,", "!", "syn ! fin"} {
		if _, err := ParseFilter(filter); err == nil {
			t.Errorf("%q: got no error", filter)
		}
	}
}

func TestTextFilter(t *testing.T) {
	f, err := ParseFilter("fin")
	if err != nil {
		t.Fatal(err)
	}
	got := draw(t, exchange().events, TextOptions{Filter: f})
	if strings.Contains(got, "SYN seq") || strings.Count(got, "FIN, ACK") != 2 {
		t.Errorf("got\n%s\nwant the two FINs and no SYN", got)
	}
}

// What Tags returns and what a filter takes for a tag are the same words.
func TestTagsAreKnown(t *testing.T) {
	for _, events := range [][]tcp.Event{allFates(), retransmissions().events, exchange().events, simultaneousOpen().events} {
		for _, l := range Build(events, Options{}) {
			for i := range l.Lines {
				for _, tag := range l.Lines[i].Tags() {
					if !slices.Contains(allTags, tag) {
						t.Errorf("%s has the tag %q, which no filter knows", l.Lines[i].String(), tag)
					}
				}
			}
		}
	}
}
