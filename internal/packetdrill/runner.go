package packetdrill

import (
	"io"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/sockeye-tcp/sockeye/internal/ladder"
	"github.com/sockeye-tcp/sockeye/internal/sockets"
	"github.com/sockeye-tcp/sockeye/internal/sysctl"
	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/stack"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// The runner: events in their order, and the virtual clock.

const (
	// start is the time of a script's zero on the host's clock, where zero means "none".
	start = ip.Time(time.Second)
	// patience is how long after its window a missing packet is waited for, to say how late it was.
	patience = 5 * time.Minute
	// hostISN and peerISN are initial sequence numbers just below the wrap: the first text crosses it.
	hostISN = 1<<32 - 701
	peerISN = 1<<32 - 501
	// stampOffset puts the host's timestamps below the wrap as well: they cross it after half a second.
	stampOffset = 1<<32 - 1500
)

// A runner runs one script.
type runner struct {
	script *Script
	set    *settings
	cfg    stack.Config
	adjust func(*stack.Config)
	tap    func(now ip.Time, sent bool, packet []byte)
	record *ladder.Recorder

	host    *stack.Host // nil until the first event that needs it
	now     ip.Time
	prev    *Event  // the event before, nil at first
	prevAt  ip.Time // when it was scheduled
	line    int     // of the event that runs
	pending *blocked
	broken  error // the host sent something that no script can ask for

	table    *sockets.Table
	settings []func(sysctl.Table) // settings from before there was a table
	files    map[int64]*file      // by the script's numbers
	disk     map[string][]byte    // files that commands have made
	flows    []*flow
	current  *flow // the connection under test
	nextPort uint16
	names    map[string]value // of the code snippets
	output   io.Writer        // of their print; nil: nowhere
}

// Run runs the script against a new host. The error is a *Failure when the host did not do what the
// script says, a *SyntaxError when the script asks for what there is not.
func (s *Script) Run(o Options) error {
	set, err := newSettings(s, o)
	if err != nil {
		return err
	}
	r := newRunner(s, set, o)
	for i := range set.initCommands {
		if err := r.command(&set.initCommands[i]); err != nil {
			return err
		}
	}
	for i := range s.Commands {
		if err := r.command(&s.Commands[i]); err != nil {
			return err
		}
	}
	for i := range s.Events {
		if err := r.step(&s.Events[i]); err != nil {
			return err
		}
	}
	return r.finish()
}

// newRunner returns a runner at the start of a script.
func newRunner(s *Script, set *settings, o Options) *runner {
	return &runner{
		script: s, set: set, adjust: o.Configure, tap: o.Packet, output: o.Output, now: start, prevAt: start,
		record: ladder.NewRecorder(0), files: map[int64]*file{}, disk: map[string][]byte{}, nextPort: 40001, names: map[string]value{},
	}
}

// RunFile parses and runs the script in a file.
func RunFile(path string, o Options) error {
	s, err := ParseFile(path)
	if err != nil {
		return err
	}
	return s.Run(o)
}

// open makes the host, once the settings are complete.
func (r *runner) open() {
	if r.host != nil {
		return
	}
	bits := r.set.local.BitLen() - 8
	r.cfg.Addrs = []netip.Prefix{netip.PrefixFrom(r.set.local, bits)}
	r.cfg.MTU = r.set.mtu
	r.cfg.Rand = rand.NewChaCha8([32]byte{}) // a script does the same every time
	r.cfg.TCP.ISN = func(_, _ netip.AddrPort, _ ip.Time) tcp.Seq { return hostISN }
	r.cfg.TCP.TSOffset = func(_, _ netip.AddrPort) uint32 { return stampOffset }
	r.cfg.Trace = r.record.Record
	if r.adjust != nil {
		r.adjust(&r.cfg)
	}
	r.host = stack.NewHost(r.cfg)
	r.table = sockets.NewTable(r.host)
	r.table.Epoch = -int64(start)
	for _, set := range r.settings {
		set(r.table)
	}
}

// step runs one event.
func (r *runner) step(e *Event) error {
	r.line = e.Line
	if e.Command == nil {
		r.open()
	}
	at := r.due(e)
	if e.Packet != nil && e.Packet.Out {
		return r.done(e, at, r.expect(e, at))
	}
	if late := r.now.Sub(at); late > r.set.tolerance {
		return r.fail("its time is over: it is %s, and the event is due at %s", r.clock(r.now), r.clock(at))
	}
	if err := r.advance(at); err != nil {
		return err
	}
	return r.done(e, at, r.act(e))
}

// act runs an event whose time has come.
func (r *runner) act(e *Event) error {
	switch {
	case e.Packet != nil:
		return r.inject(e.Packet)
	case e.ICMP != nil:
		return r.injectICMP(e.ICMP)
	case e.Code != nil:
		return r.runCode(e.Code)
	case e.Command != nil:
		return r.command(e.Command)
	}
	return r.call(e)
}

// done notes that an event is over.
func (r *runner) done(e *Event, at ip.Time, err error) error {
	r.prev, r.prevAt = e, at
	if e.When.Any {
		r.prevAt = r.now
	}
	return err
}

// due returns when an event is scheduled.
func (r *runner) due(e *Event) ip.Time {
	switch {
	case e.When.Any:
		return r.now
	case !e.When.Relative:
		return start.Add(e.When.At)
	case r.prev != nil && r.prev.inbound() && e.inbound():
		return r.prevAt.Add(e.When.At)
	}
	return r.now.Add(e.When.At)
}

// tolerance returns by how much an event may miss its time: 4 ms, or an eighth of the
// time since the event before.
func (r *runner) tolerance(since time.Duration) time.Duration {
	return max(r.set.tolerance, since/8)
}

// advance moves the clock to t and runs every timer on the way.
func (r *runner) advance(t ip.Time) error {
	idle := 0
	for {
		d := r.deadline()
		if d.IsZero() || t.Before(d) {
			break
		}
		if r.now.Before(d) {
			r.now, idle = d, 0
		} else if idle++; idle > 1000 {
			return r.fail("the host's deadline of %s stands still", r.clock(d))
		}
		r.host.Advance(r.now)
		if err := r.settle(); err != nil {
			return err
		}
	}
	r.now = max(r.now, t)
	return r.settle()
}

// deadline returns when something happens on its own, zero for never.
func (r *runner) deadline() ip.Time {
	var d ip.Time
	if r.host != nil {
		d = r.host.Deadline()
	}
	if r.pending != nil {
		d = ip.Earliest(d, r.pending.call.Deadline())
	}
	return d
}

// settle follows every input: it takes what the host sends, and lets a blocked call go on.
func (r *runner) settle() error {
	for {
		r.drain()
		if r.table != nil {
			r.table.Progress(r.now)
		}
		if r.broken != nil {
			return r.broken
		}
		again, err := r.wake()
		if err != nil || !again {
			return err
		}
	}
}

// finish ends the script: nothing may be left over.
func (r *runner) finish() error {
	if err := r.awaitPending(); err != nil {
		return err
	}
	return r.unmentioned("the script ends")
}

// unmentioned fails when no line has named a packet of the connection under test, whose time is over.
func (r *runner) unmentioned(why string) error {
	if r.current == nil || len(r.current.sent) == 0 || r.set.ignoreTail {
		return nil
	}
	return r.failure(why+", and says nothing of a packet that the host has sent", "nothing", r.current.words(r.current.sent[0]))
}
