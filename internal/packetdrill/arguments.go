package packetdrill

import (
	"fmt"
	"slices"
	"time"

	"github.com/sockeye-tcp/sockeye/internal/sockets"
)

// The arguments of system calls.

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

// checked runs f, which compares, outside of the reading of arguments.
func (a *arguments) checked(f func(n int)) func(int) error {
	return func(n int) (err error) {
		defer a.recovered(&err)
		f(n)
		return nil
	}
}

// count checks how many arguments there are.
func (a *arguments) count(counts ...int) {
	if !slices.Contains(counts, len(a.list)) {
		a.fail("has %d arguments, needs %v", len(a.list), counts)
	}
}

// file returns what the descriptor in argument i stands for: nil when it is not open.
func (a *arguments) file(i int) *file { return a.r.files[a.number(i)] }

// fd returns the descriptor in argument i; -1, which is never open, when the script has closed it.
func (a *arguments) fd(i int) int { return a.fileNumber(a.list[i]) }

func (a *arguments) fileNumber(e Expr) int {
	if f := a.r.files[a.value(e)]; f != nil {
		return f.fd
	}
	return -1
}

// number evaluates argument i.
func (a *arguments) number(i int) int64 { return a.value(a.list[i]) }

// value evaluates an expression made of numbers, names and |.
func (a *arguments) value(e Expr) int64 {
	switch e.Kind {
	case ExprInt:
		return e.Int
	case ExprName:
		return a.constant(e.Text)
	case ExprOr:
		var n int64
		for _, x := range e.List {
			n |= a.value(x)
		}
		return n
	case ExprApply:
		if (e.Text == "htons" || e.Text == "htonl") && len(e.List) == 1 {
			return a.value(e.List[0])
		}
	}
	a.fail("expected a number")
	return 0
}

// constant returns what a name stands for: what the script's options say, or Linux.
func (a *arguments) constant(name string) int64 {
	for range maxNesting {
		text, ok := a.r.set.defines[name]
		if !ok {
			break
		}
		if n, ok := parseNumber(text); ok {
			return n
		}
		name = text
	}
	n, ok := constants[name]
	if !ok {
		a.fail("the name %s is not known", name)
	}
	return n
}

// element evaluates [n], or n itself.
func (a *arguments) element(e Expr) int64 {
	if e.Kind == ExprList && len(e.List) == 1 {
		e = e.List[0]
	}
	return a.value(e)
}

// has returns a member of a structure, if it is there.
func (e *Expr) has(name string) (Expr, bool) {
	if e.Kind == ExprStruct {
		if i := slices.Index(e.Keys, name); i >= 0 {
			return e.List[i], true
		}
	}
	return Expr{}, false
}

// field returns a member of a structure.
func (a *arguments) field(e Expr, name string) Expr {
	v, ok := e.has(name)
	if !ok {
		a.fail("expected a structure with %s", name)
	}
	return v
}

// isNull reports whether an expression is a NULL pointer.
func isNull(e Expr) bool { return e.Kind == ExprName && e.Text == "NULL" }

// milliseconds returns argument i as a time; negative for ever.
func (a *arguments) milliseconds(i int) time.Duration {
	return time.Duration(a.number(i)) * time.Millisecond
}

// same fails when a value is not the one that the line has in its place.
func (a *arguments) same(what string, e Expr, got int64) {
	if e.Kind == ExprEllipsis {
		return
	}
	if want := a.element(e); want != got {
		a.fail("%s is %s, expected %s", what, plainOrHex(got), plainOrHex(want))
	}
}

// plainOrHex writes small numbers in decimal and what may be flags in both.
func plainOrHex(n int64) string {
	if n >= -9 && n <= 9 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%d (%#x)", n, n)
}

// maxTransfer bounds one call: scripts that move more are mistaken.
const maxTransfer = 64 << 20

// length reads the length of a transfer.
func (a *arguments) length(e Expr) int {
	n := a.value(e)
	if n < 0 || n > maxTransfer {
		a.fail("a length of %d is not supported", n)
	}
	return int(n)
}

// room returns memory to read into.
func (a *arguments) room(e Expr, length int) sockets.IOVec {
	if isNull(e) {
		return sockets.IOVec{Len: length}
	}
	return sockets.IOVec{Base: make([]byte, length), Len: length}
}

// source returns memory with text to write, which depends on its place in the stream unless the line has a string; at
// is that place.
func (a *arguments) source(e Expr, length, at int) sockets.IOVec {
	switch {
	case isNull(e) && length > 0:
		return sockets.IOVec{Len: length}
	case e.Kind != ExprString:
		return sockets.IOVec{Base: textFrom(true, at, length), Len: length}
	case length > len(e.Text):
		a.fail("%d bytes of a string that has %d", length, len(e.Text))
	}
	return sockets.IOVec{Base: []byte(e.Text)[:length], Len: length}
}

// vector reads [{..., 1000}, {iov_base=..., iov_len=9}] and makes each piece.
func (a *arguments) vector(e Expr, piece func(base Expr, length int) sockets.IOVec) []sockets.IOVec {
	if e.Kind != ExprList {
		a.fail("expected a list of pieces of memory")
	}
	var v []sockets.IOVec
	for _, p := range e.List {
		if p.Kind != ExprStruct || len(p.List) != 2 {
			a.fail("a piece of memory is {pointer, length}")
		}
		v = append(v, piece(p.List[0], a.length(p.List[1])))
	}
	return v
}
