package tcp_test

import (
	"testing"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// What FuzzConn wants of a connection after every step, and of every segment.

func (f *fuzzConn) check() {
	f.t.Helper()
	if err := f.c.CheckInvariants(); err != nil {
		f.t.Fatal(err)
	}
	v := f.c.Vars()
	if f.c.State() == tcp.Listen { // the next connection begins anew
		f.wrote, f.lost = 0, f.lost || f.reserved != nil
	}
	if f.c.State() == tcp.Closed || v.RcvNxt == 0 {
		return
	}
	edge := v.RcvNxt.Add(v.RcvWnd)
	if f.edgeOf == v.IRS && edge.Less(f.edge) {
		f.t.Fatalf("the right edge of the window moves left by %d", f.edge.Sub(edge))
	}
	f.edge, f.edgeOf = edge, v.IRS
}

// drain takes out what is to be sent, which must end.
func (f *fuzzConn) drain() {
	f.t.Helper()
	bound := 200 + 4*f.cfg.SendBuffer/8 // segments of 8 bytes, twice, and ACKs
	for range bound {
		before := f.c.Info()
		if !f.c.Next(f.now, &f.out) {
			f.check()
			if err := f.c.CheckTimers(); err != nil {
				f.t.Fatal(err)
			}
			return
		}
		f.checkOutput(&f.out, before)
		for _, p := range f.out.Pins {
			p.Unpin()
		}
		f.check()
	}
	f.t.Fatalf("Next gives more than %d segments", bound)
}

// checkOutput wants a segment to be one that may be sent.
func (f *fuzzConn) checkOutput(o *tcp.Output, before tcp.Info) {
	v := f.c.Vars()
	tcp.AppendHeader(nil, &o.Header) // panics when it does not fit
	n := 0
	for _, b := range o.Text {
		n += len(b)
	}
	syn := o.Flags.Has(S)
	switch {
	case n != o.Len:
		f.t.Fatalf("%d bytes of text, %d are counted", n, o.Len)
	case !syn && (o.Options.HasMSS || o.Options.HasWS || o.Options.SACKPermitted):
		f.t.Fatalf("a SYN's options: %+v", o.Options)
	case o.Flags.Has(A) && !o.Flags.Has(R) && o.Ack != v.RcvNxt:
		f.t.Fatalf("acknowledges %d, RCV.NXT is %d", o.Ack, v.RcvNxt)
	case o.Flags.Has(R) || syn:
		return
	}
	f.checkText(o)
	if shown := o.Ack.Add(tcp.Size(o.Wnd) << before.RecvScale); v.RcvNxt.Add(v.RcvWnd).Less(shown) {
		f.t.Fatalf("offers a window up to %d, and will take up to %d", shown, v.RcvNxt.Add(v.RcvWnd))
	}
	end := o.Seq.Add(tcp.Size(o.Len))
	if o.Why == tcp.WhyData || o.Why == tcp.WhyFin {
		edge := v.SndUna.Add(v.SndWnd)
		if f.c.FastOpenPending() {
			edge++ // the SYN,ACK takes nothing of the window
		}
		if edge.Less(end) {
			f.t.Fatalf("new text up to %d beyond the peer's window, which ends at %d", end, edge)
		}
		flight := v.Flight
		if o.Flags.Has(F) {
			flight-- // a FIN that rides on text is no data: RFC 5681 bounds those, and Linux counts packets
		}
		if flight > v.Cwnd && before.Flight > 0 && o.Len > 0 {
			f.t.Fatalf("%d bytes in flight with a congestion window of %d", v.Flight, v.Cwnd)
		}
	}
	if (o.GSO > 0) != (o.GSO > 0 && o.Len > o.GSO) {
		f.t.Fatalf("%d bytes in segments of %d", o.Len, o.GSO)
	}
}

// checkText wants the text to be that of its place.
func (f *fuzzConn) checkText(o *tcp.Output) {
	at := int(o.Seq.Sub(f.c.Vars().ISS))
	for _, b := range o.Text {
		for i, got := range b {
			if want := byte((at + i) % 251); got != want {
				f.t.Fatalf("byte %d of our text is %d, want %d", at+i, got, want)
			}
		}
		at += len(b)
	}
}

// finish wants every packet and all memory back.
func (f *fuzzConn) finish() {
	f.commit()
	f.c.Abort(f.now)
	f.drain()
	if n := len(f.buffers.out); n > 0 {
		f.t.Fatalf("%d packets were never freed", n)
	}
	if n := f.mem.Used(); n > 0 {
		f.t.Fatalf("%d bytes of send buffer are still in use", n)
	}
	if f.c.State() != tcp.Closed || !f.c.Dead() {
		f.t.Fatalf("%v after Abort", f.c.State())
	}
}

func FuzzConn(f *testing.F) {
	f.Add([]byte{0, 100, 40, 1, 0, 0, 0, 0, 0, 0, 1, 230, 1})
	f.Add([]byte{0, 25, 0, 0, 0, 0, 40, 1, 26, 3, 3, 0, 0, 40, 1, 140, 90, 1})
	f.Add([]byte{64, 0, 0, 0, 0x92, 0, 0, 1})
	f.Add([]byte{32 + 64, 0, 9, 0, 0x92, 0, 0, 1, 0, 9, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		x := newFuzzConn(t, data[:min(len(data), 2000)])
		for len(x.in) > 0 {
			x.step()
		}
		x.drain()
		x.finish()
	})
}

// The same with bytes by chance, so that every run of the tests goes a way of its own kind.
func TestConnAtRandom(t *testing.T) {
	for seed := range uint64(300) {
		data := randomBytes(seed, 1995+int(seed%6)) // its length chooses the kind of ECN
		t.Run("", func(t *testing.T) {
			x := newFuzzConn(t, data)
			for len(x.in) > 0 {
				x.step()
			}
			x.drain()
			x.finish()
		})
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}
