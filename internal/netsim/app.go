package netsim

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/stack"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Applications: each has one connection, sends text that it can be known by, and checks what it reads.

// A Script is what an application does with its connection. The zero Script reads until the end and closes.
type Script struct {
	Send      int           // bytes to send
	Chunk     int           // of one write; 0 is as much as goes
	SendPause time.Duration // after each write

	ReadChunk int           // of one read; 0 is all there is
	ReadPause time.Duration // after each read
	ReadDelay time.Duration // before the first

	CloseRead bool // ends reading after the first byte: the rest is thrown away

	Part Part
	// PartAfter is how many bytes are read before CloseEarly closes, and PartTime when Abort aborts.
	PartAfter int
	PartTime  time.Duration

	// Prepare, when set, is given the connection before its SYN.
	Prepare func(*tcp.Conn)
}

// A Part says how an application parts with its connection.
type Part uint8

// The ways to part.
const (
	Shutdown   Part = iota // closes its direction when all is sent, reads until the end, closes
	CloseSent              // closes when all is sent, whatever comes
	CloseEarly             // the same, but closes after it has read some bytes, whatever is still to come or to be sent
	Abort                  // aborts after some time
)

// An Agent is an application with one connection.
type Agent struct {
	Script Script
	Socket *stack.Socket // nil until there is a connection

	Got      int  // bytes read
	Wrote    int  // bytes written
	EOF      bool // the end of the other's text was reached
	Closed   bool // it has closed or aborted the connection
	Finished ip.Time

	host    *Host
	in, out *stream
	dirty   bool // something may have changed
	shut    bool
	begun   ip.Time
	readAt  ip.Time
	writeAt ip.Time
	wakeAt  ip.Time // the call that is arranged already
}

// A stream is what one end writes: a part of the pattern that depends on the connection.
type stream struct {
	from, to netip.AddrPort
	at       int // in the pattern
	sent     int // the most bytes that were written
}

// pattern is what is written, over and over. It repeats after a prime number of bytes, so that no usual length of
// segments or buffers fits it.
var pattern = func() []byte {
	p := make([]byte, 2*patternLen)
	rand.NewChaCha8([32]byte{1}).Read(p[:patternLen])
	copy(p[patternLen:], p)
	return p
}()

const patternLen = 65521

// text returns up to n bytes of a stream from an offset on, at most one length of the pattern.
func (s *stream) text(offset, n int) []byte {
	at := (s.at + offset) % patternLen
	return pattern[at : at+min(n, patternLen)]
}

// stream returns what one end writes to the other.
func (n *Net) stream(from, to netip.AddrPort) *stream {
	for _, s := range n.streams {
		if s.from == from && s.to == to {
			return s
		}
	}
	s := &stream{from: from, to: to, at: (int(from.Port())*31 + int(to.Port())*101) % patternLen}
	n.streams = append(n.streams, s)
	return s
}

// Dial starts an application on a host that connects to a server. It returns nil when the host takes no connection.
func Dial(h *Host, server netip.AddrPort, s Script) *Agent {
	return DialFrom(h, netip.AddrPort{}, server, s)
}

// DialFrom is Dial with an address and port of our own.
func DialFrom(h *Host, local, server netip.AddrPort, s Script) *Agent {
	sock, _, errno := h.Stack.ConnectWith(h.Net.now, local, server, s.Prepare)
	if errno != 0 {
		return nil
	}
	a := newAgent(h, s)
	a.take(sock)
	h.Attach(a)
	return a
}

func newAgent(h *Host, s Script) *Agent {
	return &Agent{host: h, Script: s, begun: h.Net.now}
}

// take gives the agent its connection.
func (a *Agent) take(s *stack.Socket) {
	local, remote := s.Conn().Local(), s.Conn().Remote()
	a.Socket, a.in, a.out = s, a.host.Net.stream(remote, local), a.host.Net.stream(local, remote)
	s.Notify = func(tcp.Change) { a.dirty = true }
	a.dirty = true
	if a.Script.ReadDelay > 0 {
		a.readAt = a.begun.Add(a.Script.ReadDelay)
	}
	if a.Script.Part == Abort {
		a.wake(a.begun.Add(a.Script.PartTime))
	}
}

// A Server is an application that listens.
type Server struct {
	Agents []*Agent // one for each connection
	Listen *stack.ListenSocket
	Script Script

	host *Host
}

// Serve starts an application on a host that follows the script with each connection to a port. It returns nil when the
// port is taken.
func Serve(h *Host, port uint16, s Script) *Server {
	l, _, errno := h.Stack.Listen(netip.Addr{}, port, 0)
	if errno != 0 {
		return nil
	}
	l.Prepare = s.Prepare
	v := &Server{Listen: l, Script: s, host: h}
	h.Attach(v)
	return v
}

// Work accepts connections and lets their agents work.
func (v *Server) Work(now ip.Time) {
	for v.Listen.Pending() > 0 {
		s := v.Listen.Accept()
		a := newAgent(v.host, v.Script)
		a.take(s)
		v.Agents = append(v.Agents, a)
	}
	for _, a := range v.Agents {
		a.Work(now)
	}
}

// Work does what is to be done now.
func (a *Agent) Work(now ip.Time) {
	if !a.dirty || a.Closed {
		return
	}
	a.dirty = false
	c := a.Socket.Conn()
	a.read(now, c)
	a.write(now, c)
	a.part(now, c)
	a.Socket.Touch(now)
	if c.State() == tcp.Closed {
		a.over(now, c)
	}
}

// wake arranges that the agent works at a time.
func (a *Agent) wake(t ip.Time) {
	if a.wakeAt != 0 && a.wakeAt <= t && a.wakeAt > a.host.Net.now {
		return
	}
	a.wakeAt = t
	a.host.Net.At(t, func() { a.dirty = true })
}

// read reads and checks.
func (a *Agent) read(now ip.Time, c *tcp.Conn) {
	for c.Readable() > 0 {
		if now < a.readAt && c.State() != tcp.Closed {
			a.wake(a.readAt)
			return
		}
		p := a.host.Net.spare.scratch()
		if k := a.Script.ReadChunk; k > 0 {
			p = p[:min(k, len(p))]
		}
		a.got(p[:c.Receive(now, p)])
		if d := a.Script.ReadPause; d > 0 {
			a.readAt = now.Add(d)
		}
	}
	if a.Script.CloseRead && a.Got > 0 {
		c.CloseRead(now)
	}
	if c.EOF() && !a.EOF {
		a.EOF = true
	}
}

// got checks what was read.
func (a *Agent) got(b []byte) {
	n := a.host.Net
	for len(b) > 0 {
		want := a.in.text(a.Got, len(b))
		if a.Got+len(want) > a.in.sent {
			n.fail("prefix", "%v got %d bytes, and only %d were written", a.Socket.Conn().Local(), a.Got+len(want), a.in.sent)
			return
		}
		if !bytes.Equal(b[:len(want)], want) {
			n.fail("prefix", "%v got other bytes than were written, from number %d on", a.Socket.Conn().Local(), a.Got)
			return
		}
		a.Got += len(want)
		b = b[len(want):]
	}
}

// write writes what there is room for.
func (a *Agent) write(now ip.Time, c *tcp.Conn) {
	s := &a.Script
	if c.SynHeld() && s.Send == 0 {
		c.SendSyn()
	}
	for a.Wrote < s.Send && c.CanSend() {
		if now < a.writeAt {
			a.wake(a.writeAt)
			return
		}
		k := s.Send - a.Wrote
		if s.Chunk > 0 {
			k = min(k, s.Chunk)
		}
		n := c.Send(now, a.out.text(a.Wrote, k))
		a.Wrote += n
		a.out.sent = max(a.out.sent, a.Wrote)
		if n == 0 {
			return
		}
		if s.SendPause > 0 {
			a.writeAt = now.Add(s.SendPause)
		}
	}
}

// part ends the connection when its time has come.
func (a *Agent) part(now ip.Time, c *tcp.Conn) {
	s := &a.Script
	written := a.Wrote == s.Send && c.State() != tcp.SynSent
	switch s.Part {
	case Shutdown, CloseEarly:
		if written && !a.shut {
			a.shut = true
			c.CloseWrite(now)
		}
		if a.shut && a.EOF || s.Part == CloseEarly && a.Got >= s.PartAfter && c.State() != tcp.SynSent {
			a.close(now, c)
		}
	case CloseSent:
		if written {
			a.close(now, c)
		}
	case Abort:
		if now >= a.begun.Add(s.PartTime) {
			a.Closed, a.Finished = true, now
			c.Abort(now)
		}
	}
}

func (a *Agent) close(now ip.Time, c *tcp.Conn) {
	a.Closed, a.Finished = true, now
	c.Close(now)
}

// over follows the end of a connection that the application has not closed.
func (a *Agent) over(now ip.Time, c *tcp.Conn) {
	if !a.Closed {
		a.Closed, a.Finished = true, now
		c.Close(now)
	}
}
