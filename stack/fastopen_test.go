package stack

import (
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/tcp"
	"github.com/sockeye-tcp/sockeye/tun"
)

// TCP Fast Open between two stacks: RFC 7413.

// A fastPair is two stacks, one of which listens.
type fastPair struct {
	t    *testing.T
	a, b *Net
	l    *Listener
	d    Dialer
}

func newFastPair(t *testing.T, queue int) *fastPair {
	x := &fastPair{t: t}
	x.a, x.b = newPair(t, Config{})
	l, err := x.b.Listen("tcp", "10.0.0.2:80")
	if err != nil {
		t.Fatal(err)
	}
	x.l = l.(*Listener)
	if err := x.l.SetFastOpen(queue); err != nil {
		t.Fatal(err)
	}
	x.d = Dialer{Net: x.a, FastOpen: true}
	return x
}

// dial connects, says something and waits until the other side has it. It returns both ends.
func (x *fastPair) dial(say string) (client, server *Conn) {
	x.t.Helper()
	c, err := x.d.Dial("tcp", "10.0.0.2:80")
	if err != nil {
		x.t.Fatal(err)
	}
	if _, err := io.WriteString(c, say); err != nil {
		x.t.Fatal(err)
	}
	s, err := x.l.Accept()
	if err != nil {
		x.t.Fatal(err)
	}
	x.t.Cleanup(func() { c.Close(); s.Close() })
	b := make([]byte, len(say))
	if _, err := io.ReadFull(s, b); err != nil || string(b) != say {
		x.t.Fatalf("got %q, %v, want %q", b, err, say)
	}
	return c.(*Conn), s.(*Conn)
}

// The second connection is a fast one in both directions, and brings text and FIN like any other.
func TestFastOpen(t *testing.T) {
	x := newFastPair(t, 10)
	for i, want := range []bool{false, true, true} {
		c, s := x.dial("question")
		if got := s.Info().SynData; got != want {
			t.Errorf("connection %d: text came with the SYN: %v, want %v", i, got, want)
		}
		if err := c.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(s, "answer"); err != nil {
			t.Fatal(err)
		}
		s.Close()
		if b, err := io.ReadAll(c); err != nil || string(b) != "answer" {
			t.Errorf("connection %d: got %q, %v", i, b, err)
		}
		if got := c.Info().SynData; got != want {
			t.Errorf("connection %d: text went with the SYN: %v, want %v", i, got, want)
		}
	}
	x.b.mu.Lock()
	defer x.b.mu.Unlock()
	for x.l.sock.FastOpenPending() != 0 { // the last ACK may still be on its way; each packet that comes lets us look again
		x.b.idle.Wait()
	}
}

// It is off unless both sides switch it on.
func TestFastOpenIsOffByDefault(t *testing.T) {
	for _, on := range []int{0, 10} {
		x := newFastPair(t, on)
		x.d.FastOpen = on == 0
		for range 2 {
			if c, s := x.dial("question"); c.Info().SynData || s.Info().SynData {
				t.Errorf("queue %d: text went with the SYN", on)
			}
		}
	}
}

// A write larger than the SYN has room for arrives whole.
func TestFastOpenWithMuchText(t *testing.T) {
	x := newFastPair(t, 10)
	x.dial("question")
	long := string(make([]byte, 300_000))
	if _, s := x.dial(long); !s.Info().SynData {
		t.Error("no text came with the SYN")
	}
}

// Text written before Close is delivered, although the handshake is not over then.
func TestFastOpenCloseAfterWrite(t *testing.T) {
	x := newFastPair(t, 10)
	x.dial("question")
	c, err := x.d.Dial("tcp", "10.0.0.2:80")
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(c, "farewell")
	c.Close()
	s, err := x.l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if b, err := io.ReadAll(s); err != nil || string(b) != "farewell" {
		t.Errorf("got %q, %v", b, err)
	}
}

// A client that reads first, because the server speaks first, still gets its connection; so does one that closes its side.
func TestFastOpenWithoutAWrite(t *testing.T) {
	x := newFastPair(t, 10)
	x.dial("question")
	for _, half := range []func(*Conn){func(*Conn) {}, func(c *Conn) { c.CloseWrite() }} {
		c, err := x.d.Dial("tcp", "10.0.0.2:80")
		if err != nil {
			t.Fatal(err)
		}
		half(c.(*Conn))
		go func() {
			if s, err := x.l.Accept(); err == nil {
				io.WriteString(s, "greeting")
				s.Close()
			}
		}()
		if b, err := io.ReadAll(c); err != nil || string(b) != "greeting" {
			t.Errorf("got %q, %v", b, err)
		}
		c.Close()
	}
}

// Nothing is left of a connection that was closed before its first Write.
func TestFastOpenThatNobodyUses(t *testing.T) {
	x := newFastPair(t, 10)
	x.dial("question")
	c, err := x.d.Dial("tcp", "10.0.0.2:80")
	if err != nil {
		t.Fatal(err)
	}
	before := x.a.Stats().OutSegs
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if got := x.a.Stats().OutSegs - before; got != 0 {
		t.Errorf("%d segments were sent", got)
	}
	if _, err := c.Write([]byte("late")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v, want %v", err, net.ErrClosed)
	}
}

// What is wrong with a fast connection shows where it is used.
func TestFastOpenIsRefused(t *testing.T) {
	x := newFastPair(t, 10)
	x.dial("question")
	x.l.Close()
	c, err := x.d.Dial("tcp", "10.0.0.2:80")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "question"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("got %v, want %v", err, syscall.ECONNREFUSED)
	}
}

// Cookies of the key before are good, those of the key before that are not.
func TestFastOpenKeysChange(t *testing.T) {
	x := newFastPair(t, 10)
	x.dial("question")
	for i, want := range []bool{true, true, false, true} {
		if i != 3 {
			x.b.SetFastOpenKeys(x.b.FastOpenKeys().Rotate(tcp.FastOpenKey{byte(i)}))
		}
		if i == 2 { // twice in a row
			x.b.SetFastOpenKeys(x.b.FastOpenKeys().Rotate(tcp.FastOpenKey{9}))
		}
		c, s := x.dial("question")
		if s.Info().SynData != want {
			t.Errorf("connection %d: text was taken: %v, want %v", i, s.Info().SynData, want)
		}
		// The client has the new cookie when it has the SYN,ACK, and has that when it has text.
		if _, err := s.Write([]byte{1}); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
	}
}

// The text of a SYN reaches the application before the handshake is over, and it can answer.
func TestFastOpenAnswerBeforeTheHandshakeIsOver(t *testing.T) {
	here, there := tun.NewPipe(1500)
	defer there.Close()
	keys := tcp.NewFastOpenKeys(tcp.FastOpenKey{1})
	n := newNet(t, here, Config{Addrs: addrsA, FastOpenKeys: keys})
	l, err := n.Listen("tcp", "10.0.0.1:80")
	if err != nil {
		t.Fatal(err)
	}
	l.(*Listener).SetFastOpen(1)
	cookie := keys.Cookie(addrsA[0].Addr(), addrsB[0].Addr())
	syn := tcp.Header{Flags: tcp.SYN, Seq: 1000, Wnd: 5000, Options: tcp.Options{HasFastOpen: true, Cookie: cookie}}
	sendSegment(there, "10.0.0.1:80", syn, "question")
	if answer := readSegment(t, there); answer.Flags != tcp.SYN|tcp.ACK || answer.Ack != 1009 {
		t.Fatalf("got %v with ACK %d", answer.Flags, answer.Ack)
	}
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	c.SetReadDeadline(time.Now().Add(time.Minute))
	b := make([]byte, 100)
	if k, err := c.Read(b); err != nil || string(b[:k]) != "question" {
		t.Fatalf("got %q, %v", b[:k], err)
	}
	io.WriteString(c, "answer")
	if answer := readSegment(t, there); string(answer.Text) != "answer" || answer.Ack != 1009 {
		t.Errorf("got %q with ACK %d", answer.Text, answer.Ack)
	}
	if got := c.(*Conn).Info().State; got != tcp.SynReceived {
		t.Errorf("got %v", got)
	}
}

// A reset ends an accepted connection even in the handshake; its text was read before.
func TestFastOpenResetInTheHandshake(t *testing.T) {
	here, there := tun.NewPipe(1500)
	defer there.Close()
	keys := tcp.NewFastOpenKeys(tcp.FastOpenKey{1})
	n := newNet(t, here, Config{Addrs: addrsA, FastOpenKeys: keys})
	l, err := n.Listen("tcp", "10.0.0.1:80")
	if err != nil {
		t.Fatal(err)
	}
	l.(*Listener).SetFastOpen(1)
	cookie := keys.Cookie(addrsA[0].Addr(), addrsB[0].Addr())
	syn := tcp.Header{Flags: tcp.SYN, Seq: 1000, Wnd: 5000, Options: tcp.Options{HasFastOpen: true, Cookie: cookie}}
	for _, accept := range []bool{false, true} {
		sendSegment(there, "10.0.0.1:80", syn, "question")
		answer := readSegment(t, there)
		if answer.Ack != 1009 {
			t.Fatalf("got ACK %d", answer.Ack)
		}
		var c net.Conn
		if accept {
			c, _ = l.Accept()
		}
		sendSegment(there, "10.0.0.1:80", tcp.Header{Flags: tcp.RST, Seq: 1009}, "")
		sendSegment(there, "10.0.0.1:81", tcp.Header{Flags: tcp.SYN}, "")
		readSegment(t, there) // the refusal: what came before it has been seen
		if !accept {
			c, _ = l.Accept()
		}
		got, err := io.ReadAll(c)
		if string(got) != "question" || !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("accepted before %v: got %q, %v", accept, got, err)
		}
		c.Close()
	}
	// The second one was reset after it was accepted, and keeps its place.
	sendSegment(there, "10.0.0.1:80", syn, "question")
	if answer := readSegment(t, there); answer.Ack != 1001 {
		t.Errorf("got ACK %d, want text refused", answer.Ack)
	}
}
