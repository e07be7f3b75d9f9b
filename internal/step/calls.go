package step

import (
	"fmt"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// The calls of the applications.

const (
	// backlog is that of every listener, one more than its script says, as in Linux.
	backlog = 2
	// maxTransfer bounds one call.
	maxTransfer = 1 << 20
	// The keep-alive of KeepAlive.
	keepIdle, keepInterval, keepCount = time.Minute, 10 * time.Second, 3
)

// call makes a call of an application.
func (w *World) call(m Move) error {
	e := w.ends[m.End]
	if why := e.refuses(m); why != "" {
		return fmt.Errorf("%v: %s", m, why)
	}
	n, err := e.call(m)
	if err != nil {
		return fmt.Errorf("%v: %w", m, err)
	}
	if m.Kind != Close {
		e.note(entry{kind: entryCall, move: m, n: n})
	}
	return nil
}

// refuses says why the end cannot make a call now; "" when it can.
func (e *end) refuses(m Move) string {
	c := e.held()
	switch m.Kind {
	case Listen:
		if c != nil || e.listener != nil || e.host.Socket(e.local, e.peer) != nil {
			return "the port is in use"
		}
		return ""
	case Connect:
		if c != nil || e.listener != nil || !e.mayConnect() {
			return "the port is in use"
		}
		return ""
	case Read:
		return e.refusesRead()
	case Close:
		if c == nil && e.listener == nil {
			return "there is nothing to close"
		}
		return ""
	}
	switch {
	case c == nil:
		return "there is no connection"
	case m.Kind == Write && (!c.State().Synchronized() || !c.CanSend()), m.Kind == Shutdown && (!c.State().Synchronized() || !c.CanSend()):
		return "the connection does not send in " + c.State().String()
	case m.Kind == Write && c.Writable() == 0:
		return "the send buffer is full"
	case m.Kind == Write && (m.N <= 0 || m.N > maxTransfer):
		return fmt.Sprintf("from 1 to %d bytes can be written", maxTransfer)
	}
	return ""
}

// mayConnect reports whether the ports are free, or taken by a connection in TIME-WAIT that timestamps tell
// from a new one (RFC 6191).
func (e *end) mayConnect() bool {
	s := e.host.Socket(e.local, e.peer)
	return s == nil || s.Conn().State() == tcp.TimeWait && s.Conn().Info().Timestamps
}

// refusesRead is refuses for Read.
func (e *end) refusesRead() string {
	switch {
	case e.sock == nil:
		return "there is no connection"
	case e.sock.Conn().Readable() == 0 && !e.sock.Conn().PeerFIN():
		return "there is nothing to read"
	}
	return ""
}

// call makes a call that is not refused, and returns how many bytes it has moved.
func (e *end) call(m Move) (int, error) {
	now := e.world.now
	switch m.Kind {
	case Listen:
		l, _, errno := e.host.Listen(e.local.Addr(), e.local.Port(), backlog)
		if errno != 0 {
			return 0, errno
		}
		e.listener, e.once = l, m.N != 0
		return 0, nil
	case Connect:
		return e.connect(now)
	case Close:
		e.close()
		return 0, nil
	}
	n := 0
	c := e.sock.Conn()
	switch m.Kind {
	case Write:
		n = c.Send(now, textFrom(e.index, e.wrote, min(m.N, c.Writable())))
		e.wrote += n
	case Read:
		b := make([]byte, min(m.N, maxTransfer, c.Readable()))
		n = c.Receive(now, b)
		e.read += n
	case Shutdown:
		c.CloseWrite(now)
	case Abort:
		e.sock.Abort(now)
		e.sock = nil
		return 0, nil
	case NoDelay:
		e.noDelay = m.N != 0
		c.SetNoDelay(e.noDelay)
	case KeepAlive:
		e.keepAlive = m.N != 0
		c.SetKeepAlive(now, tcp.KeepAlive{Enable: e.keepAlive, Idle: keepIdle, Interval: keepInterval, Count: keepCount})
	}
	e.sock.Touch(now)
	return n, nil
}

// tookOver is what connect returns when the connection takes the place of one in TIME-WAIT.
const tookOver = 1

// connect opens a connection.
func (e *end) connect(now ip.Time) (int, error) {
	n := 0
	if e.host.Socket(e.local, e.peer) != nil {
		n = tookOver
	}
	s, _, errno := e.host.Connect(now, e.local, e.peer)
	if errno != 0 {
		return 0, errno
	}
	e.sock = s
	e.began(s)
	return n, nil
}

// close closes the connection, or the listener when the application holds no connection.
func (e *end) close() {
	if e.held() == nil {
		e.closeListener()
		return
	}
	e.note(entry{kind: entryCall, move: Move{Kind: Close, End: e.index}})
	e.sock.Close(e.world.now)
	e.sock = nil
}

// closeListener lets the application listen no more.
func (e *end) closeListener() {
	e.note(entry{kind: entryUnlisten})
	e.listener.Close(e.world.now)
	e.listener = nil
}

// textAt returns the byte that an end writes at an offset of its stream: lower case from A, upper case
// from B, and different at places that could be mistaken for each other.
func textAt(end, offset int) byte {
	x := uint32(offset)*2654435761 + 0x9e37
	x ^= x >> 15
	first := byte('a')
	if end == B {
		first = 'A'
	}
	return first + byte(x%26)
}

// textFrom returns n bytes of an end's stream.
func textFrom(end, offset, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = textAt(end, offset+i)
	}
	return b
}
