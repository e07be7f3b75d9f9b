package sockets

import (
	"syscall"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// poll(2), and what is ready.

// A PollFD is struct pollfd.
type PollFD struct {
	FD              int
	Events, Revents int
}

// always are the events that are reported whether they were asked for or not.
const always = POLLERR | POLLHUP | POLLNVAL

// anyEvent wakes everybody.
const anyEvent = 0xffff

// Poll is poll(2); a negative time-out means to wait for ever. The call fills in Revents.
func (t *Table) Poll(now ip.Time, list []PollFD, timeout time.Duration) *Call {
	c := &Call{late: func() *Call { return over(0, 0) }}
	if timeout >= 0 {
		c.until = now.Add(timeout)
	}
	c.try = func(ip.Time) (int, syscall.Errno, bool) {
		n := 0
		for i := range list {
			p := &list[i]
			if p.Revents = t.ready(p); p.Revents != 0 {
				n++
			}
		}
		return n, 0, n > 0
	}
	return c.begin(now)
}

// ready returns what poll reports of one descriptor.
func (t *Table) ready(p *PollFD) int {
	if p.FD < 0 {
		return 0
	}
	o := t.objects[p.FD]
	if o == nil {
		return POLLNVAL
	}
	return o.poll() & (p.Events | always)
}

// poll returns what is ready now, as tcp_poll does.
func (s *socket) poll() int {
	switch {
	case s.listener != nil:
		if s.listener.Pending() > 0 {
			return POLLIN | POLLRDNORM
		}
		return 0
	case s.conn == nil:
		return POLLOUT | POLLWRNORM | POLLHUP | s.pollError()
	}
	c := s.conn.Conn()
	state := c.State()
	ready := s.pollError()
	ended := c.PeerFIN() || s.shutRead || state == tcp.Closed
	sendEnded := !c.CanSend() && state != tcp.SynSent
	if state == tcp.Closed || ended && sendEnded {
		ready |= POLLHUP
	}
	if ended {
		ready |= POLLIN | POLLRDNORM | POLLRDHUP
	}
	if s.isDeferred() {
		return ready | POLLOUT | POLLWRNORM // the first write opens the connection
	}
	if inHandshake(c) {
		return ready
	}
	if c.Readable() >= max(1, s.options.get(SOL_SOCKET, SO_RCVLOWAT)) {
		ready |= POLLIN | POLLRDNORM
	}
	if c.UrgentAhead() > 0 {
		ready |= POLLPRI
	}
	if sendEnded || s.hasRoom() {
		ready |= POLLOUT | POLLWRNORM
	} else {
		s.noSpace = true
	}
	return ready
}

// pollError reports a pending error, or notes in the error queue.
func (s *socket) pollError() int {
	if s.err != 0 || len(s.errors) > 0 {
		return POLLERR
	}
	return 0
}
