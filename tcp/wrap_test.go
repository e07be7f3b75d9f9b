package tcp_test

import (
	"testing"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// More bytes than there are sequence numbers, on one connection. What a connection remembers of the
// beginning must not read as lying ahead after 2^31 bytes, nor as new after 2^32.

const (
	half = 1 << 31
	lap  = 1 << 32
)

// A long is a connection with large windows and no event log, driven with large segments.
type long struct {
	t        testing.TB
	c        *tcp.Conn
	now      ip.Time
	iss, irs tcp.Seq
	wnd      uint16 // that the peer offers, to be shifted by 14
	out      tcp.Output
	chunk    []byte
	reader   []byte
	urgent   int // segments with URG
}

const (
	longMSS   = 65_495
	longChunk = 16 * longMSS // full segments only
)

func newLong(t testing.TB, cfg tcp.Config) *long {
	t.Helper()
	l := &long{t: t, now: start, wnd: 4096, chunk: make([]byte, longChunk), reader: make([]byte, longChunk)}
	cfg.ISN, cfg.RecvBuffer, cfg.SendBuffer, cfg.InitialWindow = wrapISN, 16<<20, 16<<20, 1<<15
	l.iss, l.irs = wrapISN(addrA, addrB, 0), wrapISN(addrB, addrA, 0)
	l.c = tcp.New(tcp.Prepare(cfg), addrA, addrB, 65_535)
	l.c.SetGSO(65_535)
	l.c.Open(l.now)
	l.drain()
	l.arrive(tcp.Segment{Header: tcp.Header{
		Seq: l.irs, Ack: l.iss + 1, Flags: S | A, Wnd: 65_535,
		Options: tcp.Options{HasMSS: true, MSS: longMSS, HasWS: true, WS: 14},
	}})
	l.drain()
	l.ack(l.irs + 1) // opens the window beyond 64 KiB
	return l
}

// arrive hands in one segment.
func (l *long) arrive(s tcp.Segment) { l.c.Arrive(l.now, &s) }

// ack acknowledges everything that was sent.
func (l *long) ack(seq tcp.Seq) {
	l.arrive(tcp.Segment{Header: tcp.Header{Seq: seq, Ack: l.c.Vars().SndNxt, Flags: A, Wnd: l.wnd}})
}

// drain takes out what is to be sent and returns how many bytes of text that was.
func (l *long) drain() (n int) {
	for l.c.Next(l.now, &l.out) {
		n += l.out.Len
		if l.out.Flags.Has(U) {
			l.urgent++
		}
		if l.out.Nth > 0 {
			l.t.Fatalf("sent again, %v, where nothing was lost", l.out.Why)
		}
		for _, p := range l.out.Pins {
			p.Unpin()
		}
	}
	return n
}

func (l *long) check() {
	l.t.Helper()
	if err := l.c.CheckInvariants(); err != nil {
		l.t.Fatal(err)
	}
	if err := l.c.CheckTimers(); err != nil {
		l.t.Fatal(err)
	}
}

// sendUntil goes on sending full segments until more than total bytes have been sent in all.
func (l *long) sendUntil(total int) {
	l.t.Helper()
	for int(l.c.Info().Stats.BytesAcked) < total {
		l.fill()
		l.now = l.now.Add(ms)
		l.ack(l.irs + 1)
		l.check()
	}
}

// fill puts a chunk in flight.
func (l *long) fill() {
	l.t.Helper()
	if n := l.c.Send(l.now, l.chunk); n != len(l.chunk) || l.drain() != n {
		l.t.Fatalf("after %d bytes: Send takes %d of %d bytes, or they do not go out", l.c.Info().Stats.BytesAcked, n, len(l.chunk))
	}
}

// skipLaps skips a test that sends gigabytes where that takes minutes.
func skipLaps(t *testing.T) {
	t.Helper()
	if raceDetector {
		t.Skip("gigabytes in one goroutine: the race detector has nothing to find and takes minutes")
	}
}

// No loss for more than 2^31 bytes, and then the first one.
func TestFirstLossAfterHalfALap(t *testing.T) {
	skipLaps(t)
	for _, at := range []int{half, half + half/2, lap, lap + half/2} {
		l := newLong(t, tcp.Config{})
		l.sendUntil(at)
		l.fill()
		una := l.c.Vars().SndUna
		for range 3 {
			l.arrive(tcp.Segment{Header: tcp.Header{Seq: l.irs + 1, Ack: una, Flags: A, Wnd: l.wnd}})
		}
		if !l.c.Next(l.now, &l.out) || l.out.Why != tcp.WhyFastRetransmit || l.out.Seq != una {
			t.Errorf("after %d bytes: got %v at %d, want a fast retransmission at %d", at, l.out.Why, l.out.Seq, una)
		}
	}
}

// A small segment and urgent text, and then none for a lap. When the same numbers are in flight again, neither
// must hold anything back, or mark it.
func TestSmallAndUrgentTextALapAgo(t *testing.T) {
	skipLaps(t)
	l := newLong(t, tcp.Config{})
	l.c.SendUrgent(l.now, l.chunk[:10])
	l.drain()
	small := l.c.Vars().SndNxt
	l.ack(l.irs + 1)
	l.urgent = 0
	l.sendUntil(lap - longChunk)
	l.fill()
	if v := l.c.Vars(); !v.SndUna.Less(small) || !small.Less(v.SndNxt) {
		t.Fatalf("%d is not in flight: %d..%d", small, v.SndUna, v.SndNxt)
	}
	if l.c.Send(l.now, l.chunk[:10]); l.drain() != 10 {
		t.Error("Nagle's algorithm remembers a small segment of a lap ago")
	}
	if l.urgent > 0 {
		t.Errorf("%d segments are urgent again", l.urgent)
	}
}

// Receiving only: windows, urgent pointers, SACK, timestamps.
func TestReceiveALap(t *testing.T) {
	skipLaps(t)
	l := newLong(t, tcp.Config{})
	seq := l.irs + 1
	l.arrive(tcp.Segment{Header: tcp.Header{Seq: seq, Ack: l.iss + 1, Flags: A | U, Wnd: l.wnd, Urg: 100}, Text: l.chunk[:100]})
	seq += 100
	if got := l.c.UrgentAhead(); got != 100 {
		t.Fatalf("got %d bytes up to the end of urgent text, want 100", got)
	}
	read := 0
	for got := 0; got < lap+half; got += 1 << 20 {
		for range 32 {
			l.arrive(tcp.Segment{Header: tcp.Header{Seq: seq, Ack: l.iss + 1, Flags: A, Wnd: l.wnd}, Text: l.chunk[:1<<15]})
			seq += 1 << 15
		}
		l.drain()
		for n := 1; n > 0; read += n {
			n = l.c.Receive(l.now, l.reader)
		}
		l.drain()
		l.now = l.now.Add(ms)
		if got := l.c.UrgentAhead(); got != 0 {
			t.Fatalf("%d bytes on: %d bytes are urgent", read, got)
		}
		l.check()
	}
	if read != lap+half+100 {
		t.Errorf("read %d bytes, want %d", read, lap+half+100)
	}
	// A gap and a FIN for the first time.
	l.arrive(tcp.Segment{Header: tcp.Header{Seq: seq + 10, Ack: l.iss + 1, Flags: A | F, Wnd: l.wnd}, Text: l.chunk[:10]})
	l.arrive(tcp.Segment{Header: tcp.Header{Seq: seq, Ack: l.iss + 1, Flags: A, Wnd: l.wnd}, Text: l.chunk[:10]})
	if l.c.State() != tcp.CloseWait || l.c.Readable() != 20 {
		t.Errorf("got %v and %d bytes, want CLOSE-WAIT and 20", l.c.State(), l.c.Readable())
	}
}
