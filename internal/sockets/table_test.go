package sockets

import (
	"math/rand/v2"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/internal/purity"
	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/stack"
)

var own = netip.MustParseAddr("192.0.2.1")

// A world is a host that talks to itself.
type world struct {
	*Table
	t    *testing.T
	host *stack.Host
	now  ip.Time
}

func newWorld(t *testing.T) *world {
	h := stack.NewHost(stack.Config{Addrs: []netip.Prefix{netip.PrefixFrom(own, 24)}, Rand: rand.NewChaCha8([32]byte{})})
	return &world{Table: NewTable(h), t: t, host: h, now: ip.Time(time.Second)}
}

// settle lets the host do what it has to do now.
func (w *world) settle() {
	var p ip.Packet
	for w.host.Next(w.now, &p) {
		w.t.Errorf("a packet left the host")
		p.Unpin()
	}
	w.Progress(w.now)
}

// wait runs timers until the call is over.
func (w *world) wait(c *Call) (int, syscall.Errno) {
	w.t.Helper()
	for range 1000 {
		w.settle()
		if c.Again(w.now) {
			w.settle()
			return c.Value, c.Errno
		}
		next := ip.Earliest(w.host.Deadline(), c.Deadline())
		if next.IsZero() {
			w.t.Fatal("the call waits for ever")
		}
		w.now = max(w.now, next)
		w.host.Advance(w.now)
	}
	w.t.Fatal("the call never ends")
	return 0, 0
}

func (w *world) must(n int, errno syscall.Errno) int {
	w.t.Helper()
	if errno != 0 {
		w.t.Fatal(errno)
	}
	return n
}

func (w *world) ok(errno syscall.Errno) {
	w.t.Helper()
	if errno != 0 {
		w.t.Fatal(errno)
	}
}

// pair opens a connection to the host itself.
func (w *world) pair() (listener, client, server int) {
	w.t.Helper()
	to := netip.AddrPortFrom(own, 80)
	listener = w.must(w.Socket(AF_INET, SOCK_STREAM, 0))
	w.ok(w.Bind(listener, to))
	w.ok(w.Listen(listener, 1))
	client = w.must(w.Socket(AF_INET, SOCK_STREAM, IPPROTO_TCP))
	w.must(w.wait(w.Connect(w.now, client, to)))
	var from netip.AddrPort
	server = w.must(w.wait(w.Accept(w.now, listener, SOCK_NONBLOCK, &from)))
	if local, _ := w.LocalAddr(client); from != local {
		w.t.Errorf("accept says that %v has connected, want %v", from, local)
	}
	return listener, client, server
}

func TestTextGoesThrough(t *testing.T) {
	w := newWorld(t)
	_, client, server := w.pair()
	if n, errno := w.wait(w.Read(w.now, server, Buffer(make([]byte, 9)))); n != -1 || errno != syscall.EAGAIN {
		t.Errorf("reading nothing returns %d, %v, want EAGAIN", n, errno)
	}
	b := make([]byte, 9)
	read := w.Read(w.now, client, Buffer(b)) // waits
	parts := []IOVec{{[]byte("he"), 2}, {[]byte{}, 0}, {[]byte("llo"), 3}}
	if n := w.must(w.wait(w.Write(w.now, server, parts))); n != 5 {
		t.Errorf("wrote %d bytes, want 5", n)
	}
	if n := w.must(w.wait(read)); string(b[:n]) != "hello" {
		t.Errorf("got %q, want hello", b[:n])
	}
	w.must(w.wait(w.Close(w.now, server)))
	if n := w.must(w.wait(w.Read(w.now, client, Buffer(b)))); n != 0 {
		t.Errorf("read %d bytes after the end, want 0", n)
	}
}

func TestDescriptorsAreTheLowestFree(t *testing.T) {
	w := newWorld(t)
	w.FirstFD = 10000
	a, b := w.must(w.Socket(AF_INET6, SOCK_STREAM, 0)), w.must(w.Socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0))
	w.Close(w.now, a)
	if c := w.must(w.EpollCreate()); a != 10000 || b != 10001 || c != 10000 {
		t.Errorf("got %d, %d, %d, want 10000, 10001, 10000", a, b, c)
	}
	if flags, _ := w.Fcntl(b, F_GETFL, 0); flags != O_RDWR|O_NONBLOCK {
		t.Errorf("flags are %#x, want %#x", flags, O_RDWR|O_NONBLOCK)
	}
	if errno := w.Close(w.now, 3).Errno; errno != syscall.EBADF {
		t.Errorf("closing what is not open gives %v, want EBADF", errno)
	}
}

func TestPeekingLeavesText(t *testing.T) {
	w := newWorld(t)
	_, client, server := w.pair()
	w.must(w.wait(w.Write(w.now, client, Buffer([]byte("abcdef")))))
	b := make([]byte, 4)
	for _, flags := range []int{MSG_PEEK, MSG_PEEK, 0} {
		if n := w.must(w.wait(w.Recv(w.now, server, Buffer(b), flags))); string(b[:n]) != "abcd" {
			t.Errorf("flags %#x: got %q, want abcd", flags, b[:n])
		}
	}
	if n := w.must(w.wait(w.Recv(w.now, server, Buffer(b), MSG_TRUNC))); n != 2 {
		t.Errorf("threw away %d bytes, want 2", n)
	}
}

func TestWaitingForAllWaitsForAll(t *testing.T) {
	w := newWorld(t)
	_, client, server := w.pair()
	w.must(w.Fcntl(server, F_SETFL, O_RDWR))
	b := make([]byte, 6)
	c := w.Recv(w.now, server, Buffer(b), MSG_WAITALL)
	w.must(w.wait(w.Write(w.now, client, Buffer([]byte("abc")))))
	if w.settle(); c.Again(w.now) {
		t.Errorf("the call is over with %d bytes", c.Value)
	}
	w.must(w.wait(w.Write(w.now, client, Buffer([]byte("def")))))
	if n := w.must(w.wait(c)); string(b[:n]) != "abcdef" {
		t.Errorf("got %q, want abcdef", b[:n])
	}
}

func TestTimeoutsEndCalls(t *testing.T) {
	w := newWorld(t)
	_, client, _ := w.pair()
	w.ok(w.Setsockopt(w.now, client, SOL_SOCKET, SO_RCVTIMEO, appendTimeval(nil, 1500*time.Millisecond)))
	began := w.now
	if n, errno := w.wait(w.Read(w.now, client, Buffer(make([]byte, 1)))); n != -1 || errno != syscall.EAGAIN || w.now.Sub(began) != 1500*time.Millisecond {
		t.Errorf("got %d, %v after %v, want EAGAIN after 1.5 s", n, errno, w.now.Sub(began))
	}
	began = w.now
	list := []PollFD{{FD: client, Events: POLLIN}, {FD: -1}}
	if n := w.must(w.wait(w.Poll(w.now, list, 20*time.Millisecond))); n != 0 || w.now.Sub(began) != 20*time.Millisecond {
		t.Errorf("poll returns %d after %v, want 0 after 20 ms", n, w.now.Sub(began))
	}
}

func TestBadPointersFailWhereTheyAreTouched(t *testing.T) {
	w := newWorld(t)
	_, client, server := w.pair()
	bad := []IOVec{{nil, 10}}
	if _, errno := w.wait(w.Read(w.now, server, bad)); errno != syscall.EAGAIN {
		t.Errorf("with nothing to read: %v, want EAGAIN", errno)
	}
	if _, errno := w.wait(w.Write(w.now, client, bad)); errno != syscall.EFAULT {
		t.Errorf("write: %v, want EFAULT", errno)
	}
	if n := w.must(w.wait(w.Write(w.now, client, append(Buffer([]byte("abc")), bad...)))); n != 3 {
		t.Errorf("wrote %d bytes in front of a bad pointer, want 3", n)
	}
	if _, errno := w.wait(w.Read(w.now, server, bad)); errno != syscall.EFAULT {
		t.Errorf("read: %v, want EFAULT", errno)
	}
	if errno := w.Setsockopt(w.now, client, SOL_TCP, TCP_NODELAY, nil); errno != syscall.EFAULT {
		t.Errorf("setsockopt: %v, want EFAULT", errno)
	}
}

func TestLingeringCloseWaitsForThePeer(t *testing.T) {
	w := newWorld(t)
	_, client, server := w.pair()
	w.ok(w.Setsockopt(w.now, client, SOL_SOCKET, SO_LINGER, Linger{1, 2}.AppendTo(nil)))
	c := w.Close(w.now, client)
	if c.Done() {
		t.Error("close has not waited")
	}
	w.must(w.wait(c))
	if info, _ := w.TCPInfo(w.now, server); info.State != 8 {
		t.Errorf("the other end is in state %d, want 8 (CLOSE-WAIT)", info.State)
	}
}

func TestOneSocketGivesUpEarlier(t *testing.T) {
	w := newWorld(t)
	fd := w.must(w.Socket(AF_INET, SOCK_STREAM, 0))
	w.ok(w.Setsockopt(w.now, fd, SOL_TCP, TCP_SYNCNT, AppendInt(nil, 1)))
	began := w.now
	c := w.Connect(w.now, fd, netip.MustParseAddrPort("192.0.2.9:80"))
	var p ip.Packet
	for syns := 0; !c.Again(w.now); {
		for w.host.Next(w.now, &p) {
			p.Unpin()
			if syns++; syns > 2 {
				t.Fatal("more than two SYNs")
			}
		}
		w.now = w.host.Deadline()
		w.host.Advance(w.now)
	}
	if c.Errno != syscall.ETIMEDOUT || w.now.Sub(began) != 3*time.Second {
		t.Errorf("got %v after %v, want ETIMEDOUT after 3 s", c.Errno, w.now.Sub(began))
	}
}

// TestPackageIsPure leaves out what the other half of stack needs, and the numbers of errors.
func TestPackageIsPure(t *testing.T) {
	found, err := purity.Check(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, violation := range found {
		if !strings.HasPrefix(violation, "depends on") && !strings.HasSuffix(violation, "imports syscall") {
			t.Error(violation)
		}
	}
}
