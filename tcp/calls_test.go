package tcp_test

import (
	"bytes"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// The application and the clock of a connTest.

// advance lets time pass, timer by timer.
func (p *connTest) advance(d time.Duration) {
	p.t.Helper()
	end := p.now.Add(d)
	for at := p.c.Deadline(); at != 0 && at <= end; at = p.c.Deadline() {
		p.now = max(p.now, at)
		p.c.Advance(p.now)
		p.drain()
		if next := p.c.Deadline(); next != 0 && next <= at {
			p.t.Fatalf("the timer at %v was not moved", at)
		}
	}
	p.now = end
}

// expire moves time to the next timer and lets it expire.
func (p *connTest) expire() {
	p.t.Helper()
	at := p.c.Deadline()
	if at == 0 {
		p.t.Fatal("no timer runs")
	}
	p.now = max(p.now, at)
	p.c.Advance(p.now)
	p.drain()
}

func (p *connTest) open()       { p.t.Helper(); p.c.Open(p.now); p.drain() }
func (p *connTest) listen()     { p.t.Helper(); p.c.OpenPassive(p.now); p.drain() }
func (p *connTest) closeWrite() { p.t.Helper(); p.c.CloseWrite(p.now); p.drain() }
func (p *connTest) closeRead()  { p.t.Helper(); p.c.CloseRead(p.now); p.drain() }
func (p *connTest) close()      { p.t.Helper(); p.c.Close(p.now); p.drain() }
func (p *connTest) abort()      { p.t.Helper(); p.c.Abort(p.now); p.drain() }

// send writes the next n bytes of our stream and wants all of them taken.
func (p *connTest) send(n int) {
	p.t.Helper()
	if got := p.c.Send(p.now, pattern(p.wrote, n)); got != n {
		p.t.Fatalf("Send took %d of %d bytes", got, n)
	}
	p.wrote += n
	p.drain()
}

// receive reads n bytes and wants them to be the next of the peer's stream.
func (p *connTest) receive(n int) {
	p.t.Helper()
	b := make([]byte, n)
	if got := p.c.Receive(p.now, b); got != n {
		p.t.Fatalf("Receive returned %d bytes, want %d", got, n)
	}
	if !bytes.Equal(b, pattern(p.read, n)) {
		p.t.Fatalf("Receive returned bytes other than those sent at %d", p.read)
	}
	p.read += n
	p.drain()
}

// wantReadable wants n bytes to be there for the reader.
func (p *connTest) wantReadable(n int) {
	p.t.Helper()
	if got := p.c.Readable(); got != n {
		p.t.Fatalf("got %d readable bytes, want %d", got, n)
	}
}

func (p *connTest) icmp(e tcp.ICMPError) {
	p.t.Helper()
	p.c.ICMP(p.now, e)
	p.drain()
}

// ourSeq is a sequence number of ours as it stands on the wire, theirSeq one of the peer's.
func (p *connTest) ourSeq(n int) tcp.Seq   { return p.iss + tcp.Seq(n) }
func (p *connTest) theirSeq(n int) tcp.Seq { return p.irs + tcp.Seq(n) }

// skip throws away the next n segments that came out.
func (p *connTest) skip(n int) {
	p.t.Helper()
	if len(p.out) < n {
		p.t.Fatalf("got %d segments, want at least %d", len(p.out), n)
	}
	p.out = p.out[n:]
}

// wantFull wants n full segments of text, the first one at seq, and returns what follows the last.
func (p *connTest) wantFull(seq, n, size, ack int) int {
	p.t.Helper()
	for range n {
		p.want(seg0(seq, ack).bytes(size), tcp.WhyNone)
		seq += size
	}
	return seq
}

// seg0 is a plain segment with ACK.
func seg0(seq, ack int) segment { return seg(A, seq, ack) }

// last returns the time from t on until now.
func (p *connTest) since(t ip.Time) time.Duration { return p.now.Sub(t) }
