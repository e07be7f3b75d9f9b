package packetdrill

import (
	"syscall"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// poll(2).

// A polled is one element of the array that poll gets.
type polled struct {
	file          *file
	events, wants int64
}

// callPoll waits until one of the descriptors is ready, and compares what it reports of each.
func callPoll(r *runner, a *arguments) *attempt {
	a.count(3)
	if a.list[0].Kind != ExprList || int64(len(a.list[0].List)) != a.number(1) {
		a.fail("argument 1 must be a list of as many structures as argument 2 says")
	}
	var list []polled
	for _, e := range a.list[0].List {
		list = append(list, polled{
			file:   r.files[a.value(a.field(e, "fd"))],
			events: a.value(a.field(e, "events")), wants: a.value(a.field(e, "revents")),
		})
	}
	t := &attempt{until: a.timeout(a.number(2))}
	t.try = func() (int64, syscall.Errno, bool) {
		n := int64(0)
		for _, p := range list {
			if p.ready() != 0 {
				n++
			}
		}
		over := !t.until.IsZero() && !r.now.Before(t.until)
		if n == 0 && !over {
			return 0, 0, false
		}
		for _, p := range list {
			if got := p.ready(); got != p.wants {
				r.breakOff(r.fail("poll reports %#x, expected %#x", got, p.wants))
			}
		}
		return n, 0, true
	}
	return t
}

// ready returns what poll reports now, as Linux does.
func (p *polled) ready() int64 {
	f := p.file
	always := constants["POLLERR"] | constants["POLLHUP"] | constants["POLLNVAL"]
	in, out := constants["POLLIN"], constants["POLLOUT"]
	var now int64
	switch {
	case f == nil:
		return constants["POLLNVAL"]
	case f.listener != nil:
		if f.backlog(); len(f.waiting) > 0 {
			now = in
		}
		return now & p.events
	case f.sock == nil:
		return (out | constants["POLLHUP"]) & (p.events | always)
	}
	c := f.sock.Conn()
	closed := c.State() == tcp.Closed
	ended := c.PeerFIN() || f.shutRead || closed
	if c.Readable() > 0 || ended {
		now |= in | constants["POLLRDNORM"]
	}
	if ended {
		now |= constants["POLLRDHUP"]
	}
	if c.State().Synchronized() && (c.Writable() > 0 || !c.CanSend()) || closed {
		now |= out | constants["POLLWRNORM"]
	}
	if closed || c.PeerFIN() && !c.CanSend() {
		now |= constants["POLLHUP"]
	}
	if closed && !f.errTaken && endOf(c) != 0 {
		now |= constants["POLLERR"]
	}
	return now & (p.events | always)
}
