package sockets

import (
	"slices"
	"syscall"
	"testing"
)

// ready returns what epoll reports now.
func (w *world) ready(epfd, most int) []EpollEvent {
	w.t.Helper()
	events := make([]EpollEvent, most)
	n := w.must(w.wait(w.EpollWait(w.now, epfd, events, 0)))
	return events[:n]
}

// watch makes an epoll that is interested in a descriptor.
func (w *world) watch(fd int, events uint32) int {
	w.t.Helper()
	ep := w.must(w.EpollCreate())
	w.ok(w.EpollCtl(ep, EPOLL_CTL_ADD, fd, EpollEvent{events, uint64(fd)}))
	return ep
}

func TestLevelsAndEdges(t *testing.T) {
	for _, test := range []struct {
		name   string
		events uint32
		want   []int // how many events are reported, one look after the other
	}{
		{"level", POLLIN, []int{1, 1, 1}},
		{"edge", POLLIN | EPOLLET, []int{1, 0, 0}},
		{"one shot", POLLIN | EPOLLONESHOT, []int{1, 0, 0}},
		{"no interest", 0, []int{0, 0, 0}},
		{"another interest", POLLPRI, []int{0, 0, 0}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			_, client, server := w.pair()
			ep := w.watch(server, test.events)
			w.must(w.wait(w.Write(w.now, client, Buffer([]byte("text")))))
			var got []int
			for range test.want {
				got = append(got, len(w.ready(ep, 9)))
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
			again := 0
			if test.events&POLLIN != 0 {
				w.ok(w.EpollCtl(ep, EPOLL_CTL_MOD, server, EpollEvent{test.events, 7}))
				again = 1
			}
			if events := w.ready(ep, 9); len(events) != again || again > 0 && events[0].Data != 7 {
				t.Errorf("after a change of interest: got %v, want %d with the new data", events, again)
			}
		})
	}
}

// TestRoomIsAnEdgeWhenItWasMissed fills a send buffer: EPOLLOUT comes when it is empty enough, once.
func TestRoomIsAnEdgeWhenItWasMissed(t *testing.T) {
	w := newWorld(t)
	_, client, server := w.pair()
	ep := w.watch(server, POLLOUT|EPOLLET)
	if events := w.ready(ep, 1); len(events) != 1 || events[0].Events != POLLOUT {
		t.Fatalf("got %v, want EPOLLOUT", events)
	}
	total := 0
	for {
		n, errno := w.wait(w.Write(w.now, server, Buffer(make([]byte, 1<<20))))
		if errno == syscall.EAGAIN {
			break
		}
		total += n
	}
	if events := w.ready(ep, 1); len(events) != 0 {
		t.Fatalf("got %v with a full buffer", events)
	}
	for total > 0 {
		total -= w.must(w.wait(w.Read(w.now, client, Buffer(make([]byte, 1<<20)))))
	}
	w.settle()
	if events := w.ready(ep, 1); len(events) != 1 || events[0].Events != POLLOUT {
		t.Errorf("got %v with an empty buffer, want EPOLLOUT", events)
	}
}

// TestWritersWaitForRoomWorthIt fills a send buffer of 30000 bytes: a third of it must be free before a writer goes on.
func TestWritersWaitForRoomWorthIt(t *testing.T) {
	w := newWorld(t)
	_, client, server := w.pair()
	w.ok(w.Setsockopt(w.now, server, SOL_SOCKET, SO_SNDBUF, AppendInt(nil, 30000)))
	w.must(w.Fcntl(server, F_SETFL, 0))
	s, _ := w.socket(server)
	write := w.Write(w.now, server, Buffer(make([]byte, 40000)))
	if write.Done() || s.hasRoom() {
		t.Fatal("the write has not waited")
	}
	got := 0
	for !write.Again(w.now) {
		if s.conn.Conn().Writable() >= 10000 && s.hasRoom() {
			t.Fatal("there is room for the writer, and it waits")
		}
		w.settle()
		got += w.must(w.wait(w.Read(w.now, client, Buffer(make([]byte, 2000)))))
	}
	if write.Value != 40000 || got == 0 {
		t.Errorf("wrote %d bytes after %d were read, want 40000", write.Value, got)
	}
}

func TestEpollsTakeTurnsAndNest(t *testing.T) {
	w := newWorld(t)
	_, client, server := w.pair()
	inner := w.watch(client, POLLOUT)
	w.ok(w.EpollCtl(inner, EPOLL_CTL_ADD, server, EpollEvent{POLLOUT, uint64(server)}))
	var got []uint64
	for range 4 {
		got = append(got, w.ready(inner, 1)[0].Data)
	}
	if want := []uint64{uint64(client), uint64(server), uint64(client), uint64(server)}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	outer := w.watch(inner, POLLIN)
	if events := w.ready(outer, 1); len(events) != 1 || events[0].Events != POLLIN {
		t.Errorf("the outer one reports %v, want EPOLLIN", events)
	}
	w.must(w.wait(w.Close(w.now, client)))
	if events := w.ready(inner, 9); len(events) != 1 || events[0].Data != uint64(server) {
		t.Errorf("after closing one: got %v, want the other", events)
	}
}

func TestEpollRefuses(t *testing.T) {
	w := newWorld(t)
	_, client, _ := w.pair()
	file := w.must(w.OpenFile([]byte("text")))
	ep := w.watch(client, POLLIN)
	for _, test := range []struct {
		name     string
		ep, op   int
		fd       int
		want     syscall.Errno
		withWait bool
	}{
		{"a closed epoll", 99, EPOLL_CTL_ADD, client, syscall.EBADF, true},
		{"a closed descriptor", ep, EPOLL_CTL_ADD, 99, syscall.EBADF, false},
		{"what is no epoll", client, EPOLL_CTL_ADD, ep, syscall.EINVAL, true},
		{"itself", ep, EPOLL_CTL_ADD, ep, syscall.EINVAL, false},
		{"a file", ep, EPOLL_CTL_ADD, file, syscall.EPERM, false},
		{"interest twice", ep, EPOLL_CTL_ADD, client, syscall.EEXIST, false},
		{"no interest to change", ep, EPOLL_CTL_MOD, w.must(w.EpollCreate()), syscall.ENOENT, false},
		{"an unknown operation", ep, 9, client, syscall.EINVAL, false},
	} {
		if got := w.EpollCtl(test.ep, test.op, test.fd, EpollEvent{}); got != test.want {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
		if _, got := w.wait(w.EpollWait(w.now, test.ep, make([]EpollEvent, 1), 0)); test.withWait && got != test.want {
			t.Errorf("waiting for %s: got %v, want %v", test.name, got, test.want)
		}
	}
	if _, got := w.wait(w.EpollWait(w.now, ep, nil, 0)); got != syscall.EINVAL {
		t.Errorf("waiting for no events: got %v, want EINVAL", got)
	}
	w.ok(w.EpollCtl(ep, EPOLL_CTL_DEL, client, EpollEvent{}))
	if got := w.EpollCtl(ep, EPOLL_CTL_DEL, client, EpollEvent{}); got != syscall.ENOENT {
		t.Errorf("removing twice: got %v, want ENOENT", got)
	}
}
