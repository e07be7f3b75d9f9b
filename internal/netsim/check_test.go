package netsim

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/stack"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Every check can fail: each is shown something that is broken.

// violates wants the network to have found that a rule is broken.
func violates(t *testing.T, n *Net, check string) {
	t.Helper()
	var v *Violation
	if !errors.As(n.Err(), &v) {
		t.Fatalf("nothing is found, want %q", check)
	}
	if v.Check != check {
		t.Errorf("got %v, want a violation of %q", v, check)
	}
}

// event is one of a sound connection, which has sent 1000 bytes and received 2000.
func event(kind tcp.EventKind) tcp.Event {
	e := tcp.Event{
		Kind: kind, Local: netip.MustParseAddrPort("10.0.0.1:1"), Remote: netip.MustParseAddrPort("10.0.0.2:2"), State: tcp.Established,
		Vars: tcp.Vars{ISS: 100, SndUna: 101, SndNxt: 1101, IRS: 500, RcvNxt: 2501, RcvWnd: 10_000, Cwnd: 5000, Flight: 1000},
	}
	e.Header.Seq, e.Header.Ack, e.Header.Flags = 1101, 2501, tcp.ACK
	return e
}

// arrival is an event in which text has arrived.
func arrival(seq tcp.Seq, n int) tcp.Event {
	e := event(tcp.EventArrive)
	e.Header.Seq, e.Header.Ack, e.Len = seq, 1101, n
	return e
}

// sacks is an event in which a segment leaves with SACK blocks.
func sacks(blocks ...tcp.Block) tcp.Event {
	e := event(tcp.EventSend)
	e.Header.Options.NumSACK = uint8(copy(e.Header.Options.SACK[:], blocks))
	return e
}

// changed is an event with other variables.
func changed(e tcp.Event, change func(*tcp.Event)) tcp.Event {
	change(&e)
	return e
}

func TestChecksOfEvents(t *testing.T) {
	data := changed(event(tcp.EventSend), func(e *tcp.Event) { e.Why, e.Len = tcp.WhyData, 500 })
	tests := []struct {
		name, check string // no check: it is sound
		events      []tcp.Event
	}{
		{"sound", "", []tcp.Event{arrival(501, 2000), data, arrival(3000, 500), sacks(tcp.Block{Start: 3000, End: 3500})}},
		{"what was acknowledged was never sent", "order", []tcp.Event{changed(data, func(e *tcp.Event) { e.Vars.SndUna = 1102 })}},
		{"SND.UNA goes back", "order", []tcp.Event{data, changed(data, func(e *tcp.Event) { e.Vars.SndUna-- })}},
		{"RCV.NXT goes back", "order", []tcp.Event{data, changed(data, func(e *tcp.Event) { e.Vars.RcvNxt-- })}},
		{"the window shrinks", "order", []tcp.Event{data, changed(data, func(e *tcp.Event) { e.Vars.RcvWnd-- })}},
		{"more than the congestion window", "cwnd", []tcp.Event{changed(data, func(e *tcp.Event) { e.Vars.Flight = 5001 })}},
		{"a FIN is no byte", "", []tcp.Event{changed(data, func(e *tcp.Event) { e.Vars.Flight, e.Header.Flags = 5001, tcp.ACK|tcp.FIN })}},
		{"a lone segment may always go", "", []tcp.Event{changed(data, func(e *tcp.Event) { e.Vars.Flight, e.Vars.Cwnd = 500, 100 })}},
		{"so may a retransmission", "", []tcp.Event{changed(data, func(e *tcp.Event) { e.Vars.Flight, e.Why = 5001, tcp.WhyRACK })}},
		{"a block without numbers", "sack", []tcp.Event{arrival(3000, 500), sacks(tcp.Block{Start: 3200, End: 3200})}},
		{"a block tells too much", "sack", []tcp.Event{arrival(3000, 500), sacks(tcp.Block{Start: 3000, End: 3501})}},
		{"a block below the acknowledgement", "sack", []tcp.Event{
			arrival(501, 2000), arrival(3000, 500), sacks(tcp.Block{Start: 3000, End: 3500}, tcp.Block{Start: 2000, End: 2400}),
		}},
		{"what came twice is told first", "", []tcp.Event{
			arrival(501, 2000), arrival(3000, 500), sacks(tcp.Block{Start: 2000, End: 2400}, tcp.Block{Start: 3000, End: 3500}),
		}},
		{"blocks overlap", "sack", []tcp.Event{
			arrival(3000, 1500), sacks(tcp.Block{Start: 3000, End: 3500}, tcp.Block{Start: 3400, End: 4000}),
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := New(1)
			h := n.AddHost("A", stack.Config{})
			for i := range tt.events {
				h.observe(&tt.events[i])
			}
			if tt.check != "" {
				violates(t, n, tt.check)
			} else if n.Err() != nil {
				t.Error(n.Err())
			}
		})
	}
}

func TestCheckOfNothingNew(t *testing.T) {
	n := New(1)
	h := n.AddHost("A", stack.Config{})
	e := event(tcp.EventSend)
	for range maxNothingNew + 1 { // the first is new
		h.observe(&e)
	}
	if n.Err() != nil {
		t.Fatal(n.Err())
	}
	h.observe(&e)
	violates(t, n, "war")
}

func TestChecksAtRest(t *testing.T) {
	timer := func(v *tcp.Vars, name string) {
		for k := range v.Timers {
			if tcp.Timer(k).String() == name {
				v.Timers[k], v.Deadline = start+5, start+5
			}
		}
	}
	tests := []struct {
		name, check string
		state       tcp.State
		due         ip.Time
		change      func(*tcp.Vars)
	}{
		{"sound", "", tcp.Established, start + 5, func(v *tcp.Vars) { timer(v, "retransmission") }},
		{"nothing watches over what was sent", "timer", tcp.Established, 0, func(*tcp.Vars) {}},
		{"the timer of ACKs does not count", "timer", tcp.Established, start + 5, func(v *tcp.Vars) { timer(v, "delayed ack") }},
		{"text waits and no timer runs", "timer", tcp.CloseWait, 0, func(v *tcp.Vars) { v.SndUna, v.SndBuf = v.SndNxt, 10 }},
		{"TIME-WAIT for ever", "timer", tcp.TimeWait, 0, func(v *tcp.Vars) { v.SndUna = v.SndNxt }},
		{"the host oversleeps", "timer", tcp.Established, start + 6, func(v *tcp.Vars) { timer(v, "retransmission") }},
		{"the host has no timer", "timer", tcp.Established, 0, func(v *tcp.Vars) { timer(v, "retransmission") }},
		{"the send buffer is too full", "memory", tcp.CloseWait, 0, func(v *tcp.Vars) { v.SndUna, v.SndBuf = v.SndNxt, 4<<20+1; timer(v, "persist") }},
		{"more is offered than there is room for", "memory", tcp.Established, 0, func(v *tcp.Vars) { v.SndUna, v.RcvBuf = v.SndNxt, 4<<20-5000 }},
		{"too many gaps", "memory", tcp.Established, 0, func(v *tcp.Vars) { v.SndUna, v.Holes = v.SndNxt, maxHoles+1 }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := New(1)
			h := n.AddHost("A", stack.Config{})
			e := event(tcp.EventCall)
			h.observe(&e)
			v := e.Vars
			tt.change(&v)
			if tt.due == 0 && v.Deadline != 0 && tt.check == "memory" {
				tt.due = v.Deadline
			}
			h.conns[0].rest(tt.state, &v, false, tt.due)
			if tt.check != "" {
				violates(t, n, tt.check)
			} else if n.Err() != nil {
				t.Error(n.Err())
			}
		})
	}
}

// A box that changes the text and makes the checksum good again is what TCP cannot find out.
func TestCheckOfText(t *testing.T) {
	n, a, b := pair(1, Link{}, tcp.Config{})
	a.out.Box = rewrite(func(seg []byte) bool {
		if len(seg) > headerLen(seg) {
			seg[len(seg)-1] ^= 1
		}
		return true
	})
	Serve(b, 80, Script{})
	Dial(a, port(b, 80), Script{Send: 1000})
	n.Run(time.Second)
	violates(t, n, "prefix")
}

func TestCheckOfTextThatNobodyWrote(t *testing.T) {
	n, a, b := pair(1, Link{}, tcp.Config{})
	c := Dial(a, port(b, 80), Script{})
	c.got([]byte{1})
	violates(t, n, "prefix")
}

func TestCheckOfWhatIsLeft(t *testing.T) {
	n, a, b := pair(1, Link{}, tcp.Config{})
	Serve(b, 80, Script{ReadDelay: time.Hour})
	Dial(a, port(b, 80), Script{Send: 1000})
	n.Run(time.Second)
	n.CheckEmpty()
	violates(t, n, "left")

	n, _, _ = pair(1, Link{}, tcp.Config{})
	n.spare.packets.get(10)
	n.CheckEmpty()
	violates(t, n, "left")
}

func TestCheckOfTime(t *testing.T) {
	n := New(1)
	var again func()
	again = func() { n.After(0, again) }
	again()
	n.Run(time.Second)
	violates(t, n, "time")
}

// Scenarios that end as they must not.
func TestJudge(t *testing.T) {
	tests := map[string]func(*Scenario){
		"an end gives up without need": func(s *Scenario) {
			s.Ends[0].Host.TCP.SynRetries = 1
			s.Outage = &Outage{For: 9 * time.Second, There: true, Back: true}
		},
		"an end waits for ever": func(s *Scenario) { s.Ends[1].Script.ReadDelay = 2 * longest },
		"an abort that nobody asked for": func(s *Scenario) {
			s.Trace = func(e *tcp.Event) {
				if e.Kind == tcp.EventState && e.State == tcp.Established && e.Local.Port() == serverPort {
					local, remote := e.Local, e.Remote
					s.net.After(0, func() { s.hosts[1].Stack.Socket(local, remote).Abort(s.net.now) })
				}
			}
		},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			s := &Scenario{Seed: 1}
			s.Ends[0].Script.Send = 100_000
			s.Link.There.Delay = time.Millisecond
			change(s)
			s.Run()
			violates(t, s.net, "end")
		})
	}
	s := &Scenario{Seed: 1}
	s.Ends[0].Script.Send = 100_000
	if r := s.Run(); r.Err != nil {
		t.Errorf("without any of it: %v", r.Err)
	}
}
