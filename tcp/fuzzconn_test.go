package tcp_test

import (
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// One connection against a peer, an application and a clock that do what bytes say.

// A script reads bytes; when they are used up it reads zeros.
type script []byte

func (s *script) byte() byte {
	if len(*s) == 0 {
		return 0
	}
	b := (*s)[0]
	*s = (*s)[1:]
	return b
}

// size is a number that is often small and sometimes large.
func (s *script) size() int {
	b := int(s.byte())
	return (b & 31) << (b >> 5)
}

// A fuzzConn is the connection, with what must hold of it.
type fuzzConn struct {
	t        *testing.T
	in       script
	log      eventLog
	c        *tcp.Conn
	cfg      *tcp.Config
	mem      tcp.Memory
	buffers  pool
	now      ip.Time
	out      tcp.Output
	irs      tcp.Seq
	wrote    int     // bytes of our stream
	read     int     // bytes of the peer's
	edge     tcp.Seq // right edge of the window that was offered
	edgeOf   tcp.Seq // the IRS it belongs to
	reserved []byte
	lost     bool // the connection that it was reserved on is gone
}

func newFuzzConn(t *testing.T, data []byte) *fuzzConn {
	f := &fuzzConn{t: t, in: data, now: start, buffers: newPool(t), irs: wrapISN(addrB, addrA, 0)}
	f.log.showOnFailure(t)
	bits := f.in.byte()
	cfg := tcp.Config{ISN: wrapISN, Memory: &f.mem, Trace: f.log.trace, SendBuffer: 20_000, RecvBuffer: 3000}
	cfg.NoTimestamps, cfg.NoSACK, cfg.NoWindowScale = bits&1 != 0, bits&2 != 0, bits&4 != 0
	cfg.MTUProbing = tcp.MTUProbing(bits % 3)
	if bits&8 != 0 {
		cfg.RecvBuffer = 100_000
	}
	cfg.ECN = ecnOf(len(data))
	f.cfg = tcp.Prepare(cfg)
	f.c = tcp.New(f.cfg, addrA, addrB, 1500)
	switch fast := bits&128 != 0; {
	case bits&32 != 0 && fast:
		f.listenFast()
	case bits&32 != 0:
		f.c.OpenPassive(f.now)
	case fast:
		f.c.SetFastOpen(tcp.FastOpen{
			Cache: &tcp.FastOpenCache{Pause: time.Second}, NoCookie: true, Defer: bits&1 != 0, Deliver: bits&2 != 0,
		})
		fallthrough
	default:
		f.c.Open(f.now)
	}
	if bits&16 != 0 {
		f.c.SetGSO(65_535)
	}
	if bits&64 == 0 {
		f.handshake()
	}
	return f
}

// listenFast makes a connection out of a SYN with text (RFC 7413).
func (f *fuzzConn) listenFast() {
	l := tcp.NewListener(f.cfg, 1)
	l.SetFastOpen(tcp.FastOpenListen{Queue: 1, NoCookie: true})
	in := f.buffers.segment(pattern(1, 1+f.in.size()))
	in.Header = tcp.Header{Seq: f.irs, Flags: S, Wnd: 5000, Options: f.options()}
	f.c, _ = l.Arrive(f.now, addrA, addrB, 1500, in)
}

// handshake takes the connection to ESTABLISHED, as most inputs by chance would not.
func (f *fuzzConn) handshake() {
	f.drain()
	flags, ack := S, tcp.Seq(0)
	if f.c.State() == tcp.SynSent {
		flags, ack = S|A, f.c.Vars().SndNxt
	}
	h := tcp.Header{Seq: f.irs, Ack: ack, Flags: flags, Wnd: 5000}
	if f.cfg.ECN >= tcp.ECNAccurate { // as an end that has it, too
		if h.Flags |= aceBits(7); flags.Has(A) {
			h.Flags = flags | aceBits(2)
		}
	}
	h.Options = tcp.Options{HasMSS: true, MSS: 536, HasWS: true, WS: 3, SACKPermitted: true, HasTS: true, TSVal: 1000}
	if f.c.State() != tcp.SynReceived {
		f.arrive(h, nil)
	}
	f.drain()
	if f.c.State() == tcp.SynReceived {
		f.arrive(tcp.Header{Seq: f.irs + 1, Ack: f.c.Vars().SndNxt, Flags: A | aceBits(2), Wnd: 5000}, nil)
		f.drain()
	}
}

func (f *fuzzConn) arrive(h tcp.Header, text []byte) {
	in := f.buffers.segment(text)
	in.Header, in.TOS = h, uint8(len(f.in))
	if len(f.in)&16 != 0 {
		in.Flags ^= aceBits(len(f.in) >> 2)
		in.Options.AccECN = tcp.AccECN{Present: len(f.in)&32 != 0, Fields: uint8(len(f.in)>>2) & 3, E0B: 1, CEB: uint32(len(f.in)) << 10}
	}
	f.c.Arrive(f.now, in)
}

// ecnOf is a choice of ECN for a script of n bytes. What stands in the script means the same with each.
func ecnOf(n int) tcp.ECN { return tcp.ECN(n % 6) }

// step does one thing.
func (f *fuzzConn) step() {
	switch op := f.in.byte(); {
	case op < 100:
		f.segment(op)
	case op < 115:
		f.polite(op)
	case op < 180:
		f.call(op)
	case op < 220:
		f.now = f.now.Add(time.Duration(f.in.size()) * time.Millisecond / 8)
		f.advance()
	default:
		if d := f.c.Deadline(); d != 0 {
			f.now = max(f.now, d)
		}
		f.advance()
	}
	f.check()
	if f.in.byte()&3 != 0 { // else the next input joins the batch
		f.drain()
	}
}

func (f *fuzzConn) advance() {
	f.c.Advance(f.now)
	f.drain()
	if d := f.c.Deadline(); d != 0 && d <= f.now {
		f.t.Fatalf("a timer does not expire: it is %v late", f.now.Sub(d))
	}
}

// segment makes a segment that is somewhere near what the connection expects.
func (f *fuzzConn) segment(op byte) {
	v := f.c.Vars()
	h := tcp.Header{Seq: v.RcvNxt, Ack: v.SndUna, Flags: A, Wnd: uint16(f.in.size() * 16)}
	if v.RcvNxt == 0 {
		h.Seq = f.irs
	}
	far := tcp.Seq(f.in.size())
	switch op % 5 {
	case 1:
		h.Seq += far
	case 2:
		h.Seq -= far
	case 3:
		h.Seq += far << 20
	}
	near := tcp.Seq(f.in.size())
	switch op / 5 % 5 {
	case 0:
		h.Ack = v.SndNxt
	case 1:
		h.Ack += near
	case 2:
		h.Ack -= near
	case 3:
		h.Ack += near << 20
	}
	if b := f.in.byte(); b&0x80 != 0 {
		h.Flags = tcp.Flags(b&0x3f) ^ A
	}
	h.Options = f.options()
	if h.Flags.Has(U) {
		h.Urg = uint16(f.in.size())
	}
	var text []byte
	if op >= 25 {
		at := f.place(h.Seq)
		if h.Flags.Has(S) {
			if at++; f.c.Vars().RcvNxt == 0 || f.c.State() == tcp.Listen {
				at = f.place(f.c.Vars().IRS) + 1 // it will be the first
			}
		}
		text = pattern(at, f.in.size())
	}
	f.arrive(h, text)
}

// polite does what an honest peer does, which chance seldom hits: it acknowledges all, a part or nothing again, and
// sends what comes next.
func (f *fuzzConn) polite(op byte) {
	v := f.c.Vars()
	h := tcp.Header{Seq: v.RcvNxt, Ack: v.SndUna, Flags: A, Wnd: uint16(v.SndWnd >> f.c.Info().SendScale)}
	h.Options = tcp.Options{HasTS: true, TSVal: 1000 + uint32(f.now.Sub(start)/time.Millisecond)}
	var text []byte
	switch op % 5 {
	case 0:
		h.Ack = v.SndNxt
	case 1:
		h.Ack += tcp.Seq(min(f.in.size(), int(v.SndNxt-v.SndUna)))
	case 2:
		text = pattern(f.place(h.Seq), f.in.size())
	case 3:
		h.Wnd = uint16(f.in.size() * 16)
	}
	for range 1 + op/5%4 {
		f.arrive(h, text)
	}
}

// place is where a sequence number lies in the peer's stream, as pattern counts.
func (f *fuzzConn) place(seq tcp.Seq) int {
	return int(int32(seq-f.c.Vars().IRS)) + 251<<24 // above zero
}

func (f *fuzzConn) options() (o tcp.Options) {
	b := f.in.byte()
	o.HasTS = b&1 == 0
	o.TSVal = 1000 + uint32(f.now.Sub(start)/time.Millisecond) + uint32(int8(b))
	o.TSEcr = uint32(f.now/ip.Time(time.Millisecond)) - uint32(b>>4)
	o.SACKPermitted, o.HasWS, o.WS = b&2 == 0, b&4 == 0, b>>5
	o.HasMSS, o.MSS = b&8 == 0, uint16(b)*8
	return o
}

// call does what an application does.
func (f *fuzzConn) call(op byte) {
	c := f.c
	switch op {
	default: // most of them
		if f.reserved == nil {
			f.wrote += c.Send(f.now, pattern(1+f.wrote, f.in.size()*4))
		}
	case 130, 131:
		if f.reserved == nil {
			f.reserved = c.Reserve(f.in.size() * 4)
			copy(f.reserved, pattern(1+f.wrote, len(f.reserved)))
		}
	case 132, 133, 134:
		f.commit()
	case 135:
		if f.reserved == nil {
			f.wrote += c.SendUrgent(f.now, pattern(1+f.wrote, f.in.size()))
		}
	case 136, 137, 138, 139, 140, 141, 142, 143:
		f.receive(f.in.size())
	case 144, 145, 146:
		if text, ok := c.Take(f.now, f.in.size()); ok {
			f.wantText(text.Bytes)
			text.Free()
		}
	case 150, 151:
		c.CloseWrite(f.now)
	case 152:
		c.CloseRead(f.now)
		f.read = -1 // what is thrown away is not counted
	case 153:
		c.Close(f.now)
	case 154:
		c.Abort(f.now)
	case 155:
		c.SetKeepAlive(f.now, tcp.KeepAlive{Enable: f.in.byte()&1 == 0, Idle: time.Second, Interval: time.Second})
	case 156:
		c.SetUserTimeout(time.Duration(f.in.size()) * time.Millisecond)
	case 157:
		c.SetNoDelay(f.in.byte()&1 == 0)
	case 158, 159:
		e := tcp.ICMPError{Seq: c.Vars().SndUna + tcp.Seq(f.in.size()), TooBig: op == 158, MTU: f.in.size()}
		if !e.TooBig {
			e.Cause = tcp.CauseHostUnreachable
		}
		c.ICMP(f.now, e)
	}
}

func (f *fuzzConn) commit() {
	if f.reserved == nil {
		return
	}
	n := len(f.reserved) - int(f.in.byte())%(len(f.reserved)+1)
	f.c.Commit(f.now, n, 0)
	if !f.lost {
		f.wrote += n
	}
	f.reserved, f.lost = nil, false
}

func (f *fuzzConn) receive(n int) {
	b := make([]byte, n)
	f.wantText(b[:f.c.Receive(f.now, b)])
}

// wantText wants text to be what the peer sends at that place, whatever it sent around it.
func (f *fuzzConn) wantText(text []byte) {
	for _, b := range text {
		if f.read < 0 {
			return
		}
		if want := pattern(f.place(f.c.Vars().IRS+1)+f.read, 1)[0]; b != want {
			f.t.Fatalf("byte %d of the peer's text: got %d, want %d", f.read, b, want)
		}
		f.read++
	}
}
