package tcptest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/stack"
	"github.com/sockeye-tcp/sockeye/tcp"
	"github.com/sockeye-tcp/sockeye/tcp/tcptest"
)

// A probe is a test that may fail: it keeps the first message.
type probe struct {
	failed  string
	cleanup []func()
}

type stop struct{}

func (p *probe) Helper()          {}
func (p *probe) Cleanup(f func()) { p.cleanup = append(p.cleanup, f) }
func (p *probe) Fatalf(format string, args ...any) {
	if p.failed == "" {
		p.failed = fmt.Sprintf(format, args...)
	}
	panic(stop{})
}

// run runs f as a test and returns how it failed, "" for not at all.
func (p *probe) run(f func(t tcptest.TB)) string {
	guarded := func(f func()) {
		defer func() {
			if r := recover(); r != nil && r != (stop{}) {
				panic(r)
			}
		}()
		f()
	}
	guarded(func() { f(p) })
	for _, c := range p.cleanup {
		guarded(c)
	}
	return p.failed
}

// Everything that departs from what the test says fails it, and says how.
func TestFailures(t *testing.T) {
	open := func(t tcptest.TB) (*tcptest.Host, *tcptest.Conn) {
		h := tcptest.NewHost(t)
		return h, establish(h)
	}
	for _, tt := range []struct {
		name string
		f    func(t tcptest.TB)
		want []string
	}{
		{"nothing wrong", func(t tcptest.TB) { open(t) }, nil},
		{"nothing sent", func(t tcptest.TB) {
			h, _ := open(t)
			h.Expect("P. 1:2(1) ack 1")
		}, []string{"the host sends nothing\n  expected: P. 1:2(1) ack 1", "ESTABLISHED"}},
		{"another number", func(t tcptest.TB) {
			h, c := open(t)
			c.Write(10)
			h.Expect("P. 1:12(11) ack 1")
		}, []string{"differs in length", "expected: > P. 1:12(11) ack 1", "seen:     > P. 1:11(10) ack 1"}},
		{"another time", func(t tcptest.TB) {
			h, c := open(t)
			c.Write(10)
			h.Expect("P. 1:11(10) ack 1\n+.5 > P. 1:11(10) ack 1")
		}, []string{"its time"}},
		{"a segment too many", func(t tcptest.TB) {
			_, c := open(t)
			c.Write(10)
		}, []string{"says nothing of a packet", "P. 1:11(10) ack 1"}},
		{"a segment in silence", func(t tcptest.TB) {
			h, c := open(t)
			c.Write(10)
			h.Expect("P. 1:11(10) ack 1")
			h.ExpectNothing(time.Second)
		}, []string{"the host sends", "expected: nothing for 1s", "P. 1:11(10) ack 1"}},
		{"another state", func(t tcptest.TB) {
			_, c := open(t)
			c.WantState(tcp.CloseWait)
		}, []string{"in ESTABLISHED, want CLOSE-WAIT"}},
		{"nothing to read", func(t tcptest.TB) {
			_, c := open(t)
			c.Read(1)
		}, []string{"read returns something else", "EAGAIN"}},
		{"an error that does not come", func(t tcptest.TB) {
			_, c := open(t)
			c.WriteError("EPIPE")
		}, []string{"write returns something else"}},
		{"nobody to accept", func(t tcptest.TB) { tcptest.NewHost(t).Listen().Accept() }, []string{"accept returns something else\n  expected: 4\n  seen:     -1 EAGAIN"}},
		{"no such word", func(t tcptest.TB) {
			h, _ := open(t)
			h.Inject("Q 1:1(0)")
		}, []string{"tcptest:1:"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := new(probe).run(tt.f)
			if (got == "") != (tt.want == nil) {
				t.Errorf("failed with %q, want %q in it", got, tt.want)
			}
			for _, want := range tt.want {
				if !strings.Contains(got, want) {
					t.Errorf("failed with\n%s\nwant %q in it", got, want)
				}
			}
		})
	}
}

// Values say the same as words.
func TestSegments(t *testing.T) {
	h := tcptest.NewHost(t)
	l := h.Listen()
	h.InjectSegment(tcptest.Segment{Flags: tcp.SYN, Window: 9000, Options: []string{"mss 1000", "sackOK", "nop", "nop"}})
	h.ExpectSegment(tcptest.Segment{Flags: tcp.SYN | tcp.ACK, Ack: 1, Window: -1, Options: []string{"..."}})
	h.InjectSegment(tcptest.Segment{Flags: tcp.ACK, Seq: 1, Ack: 1, Window: 9000})
	c := l.Accept()
	c.Write(1500)
	h.ExpectSegment(tcptest.Segment{Flags: tcp.ACK, Seq: 1, Len: 1000, Ack: 1, Window: 65535})
	h.InjectSegment(tcptest.Segment{Flags: tcp.ACK | tcp.PSH | tcp.FIN, Seq: 1, Len: 3, Ack: 1001, Window: 9000})
	h.Expect(`
		P. 1001:1501(500) ack 1
		. 1501:1501(0) ack 5
	`)
	c.Read(3)
	c.ReadEOF()
	c.WantState(tcp.CloseWait)
	c.Abort()
	h.ExpectSegment(tcptest.Segment{Flags: tcp.RST | tcp.ACK, Seq: 1501, Ack: 5, Window: -1})
	l.Close()
	h.InjectSegment(tcptest.Segment{Flags: tcp.ACK, Seq: 5, Ack: 1501, Window: 9000}) // to nobody
	h.ExpectSegment(tcptest.Segment{Flags: tcp.RST, Seq: 1501, Window: -1})
}

// The configuration reaches the host.
func TestConfig(t *testing.T) {
	h := tcptest.Config{IPv6: true, Stack: func(c *stack.Config) { c.TCP.NoTimestamps = true }}.NewHost(t)
	c := h.Dial()
	h.Expect("S 0:0(0) <mss 1460,nop,nop,sackOK,nop,wscale 7>")
	h.Inject("R. 0:0(0) ack 1 win 0")
	c.ReadError("ECONNREFUSED")
	if got := c.Vars().SndNxt.Sub(c.Vars().ISS); got != 1 {
		t.Errorf("the host counts %d for its SYN, want 1", got)
	}
	h.Run("+1 socket(..., SOCK_STREAM, IPPROTO_TCP) = 9\n+0 close(9) = 0")
	if got := h.Now(); got != time.Second {
		t.Errorf("after a line at +1 it is %s", got)
	}
}
