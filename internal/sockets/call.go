package sockets

import (
	"syscall"

	"github.com/sockeye-tcp/sockeye/ip"
)

// System calls that may wait.

// A Call is a system call that has begun. It is tried once when it is made; until it is done,
// try it again after anything has happened. Its arguments must stay valid that long.
type Call struct {
	// Value is the result, -1 when Errno is set. Both count once the call is done.
	Value int
	Errno syscall.Errno

	try   func(now ip.Time) (value int, errno syscall.Errno, done bool)
	until ip.Time       // the call ends by itself then; zero: never
	late  func() *Call  // its result then; nil: EAGAIN
	busy  syscall.Errno // not zero: the call does not wait, and this is its error
	done  bool
}

// Done reports whether the call is over.
func (c *Call) Done() bool { return c.done }

// Deadline returns when the call ends by itself, unless something ends it earlier; zero for never.
func (c *Call) Deadline() ip.Time {
	if c.done {
		return 0
	}
	return c.until
}

// Again tries the call again and reports whether it is over.
func (c *Call) Again(now ip.Time) bool {
	if c.done {
		return true
	}
	value, errno, done := c.try(now)
	if done {
		return c.finish(value, errno)
	}
	switch {
	case c.busy != 0:
		return c.finish(-1, c.busy)
	case !c.until.IsZero() && !now.Before(c.until):
		if c.late != nil {
			end := c.late()
			return c.finish(end.Value, end.Errno)
		}
		return c.finish(-1, syscall.EAGAIN)
	}
	return false
}

// finish notes the result.
func (c *Call) finish(value int, errno syscall.Errno) bool {
	if errno != 0 {
		value = -1
	}
	c.Value, c.Errno, c.done, c.try, c.late = value, errno, true, nil, nil
	return true
}

// begin tries a new call for the first time.
func (c *Call) begin(now ip.Time) *Call {
	c.Again(now)
	return c
}

// over returns a call that never waits.
func over(value int, errno syscall.Errno) *Call {
	c := new(Call)
	c.finish(value, errno)
	return c
}

// failed is over for an error.
func failed(errno syscall.Errno) *Call { return over(-1, errno) }
