package packetdrill

import (
	"github.com/sockeye-tcp/sockeye/internal/sockets"
)

// poll and epoll.

// callPoll waits until one of the descriptors is ready, and compares what it reports of each.
func callPoll(r *runner, a *arguments) *attempt {
	a.count(3)
	list := a.list[0]
	if list.Kind != ExprList || int64(len(list.List)) != a.number(1) {
		a.fail("argument 1 must be a list of as many structures as argument 2 says")
	}
	fds := make([]sockets.PollFD, len(list.List))
	for i, e := range list.List {
		fds[i] = sockets.PollFD{FD: a.fileNumber(a.field(e, "fd")), Events: int(a.value(a.field(e, "events")))}
		if fds[i].FD < 0 {
			fds[i].FD = closedFD // poll passes over negative numbers
		}
	}
	call := r.table.Poll(r.now, fds, a.milliseconds(2))
	return &attempt{call: call, compare: a.checked(func(int) {
		for i, e := range list.List {
			a.same("revents", a.field(e, "revents"), int64(fds[i].Revents))
		}
	})}
}

// closedFD is a descriptor that is never open.
const closedFD = 1 << 30

func callEpollCreate(r *runner, a *arguments) *attempt {
	a.count(1)
	fd, errno := r.table.EpollCreate()
	return r.opened(a, fd, errno, nil)
}

func callEpollCtl(r *runner, a *arguments) *attempt {
	a.count(4)
	var event sockets.EpollEvent
	if !isNull(a.list[3]) && a.list[3].Kind != ExprEllipsis {
		event = a.epollEvent(a.list[3])
	}
	return immediately(0, r.table.EpollCtl(a.fd(0), int(a.number(1)), a.fd(2), event))
}

// epollEvent reads {events=EPOLLIN, fd=4}; the data may be fd, ptr, u32 or u64.
func (a *arguments) epollEvent(e Expr) sockets.EpollEvent {
	event := sockets.EpollEvent{Events: uint32(a.value(a.field(e, "events")))}
	for _, name := range []string{"fd", "ptr", "u32", "u64"} {
		if v, ok := e.has(name); ok {
			event.Data = uint64(a.value(v))
		}
	}
	return event
}

// callEpollWait waits until something is ready, and compares all that it reports.
func callEpollWait(r *runner, a *arguments) *attempt {
	a.count(4)
	want := []Expr{a.list[1]}
	if a.list[1].Kind == ExprList {
		want = a.list[1].List
	}
	n := a.number(2)
	if n < 0 || n > maxEvents {
		a.fail("%d events are not supported", n)
	}
	got := make([]sockets.EpollEvent, n)
	call := r.table.EpollWait(r.now, a.fd(0), got, a.milliseconds(3))
	return &attempt{call: call, compare: a.checked(func(n int) {
		for i, e := range want {
			if e.Kind == ExprEllipsis {
				continue
			}
			is, expected := sockets.EpollEvent{}, a.epollEvent(e)
			if i < n {
				is = got[i]
			}
			if is.Events != expected.Events {
				a.fail("events of %d are %#x, expected %#x", i+1, is.Events, expected.Events)
			}
			if i < n && is.Data != expected.Data {
				a.fail("the data of event %d is %d, expected %d", i+1, is.Data, expected.Data)
			}
		}
	})}
}

// maxEvents bounds the events that one call takes.
const maxEvents = 1024
