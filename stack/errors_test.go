package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"reflect"
	"regexp"
	"syscall"
	"testing"
	"time"
)

// Every error at the border, made twice: on the kernel's loopback and on ours. Types, nesting, text, identity
// and Timeout must agree; only addresses may differ.

func TestErrorsAreThoseOfTheKernel(t *testing.T) {
	for _, tt := range errorCases {
		t.Run(tt.name, func(t *testing.T) {
			want := tt.want
			if want == nil {
				want = tt.run(t, kernelWorld(t))
			}
			got := tt.run(t, stackWorld(t))
			if got == nil || want == nil {
				t.Fatalf("got error %v, want %v", got, want)
			}
			compareErrors(t, got, want)
		})
	}
}

// compareErrors compares two errors at every level of nesting.
func compareErrors(t *testing.T, got, want error) {
	t.Helper()
	if g, w := describe(got), describe(want); g != w {
		t.Errorf("got  %s\nwant %s", g, w)
	}
	for _, target := range []error{
		io.EOF, net.ErrClosed, os.ErrDeadlineExceeded, context.Canceled, context.DeadlineExceeded, net.ErrWriteToConnected,
		syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.EPIPE, syscall.ETIMEDOUT, syscall.EADDRINUSE,
		syscall.EADDRNOTAVAIL, syscall.ENETUNREACH, syscall.EHOSTUNREACH, syscall.ENOTCONN, syscall.EMSGSIZE,
		syscall.EINVAL, syscall.EDESTADDRREQ,
	} {
		if g, w := errors.Is(got, target), errors.Is(want, target); g != w {
			t.Errorf("errors.Is(%v, %v): got %v, want %v", got, target, g, w)
		}
	}
}

// describe shows an error with everything that a caller can see of it, level by level.
func describe(err error) string {
	s := ""
	for ; err != nil; err = errors.Unwrap(err) {
		s += "\n\t" + typeName(err) + " " + fmt.Sprintf("%q", mask(err.Error()))
		if op, ok := err.(*net.OpError); ok {
			s += fmt.Sprintf(" op=%s net=%s source=%s addr=%s", op.Op, op.Net, showAddr(op.Source), showAddr(op.Addr))
		}
		if ne, ok := err.(net.Error); ok {
			s += fmt.Sprintf(" timeout=%v", ne.Timeout())
		}
		if te, ok := err.(interface{ Temporary() bool }); ok {
			s += fmt.Sprintf(" temporary=%v", te.Temporary())
		}
	}
	return s
}

// typeName names the type of an error. Some types of package net cannot be named outside of it; ours have the same names.
func typeName(err error) string {
	name := regexp.MustCompile(`^\*?(net|stack)\.(canceledError|timeoutError)$`).FindStringSubmatch(reflect.TypeOf(err).String())
	if name != nil {
		return name[2]
	}
	return reflect.TypeOf(err).String()
}

func showAddr(a net.Addr) string {
	if a == nil {
		return "nil"
	}
	if reflect.ValueOf(a).IsNil() {
		return "typed nil"
	}
	return reflect.TypeOf(a).String()
}

var maskAddr = regexp.MustCompile(`(127\.0\.0\.1|10\.0\.0\.(1|77))?:\d+\b`)

// mask takes the addresses that differ out of a text.
func mask(s string) string { return maskAddr.ReplaceAllString(s, "ADDR") }

// A world is something to make connections in.
type world struct {
	host         string // an address of our own
	blackhole    string // an address and port that answers nothing
	dialer       func(local net.Addr, timeout time.Duration) func(context.Context, string, string) (net.Conn, error)
	listen       func(network, address string) (net.Listener, error)
	listenPacket func(network, address string) (net.PacketConn, error)
}

func (w *world) dial(network, address string) (net.Conn, error) {
	return w.dialer(nil, 0)(context.Background(), network, address)
}

func kernelWorld(t *testing.T) *world {
	return &world{
		host:      "127.0.0.1",
		blackhole: kernelBlackhole(t),
		dialer: func(local net.Addr, timeout time.Duration) func(context.Context, string, string) (net.Conn, error) {
			d := net.Dialer{LocalAddr: local, Timeout: timeout}
			return d.DialContext
		},
		listen:       net.Listen,
		listenPacket: net.ListenPacket,
	}
}

func stackWorld(t *testing.T) *world {
	n, _ := newPair(t, Config{})
	return &world{
		host:      "10.0.0.1",
		blackhole: "10.0.0.77:80",
		dialer: func(local net.Addr, timeout time.Duration) func(context.Context, string, string) (net.Conn, error) {
			d := Dialer{Net: n, LocalAddr: local, Timeout: timeout}
			return d.DialContext
		},
		listen:       n.Listen,
		listenPacket: n.ListenPacket,
	}
}

// kernelBlackhole returns the address of a listener whose queue is full, so that SYNs to it are dropped.
func kernelBlackhole(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	sa, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", sa.(*syscall.SockaddrInet4).Port)
	c, err := net.Dial("tcp", address) // fills the queue of one
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return address
}

// pair makes a connection.
func (w *world) pair(t *testing.T) (client, server net.Conn) {
	t.Helper()
	ln, err := w.listen("tcp", w.host+":0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if client, err = w.dial("tcp", ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if server, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); server.Close() })
	return client, server
}

// reset makes a connection and resets it from the server's side.
func (w *world) reset(t *testing.T) (client net.Conn) {
	t.Helper()
	client, server := w.pair(t)
	if err := server.(interface{ SetLinger(int) error }).SetLinger(0); err != nil {
		t.Fatal(err)
	}
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	return client
}

// closedPort returns an address where nobody listens.
func (w *world) closedPort(t *testing.T) string {
	t.Helper()
	ln, err := w.listen("tcp", w.host+":0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// packets opens a UDP socket.
func (w *world) packets(t *testing.T) net.PacketConn {
	t.Helper()
	p, err := w.listenPacket("udp", w.host+":0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func second[T any](_ T, err error) error { return err }
