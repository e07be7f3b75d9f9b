package tcp_test

import (
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Scenarios about the end of connections: T8, T9, T18, T39. docs/scenarios.md lists all.

// Other stacks change the state when the FIN leaves, which a closed window prevents: the connection stays ESTABLISHED
// (google/gvisor#13393). §3.10.4: a closed window holds the FIN back, but not the change of state.
func TestScenario08CloseBehindAClosedWindow(t *testing.T) {
	p := newConnTest(t, tcp.Established, window(0))
	p.send(5)
	p.closeWrite()
	p.wantNothing()
	p.wantState(tcp.FinWait1)
	p.arrive(seg(A, 1, 1).win(1000))
	p.want(seg(F|P|A, 1, 1).bytes(5), tcp.WhyData)
	p.arrive(seg(A, 1, 7))
	p.wantState(tcp.FinWait2)

	p = newConnTest(t, tcp.Established, window(0)) // without any text: even a FIN takes a place in the window
	p.closeWrite()
	p.wantNothing()
	p.wantState(tcp.FinWait1)
	p.expire()
	p.want(seg(A, 0, 1), tcp.WhyProbe)
	p.arrive(seg(A, 1, 1).win(1))
	p.want(seg(F|A, 1, 1), tcp.WhyFin)
}

// Other stacks take an ACK of text for that of the FIN which is queued behind it (google/gvisor, finSent of 2026-06).
func TestScenario09AckOfTextBeforeAQueuedFin(t *testing.T) {
	p := newConnTest(t, tcp.Established, window(1000))
	p.send(1500)
	p.want(seg(A, 1, 1).bytes(1000), tcp.WhyData)
	p.closeWrite()
	for ack := 2; ack <= 1000; ack++ {
		p.arrive(seg(A, 1, ack).win(1001 - ack)) // byte by byte; the window does not move
		p.wantState(tcp.FinWait1)
	}
	p.arrive(seg(A, 1, 1001))
	p.want(seg(F|P|A, 1001, 1).bytes(500), tcp.WhyData)
	p.wantState(tcp.FinWait1)
	p.arrive(seg(A, 1, 1501))
	p.wantState(tcp.FinWait1)
	p.arrive(seg(A, 1, 1502))
	p.wantState(tcp.FinWait2)
}

// Other stacks panic when an end purges what was to be sent and an ACK of it comes late (google/gvisor, commits ca345ca5a,
// c6c3c2d98). Here every order of sending, losing, acknowledging, reserving room, timing out and ending.
func TestScenario18AbortAndLateAcks(t *testing.T) {
	ends := map[string]func(p *connTest){
		"Abort": func(p *connTest) { p.abort() },
		"Close": func(p *connTest) { p.close() },
		"RST":   func(p *connTest) { p.arrive(seg(R, 1, 0)) },
		"text after Close": func(p *connTest) {
			p.close()
			p.arrive(seg(A, 1, 1).bytes(1))
		},
		"time": func(p *connTest) { p.advance(2 * time.Hour) },
		"ICMP": func(p *connTest) { p.icmp(tcp.ICMPError{TooBig: true, MTU: 600, Seq: p.ourSeq(2500)}); p.abort() },
	}
	var room []byte
	steps := []func(p *connTest){
		func(p *connTest) { room = p.c.Reserve(4000) },
		func(p *connTest) {
			if room != nil {
				p.c.Commit(p.now, len(room), 0)
				room = nil
				p.drain()
			}
		},
		func(p *connTest) { p.arrive(seg(A, 1, 2001), p.sacks(2001, 3001, 4001)); p.advance(300 * ms) },
		func(p *connTest) { p.arrive(seg(A, 1, 5001), seg(A, 1, 1501)) },
	}
	for name, end := range ends {
		for order := range permutations(len(steps) + 1) {
			p := newConnTest(t, tcp.Established, sack, func(s *setup) { s.cfg.Retries = 3 })
			p.send(5000)
			for _, i := range order {
				if i == len(steps) {
					end(p)
				} else {
					steps[i](p)
				}
			}
			steps[1](p)
			p.abort()
			p.arrive(seg(A, 1, 5001), seg(A, 1, 9001))
			p.wantState(tcp.Closed)
			p.wantNoDeadline()
			if i := p.c.Info(); i.Unacked != 0 && i.Flight != 0 || i.Unsent != 0 {
				t.Errorf("%s in %v: %d bytes in flight and %d unsent on a closed connection", name, order, i.Flight, i.Unsent)
			}
			p.out = nil
		}
	}
}

// permutations returns every order of the numbers below n.
func permutations(n int) func(yield func([]int) bool) {
	return func(yield func([]int) bool) {
		order := make([]int, n)
		for i := range order {
			order[i] = i
		}
		var place func(k int) bool
		place = func(k int) bool {
			if k == n {
				return yield(order)
			}
			for i := k; i < n; i++ {
				order[k], order[i] = order[i], order[k]
				if !place(k + 1) {
					return false
				}
				order[k], order[i] = order[i], order[k]
			}
			return true
		}
		place(0)
	}
}

// Other stacks acknowledge text that comes after Close, and throw it away: the peer waits for an answer for ever (soypat/lneto#50,
// #127). RFC 9293 §3.6.1, SHLD-3, MAY-1: it must learn.
func TestScenario39TextAfterClose(t *testing.T) {
	for _, test := range []struct {
		name string
		make func(p *connTest)
		nxt  int // our SND.NXT
	}{
		{"FIN-WAIT-1", func(p *connTest) { p.close(); p.skip(1) }, 2},
		{"FIN-WAIT-2", func(p *connTest) { p.close(); p.skip(1); p.arrive(seg(A, 1, 2)) }, 2},
		{"with text unsent", func(p *connTest) { p.arrive(seg(A, 1, 1).win(0)); p.send(10); p.close() }, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newConnTest(t, tcp.Established)
			test.make(p)
			p.log.drops = nil
			p.arrive(seg(A, 1, test.nxt).bytes(10))
			p.want(seg(R, test.nxt, 0), tcp.WhyReset)
			p.wantDrops(ip.DropAfterClose)
			p.wantClosed(tcp.CauseAborted)
			p.wantNothing()
		})
	}
}
