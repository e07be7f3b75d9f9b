package sockets

import (
	"syscall"
	"testing"
)

func TestFilesAreSentFromAnOffsetOrTheirPlace(t *testing.T) {
	w := newWorld(t)
	_, client, server := w.pair()
	file := w.must(w.OpenFile([]byte("0123456789")))
	b := make([]byte, 20)
	if n := w.must(w.wait(w.Read(w.now, file, Buffer(b[:3])))); string(b[:n]) != "012" {
		t.Errorf("read %q, want 012", b[:n])
	}
	offset := int64(6)
	for _, test := range []struct {
		offset *int64
		count  int
		want   string
	}{{nil, 2, "34"}, {&offset, 3, "678"}, {&offset, 99, "9"}, {nil, 99, "56789"}, {nil, 99, ""}} {
		n := w.must(w.wait(w.Sendfile(w.now, client, file, test.offset, test.count)))
		if n != len(test.want) {
			t.Errorf("sent %d bytes, want %q", n, test.want)
		}
		if n > 0 {
			got := w.must(w.wait(w.Read(w.now, server, Buffer(b))))
			if string(b[:got]) != test.want {
				t.Errorf("got %q, want %q", b[:got], test.want)
			}
		}
	}
	if offset != 10 {
		t.Errorf("the offset is %d, want 10", offset)
	}
	for _, test := range []struct {
		out, in int
		want    syscall.Errno
	}{{99, file, syscall.EBADF}, {client, 99, syscall.EBADF}, {client, server, syscall.EINVAL}} {
		if _, errno := w.wait(w.Sendfile(w.now, test.out, test.in, nil, 1)); errno != test.want {
			t.Errorf("from %d to %d: got %v, want %v", test.in, test.out, errno, test.want)
		}
	}
	if _, errno := w.wait(w.Write(w.now, file, Buffer([]byte("x")))); errno != syscall.EBADF {
		t.Errorf("writing to it: got %v, want EBADF", errno)
	}
}

func TestPipesWaitAndEnd(t *testing.T) {
	w := newWorld(t)
	in, out, errno := w.Pipe(0)
	w.ok(errno)
	ep := w.watch(in, POLLIN)
	b := make([]byte, pipeSize+10)
	read := w.Read(w.now, in, Buffer(b[:4])) // waits
	write := w.Write(w.now, out, Buffer(b))  // has no room for all
	if read.Done() || write.Done() {
		t.Error("a call has not waited")
	}
	if n := w.must(w.wait(read)); n != 4 {
		t.Errorf("read %d bytes, want 4", n)
	}
	if events := w.ready(ep, 1); len(events) != 1 {
		t.Error("the pipe is not ready")
	}
	got := w.must(w.wait(w.Read(w.now, in, Buffer(b))))
	if n := w.must(w.wait(write)); n != pipeSize+10 {
		t.Errorf("wrote %d bytes, want %d", n, pipeSize+10)
	}
	w.must(w.wait(w.Close(w.now, out)))
	got += w.must(w.wait(w.Read(w.now, in, Buffer(b))))
	if got != pipeSize+6 {
		t.Errorf("read %d more bytes, want %d", got, pipeSize+6)
	}
	if n := w.must(w.wait(w.Read(w.now, in, Buffer(b)))); n != 0 {
		t.Errorf("read %d bytes after the end", n)
	}
	if events := w.ready(ep, 1); len(events) != 1 || events[0].Events != POLLHUP {
		t.Errorf("got %v, want EPOLLHUP", events)
	}
}

func TestSpliceMovesTextBothWays(t *testing.T) {
	w := newWorld(t)
	_, client, server := w.pair()
	in, out, errno := w.Pipe(O_NONBLOCK)
	w.ok(errno)
	if _, errno := w.wait(w.Splice(w.now, in, client, 10, 0)); errno != syscall.EAGAIN {
		t.Errorf("an empty pipe: got %v, want EAGAIN", errno)
	}
	w.must(w.wait(w.Write(w.now, out, Buffer([]byte("to the peer")))))
	if n := w.must(w.wait(w.Splice(w.now, in, client, 6, 0))); n != 6 {
		t.Errorf("moved %d bytes, want 6", n)
	}
	wait := w.Splice(w.now, client, out, 100, 0) // for the answer
	if wait.Done() {
		t.Error("the call has not waited")
	}
	w.must(w.wait(w.Write(w.now, server, Buffer([]byte("an answer")))))
	if n := w.must(w.wait(wait)); n != 9 {
		t.Errorf("moved %d bytes, want 9", n)
	}
	b := make([]byte, 50)
	if n := w.must(w.wait(w.Read(w.now, in, Buffer(b)))); string(b[:n]) != " peeran answer" {
		t.Errorf("the pipe holds %q", b[:n])
	}
	if _, errno := w.wait(w.Splice(w.now, client, server, 10, 0)); errno != syscall.EINVAL {
		t.Errorf("without a pipe: got %v, want EINVAL", errno)
	}
}
