package stack

import (
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A tcpConn has the methods of *net.TCPConn that the cases use.
type tcpConn interface {
	net.Conn
	CloseRead() error
	CloseWrite() error
	SetLinger(int) error
	SetNoDelay(bool) error
	SetKeepAlive(bool) error
	SetKeepAlivePeriod(time.Duration) error
	SetKeepAliveConfig(net.KeepAliveConfig) error
}

// connErrors are those of connections.
var connErrors = []errorCase{
	{name: "read after reset", run: func(t *testing.T, w *world) error { return second(w.reset(t).Read(make([]byte, 1))) }},
	{name: "read after reset, again", run: func(t *testing.T, w *world) error {
		c := w.reset(t)
		c.Read(make([]byte, 1))
		return second(c.Read(make([]byte, 1)))
	}},
	{name: "write after reset", run: func(t *testing.T, w *world) error { return second(w.reset(t).Write([]byte("x"))) }},
	{name: "write after reset, again", run: func(t *testing.T, w *world) error {
		c := w.reset(t)
		c.Write([]byte("x"))
		return second(c.Write([]byte("x")))
	}},
	{name: "write after reading a reset", run: func(t *testing.T, w *world) error {
		c := w.reset(t)
		c.Read(make([]byte, 1))
		return second(c.Write([]byte("x")))
	}},
	{name: "write nothing after reset", run: func(t *testing.T, w *world) error { return second(w.reset(t).Write(nil)) }},
	{name: "close half after reset", run: func(t *testing.T, w *world) error { return w.reset(t).(tcpConn).CloseWrite() }},
	{name: "read, reset meanwhile", run: func(t *testing.T, w *world) error {
		c, s := w.pair(t)
		s.(tcpConn).SetLinger(0)
		time.AfterFunc(10*time.Millisecond, func() { s.Close() })
		return second(c.Read(make([]byte, 1)))
	}},
	{name: "read at the end", run: func(t *testing.T, w *world) error {
		c, s := w.pair(t)
		s.Close()
		return second(c.Read(make([]byte, 1)))
	}},
	{name: "read after reset behind FIN", run: func(t *testing.T, w *world) error {
		c, s := w.pair(t)
		s.(tcpConn).CloseWrite()
		s.(tcpConn).SetLinger(0)
		s.Close()
		return second(c.Read(make([]byte, 1)))
	}},
	{name: "write after reset behind FIN", run: func(t *testing.T, w *world) error {
		c, s := w.pair(t)
		s.(tcpConn).CloseWrite()
		s.(tcpConn).SetLinger(0)
		s.Close()
		return second(c.Write([]byte("x")))
	}},
	{name: "write to a peer that has closed, twice", run: func(t *testing.T, w *world) error {
		c, s := w.pair(t)
		s.Close()
		c.Write([]byte("x"))
		return second(c.Write([]byte("x")))
	}},
	{name: "read after a peer closed with data unread", run: func(t *testing.T, w *world) error {
		c, s := w.pair(t)
		c.Write([]byte("x"))
		s.SetReadDeadline(time.Now().Add(time.Minute))
		s.Read(nil)
		s.Close()
		return second(c.Read(make([]byte, 1)))
	}},
	{name: "write after CloseWrite", run: func(t *testing.T, w *world) error {
		c, _ := w.pair(t)
		c.(tcpConn).CloseWrite()
		return second(c.Write([]byte("x")))
	}},
	{name: "read after CloseRead", run: func(t *testing.T, w *world) error {
		c, _ := w.pair(t)
		c.(tcpConn).CloseRead()
		return second(c.Read(make([]byte, 1)))
	}},
	{name: "read, CloseRead meanwhile", run: func(t *testing.T, w *world) error {
		c, _ := w.pair(t)
		time.AfterFunc(10*time.Millisecond, func() { c.(tcpConn).CloseRead() })
		return second(c.Read(make([]byte, 1)))
	}},
	{name: "read, deadline", run: func(t *testing.T, w *world) error {
		c, _ := w.pair(t)
		c.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		return second(c.Read(make([]byte, 1)))
	}},
	{name: "read, past deadline, with data there", run: func(t *testing.T, w *world) error {
		c, s := w.pair(t)
		s.Write([]byte("x"))
		c.SetReadDeadline(time.Unix(1, 0))
		return second(c.Read(make([]byte, 1)))
	}},
	{name: "write, deadline", run: func(t *testing.T, w *world) error {
		c, _ := w.pair(t)
		c.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
		for {
			if _, err := c.Write(make([]byte, 1<<20)); err != nil {
				return err
			}
		}
	}},
	{name: "write, past deadline", run: func(t *testing.T, w *world) error {
		c, _ := w.pair(t)
		c.SetWriteDeadline(time.Unix(1, 0))
		return second(c.Write([]byte("x")))
	}},
	{name: "write nothing, past deadline", run: func(t *testing.T, w *world) error {
		c, _ := w.pair(t)
		c.SetWriteDeadline(time.Unix(1, 0))
		return second(c.Write(nil))
	}},
	{name: "read, closed meanwhile", run: func(t *testing.T, w *world) error {
		c, _ := w.pair(t)
		time.AfterFunc(10*time.Millisecond, func() { c.Close() })
		return second(c.Read(make([]byte, 1)))
	}},
	{name: "write, closed meanwhile", run: func(t *testing.T, w *world) error {
		c, _ := w.pair(t)
		time.AfterFunc(50*time.Millisecond, func() { c.Close() })
		for {
			if _, err := c.Write(make([]byte, 1<<20)); err != nil {
				return err
			}
		}
	}},
	closedCase("read", func(c tcpConn) error { return second(c.Read(make([]byte, 1))) }),
	closedCase("read nothing", func(c tcpConn) error { return second(c.Read(nil)) }),
	closedCase("write", func(c tcpConn) error { return second(c.Write([]byte("x"))) }),
	closedCase("close", func(c tcpConn) error { return c.Close() }),
	closedCase("CloseRead", func(c tcpConn) error { return c.CloseRead() }),
	closedCase("CloseWrite", func(c tcpConn) error { return c.CloseWrite() }),
	closedCase("SetDeadline", func(c tcpConn) error { return c.SetDeadline(time.Now()) }),
	closedCase("SetReadDeadline", func(c tcpConn) error { return c.SetReadDeadline(time.Now()) }),
	closedCase("SetWriteDeadline", func(c tcpConn) error { return c.SetWriteDeadline(time.Now()) }),
	closedCase("SetLinger", func(c tcpConn) error { return c.SetLinger(0) }),
	closedCase("SetNoDelay", func(c tcpConn) error { return c.SetNoDelay(true) }),
	closedCase("SetKeepAlive", func(c tcpConn) error { return c.SetKeepAlive(true) }),
	closedCase("SetKeepAlivePeriod", func(c tcpConn) error { return c.SetKeepAlivePeriod(time.Second) }),
	closedCase("SetKeepAliveConfig", func(c tcpConn) error { return c.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true}) }),
}

// closedCase is a call on a connection that was closed.
func closedCase(name string, call func(tcpConn) error) errorCase {
	return errorCase{name: name + " after close", run: func(t *testing.T, w *world) error {
		conn, _ := w.pair(t)
		conn.Close()
		return call(conn.(tcpConn))
	}}
}

// What a stack in user space cannot do, it says.
func TestNoFileDescriptor(t *testing.T) {
	w := stackWorld(t)
	conn, _ := w.pair(t)
	ln, err := w.listen("tcp", w.host+":0")
	if err != nil {
		t.Fatal(err)
	}
	type descriptor interface {
		File() (*os.File, error)
		SyscallConn() (syscall.RawConn, error)
	}
	for _, d := range []descriptor{conn.(descriptor), ln.(descriptor), w.packets(t).(descriptor)} {
		_, err := d.File()
		_, err2 := d.SyscallConn()
		for _, err := range []error{err, err2} {
			if err == nil || !strings.Contains(err.Error(), "unsupported") {
				t.Errorf("%T: got error %v, want unsupported operation", d, err)
			}
		}
	}
}
