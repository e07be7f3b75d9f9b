package packetdrill

import (
	"bytes"
	"net/netip"

	"github.com/sockeye-tcp/sockeye/internal/sockets"
)

// Reading and writing. What is read is compared with what the peer has sent, byte by byte.

// callRead reads into one piece of memory.
func callRead(r *runner, a *arguments) *attempt {
	a.count(map[string]int{"read": 3, "recv": 4, "recvfrom": 6}[a.call.Name])
	flags := 0
	if len(a.list) > 3 {
		flags = int(a.number(3))
	}
	return a.receive(&sockets.Message{IOV: []sockets.IOVec{a.room(a.list[1], a.length(a.list[2]))}}, flags)
}

// callReadv reads into several.
func callReadv(_ *runner, a *arguments) *attempt {
	a.count(3)
	return a.receive(&sockets.Message{IOV: a.vector(a.list[1], a.room)}, 0)
}

// callRecvmsg reads text and what comes with it, which the line has in its structure.
func callRecvmsg(_ *runner, a *arguments) *attempt {
	a.count(3)
	want := a.list[1]
	m := &sockets.Message{ControlRoom: -1}
	if v, ok := want.has("msg_iov"); ok {
		m.IOV = a.vector(v, a.room)
	}
	t := a.receive(m, int(a.number(2)))
	t.compare = a.checked(func(int) {
		if v, ok := want.has("msg_flags"); ok {
			a.same("msg_flags", v, int64(m.Flags))
		}
		if v, ok := want.has("msg_control"); ok && v.Kind != ExprEllipsis {
			a.compareControls(v, m.Control)
		}
	})
	return t
}

// receive begins the call, and looks at the text when it is over.
func (a *arguments) receive(m *sockets.Message, flags int) *attempt {
	f := a.file(0)
	call := a.r.table.Recvmsg(a.r.now, a.fd(0), m, flags)
	return &attempt{call: call, over: func(n int) {
		if n > 0 && f.flow != nil && flags&sockets.MSG_ERRQUEUE == 0 {
			a.r.delivered(f, m.IOV, n, flags)
		}
	}}
}

// delivered compares n bytes that were read.
func (r *runner) delivered(f *file, v []sockets.IOVec, n, flags int) {
	at := f.readAt
	for _, p := range v {
		k := min(p.Len, n)
		want := textFrom(false, at, k)
		if got := p.Base[:k]; !bytes.Equal(got, want) && flags&sockets.MSG_TRUNC == 0 {
			i := 0
			for got[i] == want[i] {
				i++
			}
			r.breakOff(r.fail("the host delivers the wrong byte at offset %d of the peer's stream", at+i))
			return
		}
		at, n = at+k, n-k
	}
	if flags&sockets.MSG_PEEK == 0 {
		f.readAt = at
	}
}

// callWrite writes one piece of memory.
func callWrite(r *runner, a *arguments) *attempt {
	a.count(map[string]int{"write": 3, "send": 4, "sendto": 6}[a.call.Name])
	m, flags := &sockets.Message{}, 0
	if len(a.list) > 3 {
		flags = int(a.number(3))
	}
	if len(a.list) == 6 && !isNull(a.list[4]) {
		m.Name = a.address(a.list[4], netip.AddrPortFrom(r.set.remote, r.set.connectPort))
	}
	m.IOV = []sockets.IOVec{a.source(a.list[1], a.length(a.list[2]), a.written())}
	return a.send(m, flags)
}

// callWritev writes several.
func callWritev(_ *runner, a *arguments) *attempt {
	a.count(3)
	return a.send(&sockets.Message{IOV: a.pieces(a.list[1])}, 0)
}

// callSendmsg writes what a structure says.
func callSendmsg(r *runner, a *arguments) *attempt {
	a.count(3)
	from, m := a.list[1], new(sockets.Message)
	if v, ok := from.has("msg_name"); ok && !isNull(v) {
		m.Name = a.address(v, netip.AddrPortFrom(r.set.remote, r.set.connectPort))
	}
	if v, ok := from.has("msg_iov"); ok {
		m.IOV = a.pieces(v)
	}
	if v, ok := from.has("msg_control"); ok {
		m.Control = a.controls(v)
	}
	return a.send(m, int(a.number(2)))
}

// pieces reads a vector to write.
func (a *arguments) pieces(e Expr) []sockets.IOVec {
	at := a.written()
	return a.vector(e, func(base Expr, length int) sockets.IOVec {
		p := a.source(base, length, at)
		at += length
		return p
	})
}

// written returns the place in the stream that is written next.
func (a *arguments) written() int {
	if f := a.file(0); f != nil && f.flow != nil {
		return len(f.flow.wrote)
	}
	return 0
}

// send begins the call. While it lasts all of the text may be sent, and afterwards what the call says.
func (a *arguments) send(m *sockets.Message, flags int) *attempt {
	var text []byte
	for _, p := range m.IOV {
		text = append(text, p.Base...)
	}
	return a.writing(text, func(fd int) *sockets.Call { return a.r.table.Sendmsg(a.r.now, fd, m, flags) })
}

// writing begins a call that sends text to the descriptor in the first argument.
func (a *arguments) writing(text []byte, begin func(fd int) *sockets.Call) *attempt {
	f := a.file(0)
	if f == nil || f.flow == nil {
		return &attempt{call: begin(a.fd(0))}
	}
	at := len(f.flow.wrote)
	f.flow.wrote = append(f.flow.wrote, text...)
	return &attempt{call: begin(f.fd), over: func(n int) {
		f.flow.wrote = f.flow.wrote[:at+max(n, 0)]
	}}
}
