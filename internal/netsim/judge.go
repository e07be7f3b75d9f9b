package netsim

import (
	"time"

	"github.com/sockeye-tcp/sockeye/tcp"
	"github.com/sockeye-tcp/sockeye/tun/impair"
)

// How a scenario may end: everything arrives and both ends close in order, or there is a reason why not.

// hard reports whether the path may be so bad, or an end so impatient, that a connection ends by a timeout.
func (s *Scenario) hard() bool {
	for i := range s.Ends {
		if e := &s.Ends[i]; e.UserTimeout > 0 || e.Host.TCP.Retries > 0 {
			return true
		}
	}
	narrow := s.Narrow != nil && s.Narrow.Silent
	long := s.Outage != nil && s.Outage.For > 10*time.Second
	return narrow || long || isHard(&s.Link.There) || isHard(&s.Link.Back)
}

// isHard reports whether so many packets in a row may be lost that one end gives up, though it tries 16 times. With a loss
// of 8 percent in both directions that happens once in 10^13 times, and once in 10^6 to the 8 SYNs.
func isHard(f *impair.Fault) bool { return f.Loss+f.Corrupt > 0.08 || f.Burst > 1.5 }

// rude reports whether an application does not wait for the end of what the other sends.
func (s *Scenario) rude() bool {
	for i := range s.Ends {
		if p := &s.Ends[i].Script; p.Part != Shutdown || p.CloseRead {
			return true
		}
	}
	return false
}

// lossy reports whether a RST, which nobody repeats, may be lost.
func (s *Scenario) lossy() bool {
	l := &s.Link
	return l.There.Loss+l.There.Corrupt+l.Back.Loss+l.Back.Corrupt > 0 || s.Outage != nil || s.Narrow != nil || l.There.Rate+l.Back.Rate > 0
}

// judge looks at how it ended.
func (s *Scenario) judge() {
	n := s.net
	if n.failed != nil {
		return
	}
	if !n.Idle() {
		n.fail("end", "it goes on after %s", n.Elapsed())
		return
	}
	if s.closed > 0 && s.packets() > s.closed+maxAfterwards {
		n.fail("war", "%d packets after all connections were over", s.packets()-s.closed)
	}
	for _, a := range s.agents {
		s.judgeEnd(a)
	}
}

// judgeEnd looks at one end of a connection.
func (s *Scenario) judgeEnd(a *Agent) {
	n, c := s.net, a.Socket.Conn()
	local, cause := c.Local(), c.Cause()
	excused := s.hard() || s.rude() || s.FastOpen > 0 && s.Link.There.Duplicate > 0
	switch {
	case c.State() == tcp.TimeWait && a.host.Stack.Socket(local, c.Remote()) != a.Socket: // a new connection has taken its place
	case c.State() != tcp.Closed:
		if !s.lossy() || !s.hard() && !s.rude() && s.FastOpen == 0 {
			n.fail("end", "%v waits for ever in %v, for %s", local, c.State(), n.now.Sub(a.begun))
		}
	case cause == tcp.CauseTimeout && !s.hard():
		n.fail("end", "%v gave up with %q", local, cause)
	case cause == tcp.CauseReset && !excused, cause == tcp.CauseRefused && !excused:
		n.fail("end", "%v ended with %q", local, cause)
	case cause == tcp.CauseAborted && a.Script.Part == Shutdown && !a.Script.CloseRead:
		n.fail("end", "%v was aborted, by nobody", local)
	case cause == tcp.CauseDone && !s.rude() && s.FastOpen == 0:
		if want := a.in.sent; !a.EOF || a.Got != want || a.Wrote != a.Script.Send {
			n.fail("end", "%v ended in order and read %d of %d bytes (EOF %v), and wrote %d of %d", local, a.Got, want, a.EOF, a.Wrote, a.Script.Send)
		}
	case cause > tcp.CauseAborted && !(s.IPv6 && s.Link.There.Corrupt+s.Link.Back.Corrupt > 0): // a corrupt header caused it
		n.fail("end", "%v ended with %q", local, cause)
	}
}
