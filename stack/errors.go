package stack

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// Errors at the border: the only place where they are made. They are what package net
// gives on Linux: the same types, the same nesting, the same text.

// CauseErrno returns the error number that Linux gives for what ended a connection, or
// stands in its way; 0 for what is no error.
func CauseErrno(c tcp.Cause) syscall.Errno {
	switch c {
	case tcp.CauseRefused, tcp.CausePortUnreachable:
		return syscall.ECONNREFUSED
	case tcp.CauseReset:
		return syscall.ECONNRESET
	case tcp.CauseTimeout:
		return syscall.ETIMEDOUT
	case tcp.CauseAborted:
		return syscall.ECONNABORTED
	case tcp.CauseNetUnreachable:
		return syscall.ENETUNREACH
	case tcp.CauseHostUnreachable, tcp.CauseProhibited:
		return syscall.EHOSTUNREACH
	case tcp.CauseProtoUnreachable:
		return syscall.ENOPROTOOPT
	}
	return 0
}

// EndErrno returns the error number that Linux gives for what ended a connection; 0 when it lives, or ended in order.
func EndErrno(c *tcp.Conn) syscall.Errno {
	cause := c.Cause()
	switch {
	case cause == tcp.CauseReset && c.PeerFIN():
		return syscall.EPIPE // a reset in CLOSE-WAIT answers what we wrote
	case cause == tcp.CauseTimeout && c.SoftError() != tcp.CauseNone:
		return CauseErrno(c.SoftError()) // what a router said explains the silence
	}
	return CauseErrno(cause)
}

// syscallError wraps an error number as package net does for a failed system call.
func syscallError(call string, errno syscall.Errno) error { return os.NewSyscallError(call, errno) }

// opError wraps an error of an operation on the connection.
func (c *Conn) opError(op string, err error) error {
	return &net.OpError{Op: op, Net: c.network, Source: c.local, Addr: c.remote, Err: err}
}

// setError wraps an error of setting a deadline, which names the local end only.
func setError(network string, local net.Addr, err error) error {
	if err == nil {
		return nil
	}
	return &net.OpError{Op: "set", Net: network, Addr: local, Err: err}
}

// down says why the stack cannot do anything any more; nil when it can. The caller holds n.mu.
func (n *Net) down() error {
	switch {
	case n.closed:
		return net.ErrClosed
	case n.failure != nil:
		return syscall.ENETDOWN
	}
	return nil
}

// canceledError is what package net says when a context was cancelled. Its own type is not exported.
type canceledError struct{}

func (canceledError) Error() string        { return "operation was canceled" }
func (canceledError) Is(target error) bool { return target == context.Canceled }

// timeoutError is what package net says when a context's deadline has passed.
type timeoutError struct{}

func (timeoutError) Error() string        { return "i/o timeout" }
func (timeoutError) Timeout() bool        { return true }
func (timeoutError) Temporary() bool      { return true }
func (timeoutError) Is(target error) bool { return target == context.DeadlineExceeded }

// contextError translates the error of a context.
func contextError(err error) error {
	switch err {
	case context.Canceled:
		return canceledError{}
	case context.DeadlineExceeded:
		return timeoutError{}
	}
	return err
}

var (
	errMissingAddress = errors.New("missing address")
	errNoAddress      = errors.New("stack: Config.Addrs is empty: the stack needs an address of its own")
)

const textNoSuitableAddress = "no suitable address found"

// A LoopbackError says that an address is the kernel's, not the stack's. It is
// also syscall.ENETUNREACH.
type LoopbackError struct {
	Addr netip.Addr   // what was asked for
	Own  []netip.Addr // the stack's own addresses
}

func (e *LoopbackError) Error() string {
	own := make([]string, len(e.Own))
	for i, a := range e.Own {
		own[i] = a.String()
	}
	return e.Addr.String() + " is the kernel's loopback address, which this stack cannot reach; its own address is " +
		strings.Join(own, " or ")
}

// Unwrap makes errors.Is find ENETUNREACH.
func (e *LoopbackError) Unwrap() error { return syscall.ENETUNREACH }

// loopbackError makes a LoopbackError.
func (n *Net) loopbackError(addr netip.Addr) error {
	e := &LoopbackError{Addr: addr}
	for _, p := range n.host.addrs.prefixes {
		e.Own = append(e.Own, p.Addr())
	}
	return e
}
