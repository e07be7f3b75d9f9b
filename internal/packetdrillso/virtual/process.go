package virtual

import (
	"math/rand/v2"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/sockeye-tcp/sockeye/internal/sockets"
	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/stack"
	"github.com/sockeye-tcp/sockeye/tcp"
)

const (
	// FirstFD is the lowest file descriptor: those below are the real kernel's.
	FirstFD = 10000
	// epoch is the time of day at the zero of the host's clock, in nanoseconds since 1970.
	epoch = int64(1_000_000_000 * time.Second)
	// start is the host's time at first; zero would mean none.
	start = ip.Time(time.Second)
	// isn and stampOffset are the host's first number and timestamp, just below 2^32: whatever runs long enough
	// crosses the wrap.
	isn         = 1<<32 - 701
	stampOffset = 1<<32 - 1500
)

// Config says what a process and its host are like.
type Config struct {
	Local netip.Prefix // the host's address
	MTU   int
	// Refresh brings the host up to date with settings that may have changed: it is called for each new
	// socket and each SYN that arrives. Nil: nothing can change.
	Refresh func(*stack.Host, *sockets.Table)
	// Thread returns a number for the calling thread, and Inside how many threads are in a system call, those
	// included that are on their way from the program to Do.
	Thread, Inside func() int
	// Stalled reports whether a thread sleeps until another one wakes it. Nil: never.
	Stalled func(thread int) bool
}

// A Process is a host, its sockets, and its clock. It is safe for concurrent use. The thread that makes it is the
// main one: the one that sleeps and receives, and for which calls on other threads wait.
type Process struct {
	cfg  Config
	main int

	mu     sync.Mutex
	change sync.Cond // a call has ended, or a thread that was waited for has read the clock
	host   *stack.Host
	table  *sockets.Table

	now     ip.Time
	reads   int // of the clock since anything else was done
	sent    []packet
	waiting []*waiter
	unread  map[int]bool // threads whose call has ended, and that have not read the clock since
	entered int          // how often the main thread has come in or gone; odd: it is in
}

// A packet has been sent by the host.
type packet struct {
	at   ip.Time
	data []byte
}

// A waiter is a thread inside a call that waits.
type waiter struct {
	call   *sockets.Call
	thread int
}

// New starts a process.
func New(cfg Config) *Process {
	p := &Process{cfg: cfg, main: cfg.Thread(), now: start, unread: map[int]bool{}}
	p.change.L = &p.mu
	p.host = stack.NewHost(stack.Config{
		Addrs: []netip.Prefix{cfg.Local},
		MTU:   cfg.MTU,
		Rand:  rand.NewChaCha8([32]byte{}), // every run is like the one before
		TCP: tcp.Config{
			ISN:      func(_, _ netip.AddrPort, _ ip.Time) tcp.Seq { return isn },
			TSOffset: func(_, _ netip.AddrPort) uint32 { return stampOffset },
		},
	})
	p.table = sockets.NewTable(p.host)
	p.table.FirstFD, p.table.Epoch = FirstFD, epoch
	p.refresh()
	return p
}

// refresh reads the settings again.
func (p *Process) refresh() {
	if p.cfg.Refresh != nil {
		p.cfg.Refresh(p.host, p.table)
	}
}

// Socket is socket(2).
func (p *Process) Socket(family, kind, protocol int) int {
	return p.At(func(_ ip.Time, t *sockets.Table) int {
		p.refresh()
		return Result(t.Socket(family, kind, protocol))
	})
}

// enter and leave enclose what a thread does here, except to look at the clock.
func (p *Process) enter() {
	p.mu.Lock()
	p.reads = 0
	if p.cfg.Thread() == p.main {
		p.entered++
	}
}

func (p *Process) leave() {
	if p.cfg.Thread() == p.main {
		p.entered++
	}
	p.mu.Unlock()
}

// At makes a system call that never waits.
func (p *Process) At(call func(ip.Time, *sockets.Table) int) int {
	p.enter()
	defer p.leave()
	n := call(p.now, p.table)
	p.settle()
	p.mustRead(p.cfg.Thread())
	return n
}

// Do makes a system call that may wait, and returns its result, or the error as a negative number.
func (p *Process) Do(begin func(ip.Time, *sockets.Table) *sockets.Call) int {
	p.enter()
	defer p.leave()
	call := begin(p.now, p.table)
	p.settle()
	switch thread := p.cfg.Thread(); {
	case thread != p.main:
		p.waitFor(call, thread)
	case !call.Done() && !p.waitAlone(call):
		return -int(deadlock)
	}
	return Result(call.Value, call.Errno)
}

// waitFor waits for a call of another thread, while the main one makes the time pass.
func (p *Process) waitFor(call *sockets.Call, thread int) {
	if !call.Done() {
		p.waiting = append(p.waiting, &waiter{call, thread})
	}
	if !call.Done() && p.cfg.Stalled != nil {
		go p.watch(call)
	}
	for !call.Done() {
		p.change.Wait()
	}
	p.mustRead(thread)
}

// mustRead holds the clock until the thread has read it: the program notes when its call has ended.
func (p *Process) mustRead(thread int) {
	if thread != p.main {
		p.unread[thread] = true
	}
}

// waitAlone makes the time pass until a call of the main thread is over. Nobody else can, and it reports whether
// anything could happen at all.
func (p *Process) waitAlone(call *sockets.Call) bool {
	p.waiting = append(p.waiting, &waiter{call, p.main})
	for !call.Done() {
		p.quiet()
		d := p.deadline()
		if d.IsZero() {
			p.waiting = without(p.waiting, call)
			return false
		}
		p.runTo(d)
	}
	return true
}

// Close ends the process: what is open is closed.
func (p *Process) Close() {
	p.enter()
	defer p.leave()
	p.table.CloseAll(p.now)
	p.settle()
}

// FlushMetrics forgets what connections have left behind for later ones: cookies of TCP Fast Open.
func (p *Process) FlushMetrics() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.table.FlushMetrics()
}

// Result joins a result and an error number: the latter becomes negative.
func Result(n int, errno syscall.Errno) int {
	if errno != 0 {
		return -int(errno)
	}
	return n
}
