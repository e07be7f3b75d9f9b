package step

import (
	"fmt"
	"net/netip"

	"github.com/sockeye-tcp/sockeye/internal/ladder"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// The view of a world.

// look fills in what the world knows of a view.
func (w *World) look(v *View) {
	v.Start, v.Now = start, w.now
	for i, e := range w.ends {
		v.Ends[i] = e.look()
	}
	for _, p := range w.arrivals() {
		v.InFlight = append(v.InFlight, w.flight(p))
	}
	v.Ladder = w.ladder()
}

// ladder draws what has happened, with A on the left.
func (w *World) ladder() []*ladder.Ladder {
	flying := map[int]bool{}
	for _, p := range w.wire {
		flying[p.event] = !w.landed[p.event]
	}
	return ladder.Build(w.Events(), ladder.Options{
		Names:    map[netip.AddrPort]string{addrA: w.ends[A].name(), addrB: w.ends[B].name()},
		LeftHost: addrA.Addr(),
		Flying:   func(i int) bool { return flying[i] },
		Sent:     func(i int) (int, bool) { event, ok := w.origins[i]; return event, ok },
		Reopened: true,
	})
}

// look returns the view of an end.
func (e *end) look() EndView {
	v := EndView{
		Name: e.name(), Addr: e.local, State: e.state(),
		Listening: e.listener != nil, Open: e.held() != nil, Wrote: e.wrote, Read: e.read,
		NoDelay: e.noDelay, KeepAlive: e.keepAlive,
	}
	if e.last == nil {
		return v
	}
	c := e.last.Conn()
	v.HasConn = true
	v.Vars, v.Info, v.Timers = c.Vars(), c.Info(), e.timers()
	v.Readable, v.Writable, v.EOF, v.Cause = c.Readable(), c.Writable(), c.EOF(), c.Cause()
	return v
}

// flight returns the view of a packet.
func (w *World) flight(p *packet) Flight {
	f := Flight{
		ID: p.id, From: p.from, To: p.to, Header: p.segment.Header, Len: len(p.segment.Text),
		Why: p.why, Nth: p.nth, Rule: p.rule, Sent: p.sent, Arrives: max(p.arrives, w.now),
		Copy: p.copyOf, Delayed: p.delayed || p.arrives < w.now, Corrupt: p.damaged,
	}
	if p.isICMP {
		f.ICMP = icmpWords(p.data, w.ends[p.to].iss)
		f.Text = f.ICMP
		return f
	}
	f.Text = tcp.FormatSegment(&f.Header, f.Len, p.seq0, p.ack0)
	return f
}

// String says what the packet is and where it goes.
func (f Flight) String() string {
	return fmt.Sprintf("#%d %s > %s  %s", f.ID, endName(f.From), endName(f.To), f.Text)
}
