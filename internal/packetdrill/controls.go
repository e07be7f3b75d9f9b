package packetdrill

import (
	"bytes"
	"fmt"
	"time"

	"github.com/sockeye-tcp/sockeye/internal/sockets"
)

// Control messages of recvmsg and sendmsg.

// extendedFields are the members of sock_extended_err.
var extendedFields = map[string]func(e *sockets.ExtendedError) int64{
	"ee_errno":  func(e *sockets.ExtendedError) int64 { return int64(e.Errno) },
	"ee_origin": func(e *sockets.ExtendedError) int64 { return int64(e.Origin) },
	"ee_type":   func(e *sockets.ExtendedError) int64 { return int64(e.Type) },
	"ee_code":   func(e *sockets.ExtendedError) int64 { return int64(e.Code) },
	"ee_info":   func(e *sockets.ExtendedError) int64 { return int64(e.Info) },
	"ee_data":   func(e *sockets.ExtendedError) int64 { return int64(e.Data) },
}

// compareControls compares control messages with those of a line, in order.
func (a *arguments) compareControls(want Expr, got []sockets.Control) {
	if want.Kind != ExprList {
		a.fail("msg_control must be a list")
	}
	if len(want.List) != len(got) {
		a.fail("%d control messages, expected %d: %s", len(got), len(want.List), controlWords(got))
	}
	for i, w := range want.List {
		what := fmt.Sprintf("control message %d: ", i+1)
		a.same(what+"cmsg_level", a.field(w, "cmsg_level"), int64(got[i].Level))
		a.same(what+"cmsg_type", a.field(w, "cmsg_type"), int64(got[i].Type))
		if data, ok := w.has("cmsg_data"); ok {
			a.compareData(what, data, got[i].Data)
		}
	}
}

// controlWords describes control messages.
func controlWords(list []sockets.Control) string {
	var b bytes.Buffer
	for _, c := range list {
		fmt.Fprintf(&b, "{cmsg_level=%d, cmsg_type=%d, cmsg_data=%x}", c.Level, c.Type, c.Data)
	}
	return b.String()
}

// compareData compares the inside of a control message: a number, a time, or an extended error.
func (a *arguments) compareData(what string, want Expr, got []byte) {
	switch _, isTime := want.has("scm_sec"); {
	case want.Kind == ExprEllipsis:
	case isTime:
		a.compareTime(what, want, got)
	case want.Kind == ExprStruct:
		e, ok := sockets.ParseExtendedError(got)
		if !ok {
			a.fail("%sits %d bytes are no sock_extended_err", what, len(got))
		}
		for i, key := range want.Keys {
			member := extendedFields[key]
			if member == nil {
				a.fail("a structure with %s is not supported", key)
			}
			a.same(what+key, want.List[i], member(&e))
		}
	case want.Kind == ExprString:
		if want.Text != string(got) {
			a.fail("%scmsg_data is %q, expected %q", what, got, want.Text)
		}
	default:
		n, ok := sockets.ParseInt(got)
		if !ok {
			a.fail("%sits %d bytes are no number", what, len(got))
		}
		a.same(what+"cmsg_data", want, int64(n))
	}
}

// compareTime compares a time, which counts from the start of the script, within the tolerance.
func (a *arguments) compareTime(what string, want Expr, got []byte) {
	sec, nsec, ok := sockets.ParseTimestamping(got)
	if !ok {
		a.fail("%sits %d bytes are no scm_timestamping", what, len(got))
	}
	at := time.Duration(a.value(a.field(want, "scm_sec")))*time.Second + time.Duration(a.value(a.field(want, "scm_nsec")))
	is := time.Duration(sec)*time.Second + time.Duration(nsec)
	if (is - at).Abs() > a.r.set.tolerance {
		a.fail("%sthe time is %.6f s, expected %.6f s", what, is.Seconds(), at.Seconds())
	}
}

// controls reads control messages to send.
func (a *arguments) controls(e Expr) []sockets.Control {
	if e.Kind != ExprList {
		a.fail("msg_control must be a list")
	}
	var list []sockets.Control
	for _, c := range e.List {
		list = append(list, sockets.Control{
			Level: int(a.value(a.field(c, "cmsg_level"))), Type: int(a.value(a.field(c, "cmsg_type"))),
			Data: sockets.AppendInt(nil, int(a.value(a.field(c, "cmsg_data")))),
		})
	}
	return list
}
