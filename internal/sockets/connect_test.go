package sockets

import (
	"net/netip"
	"syscall"
	"testing"
)

func TestSocketsTellTheirNames(t *testing.T) {
	w := newWorld(t)
	listener, client, server := w.pair()
	fresh := w.must(w.Socket(AF_INET6, SOCK_STREAM, 0))
	if a, errno := w.LocalAddr(fresh); errno != 0 || a != netip.MustParseAddrPort("[::]:0") {
		t.Errorf("a new socket: got %v, %v", a, errno)
	}
	if _, errno := w.RemoteAddr(fresh); errno != syscall.ENOTCONN {
		t.Errorf("the peer of a new socket: got %v, want ENOTCONN", errno)
	}
	a, _ := w.LocalAddr(client)
	b, _ := w.RemoteAddr(server)
	c, _ := w.RemoteAddr(client)
	d, _ := w.LocalAddr(listener)
	if a != b || c != d || !a.IsValid() {
		t.Errorf("the ends are %v and %v, %v and %v", a, b, c, d)
	}
	if w.Family(fresh) != AF_INET6 || w.Family(client) != AF_INET || w.Family(99) != AF_UNSPEC {
		t.Error("a family is wrong")
	}
}

func TestConnectingWithoutWaitingTakesThreeCalls(t *testing.T) {
	w := newWorld(t)
	listener, _, _ := w.pair()
	to, _ := w.LocalAddr(listener)
	fd := w.must(w.Socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0))
	list := []PollFD{{FD: fd, Events: POLLIN | POLLOUT}}
	w.must(w.wait(w.Poll(w.now, list, 0)))
	if list[0].Revents != POLLOUT|POLLHUP {
		t.Errorf("before: poll reports %#x, want POLLOUT and POLLHUP", list[0].Revents)
	}
	for _, want := range []syscall.Errno{syscall.EINPROGRESS, syscall.EALREADY} {
		if errno := w.Connect(w.now, fd, to).Errno; errno != want {
			t.Errorf("got %v, want %v", errno, want)
		}
	}
	w.settle()
	for _, want := range []syscall.Errno{0, syscall.EISCONN} {
		if errno := w.Connect(w.now, fd, to).Errno; errno != want {
			t.Errorf("got %v, want %v", errno, want)
		}
	}
}

func TestRefusedAndEndedSocketsConnectAgain(t *testing.T) {
	w := newWorld(t)
	listener, _, _ := w.pair()
	to, _ := w.LocalAddr(listener)
	fd := w.must(w.Socket(AF_INET, SOCK_STREAM, 0))
	if _, errno := w.wait(w.Connect(w.now, fd, netip.AddrPortFrom(own, 9))); errno != syscall.ECONNREFUSED {
		t.Fatalf("got %v, want ECONNREFUSED", errno)
	}
	w.must(w.wait(w.Connect(w.now, fd, to)))
	w.must(w.wait(w.Connect(w.now, fd, netip.AddrPort{}))) // AF_UNSPEC
	if _, errno := w.wait(w.Write(w.now, fd, Buffer([]byte("x")))); errno != syscall.EPIPE {
		t.Errorf("writing after that: got %v, want EPIPE", errno)
	}
	w.must(w.wait(w.Close(w.now, w.must(w.wait(w.Accept(w.now, listener, 0, nil))))))
	w.must(w.wait(w.Connect(w.now, fd, to)))
	if _, errno := w.wait(w.Connect(w.now, fd, netip.MustParseAddrPort("[2001:db8::1]:80"))); errno != syscall.EISCONN {
		t.Errorf("got %v, want EISCONN", errno)
	}
	other := w.must(w.Socket(AF_INET, SOCK_STREAM, 0))
	if _, errno := w.wait(w.Connect(w.now, other, netip.MustParseAddrPort("[2001:db8::1]:80"))); errno != syscall.EAFNOSUPPORT {
		t.Errorf("IPv6 for an IPv4 socket: got %v, want EAFNOSUPPORT", errno)
	}
}

func TestPortsThatAreTaken(t *testing.T) {
	w := newWorld(t)
	listener, client, _ := w.pair()
	to, _ := w.LocalAddr(listener)
	reuse := func(fd int) { w.ok(w.Setsockopt(w.now, fd, SOL_SOCKET, SO_REUSEADDR, AppendInt(nil, 1))) }
	socket := func() int { return w.must(w.Socket(AF_INET, SOCK_STREAM, 0)) }
	if errno := w.Bind(socket(), to); errno != syscall.EADDRINUSE {
		t.Errorf("a listener's: got %v, want EADDRINUSE", errno)
	}
	a, b := socket(), socket()
	w.ok(w.Bind(a, netip.AddrPortFrom(own, 81)))
	if errno := w.Bind(b, netip.AddrPortFrom(own, 81)); errno != syscall.EADDRINUSE {
		t.Errorf("one that is bound: got %v, want EADDRINUSE", errno)
	}
	reuse(a)
	reuse(b)
	w.ok(w.Bind(b, netip.AddrPortFrom(netip.IPv4Unspecified(), 81)))
	if errno := w.Bind(b, netip.AddrPortFrom(own, 82)); errno != syscall.EINVAL {
		t.Errorf("binding twice: got %v, want EINVAL", errno)
	}
	if errno := w.Bind(socket(), netip.MustParseAddrPort("192.0.2.99:80")); errno != syscall.EADDRNOTAVAIL {
		t.Errorf("somebody else's address: got %v, want EADDRNOTAVAIL", errno)
	}
	if errno := w.Listen(client, 1); errno != syscall.EINVAL {
		t.Errorf("listening on a connection: got %v, want EINVAL", errno)
	}
}

func TestShutdown(t *testing.T) {
	w := newWorld(t)
	listener, client, server := w.pair()
	for _, test := range []struct {
		fd, how int
		want    syscall.Errno
	}{
		{99, SHUT_RD, syscall.EBADF}, {client, 3, syscall.EINVAL}, {w.must(w.Socket(AF_INET, SOCK_STREAM, 0)), SHUT_WR, syscall.ENOTCONN},
		{w.must(w.EpollCreate()), SHUT_RD, syscall.ENOTSOCK}, {client, SHUT_WR, 0}, {listener, SHUT_RD, 0},
	} {
		if errno := w.Shutdown(w.now, test.fd, test.how); errno != test.want {
			t.Errorf("shutdown(%d, %d): got %v, want %v", test.fd, test.how, errno, test.want)
		}
	}
	w.settle()
	list := []PollFD{{FD: server, Events: POLLIN | POLLRDHUP}, {FD: client, Events: POLLOUT}}
	w.must(w.wait(w.Poll(w.now, list, -1)))
	if list[0].Revents != POLLIN|POLLRDHUP || list[1].Revents != POLLOUT {
		t.Errorf("poll reports %#x and %#x", list[0].Revents, list[1].Revents)
	}
	if _, errno := w.wait(w.Accept(w.now, listener, 0, nil)); errno != syscall.EINVAL {
		t.Errorf("accept gives %v, want EINVAL", errno)
	}
	w.ok(w.Shutdown(w.now, server, SHUT_RDWR))
	w.settle()
	list = list[:1]
	if w.must(w.wait(w.Poll(w.now, list, 0))); list[0].Revents&POLLHUP == 0 {
		t.Errorf("poll reports %#x, want POLLHUP", list[0].Revents)
	}
}

func TestIoctlTellsWhatIsInTheBuffers(t *testing.T) {
	w := newWorld(t)
	listener, client, server := w.pair()
	w.must(w.wait(w.Write(w.now, client, Buffer(make([]byte, 300)))))
	w.must(w.wait(w.Read(w.now, server, Buffer(make([]byte, 100)))))
	for _, test := range []struct {
		name             string
		fd, request, arg int
		want             int
		errno            syscall.Errno
	}{
		{"to read", server, SIOCINQ, 0, 200, 0},
		{"to read at the other end", client, SIOCINQ, 0, 0, 0},
		{"not sent", client, SIOCOUTQNSD, 0, 0, 0},
		{"no mark", server, SIOCATMARK, 0, 0, 0},
		{"of a listener", listener, SIOCINQ, 0, 0, syscall.EINVAL},
		{"of nothing", 99, SIOCINQ, 0, 0, syscall.EBADF},
		{"another request", server, 1, 0, 0, syscall.ENOTTY},
		{"not to wait", server, FIONBIO, 0, 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got, errno := w.Ioctl(test.fd, test.request, test.arg); got != test.want || errno != test.errno {
				t.Errorf("got %d, %v, want %d, %v", got, errno, test.want, test.errno)
			}
		})
	}
	if flags, _ := w.Fcntl(server, F_GETFL, 0); flags&O_NONBLOCK != 0 {
		t.Error("FIONBIO has not switched O_NONBLOCK off")
	}
	w.CloseAll(w.now)
	w.settle()
	if w.IsOpen(client) || w.IsOpen(listener) {
		t.Error("something is still open")
	}
}
