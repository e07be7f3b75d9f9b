package sockets

import (
	"slices"
	"syscall"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// epoll: interest in descriptors, and a list of those that may be ready.

// An EpollEvent is struct epoll_event.
type EpollEvent struct {
	Events uint32
	Data   uint64
}

// An epoll is what epoll_create makes.
type epoll struct {
	descriptor
	table *Table
	items []*item
	ready []*item // in the order in which they were woken
}

// An item is the interest of an epoll in a descriptor.
type item struct {
	owner  *epoll
	fd     int
	object object
	event  EpollEvent
	listed bool // in owner.ready
}

// watchers are the items that are interested in an object.
type watchers []*item

// wake lists the items that want one of the events.
func (w watchers) wake(events int) {
	for _, i := range w {
		if events&int(i.event.Events|always) != 0 && i.event.Events&^(EPOLLET|EPOLLONESHOT|EPOLLEXCLUSIVE) != 0 {
			i.list()
		}
	}
}

// list puts the item on the ready list.
func (i *item) list() {
	if !i.listed {
		i.listed = true
		i.owner.ready = append(i.owner.ready, i)
		i.owner.epolls.wake(POLLIN | POLLRDNORM)
	}
}

// closed ends the interest in an object whose descriptor is closed.
func (w watchers) closed(o object) {
	for _, i := range slices.Clone(w) {
		i.owner.remove(i)
	}
}

// EpollCreate is epoll_create1(2).
func (t *Table) EpollCreate() (int, syscall.Errno) {
	e := &epoll{table: t}
	e.access = O_RDWR
	return t.add(e)
}

// EpollCtl is epoll_ctl(2).
func (t *Table) EpollCtl(epfd, op, fd int, event EpollEvent) syscall.Errno {
	o, target := t.objects[epfd], t.objects[fd]
	if o == nil || target == nil {
		return syscall.EBADF
	}
	e, ok := o.(*epoll)
	if !ok || epfd == fd {
		return syscall.EINVAL
	}
	if f, ok := target.(*file); ok && !f.pipe {
		return syscall.EPERM
	}
	at := slices.IndexFunc(e.items, func(i *item) bool { return i.fd == fd && i.object == target })
	switch {
	case op == EPOLL_CTL_ADD && at >= 0:
		return syscall.EEXIST
	case op == EPOLL_CTL_ADD:
		i := &item{owner: e, fd: fd, object: target, event: event}
		e.items = append(e.items, i)
		w := target.watchers()
		*w = append(*w, i)
		i.look()
	case op != EPOLL_CTL_MOD && op != EPOLL_CTL_DEL:
		return syscall.EINVAL
	case at < 0:
		return syscall.ENOENT
	case op == EPOLL_CTL_MOD:
		e.items[at].event = event
		e.items[at].look()
	default:
		e.remove(e.items[at])
	}
	return 0
}

// look lists the item when its object is ready.
func (i *item) look() {
	if i.reported() != 0 {
		i.list()
	}
}

// reported returns the events of the object that the item is interested in. One that has been reported and is
// for one shot has no interest left.
func (i *item) reported() int {
	if i.event.Events&^(EPOLLET|EPOLLONESHOT|EPOLLEXCLUSIVE) == 0 {
		return 0
	}
	return i.object.poll() & int(i.event.Events&0xffff|always)
}

// remove ends an interest.
func (e *epoll) remove(i *item) {
	gone := func(j *item) bool { return i == j }
	e.items = slices.DeleteFunc(e.items, gone)
	e.ready = slices.DeleteFunc(e.ready, gone)
	w := i.object.watchers()
	*w = slices.DeleteFunc(*w, gone)
}

// EpollWait is epoll_wait(2): it fills in events, at least one, and its value is how many. A negative
// time-out means to wait for ever.
func (t *Table) EpollWait(now ip.Time, epfd int, events []EpollEvent, timeout time.Duration) *Call {
	o := t.objects[epfd]
	if o == nil {
		return failed(syscall.EBADF)
	}
	e, ok := o.(*epoll)
	if !ok || len(events) == 0 {
		return failed(syscall.EINVAL)
	}
	c := &Call{late: func() *Call { return over(0, 0) }}
	if timeout >= 0 {
		c.until = now.Add(timeout)
	}
	c.try = func(ip.Time) (int, syscall.Errno, bool) {
		n := e.collect(events)
		return n, 0, n > 0
	}
	return c.begin(now)
}

// collect takes what is ready from the list. What is level-triggered goes back to its end, so that all have their turn.
func (e *epoll) collect(events []EpollEvent) int {
	n := 0
	list := e.ready
	e.ready = nil
	for at, i := range list {
		if n == len(events) {
			e.ready = append(slices.Clone(list[at:]), e.ready...)
			break
		}
		i.listed = false
		got := i.reported()
		if got == 0 {
			continue
		}
		events[n] = EpollEvent{Events: uint32(got), Data: i.event.Data}
		n++
		switch {
		case i.event.Events&EPOLLONESHOT != 0:
			i.event.Events &= EPOLLET | EPOLLONESHOT | EPOLLEXCLUSIVE
		case i.event.Events&EPOLLET == 0:
			i.list()
		}
	}
	return n
}

// poll reports an epoll as readable when something in it is.
func (e *epoll) poll() int {
	for _, i := range e.ready {
		if i.reported() != 0 {
			return POLLIN | POLLRDNORM
		}
	}
	return 0
}

// close forgets the interests.
func (e *epoll) close(ip.Time) *Call {
	for _, i := range slices.Clone(e.items) {
		e.remove(i)
	}
	return over(0, 0)
}
