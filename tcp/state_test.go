package tcp

import (
	"strings"
	"testing"
)

// The states, RFC 9293 §3.3.2.

func TestStateNames(t *testing.T) {
	want := "CLOSED LISTEN SYN-SENT SYN-RECEIVED ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 CLOSE-WAIT CLOSING LAST-ACK TIME-WAIT"
	var got []string
	for s := range numStates {
		got = append(got, s.String())
	}
	if strings.Join(got, " ") != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := State(99).String(); got != "UNKNOWN" {
		t.Errorf("got %q for a state that does not exist", got)
	}
}

// Figure 5, and the ways that the text of §3.10 adds: FIN behind an ACK in one segment, Close in SYN-RECEIVED.
func TestStateDiagram(t *testing.T) {
	figure := map[State][]State{
		Closed:      {Listen, SynSent},
		Listen:      {SynReceived, SynSent},
		SynSent:     {SynReceived, Established},
		SynReceived: {Established, FinWait1, CloseWait, Listen},
		Established: {FinWait1, CloseWait},
		FinWait1:    {FinWait2, Closing, TimeWait},
		FinWait2:    {TimeWait},
		CloseWait:   {LastAck},
		Closing:     {TimeWait},
	}
	for from := range numStates {
		want := map[State]bool{Closed: true}
		for _, to := range figure[from] {
			want[to] = true
		}
		for to := range numStates {
			if got := from.allows(to); got != want[to] {
				t.Errorf("%v -> %v: got %v, want %v", from, to, got, want[to])
			}
		}
	}
}

// A way that is not in the figure is a bug of ours.
func TestImpossibleStateChangePanics(t *testing.T) {
	defer func() {
		if s, _ := recover().(string); !strings.HasPrefix(s, "BUG:") {
			t.Errorf("got the panic %q", s)
		}
	}()
	c := &Conn{cfg: Prepare(Config{}), state: TimeWait}
	c.setState(1, Established, WhyCall, "")
}

// Every name in the event record says something, and values that do not exist do not panic.
func TestNamesOfEvents(t *testing.T) {
	check := func(what, got string) {
		t.Helper()
		if got == "" || got == "unknown" {
			t.Errorf("%s has no name", what)
		}
	}
	for k := EventArrive; k <= EventUrgent; k++ {
		check("an event", k.String())
	}
	for w := WhySyn; w <= WhyUndo; w++ {
		check("a reason", w.String())
	}
	for c := CallOpen; c <= CallAbort; c++ {
		check("a call", c.String())
	}
	for c := CauseDone; c <= CauseProhibited; c++ {
		check("a cause", c.String())
	}
	for x := range numTimers {
		check("a timer", x.String())
	}
	for _, got := range []string{EventKind(99).String(), Why(99).String(), Call(99).String(), Cause(99).String(), Timer(99).String()} {
		if got != "unknown" {
			t.Errorf("got %q for a value that does not exist", got)
		}
	}
	if Flags(0x1ff).String() != "FSRPUEWA." || Flags(0x1ff).Names() != "FIN,SYN,RST,PSH,ACK,URG,ECE,CWR,AE" {
		t.Errorf("got %v, %v", Flags(0x1ff), Flags(0x1ff).Names())
	}
}
