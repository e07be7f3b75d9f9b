package virtual

import (
	"net/netip"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/internal/sockets"
	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/stack"
	"github.com/sockeye-tcp/sockeye/tcp"
)

var (
	local  = netip.MustParseAddrPort("192.168.0.1:8080")
	remote = netip.MustParseAddrPort("192.0.2.1:40000")
)

// A program is a process and the program that uses it, with its count of threads inside.
type program struct {
	*Process
	t         *testing.T
	inside    atomic.Int32
	refreshed int
	begin     int64 // microseconds
}

// newProgram starts a process whose main thread is the test's.
func newProgram(t *testing.T) *program {
	runtime.LockOSThread()
	t.Cleanup(runtime.UnlockOSThread)
	p := &program{t: t}
	p.Process = New(Config{
		Local: netip.PrefixFrom(local.Addr(), 16), MTU: 1500,
		Refresh: func(*stack.Host, *sockets.Table) { p.refreshed++ },
		Thread:  syscall.Gettid,
		Inside:  func() int { return int(p.inside.Load()) },
	})
	p.begin = p.Clock()
	return p
}

// do makes a call that may wait.
func (p *program) do(begin func(ip.Time, *sockets.Table) *sockets.Call) int {
	p.inside.Add(1)
	defer p.inside.Add(-1)
	return p.Do(begin)
}

// listen returns the descriptor of a listener.
func (p *program) listen() int {
	fd := p.Socket(sockets.AF_INET, sockets.SOCK_STREAM, 0)
	errno := p.At(func(_ ip.Time, t *sockets.Table) int {
		return Result(0, max(t.Bind(fd, local), t.Listen(fd, 1)))
	})
	if fd != FirstFD || errno != 0 {
		p.t.Fatalf("got the descriptor %d and the error %d, want %d and none", fd, errno, FirstFD)
	}
	return fd
}

// arrive hands a segment to the host.
func (p *program) arrive(flags tcp.Flags, seq, ack tcp.Seq) {
	b := tcp.AppendHeader(nil, &tcp.Header{
		SrcPort: remote.Port(), DstPort: local.Port(), Seq: seq, Ack: ack, Flags: flags, Wnd: 1000,
	})
	sum := ip.Checksum(b, ip.PseudoSum(remote.Addr(), local.Addr(), ip.ProtoTCP, len(b)))
	b[16], b[17] = byte(sum>>8), byte(sum)
	h := ip.Header{Src: remote.Addr(), Dst: local.Addr(), Protocol: ip.ProtoTCP, TTL: 64}
	p.Send(append(ip.AppendHeader(nil, &h, len(b)), b...))
}

// wantPacket takes the next packet of the host, which must have left at a time since the beginning.
func (p *program) wantPacket(after time.Duration) {
	p.t.Helper()
	_, at, ok := p.Receive()
	if got := time.Duration(at-p.begin) * time.Microsecond; !ok || got != after {
		p.t.Fatalf("got a packet: %v, after %v; want one after %v", ok, got, after)
	}
}

func TestSleepStopsAtEveryTimer(t *testing.T) {
	p := newProgram(t)
	p.listen()
	p.arrive(tcp.SYN, 100, 0)
	p.Sleep(10*time.Second - early)
	if got, want := p.Clock()-p.begin, int64(10e6); got != want {
		t.Errorf("got %d µs on the clock, want %d", got, want)
	}
	for _, after := range []time.Duration{0, time.Second, 3 * time.Second, 7 * time.Second} {
		p.wantPacket(after)
	}
}

func TestReceiveMovesTheClock(t *testing.T) {
	p := newProgram(t)
	p.listen()
	p.arrive(tcp.SYN, 100, 0)
	p.wantPacket(0)
	p.wantPacket(time.Second)
	if got := p.Clock() - p.begin; got != 1e6 {
		t.Errorf("got %d µs on the clock, want a second", got)
	}
	p.arrive(tcp.RST, 101, 0)
	if data, _, ok := p.Receive(); ok {
		t.Errorf("got a packet of %d bytes from a host that has nothing to do", len(data))
	}
}

// A call that blocks returns at the time of what it waited for, however the threads are
// scheduled: the clock waits for the thread.
func TestBlockedCallReturnsAtItsTime(t *testing.T) {
	for range 50 {
		p := newProgram(t)
		fd := p.listen()
		type result struct {
			fd   int
			at   int64
			from netip.AddrPort
		}
		results := make(chan result)
		p.inside.Add(1) // on its way
		go func() {
			runtime.LockOSThread()
			var r result
			r.fd = p.Do(func(now ip.Time, t *sockets.Table) *sockets.Call { return t.Accept(now, fd, 0, &r.from) })
			p.inside.Add(-1)
			runtime.Gosched()
			r.at = p.Clock() - p.begin
			results <- r
		}()
		p.arrive(tcp.SYN, 100, 0)
		p.wantPacket(0)
		p.Sleep(100*time.Millisecond - early)
		p.arrive(tcp.ACK, 101, isn+1)
		p.Sleep(5 * time.Second)
		if r := <-results; r.fd != FirstFD+1 || r.at != 100_000 || r.from != remote {
			t.Fatalf("got %+v, want descriptor %d for %v after 100000 µs", r, FirstFD+1, remote)
		}
	}
}

// A call of the main thread that has to wait lets the time pass by itself.
func TestMainThreadWaitsAlone(t *testing.T) {
	p := newProgram(t)
	fd := p.listen()
	accept := func(now ip.Time, t *sockets.Table) *sockets.Call { return t.Accept(now, fd, 0, nil) }
	if got := p.do(accept); got != -int(syscall.EDEADLK) {
		t.Errorf("got %d from an accept that nobody can end, want EDEADLK", got)
	}
	p.arrive(tcp.SYN, 100, 0)
	p.arrive(tcp.ACK, 101, isn+1)
	conn := p.do(accept)
	second := make([]byte, 16)
	second[0] = 1
	if errno := p.At(func(now ip.Time, t *sockets.Table) int {
		return Result(0, t.Setsockopt(now, conn, sockets.SOL_SOCKET, sockets.SO_RCVTIMEO, second))
	}); errno != 0 {
		t.Fatal(errno)
	}
	got := p.do(func(now ip.Time, t *sockets.Table) *sockets.Call { return t.Recv(now, conn, sockets.Buffer(second), 0) })
	if at := p.Clock() - p.begin; got != -int(syscall.EAGAIN) || at != 1e6 {
		t.Errorf("got %d after %d µs, want EAGAIN after a second", got, at)
	}
}

// The main thread may wait in real time until a call of another thread is over.
func TestTimePassesForWhoWaitsOutside(t *testing.T) {
	p := newProgram(t)
	var outside atomic.Bool
	p.cfg.Stalled = func(thread int) bool { return thread == p.main && outside.Load() }
	fd := p.listen()
	over := make(chan int64)
	p.inside.Add(1)
	go func() {
		runtime.LockOSThread()
		list := []sockets.PollFD{{FD: fd, Events: sockets.POLLIN}}
		p.Do(func(now ip.Time, t *sockets.Table) *sockets.Call { return t.Poll(now, list, time.Minute) })
		p.inside.Add(-1)
		over <- p.Clock() - p.begin
	}()
	outside.Store(true)
	if at := <-over; at != 60e6 {
		t.Errorf("got the end of poll after %d µs, want a minute", at)
	}
}

func TestClockTicksOnlyForWhoSpins(t *testing.T) {
	p := newProgram(t)
	for range patientReads / 2 {
		if got := p.Clock(); got != p.begin {
			t.Fatalf("the clock moves by %d µs when it is read", got-p.begin)
		}
	}
	for range 10 * patientReads {
		p.Clock()
	}
	if got := p.Clock() - p.begin; got < 5 || got > 15 {
		t.Errorf("got %d µs after many reads, want about 10", got)
	}
}

func TestSettingsAreReadForSocketsAndSYNs(t *testing.T) {
	p := newProgram(t)
	want := 1
	for name, step := range map[string]struct {
		do   func()
		more int
	}{
		"a socket":       {func() { p.Socket(sockets.AF_INET, sockets.SOCK_STREAM, 0) }, 1},
		"a SYN":          {func() { p.arrive(tcp.SYN, 1, 0) }, 1},
		"a SYN,ACK":      {func() { p.arrive(tcp.SYN|tcp.ACK, 1, 1) }, 0},
		"no packet":      {func() { p.Send([]byte{1, 2, 3}) }, 0},
		"another packet": {func() { p.arrive(tcp.ACK, 1, 1) }, 0},
	} {
		step.do()
		want += step.more
		if p.refreshed != want {
			t.Errorf("%s: the settings have been read %d times, want %d", name, p.refreshed, want)
			want = p.refreshed
		}
	}
}

func TestCloseEndsWhatIsOpen(t *testing.T) {
	p := newProgram(t)
	fd := p.listen()
	p.Close()
	if got := p.At(func(_ ip.Time, t *sockets.Table) int { return Result(t.Fcntl(fd, sockets.F_GETFL, 0)) }); got != -int(syscall.EBADF) {
		t.Errorf("got %d from a descriptor after the end, want EBADF", got)
	}
}
