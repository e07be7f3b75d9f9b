package ladder

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Two real machines over a link that loses segments: each end's record must
// lead to the states that the other end really went through.

// A link joins two connections in virtual time.
type link struct {
	now     ip.Time
	ends    [2]*tcp.Conn
	records [2][]tcp.Event
	both    []tcp.Event // of both, in the order of time
	flying  []flight
	loss    float64
	rng     *rand.Rand
	out     tcp.Output
}

// A flight is a segment on its way to an end.
type flight struct {
	to  int
	at  ip.Time
	seg tcp.Segment
}

const oneWay = 5 * time.Millisecond

func newLink(seed uint64, loss float64) *link {
	l := &link{now: 1, loss: loss, rng: rand.New(rand.NewPCG(seed, 1))}
	for i := range l.ends {
		cfg := tcp.Prepare(tcp.Config{Trace: func(e *tcp.Event) {
			l.records[i], l.both = append(l.records[i], *e), append(l.both, *e)
		}})
		local, remote := us, them
		if i == 1 {
			local, remote = them, us
		}
		l.ends[i] = tcp.New(cfg, local, remote, 1500)
	}
	l.ends[1].OpenPassive(l.now)
	l.ends[0].Open(l.now)
	return l
}

// drain takes what both ends have to send and puts it on the wire, or loses it.
func (l *link) drain() {
	for i, c := range l.ends {
		for c.Next(l.now, &l.out) {
			seg := tcp.Segment{Header: l.out.Header}
			for _, b := range l.out.Text {
				seg.Text = append(seg.Text, b...)
			}
			for _, p := range l.out.Pins {
				p.Unpin()
			}
			if l.rng.Float64() >= l.loss {
				l.flying = append(l.flying, flight{1 - i, l.now.Add(oneWay), seg})
			}
		}
	}
}

// step moves to the next thing that happens, and reports whether there is one before the deadline.
func (l *link) step(until ip.Time) bool {
	l.drain()
	next := ip.Earliest(l.ends[0].Deadline(), l.ends[1].Deadline())
	if len(l.flying) > 0 {
		next = ip.Earliest(next, l.flying[0].at)
	}
	if next == 0 || next > until {
		return false
	}
	l.now = max(l.now, next)
	for len(l.flying) > 0 && l.flying[0].at <= l.now {
		f := l.flying[0]
		l.flying = l.flying[1:]
		l.ends[f.to].Arrive(l.now, &f.seg)
	}
	for _, c := range l.ends {
		if d := c.Deadline(); d != 0 && d <= l.now {
			c.Advance(l.now)
		}
		l.read(c)
	}
	return true
}

// read empties a receive buffer.
func (l *link) read(c *tcp.Conn) {
	var b [4096]byte
	for c.Receive(l.now, b[:]) > 0 {
	}
}

// run goes on until cond holds, for up to five minutes of virtual time.
func (l *link) run(cond func() bool) {
	for until := l.now.Add(5 * time.Minute); !cond() && l.step(until); {
	}
}

// closeAll sends some text and closes both ends, end first before the other by the given time.
func (l *link) closeAll(first int, gap time.Duration) {
	l.run(func() bool { return l.ends[0].CanSend() && l.ends[1].State() == tcp.Established })
	l.ends[0].Send(l.now, make([]byte, 3000))
	l.ends[1].Send(l.now, make([]byte, 20000))
	l.run(func() bool { return delivered(l.ends[0]) && delivered(l.ends[1]) })
	l.ends[first].Close(l.now)
	until := l.now.Add(gap)
	for l.step(until) {
	}
	l.now = until
	l.ends[1-first].Close(l.now)
	l.run(func() bool { return atRest(l.ends[0]) && atRest(l.ends[1]) })
}

func delivered(c *tcp.Conn) bool { i := c.Info(); return i.Unsent == 0 && i.Unacked == 0 }

func atRest(c *tcp.Conn) bool { return c.State() == tcp.TimeWait || c.State() == tcp.Closed }

// truePath returns the states that an end really went through until it came to
// rest, from its own record.
func truePath(events []tcp.Event) []tcp.State {
	var path []tcp.State
	for _, e := range events {
		if e.Kind != tcp.EventState {
			continue
		}
		if e.From == tcp.TimeWait { // its timer, which no segment shows
			break
		}
		path = append(path, e.State)
	}
	return path
}

// inferredPath returns the states that the other end's record leads to.
func inferredPath(events []tcp.Event) []tcp.State {
	var path []tcp.State
	for _, l := range Build(events, Options{})[0].Lines {
		path = append(path, l.Right...)
	}
	return path
}

func TestInferenceAgreesWithTheOtherEndsRecord(t *testing.T) {
	const seeds = 60
	for _, test := range []struct {
		loss float64
		most int // disagreements in 2*seeds; when the segments of a close are lost, what is left fits several stories
	}{{0, 0}, {0.05, 2}, {0.2, 20}} {
		t.Run(fmt.Sprintf("loss %v", test.loss), func(t *testing.T) {
			wrong, story := 0, ""
			for seed := range uint64(seeds) {
				l := newLink(seed, test.loss)
				l.closeAll(int(seed%2), time.Duration(seed%7)*2*time.Millisecond)
				for i := range l.ends {
					if s := disagreement(l.records[i], l.records[1-i]); s != "" {
						wrong++
						story = fmt.Sprintf("seed %d, end %d: %s", seed, i, s)
					}
				}
			}
			if wrong > test.most {
				t.Errorf("%d of %d ladders infer states that the peer did not go through, want at most %d; the last of them:\n%s",
					wrong, 2*seeds, test.most, story)
			}
		})
	}
}

// disagreement compares what a record leads to with what the peer's own says,
// and returns both and the ladder when they differ.
func disagreement(ours, theirs []tcp.Event) string {
	got, want := inferredPath(ours), truePath(theirs)
	if len(want) > 0 && want[0] == tcp.Listen {
		want = want[1:] // the ladder's state before the first line
	}
	if slices.Equal(got, want) {
		return ""
	}
	var b strings.Builder
	Text(&b, Build(append(slices.Clone(ours), theirs...), Options{}), TextOptions{})
	return fmt.Sprintf("inferred %v, recorded %v\n%s", got, want, b.String())
}
