package sockets

import (
	"bytes"
	"syscall"
	"testing"
	"time"
)

// getInt asks for a number.
func (w *world) getInt(fd, level, name int) (int, syscall.Errno) {
	b := make([]byte, 4)
	n, errno := w.Getsockopt(w.now, fd, level, name, b)
	if errno != 0 {
		return 0, errno
	}
	v, ok := ParseInt(b[:n])
	if !ok {
		w.t.Errorf("option %d of level %d has %d bytes", name, level, n)
	}
	return v, 0
}

// TestNumbersAreKeptWithinTheirBounds sets every option that is a number.
func TestNumbersAreKeptWithinTheirBounds(t *testing.T) {
	w := newWorld(t)
	fd := w.must(w.Socket(AF_INET6, SOCK_STREAM, 0))
	special := map[option]bool{ // the value is not what was set, or the state forbids it
		{SOL_SOCKET, SO_SNDBUF}: true, {SOL_SOCKET, SO_RCVBUF}: true, {SOL_SOCKET, SO_TIMESTAMPING}: true, {SOL_IPV6, IPV6_MTU}: true,
	}
	for k, r := range rules {
		if special[k] {
			continue
		}
		set := func(n int) syscall.Errno {
			return w.Setsockopt(w.now, fd, k.level, k.name, AppendInt(nil, n))
		}
		if r.readOnly {
			if errno := set(1); errno != syscall.ENOPROTOOPT {
				t.Errorf("%v: setting it gives %v, want ENOPROTOOPT", k, errno)
			}
			continue
		}
		want := r.max
		if r.isSwitch {
			want = 1
		}
		if errno := set(max(r.max, 1)); errno != 0 {
			t.Errorf("%v: setting %d gives %v", k, r.max, errno)
		}
		if got, errno := w.getInt(fd, k.level, k.name); errno != 0 || got != want {
			t.Errorf("%v: got %d, %v, want %d", k, got, errno, want)
		}
		if errno := set(r.max + 1); !r.isSwitch && r.max < maxInt && errno != syscall.EINVAL {
			t.Errorf("%v: setting %d gives %v, want EINVAL", k, r.max+1, errno)
		}
	}
	for _, k := range []option{{SOL_SOCKET, 999}, {SOL_TCP, 999}, {77, 1}} {
		if errno := w.Setsockopt(w.now, fd, k.level, k.name, AppendInt(nil, 1)); errno != syscall.ENOPROTOOPT {
			t.Errorf("setting %v gives %v, want ENOPROTOOPT", k, errno)
		}
		if _, errno := w.getInt(fd, k.level, k.name); errno != syscall.ENOPROTOOPT {
			t.Errorf("asking for %v gives %v, want ENOPROTOOPT", k, errno)
		}
	}
	if errno := w.Setsockopt(w.now, fd, SOL_TCP, TCP_NODELAY, []byte{1, 0}); errno != syscall.EINVAL {
		t.Errorf("half a number: got %v, want EINVAL", errno)
	}
}

func TestOptionsThatAreNoNumbers(t *testing.T) {
	w := newWorld(t)
	fd := w.must(w.Socket(AF_INET, SOCK_STREAM, 0))
	timeval := appendTimeval(nil, 1500*time.Millisecond)
	for _, test := range []struct {
		name             string
		level, option    int
		value, want, bad []byte
		errno            syscall.Errno
	}{
		{"linger", SOL_SOCKET, SO_LINGER, Linger{1, 5}.AppendTo(nil), Linger{1, 5}.AppendTo(nil), []byte{1}, syscall.EINVAL},
		{"time to receive", SOL_SOCKET, SO_RCVTIMEO, timeval, timeval, []byte{1}, syscall.EINVAL},
		{"time to send", SOL_SOCKET, SO_SNDTIMEO, timeval, timeval, append(timeval[:8:8], 64, 66, 15, 0, 0, 0, 0, 0), syscall.EDOM},
		{"congestion control", SOL_TCP, TCP_CONGESTION, []byte("reno\x00xx"), append([]byte("reno"), make([]byte, 12)...), []byte("none"), syscall.ENOENT},
	} {
		t.Run(test.name, func(t *testing.T) {
			w.ok(w.Setsockopt(w.now, fd, test.level, test.option, test.value))
			b := make([]byte, 64)
			n, errno := w.Getsockopt(w.now, fd, test.level, test.option, b)
			if errno != 0 || !bytes.Equal(b[:n], test.want) {
				t.Errorf("got %q, %v, want %q", b[:n], errno, test.want)
			}
			if errno := w.Setsockopt(w.now, fd, test.level, test.option, test.bad); errno != test.errno {
				t.Errorf("a bad value: got %v, want %v", errno, test.errno)
			}
		})
	}
}

// TestBuffersAreThoseOfTheSocket sets them before and after the connection is made. Linux doubles the numbers.
func TestBuffersAreThoseOfTheSocket(t *testing.T) {
	w := newWorld(t)
	listener, client, server := w.pair()
	w.ok(w.Setsockopt(w.now, server, SOL_SOCKET, SO_SNDBUF, AppendInt(nil, 20000)))
	if got, _ := w.getInt(server, SOL_SOCKET, SO_SNDBUF); got != 40000 {
		t.Errorf("the send buffer is %d, want 40000", got)
	}
	w.must(w.Fcntl(server, F_SETFL, O_NONBLOCK))
	if n := w.must(w.wait(w.Write(w.now, server, Buffer(make([]byte, 100000))))); n != 20000 {
		t.Errorf("wrote %d bytes, want 20000", n)
	}
	w.ok(w.Setsockopt(w.now, listener, SOL_SOCKET, SO_RCVBUF, AppendInt(nil, 9000)))
	other := w.must(w.Socket(AF_INET, SOCK_STREAM, 0))
	to, _ := w.LocalAddr(listener)
	w.must(w.wait(w.Connect(w.now, other, to)))
	child := w.must(w.wait(w.Accept(w.now, listener, 0, nil)))
	if info, _ := w.TCPInfo(w.now, child); info.RcvWnd > 9000 || info.RcvWscale != 0 {
		t.Errorf("the window is %d, scaled by %d, want at most 9000, not scaled", info.RcvWnd, info.RcvWscale)
	}
	if got, _ := w.getInt(child, SOL_SOCKET, SO_RCVBUF); got != 18000 {
		t.Errorf("the receive buffer is %d, want 18000", got)
	}
	if got, _ := w.getInt(client, SOL_SOCKET, SO_SNDBUF); got != w.host.TCP().SendBuffer {
		t.Errorf("the other end has a send buffer of %d, want the host's", got)
	}
}

func TestErrorsAreReportedOnce(t *testing.T) {
	w := newWorld(t)
	_, client, server := w.pair()
	w.ok(w.Setsockopt(w.now, server, SOL_SOCKET, SO_LINGER, Linger{OnOff: 1}.AppendTo(nil)))
	w.must(w.wait(w.Close(w.now, server)))
	w.settle()
	for _, want := range []int{int(syscall.ECONNRESET), 0} {
		if got, _ := w.getInt(client, SOL_SOCKET, SO_ERROR); got != want {
			t.Errorf("SO_ERROR is %d, want %d", got, want)
		}
	}
	if _, errno := w.wait(w.Write(w.now, client, Buffer([]byte("x")))); errno != syscall.EPIPE {
		t.Errorf("write gives %v, want EPIPE", errno)
	}
}

func TestListenersTellOfTheirQueue(t *testing.T) {
	w := newWorld(t)
	listener, _, _ := w.pair()
	to, _ := w.LocalAddr(listener)
	other := w.must(w.Socket(AF_INET, SOCK_STREAM, 0))
	w.must(w.wait(w.Connect(w.now, other, to)))
	info, errno := w.TCPInfo(w.now, listener)
	if errno != 0 || info.State != 10 || info.Unacked != 1 || info.Sacked != 1 {
		t.Errorf("got %+v, %v, want state 10 (LISTEN) with one connection waiting of one", info, errno)
	}
	b := make([]byte, 100)
	if n, errno := w.Getsockopt(w.now, listener, SOL_SOCKET, SO_MEMINFO, b); n != 36 || errno != 0 {
		t.Errorf("SO_MEMINFO has %d bytes, %v, want 36", n, errno)
	}
	if n, errno := w.Getsockopt(w.now, listener, SOL_TCP, TCP_CC_INFO, b); n != 0 || errno != 0 {
		t.Errorf("TCP_CC_INFO has %d bytes, %v, want none", n, errno)
	}
	if n, errno := w.Getsockopt(w.now, listener, SOL_TCP, TCP_INFO, b); n != 100 || errno != 0 {
		t.Errorf("TCP_INFO fills %d bytes, %v, want 100", n, errno)
	}
}
