package ladder

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// TestAListenerHasListenedBefore: its connection enters LISTEN when the SYN comes, which is no news.
func TestAListenerHasListenedBefore(t *testing.T) {
	local, remote := netip.MustParseAddrPort("192.0.2.2:80"), netip.MustParseAddrPort("192.0.2.1:4000")
	at := func(ms int, e tcp.Event) tcp.Event {
		e.Local, e.Remote = local, remote
		e.Time = ip.Time(1).Add(time.Duration(ms) * time.Millisecond)
		return e
	}
	record := func(synAfter int) []tcp.Event {
		return []tcp.Event{
			at(0, tcp.Event{Kind: tcp.EventCall, Call: tcp.CallListen, State: tcp.Closed}),
			at(0, tcp.Event{Kind: tcp.EventState, From: tcp.Closed, State: tcp.Listen, Why: tcp.WhyCall}),
			at(synAfter, tcp.Event{Kind: tcp.EventArrive, State: tcp.Listen, Header: tcp.Header{SrcPort: 4000, DstPort: 80, Flags: tcp.SYN}}),
			at(synAfter, tcp.Event{Kind: tcp.EventState, From: tcp.Listen, State: tcp.SynReceived, Why: tcp.WhyArrive}),
		}
	}
	for _, test := range []struct {
		name     string
		synAfter int
		first    tcp.State
		lines    int
	}{
		{"in the moment of the SYN", 0, tcp.Listen, 1},
		{"long before", 5, tcp.Closed, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := Build(record(test.synAfter), Options{})[0]
			if l.Left.First != test.first || len(l.Lines) != test.lines {
				t.Errorf("got first state %v and %d lines, want %v and %d", l.Left.First, len(l.Lines), test.first, test.lines)
			}
		})
	}
}

// TestAListenerIsUsedAgain: a second connection on the same ports enters LISTEN with its SYN, unless the end is there.
func TestAListenerIsUsedAgain(t *testing.T) {
	local, remote := netip.MustParseAddrPort("192.0.2.2:80"), netip.MustParseAddrPort("192.0.2.1:4000")
	for _, test := range []struct {
		name string
		end  tcp.State // of the first connection
		want []tcp.State
	}{
		{"after CLOSED", tcp.Closed, []tcp.State{tcp.Listen, tcp.SynReceived}},
		{"after LISTEN", tcp.Listen, []tcp.State{tcp.SynReceived}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var events []tcp.Event
			add := func(ms int, e tcp.Event) {
				e.Time, e.Local, e.Remote = ip.Time(1).Add(time.Duration(ms)*time.Millisecond), local, remote
				events = append(events, e)
			}
			open := func(ms int) {
				add(ms, tcp.Event{Kind: tcp.EventCall, Call: tcp.CallListen, State: tcp.Closed})
				add(ms, tcp.Event{Kind: tcp.EventState, From: tcp.Closed, State: tcp.Listen, Why: tcp.WhyCall})
				add(ms, tcp.Event{Kind: tcp.EventArrive, State: tcp.Listen, Header: tcp.Header{SrcPort: 4000, DstPort: 80, Seq: tcp.Seq(ms), Flags: tcp.SYN}})
				add(ms, tcp.Event{Kind: tcp.EventState, From: tcp.Listen, State: tcp.SynReceived, Why: tcp.WhyArrive})
			}
			open(0)
			add(5, tcp.Event{Kind: tcp.EventArrive, State: tcp.SynReceived, Header: tcp.Header{SrcPort: 4000, DstPort: 80, Seq: 1, Flags: tcp.RST}})
			add(5, tcp.Event{Kind: tcp.EventState, From: tcp.SynReceived, State: test.end, Why: tcp.WhyArrive})
			c := &connection{}
			c.ends = []*party{{key: pair{local, remote}}}
			open(10)
			for i := range events {
				c.happenings = append(c.happenings, happening{Event: &events[i], index: i, at: events[i].Time})
			}
			c.build(&Options{})
			last := c.Lines[len(c.Lines)-1]
			if len(c.Lines) != 3 || !slices.Equal(last.Left, test.want) {
				t.Errorf("got %d lines, and the last one enters %v; want 3 and %v", len(c.Lines), last.Left, test.want)
			}
		})
	}
}
