package ladder

import (
	"net/netip"
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
