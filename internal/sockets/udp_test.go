package sockets

import (
	"net/netip"
	"syscall"
	"testing"
)

func TestDatagramsKeepTheirBorders(t *testing.T) {
	w := newWorld(t)
	server, client := w.must(w.Socket(AF_INET, SOCK_DGRAM, 0)), w.must(w.Socket(AF_INET6, SOCK_DGRAM|SOCK_NONBLOCK, IPPROTO_UDP))
	to := netip.AddrPortFrom(own, 53)
	w.ok(w.Bind(server, to))
	if _, errno := w.wait(w.Write(w.now, client, Buffer([]byte("x")))); errno != syscall.EDESTADDRREQ {
		t.Errorf("sending to nobody: got %v, want EDESTADDRREQ", errno)
	}
	if _, errno := w.wait(w.Read(w.now, client, Buffer(make([]byte, 1)))); errno != syscall.EAGAIN {
		t.Errorf("reading nothing: got %v, want EAGAIN", errno)
	}
	ep := w.watch(server, POLLIN|EPOLLET)
	w.must(w.wait(w.Connect(w.now, client, to)))
	w.must(w.wait(w.Write(w.now, client, []IOVec{{[]byte("a query"), 7}, {[]byte("!"), 1}})))
	w.must(w.wait(w.Sendmsg(w.now, client, &Message{Name: to, IOV: Buffer([]byte("another"))}, 0)))
	if events := w.ready(ep, 1); len(events) != 1 || events[0].Events != POLLIN {
		t.Errorf("got %v, want EPOLLIN", events)
	}
	var first Message
	for _, test := range []struct {
		room, flags, n, got int
		text                string
	}{{20, MSG_PEEK, 8, 0, "a query!"}, {4, MSG_PEEK | MSG_TRUNC, 8, MSG_TRUNC, "a qu"}, {4, 0, 4, MSG_TRUNC, "a qu"}, {20, 0, 7, 0, "another"}} {
		b := make([]byte, test.room)
		m := Message{IOV: Buffer(b)}
		n := w.must(w.wait(w.Recvmsg(w.now, server, &m, test.flags)))
		if n != test.n || m.Flags != test.got || string(b[:len(test.text)]) != test.text {
			t.Errorf("got %d bytes %q with flags %#x, want %+v", n, b, m.Flags, test)
		}
		first = m
	}
	w.must(w.wait(w.Sendmsg(w.now, server, &Message{Name: first.Name, IOV: Buffer([]byte("an answer"))}, 0)))
	list := []PollFD{{FD: client, Events: POLLIN | POLLOUT}}
	if n := w.must(w.wait(w.Poll(w.now, list, 0))); n != 1 || list[0].Revents != POLLIN|POLLOUT {
		t.Errorf("got %#x from poll, want POLLIN and POLLOUT", list[0].Revents)
	}
	for want, errno := range map[int]syscall.Errno{
		int(w.Listen(server, 1)): syscall.EOPNOTSUPP, int(w.Accept(w.now, server, 0, nil).Errno): syscall.EOPNOTSUPP,
		int(w.Setsockopt(w.now, server, SOL_TCP, TCP_NODELAY, AppendInt(nil, 1))): syscall.ENOPROTOOPT,
	} {
		if want != int(errno) {
			t.Errorf("got %v, want %v", syscall.Errno(want), errno)
		}
	}
	if got, _ := w.getInt(server, SOL_SOCKET, SO_TYPE); got != SOCK_DGRAM {
		t.Errorf("SO_TYPE is %d, want %d", got, SOCK_DGRAM)
	}
	w.must(w.wait(w.Close(w.now, client)))
	w.must(w.wait(w.Close(w.now, server)))
}

// TestNobodyThere connects to a port that is closed: the ICMP error comes with the next call.
func TestNobodyThere(t *testing.T) {
	w := newWorld(t)
	fd := w.must(w.Socket(AF_INET, SOCK_DGRAM, 0))
	w.must(w.wait(w.Connect(w.now, fd, netip.AddrPortFrom(own, 9))))
	w.must(w.wait(w.Write(w.now, fd, Buffer([]byte("x")))))
	if _, errno := w.wait(w.Read(w.now, fd, Buffer(make([]byte, 1)))); errno != syscall.ECONNREFUSED {
		t.Errorf("got %v, want ECONNREFUSED", errno)
	}
}
