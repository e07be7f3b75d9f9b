package packetdrill

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
)

// System calls: from a line to an attempt, and from its result to a verdict. Each call is tried; one that
// has to wait is tried again whenever something has happened.

// An attempt is a system call with its arguments read. try returns the result, or done = false when
// the call has to wait.
type attempt struct {
	try      func() (result int64, errno syscall.Errno, done bool)
	nonblock bool          // do not wait:
	busy     syscall.Errno // this is the error then
	until    ip.Time       // the call ends by itself then; zero: never
	opened   *file         // the call makes a file descriptor
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
		"read": callRead, "recv": callRead, "recvfrom": callRead,
		"write": callWrite, "send": callWrite, "sendto": callWrite,
		"setsockopt": callSetsockopt, "getsockopt": callGetsockopt,
		"fcntl": callFcntl, "ioctl": callIoctl, "poll": callPoll,
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
	t := handle(r, a)
	result, errno, done := t.try()
	if !done && t.nonblock {
		result, errno, done = -1, t.busy, true
	}
	b := &blocked{attempt: t, event: e, began: r.now, returns: r.now.Add(e.When.Returns - e.When.At)}
	if done {
		if err := r.settle(); err != nil {
			return err
		}
		return r.judge(b, result, errno)
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
	if b == nil {
		return false, nil
	}
	result, errno, done := b.try()
	if !done {
		return false, nil
	}
	r.pending = nil
	return true, r.judge(b, result, errno)
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
func (r *runner) judge(b *blocked, result int64, errno syscall.Errno) error {
	e := b.event
	line := r.line
	r.line = e.Line
	want := e.Call.Result
	if b.opened != nil && errno == 0 && want.Kind == ExprInt && want.Int >= 0 {
		r.files[want.Int] = b.opened // a number that is in use already stands for the new file from now on
		result = want.Int
	}
	if want.Kind == ExprInt && (want.Int != result || e.Call.Errno != "" && e.Call.Errno != errnoName(errno)) {
		return r.failure(e.Call.Name+" returns something else", resultWords(want.Int, e.Call.Errno), resultWords(result, errnoName(errno)))
	}
	if e.When.Blocks {
		if off := r.now.Sub(b.returns).Abs(); off > r.tolerance(b.returns.Sub(b.began)) {
			return r.failure(e.Call.Name+" returns at the wrong time", r.clock(b.returns), r.clock(r.now))
		}
	}
	r.line = line
	return nil
}

func resultWords(n int64, errno string) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", n, errno))
}

// immediately returns an attempt that is over at once.
func immediately(result int64, errno syscall.Errno) *attempt {
	return &attempt{try: func() (int64, syscall.Errno, bool) {
		if errno != 0 {
			return -1, errno, true
		}
		return result, 0, true
	}}
}

// arguments reads the arguments of a call. What makes no sense ends the call with a failure.
type arguments struct {
	r    *runner
	call *Call
	list []Expr
}

// badArgument is the panic of arguments; recovered turns it into an error.
type badArgument struct{ err error }

func (a *arguments) fail(format string, args ...any) {
	panic(badArgument{a.r.fail("%s: %s", a.call.Name, fmt.Sprintf(format, args...))})
}

func (a *arguments) recovered(err *error) {
	switch p := recover().(type) {
	case nil:
	case badArgument:
		*err = p.err
	default:
		panic(p)
	}
}

// count checks how many arguments there are.
func (a *arguments) count(counts ...int) {
	if !slices.Contains(counts, len(a.list)) {
		a.fail("has %d arguments, needs %v", len(a.list), counts)
	}
}

// file returns the file that argument i names, nil when no such descriptor is open.
func (a *arguments) file(i int) *file {
	e := a.list[i]
	if e.Kind != ExprInt {
		a.fail("argument %d must be a file descriptor", i+1)
	}
	return a.r.files[e.Int]
}

// number evaluates argument i.
func (a *arguments) number(i int) int64 { return a.value(a.list[i]) }

// value evaluates an expression made of numbers, names and |.
func (a *arguments) value(e Expr) int64 {
	switch e.Kind {
	case ExprInt:
		return e.Int
	case ExprName:
		n, ok := constants[e.Text]
		if !ok {
			a.fail("the name %s is not known", e.Text)
		}
		return n
	case ExprOr:
		var n int64
		for _, x := range e.List {
			n |= a.value(x)
		}
		return n
	}
	a.fail("expected a number")
	return 0
}

// element evaluates [n], or n itself.
func (a *arguments) element(e Expr) int64 {
	if e.Kind == ExprList && len(e.List) == 1 {
		e = e.List[0]
	}
	return a.value(e)
}

// field returns a member of a structure.
func (a *arguments) field(e Expr, name string) Expr {
	if e.Kind == ExprStruct {
		if i := slices.Index(e.Keys, name); i >= 0 {
			return e.List[i]
		}
	}
	a.fail("expected a structure with %s", name)
	return Expr{}
}

// null reports whether argument i is a NULL pointer.
func (a *arguments) null(i int) bool {
	return a.list[i].Kind == ExprName && a.list[i].Text == "NULL"
}

// timeout returns when a call with a time-out of some milliseconds is over; zero for a negative one.
func (a *arguments) timeout(ms int64) ip.Time {
	if ms < 0 {
		return 0
	}
	return a.r.now.Add(time.Duration(ms) * time.Millisecond)
}
