package packetdrill

import (
	"strings"

	"github.com/sockeye-tcp/sockeye/internal/sockets"
)

// Options of sockets.

// callSetsockopt sets an option: a number or several, a structure, or a string.
func callSetsockopt(r *runner, a *arguments) *attempt {
	a.count(5)
	var value []byte
	if !isNull(a.list[3]) {
		value = a.optionValue(a.list[3])
	}
	if length := a.length(a.list[4]); value != nil && length <= len(value) {
		value = value[:length]
	}
	return immediately(0, r.table.Setsockopt(r.now, a.fd(0), int(a.number(1)), int(a.number(2)), value))
}

// optionValue writes a value as C has it.
func (a *arguments) optionValue(e Expr) []byte {
	b := []byte{}
	switch e.Kind {
	case ExprString:
		return []byte(e.Text)
	case ExprList:
		for _, x := range e.List {
			b = append(b, a.optionValue(x)...)
		}
		return b
	case ExprStruct:
		return sockets.Linger{OnOff: int(a.value(a.field(e, "onoff"))), Linger: int(a.value(a.field(e, "linger")))}.AppendTo(b)
	}
	return sockets.AppendInt(b, int(a.value(e)))
}

// callGetsockopt compares the value of an option, and its length, with those in the line.
func callGetsockopt(r *runner, a *arguments) *attempt {
	a.count(5)
	room := a.list[4]
	buf := make([]byte, 512)
	if room.Kind != ExprEllipsis {
		buf = make([]byte, min(a.element(room), maxOption))
	}
	n, errno := r.table.Getsockopt(r.now, a.fd(0), int(a.number(1)), int(a.number(2)), buf)
	compare := a.checked(func(int) {
		a.compareOption(a.list[3], buf[:n])
		a.same("the length", room, int64(n))
	})
	return &attempt{errno: errno, compare: compare}
}

// maxOption bounds the room for an option.
const maxOption = 1 << 16

// compareOption compares the value of an option.
func (a *arguments) compareOption(want Expr, got []byte) {
	if want.Kind == ExprList && len(want.List) == 1 {
		want = want.List[0]
	}
	switch want.Kind {
	case ExprEllipsis:
	case ExprString:
		if text := strings.TrimRight(string(got), "\x00"); text != want.Text {
			a.fail("the value is %q, expected %q", text, want.Text)
		}
	case ExprStruct:
		l, ok := sockets.ParseLinger(got)
		if !ok {
			a.fail("the value has %d bytes, too few for struct linger", len(got))
		}
		a.same("onoff", a.field(want, "onoff"), int64(l.OnOff))
		a.same("linger", a.field(want, "linger"), int64(l.Linger))
	default:
		n, ok := sockets.ParseInt(got)
		if !ok {
			a.fail("the value has %d bytes, too few for a number", len(got))
		}
		a.same("the value", want, int64(n))
	}
}
