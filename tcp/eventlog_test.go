package tcp_test

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// What happened, for the reader of a failed test.

var (
	addrA = netip.MustParseAddrPort("10.0.0.1:1000")
	addrB = netip.MustParseAddrPort("10.0.0.2:80")
)

// ms is a millisecond.
const ms = time.Millisecond

// start is the time at which tests begin.
const start = ip.Time(time.Hour)

// wrapISN puts initial sequence numbers just below the wrap, so that every test crosses it.
func wrapISN(local, _ netip.AddrPort, _ ip.Time) tcp.Seq {
	if local == addrA {
		return ^tcp.Seq(0) - 999
	}
	return ^tcp.Seq(0) - 499
}

// An eventLog keeps the latest events as lines of text.
type eventLog struct {
	lines []string
	drops []ip.Drop // every one, in order
}

// maxLines bounds the lines that are kept, shownLines those that a failed test shows.
const (
	maxLines   = 5000
	shownLines = 60
)

// showOnFailure prints the end of the log when the test fails.
func (l *eventLog) showOnFailure(t testing.TB) {
	t.Cleanup(func() {
		if t.Failed() {
			for _, line := range l.lines[max(0, len(l.lines)-shownLines):] {
				t.Log(line)
			}
		}
	})
}

// trace records an event; it is for Config.Trace.
func (l *eventLog) trace(e *tcp.Event) {
	if len(l.lines) > maxLines {
		l.lines = slices.Delete(l.lines, 0, maxLines/2)
	}
	who := "A"
	if e.Local == addrB {
		who = "B"
	}
	line := fmt.Sprintf("%9.3fms %s %-12s %-7s", float64(e.Time.Sub(start))/1e6, who, e.State, e.Kind)
	switch e.Kind {
	case tcp.EventArrive, tcp.EventSend, tcp.EventDrop:
		iss, irs := wrapISN(e.Local, e.Remote, 0), wrapISN(e.Remote, e.Local, 0)
		if e.Kind != tcp.EventSend {
			iss, irs = irs, iss
		}
		line += " " + tcp.FormatSegment(&e.Header, e.Len, iss, irs)
		if e.Why != 0 {
			line += " (" + e.Why.String() + ")"
		}
		if e.Kind == tcp.EventDrop {
			l.drops = append(l.drops, e.Drop)
			line += " DROP " + e.Drop.String()
		}
	case tcp.EventState:
		line += " " + e.From.String() + " -> " + e.State.String() + " " + e.Why.String() + " " + e.Cause.String()
	case tcp.EventTimer:
		line += " " + e.Timer.String()
	case tcp.EventCall:
		line += " " + e.Call.String() + fmt.Sprint(" ", e.Bytes)
	case tcp.EventRecovery:
		line += fmt.Sprintf(" %v cwnd %d ssthresh %d", e.Why, e.Vars.Cwnd, e.Vars.Ssthresh)
	case tcp.EventICMP:
		line += fmt.Sprintf(" %v mtu %d", e.Cause, e.Bytes)
	}
	l.lines = append(l.lines, line)
}
