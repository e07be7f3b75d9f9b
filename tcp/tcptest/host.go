package tcptest

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sockeye-tcp/sockeye/internal/ladder"
	"github.com/sockeye-tcp/sockeye/internal/packetdrill"
	"github.com/sockeye-tcp/sockeye/stack"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// The host under test.

// A TB is what a test brings: *testing.T, *testing.B and *testing.F are ones; Panic stands in for them in an Example.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
	Cleanup(func())
}

// A Config says what the host is like. The zero value is a host with an IPv4 address, an MTU of 1500 and Linux's defaults.
type Config struct {
	// IPv6 gives the host an address of IPv6, and an MTU of 1520, so that the MSS is 1460 as well.
	IPv6 bool
	// Stack, when set, may change anything else: buffers, timers, options. Addresses, chance and
	// the event record are the test's.
	Stack func(*stack.Config)
}

// A Host is a whole host in virtual time. It belongs to one goroutine, that of the test.
type Host struct {
	t       TB
	session *packetdrill.Session
	fd      int // the last one given out
}

// NewHost returns a host with the zero Config. When the test ends, every packet that the host has sent must have
// been expected.
func NewHost(t TB) *Host {
	t.Helper()
	return Config{}.NewHost(t)
}

// NewHost returns a host. When the test ends, every packet that the host has sent must have been expected.
func (c Config) NewHost(t TB) *Host {
	t.Helper()
	o := packetdrill.Options{Configure: c.Stack}
	if c.IPv6 {
		o.Flags = []string{"--ip_version=ipv6"}
	}
	s, err := packetdrill.NewSession("tcptest", o)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	h := &Host{t: t, session: s, fd: 2}
	t.Cleanup(func() {
		t.Helper()
		h.check(s.Finish())
	})
	return h
}

// Expect takes the next packets that the host sends, one a line, and fails unless they are as the lines say:
//
//	h.Expect("S. 0:0(0) ack 1 <mss 1460>")
//
// A line without a window, or with <...> for its options, accepts any. Without a time it takes a packet that the host has sent
// already; with one, as in "+1 > S 0:0(0) <...>", the clock moves on and the packet must come at that time, with
// nothing before it. A ">" may lead each line.
func (h *Host) Expect(lines string) {
	h.t.Helper()
	for _, line := range split(lines) {
		if !timed(line) {
			if n, _ := h.session.Unmentioned(); n == 0 {
				h.t.Fatalf("the host sends nothing\n  expected: %s\n\n%s", line, h.Ladder())
				return
			}
			line = "* " + arrow(">", line)
		}
		h.do(line)
	}
}

// Inject sends packets of the peer to the host, one a line:
//
//	h.Inject("P. 1:101(100) ack 1 win 65535")
//
// A line needs its window. With a time in front, as in "+0.1 < . 1:1(0) ack 1 win 100", the clock moves on first.
// A "<" may lead each line. ICMP errors are written "icmp unreachable host_unreachable [1:1001(1000)]".
func (h *Host) Inject(lines string) {
	h.t.Helper()
	for _, line := range split(lines) {
		if !timed(line) {
			line = "+0 " + arrow("<", line)
		}
		h.do(line)
	}
}

// Run runs lines of a script: packets both ways, system calls, code, each with its time. The file descriptors
// of Dial and Accept count up from 3.
func (h *Host) Run(script string) {
	h.t.Helper()
	h.do(script)
}

// Advance lets time pass. What the host sends meanwhile waits for Expect.
func (h *Host) Advance(d time.Duration) {
	h.t.Helper()
	h.check(h.session.Advance(d))
}

// ExpectNothing lets time pass and fails if the host sends anything meanwhile, or has sent something that was
// not expected.
func (h *Host) ExpectNothing(d time.Duration) {
	h.t.Helper()
	h.Advance(d)
	if n, first := h.session.Unmentioned(); n > 0 {
		h.t.Fatalf("the host sends %d packets\n  expected: nothing for %s\n  seen:     %s\n\n%s", n, d, first, h.Ladder())
	}
}

// Now returns the time since the test began.
func (h *Host) Now() time.Duration { return h.session.Now() }

// Events returns the record of everything that has happened, oldest first.
func (h *Host) Events() []tcp.Event {
	events, _, _ := h.session.Record().Events()
	return events
}

// Ladder draws everything that has happened, in 80 columns.
func (h *Host) Ladder() string {
	var b strings.Builder
	ladders := h.session.Record().Ladders(ladder.Options{Left: "host", Right: "test"})
	if err := ladder.Text(&b, ladders, ladder.TextOptions{Full: true}); err != nil {
		panic("BUG: " + err.Error())
	}
	return b.String()
}

// do runs lines of a script, and fails the test when the host departs from them.
func (h *Host) do(script string) {
	h.t.Helper()
	h.check(h.session.Do(script))
}

// call runs a system call at once.
func (h *Host) call(format string, args ...any) {
	h.t.Helper()
	h.do("+0 " + fmt.Sprintf(format, args...))
}

// check fails the test with an error of the session.
func (h *Host) check(err error) {
	h.t.Helper()
	var f *packetdrill.Failure
	switch {
	case err == nil:
	case errors.As(err, &f):
		if f.Ladder != "" {
			f.Ladder = h.Ladder()
		}
		h.t.Fatalf("%s", strings.TrimPrefix(f.Error(), fmt.Sprintf("%s:%d: ", f.File, f.Line)))
	default:
		h.t.Fatalf("%v", err)
	}
}

// split returns the lines that hold something.
func split(text string) []string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "//") {
			lines = append(lines, line)
		}
	}
	return lines
}

// timed reports whether a line begins with a time.
func timed(line string) bool {
	return strings.ContainsRune("+*0123456789", rune(line[0]))
}

// arrow puts the direction in front of a line that has none.
func arrow(direction, line string) string {
	if strings.HasPrefix(line, direction) {
		return line
	}
	return direction + " " + line
}
