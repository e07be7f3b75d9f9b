package packetdrill

import (
	"fmt"
	"strings"
	"syscall"

	"github.com/sockeye-tcp/sockeye/internal/sockets"
	"github.com/sockeye-tcp/sockeye/ip"
)

// System calls: from a line to a call on the table of descriptors, and from its result to a verdict.

// An attempt is a system call that has begun.
type attempt struct {
	call   *sockets.Call // nil: it is over, with the result that follows
	result int
	errno  syscall.Errno
	opens  bool // the result is a new descriptor
	// over, unless nil, follows the end of the call in any case; compare follows success.
	over    func(result int)
	compare func(result int) error
}

// A file is what a descriptor of the script stands for.
type file struct {
	fd     int   // in the table
	flow   *flow // of a socket
	readAt int   // bytes read so far
}

// A blocked call waits for something to happen.
type blocked struct {
	*attempt
	event   *Event
	began   ip.Time
	returns ip.Time // when it must be over
}

// handlers are the system calls.
var handlers map[string]func(r *runner, a *arguments) *attempt

func init() {
	handlers = map[string]func(r *runner, a *arguments) *attempt{
		"socket": callSocket, "bind": callBind, "listen": callListen, "accept": callAccept, "accept4": callAccept,
		"connect": callConnect, "close": callClose, "shutdown": callShutdown,
		"read": callRead, "recv": callRead, "recvfrom": callRead, "readv": callReadv, "recvmsg": callRecvmsg,
		"write": callWrite, "send": callWrite, "sendto": callWrite, "writev": callWritev, "sendmsg": callSendmsg,
		"setsockopt": callSetsockopt, "getsockopt": callGetsockopt,
		"fcntl": callFcntl, "ioctl": callIoctl, "poll": callPoll,
		"epoll_create": callEpollCreate, "epoll_create1": callEpollCreate, "epoll_ctl": callEpollCtl, "epoll_wait": callEpollWait,
		"open": callOpen, "sendfile": callSendfile, "pipe": callPipe, "splice": callSplice,
	}
}

// call runs the call of an event.
func (r *runner) call(e *Event) (err error) {
	if err := r.awaitPending(); err != nil {
		return err
	}
	handle := handlers[e.Call.Name]
	if handle == nil {
		return r.fail("the system call %s is not supported", e.Call.Name)
	}
	a := &arguments{r: r, call: e.Call, list: e.Call.Args}
	defer a.recovered(&err)
	b := &blocked{attempt: handle(r, a), event: e, began: r.now, returns: r.now.Add(e.When.Returns - e.When.At)}
	r.attach()
	if b.call == nil || b.call.Done() {
		if err := r.settle(); err != nil {
			return err
		}
		return r.judge(b)
	}
	r.pending = b
	if err := r.settle(); err != nil {
		return err
	}
	if r.pending != nil && !e.When.Blocks {
		return r.fail("%s blocks; a call that waits is written as t1...t2", e.Call.Name)
	}
	return nil
}

// wake tries the blocked call again. It reports whether the call is over: the host may have something to send.
func (r *runner) wake() (bool, error) {
	b := r.pending
	if b == nil || !b.call.Again(r.now) {
		return false, nil
	}
	r.pending = nil
	r.attach()
	return true, r.judge(b)
}

// awaitPending waits for the blocked call, if there is one.
func (r *runner) awaitPending() error {
	for r.pending != nil {
		b := r.pending
		last := b.returns.Add(r.tolerance(b.returns.Sub(b.began)))
		d := r.deadline()
		if d.IsZero() || last.Before(d) {
			r.line = b.event.Line
			return r.fail("%s still blocks at %s", b.event.Call.Name, r.clock(last))
		}
		if err := r.advance(d); err != nil {
			return err
		}
	}
	return nil
}

// judge compares what a call has returned with what the script says.
func (r *runner) judge(b *blocked) error {
	defer func(line int) { r.line = line }(r.line)
	e := b.event
	r.line = e.Line
	result, errno := b.result, b.errno
	if b.call != nil {
		result, errno = b.call.Value, b.call.Errno
	}
	if errno != 0 {
		result = -1
	}
	if b.over != nil {
		b.over(result)
	}
	if r.broken != nil {
		return r.broken
	}
	want := e.Call.Result
	if b.opens && errno == 0 && want.Kind == ExprInt && want.Int >= 0 {
		result = int(want.Int) // any number will do: the script's name for it
	}
	if want.Kind == ExprInt && (want.Int != int64(result) || e.Call.Errno != "" && e.Call.Errno != errnoName(errno)) {
		return r.failure(e.Call.Name+" returns something else", resultWords(want.Int, e.Call.Errno), resultWords(int64(result), errnoName(errno)))
	}
	if errno == 0 && b.compare != nil {
		if err := b.compare(result); err != nil {
			return err
		}
	}
	if e.When.Blocks {
		if off := r.now.Sub(b.returns).Abs(); off > r.tolerance(b.returns.Sub(b.began)) {
			return r.failure(e.Call.Name+" returns at the wrong time", r.clock(b.returns), r.clock(r.now))
		}
	}
	return nil
}

func resultWords(n int64, errno string) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", n, errno))
}

// immediately returns an attempt that is over at once.
func immediately(result int, errno syscall.Errno) *attempt {
	return &attempt{result: result, errno: errno}
}

// opened returns an attempt that has opened a descriptor, which the script calls by the result that it expects.
func (r *runner) opened(a *arguments, fd int, errno syscall.Errno, f *flow) *attempt {
	if errno == 0 && a.call.Result.Kind == ExprInt {
		r.name(a.call.Result.Int, &file{fd: fd, flow: f})
	}
	return &attempt{result: fd, errno: errno, opens: true}
}

// name makes a number of the script stand for a file; one that is in use already stands for the new file from now on.
func (r *runner) name(n int64, f *file) { r.files[n] = f }

// attach finds the connections that calls have made, and their ends.
func (r *runner) attach() {
	for _, f := range r.files {
		if f.flow == nil || f.flow.listening {
			continue
		}
		if f.flow.udp {
			r.attachUDP(f.fd, f.flow)
			continue
		}
		if s := r.table.Conn(f.fd); s != nil && s != f.flow.sock {
			f.flow.sock = s
			f.flow.local, f.flow.remote = s.Conn().Local(), s.Conn().Remote()
		}
	}
}
