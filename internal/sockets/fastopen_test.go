package sockets

import (
	"net/netip"
	"syscall"
	"testing"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// TCP Fast Open through sockets.

// A fastWorld is a world in which a socket listens for fast opens, of a host to itself.
type fastWorld struct {
	*world
	to       netip.AddrPort
	listener int
}

func newFastWorld(t *testing.T) *fastWorld {
	w := &fastWorld{world: newWorld(t), to: netip.AddrPortFrom(own, 80)}
	w.SetFastOpen(TFO_CLIENT_ENABLE | TFO_SERVER_ENABLE)
	w.listener = w.must(w.Socket(AF_INET, SOCK_STREAM, 0))
	w.ok(w.Bind(w.listener, w.to))
	w.ok(w.Setsockopt(w.now, w.listener, SOL_TCP, TCP_FASTOPEN, AppendInt(nil, 5)))
	w.ok(w.Listen(w.listener, 5))
	return w
}

// fast makes a socket and sends n bytes with MSG_FASTOPEN.
func (w *fastWorld) fast(n, flags int) (fd, got int, errno syscall.Errno) {
	fd = w.must(w.Socket(AF_INET, SOCK_STREAM, 0))
	got, errno = w.wait(w.Sendmsg(w.now, fd, &Message{Name: w.to, IOV: Buffer(make([]byte, n))}, MSG_FASTOPEN|flags))
	return fd, got, errno
}

// synData reports whether text went with the SYN, by TCP_INFO.
func (w *fastWorld) synData(fd int) bool {
	info, errno := w.TCPInfo(w.now, fd)
	w.ok(errno)
	return info.Options&TCPI_OPT_SYN_DATA != 0
}

// accept accepts a connection and wants n bytes from it.
func (w *fastWorld) accept(n int) int {
	w.t.Helper()
	fd := w.must(w.wait(w.Accept(w.now, w.listener, 0, nil)))
	if n > 0 {
		if got := w.must(w.wait(w.Recv(w.now, fd, Buffer(make([]byte, n)), MSG_WAITALL))); got != n {
			w.t.Fatalf("got %d bytes, want %d", got, n)
		}
	}
	return fd
}

// TestFastOpenSend opens connections by sending: without a cookie, and with one.
func TestFastOpenSend(t *testing.T) {
	w := newFastWorld(t)
	if _, _, errno := w.fast(100, MSG_DONTWAIT); errno != syscall.EINPROGRESS {
		t.Fatalf("without a cookie: got %v, want EINPROGRESS", errno)
	}
	w.settle()
	w.accept(0)
	for _, flags := range []int{0, MSG_DONTWAIT} {
		fd, n, errno := w.fast(100, flags)
		if n != 100 || errno != 0 {
			t.Fatalf("got %d, %v, want 100", n, errno)
		}
		w.settle()
		child := w.accept(100)
		if !w.synData(fd) || !w.synData(child) {
			t.Error("no text went with the SYN")
		}
		// In Linux connect has the last word once: a second send may have the flag, a third may not.
		if _, errno := w.wait(w.Send(w.now, fd, Buffer([]byte("x")), MSG_FASTOPEN)); flags == 0 && errno != syscall.EISCONN || flags != 0 && errno != 0 {
			t.Errorf("flags %#x: another fast send: got %v", flags, errno)
		}
		if _, errno := w.wait(w.Send(w.now, fd, Buffer([]byte("x")), MSG_FASTOPEN)); errno != syscall.EISCONN {
			t.Errorf("flags %#x: a third fast send: got %v, want EISCONN", flags, errno)
		}
	}
	if _, n, errno := w.fast(200_000, 0); n != 200_000 || errno != 0 {
		t.Errorf("more than a SYN can carry: got %d, %v", n, errno)
	}
	w.accept(200_000)
}

// TestFastOpenSendErrors is what a fast send refuses.
func TestFastOpenSendErrors(t *testing.T) {
	w := newFastWorld(t)
	fd := w.must(w.Socket(AF_INET, SOCK_STREAM, 0))
	if _, errno := w.wait(w.Send(w.now, fd, Buffer([]byte("x")), MSG_FASTOPEN)); errno != syscall.EINVAL {
		t.Errorf("without an address: got %v, want EINVAL", errno)
	}
	w.to = netip.AddrPortFrom(own, 81)
	if _, _, errno := w.fast(10, 0); errno != syscall.ECONNREFUSED {
		t.Errorf("to nobody: got %v, want ECONNREFUSED", errno)
	}
	w.to = netip.AddrPortFrom(own, 80)
	w.SetFastOpen(TFO_SERVER_ENABLE)
	if _, _, errno := w.fast(10, 0); errno != syscall.EOPNOTSUPP {
		t.Errorf("switched off: got %v, want EOPNOTSUPP", errno)
	}
	if errno := w.Setsockopt(w.now, fd, SOL_TCP, TCP_FASTOPEN_CONNECT, AppendInt(nil, 1)); errno != syscall.EOPNOTSUPP {
		t.Errorf("TCP_FASTOPEN_CONNECT, switched off: got %v, want EOPNOTSUPP", errno)
	}
}

// deferred connects a socket with TCP_FASTOPEN_CONNECT.
func (w *fastWorld) deferred() int {
	w.t.Helper()
	fd := w.must(w.Socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0))
	w.ok(w.Setsockopt(w.now, fd, SOL_TCP, TCP_FASTOPEN_CONNECT, AppendInt(nil, 1)))
	w.must(w.wait(w.Connect(w.now, fd, w.to)))
	return fd
}

// TestFastOpenConnect opens connections by the first write after connect.
func TestFastOpenConnect(t *testing.T) {
	w := newFastWorld(t)
	w.fast(0, 0)
	w.accept(0)
	for _, flags := range []int{0, MSG_FASTOPEN} {
		fd := w.deferred()
		list := []PollFD{{FD: fd, Events: POLLIN | POLLOUT}}
		if n, _ := w.wait(w.Poll(w.now, list, 0)); n != 1 || list[0].Revents != POLLOUT {
			t.Errorf("got %#x from poll, want POLLOUT", list[0].Revents)
		}
		if _, errno := w.wait(w.Read(w.now, fd, Buffer(make([]byte, 1)))); errno != syscall.EAGAIN {
			t.Errorf("read: got %v, want EAGAIN", errno)
		}
		if _, errno := w.wait(w.Connect(w.now, fd, w.to)); errno != syscall.EISCONN {
			t.Errorf("connect again: got %v, want EISCONN", errno)
		}
		if n := w.must(w.wait(w.Send(w.now, fd, Buffer(make([]byte, 100)), flags))); n != 100 {
			t.Errorf("got %d", n)
		}
		w.settle()
		if child := w.accept(100); !w.synData(child) {
			t.Error("no text came with the SYN")
		}
	}
	fd := w.deferred()
	segments := w.host.Stats().OutSegs
	w.must(w.wait(w.Close(w.now, fd)))
	w.settle()
	if got := w.host.Stats().OutSegs - segments; got != 0 {
		t.Errorf("%d segments were sent for nothing", got)
	}
}

// TestFastOpenServerSettings is who may bring text with a SYN, by the bits of net.ipv4.tcp_fastopen and the options.
func TestFastOpenServerSettings(t *testing.T) {
	for _, test := range []struct {
		name       string
		bits       int // of the server
		queue      int
		cookieless bool // TCP_FASTOPEN_NO_COOKIE
		noCookie   bool // the client sends none
		want       bool
	}{
		{"asked for", TFO_SERVER_ENABLE, 5, false, false, true},
		{"not asked for", TFO_SERVER_ENABLE, 0, false, false, false},
		{"for all", TFO_SERVER_ENABLE | TFO_SERVER_WO_SOCKOPT1, 0, false, false, true},
		{"switched off", TFO_SERVER_WO_SOCKOPT1, 5, false, false, false},
		{"no cookie", TFO_SERVER_ENABLE, 5, false, true, false},
		{"no cookie, and none needed", TFO_SERVER_ENABLE | TFO_SERVER_COOKIE_NOT_REQD, 5, false, true, true},
		{"no cookie, and this one needs none", TFO_SERVER_ENABLE, 5, true, true, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newFastWorld(t)
			w.fast(0, 0) // a cookie
			w.accept(0)
			w.to = netip.AddrPortFrom(own, 81)
			w.SetFastOpen(test.bits | TFO_CLIENT_ENABLE)
			w.listener = w.must(w.Socket(AF_INET, SOCK_STREAM, 0))
			w.ok(w.Bind(w.listener, w.to))
			if test.queue > 0 {
				w.ok(w.Setsockopt(w.now, w.listener, SOL_TCP, TCP_FASTOPEN, AppendInt(nil, test.queue)))
			}
			if test.cookieless {
				w.ok(w.Setsockopt(w.now, w.listener, SOL_TCP, TCP_FASTOPEN_NO_COOKIE, AppendInt(nil, 1)))
			}
			w.ok(w.Listen(w.listener, 5))
			if test.noCookie {
				w.SetFastOpen(test.bits | TFO_CLIENT_ENABLE | TFO_CLIENT_NO_COOKIE)
			}
			fd, _, errno := w.fast(10, 0)
			w.ok(errno)
			if got := w.synData(fd); got != test.want {
				t.Errorf("text was taken: %v, want %v", got, test.want)
			}
		})
	}
}

// TestFastOpenKeyOfASocket sets keys for one listener.
func TestFastOpenKeyOfASocket(t *testing.T) {
	w := newFastWorld(t)
	get := func() string {
		b := make([]byte, 64)
		n, errno := w.Getsockopt(w.now, w.listener, SOL_TCP, TCP_FASTOPEN_KEY, b)
		w.ok(errno)
		return string(b[:n])
	}
	w.SetFastOpenKeys(tcp.NewFastOpenKeys(tcp.FastOpenKey{1}))
	if got := get(); got != string(append([]byte{1}, make([]byte, 15)...)) {
		t.Errorf("got %x, want the host's", got)
	}
	for _, n := range []int{0, 8, 24, 33} {
		if errno := w.Setsockopt(w.now, w.listener, SOL_TCP, TCP_FASTOPEN_KEY, make([]byte, n)); errno != syscall.EINVAL {
			t.Errorf("%d bytes: got %v, want EINVAL", n, errno)
		}
	}
	w.fast(0, 0) // a cookie of the host's key
	w.accept(0)
	two := append(append(make([]byte, 0, 32), []byte("0123456789abcdef")...), append([]byte{1}, make([]byte, 15)...)...)
	w.ok(w.Setsockopt(w.now, w.listener, SOL_TCP, TCP_FASTOPEN_KEY, two))
	if got := get(); got != string(two) {
		t.Errorf("got %x, want %x", got, two)
	}
	for i, key := range [][]byte{two, two[:16], []byte("another key, bad")} {
		w.ok(w.Setsockopt(w.now, w.listener, SOL_TCP, TCP_FASTOPEN_KEY, key))
		fd, _, errno := w.fast(10, 0)
		w.ok(errno)
		if got, want := w.synData(fd), i < 2; got != want {
			t.Errorf("key %d: text was taken: %v, want %v", i, got, want)
		}
	}
}

// TestMetricsAreFlushed forgets the cookies.
func TestMetricsAreFlushed(t *testing.T) {
	w := newFastWorld(t)
	w.fast(0, 0)
	w.accept(0)
	w.FlushMetrics()
	if _, _, errno := w.fast(10, MSG_DONTWAIT); errno != syscall.EINPROGRESS {
		t.Errorf("got %v, want EINPROGRESS", errno)
	}
}
