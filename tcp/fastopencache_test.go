package tcp_test

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// What a client remembers: RFC 7413 §4.1.3 and §4.1.3.1.

// silence opens a connection with text that nobody ever answers, until it has timed out n times.
func (x *fastClient) silence(n int) {
	x.t.Helper()
	p := x.dial(10)
	for range n {
		p.expire()
	}
	p.out = nil
	p.abort()
}

// §4.1.3.1: three timeouts in a row make fast opens pause, for everybody, and longer each time.
func TestPause(t *testing.T) {
	x := newFastClient(t)
	x.know("abcd1234", 1460)
	x.silence(2)
	if x.cache.Paused(start) {
		t.Fatal("two timeouts made it pause")
	}
	at := start
	for i := range 10 {
		x.late = at.Sub(start)
		p := x.dial(10)
		p.wantSyn(10, "FO abcd1234,nop,nop", tcp.WhySyn)
		p.expire()
		p.expire()
		p.expire()
		p.out = nil
		paused := p.now
		p.abort()
		pause := time.Hour << min(i, 6)
		if !x.cache.Paused(paused) || !x.cache.Paused(paused.Add(pause-time.Second)) || x.cache.Paused(paused.Add(pause)) {
			t.Fatalf("pause %d is not one of %v", i+1, pause)
		}
		x.late = paused.Sub(start)
		p = x.dial(10)
		p.wantSyn(0, "none", tcp.WhySyn)
		p.abort()
		at = paused.Add(pause)
		x.late = at.Sub(start)
		if at.Sub(start) > 23*time.Hour {
			x.know("abcd1234", 1460)
		}
	}
}

// A connection that ends after fewer timeouts, because those are all it has, counts as well.
func TestPauseAfterTheLastTimeout(t *testing.T) {
	x := newFastClient(t)
	x.know("abcd1234", 1460)
	p := x.dial(10, func(s *setup) { s.cfg.SynRetries = 1 })
	p.expire()
	p.expire()
	p.skip(2)
	p.wantClosed(tcp.CauseTimeout)
	if !x.cache.Paused(p.now) {
		t.Error("got no pause")
	}
}

// A RST that is out of order and a FIN behind text that never comes are the marks of a middlebox that has swallowed the
// answer. Text ends the doubling.
func TestPauseForALostAnswer(t *testing.T) {
	rst := func(p *connTest) { p.arrive(seg(R, 500, 0)) }
	fin := func(p *connTest) { p.arrive(seg(F|A, 500, 11)) }
	for _, test := range []struct {
		name string
		text int // that arrives before
		end  func(*connTest)
		want bool
	}{
		{"RST", 0, rst, true},
		{"RST behind text", 10, rst, false},
		{"FIN", 0, fin, true},
		{"FIN behind text", 10, fin, false},
		{"nothing", 0, func(*connTest) {}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			x := newFastClient(t)
			x.know("abcd1234", 1460)
			p := x.dial(10)
			p.arrive(p.synAck(11, 1460, tcp.Options{}))
			if test.text > 0 {
				p.arrive(seg(A, 1, 11).bytes(test.text))
			}
			test.end(p)
			p.abort()
			p.out = nil
			if got := x.cache.Paused(p.now); got != test.want {
				t.Errorf("it pauses: %v, want %v", got, test.want)
			}
		})
	}
}

// After a pause, a fast open that receives text makes the next pause a short one again.
func TestTextEndsTheDoubling(t *testing.T) {
	for _, text := range []int{0, 10} {
		x := newFastClient(t)
		x.know("abcd1234", 1460)
		x.silence(3)
		x.late = 2 * time.Hour
		p := x.dial(10)
		p.arrive(p.synAck(11, 1460, tcp.Options{}))
		if text > 0 {
			p.arrive(seg(A, 1, 11).bytes(text))
		}
		p.abort()
		p.out = nil
		x.silence(3)
		want := 2 * time.Hour
		if text > 0 {
			want = time.Hour
		}
		end := start.Add(x.late + 7*time.Second + want)
		if !x.cache.Paused(end.Add(-time.Second)) || x.cache.Paused(end) {
			t.Errorf("after %d bytes of text: the pause is not one of %v", text, want)
		}
	}
}

func TestNoPause(t *testing.T) {
	x := newFastClient(t)
	x.cache.Pause = 0
	x.know("abcd1234", 1460)
	x.silence(3)
	x.dial(10).wantSyn(10, "FO abcd1234,nop,nop", tcp.WhySyn)
}

// The memory is bounded: the server that was heard of longest ago is forgotten.
func TestCookiesAreBounded(t *testing.T) {
	x := newFastClient(t)
	server := func(i int) func(*setup) {
		ip := binary.BigEndian.AppendUint32(nil, 0xc6120000+uint32(i))
		addr, _ := netip.AddrFromSlice(ip)
		return func(s *setup) { s.remote = netip.AddrPortFrom(addr, 80) }
	}
	for i := range 600 {
		x.late = time.Duration(i) * time.Second
		p := x.dial(0, server(i))
		p.skip(1)
		p.irs = wrapISN(addrB, addrA, p.now)
		p.arrive(p.synAck(1, 1460, fast(t, "abcd1234")))
		p.skip(1)
		p.abort()
		p.skip(1)
	}
	if got := x.cache.Len(); got != 512 {
		t.Errorf("got %d servers, want 512", got)
	}
	x.dial(10, server(599)).wantSyn(10, "FO abcd1234,nop,nop", tcp.WhySyn)
	x.dial(10, server(88)).wantSyn(10, "FO abcd1234,nop,nop", tcp.WhySyn)
	x.dial(10, server(87)).wantSyn(0, "FO,nop,nop", tcp.WhySyn)
}

// What a server has said is believed for a day.
func TestCookiesAge(t *testing.T) {
	x := newFastClient(t)
	x.know("abcd1234", 1460)
	x.late = 24 * time.Hour
	x.dial(10).wantSyn(10, "FO abcd1234,nop,nop", tcp.WhySyn)
	x.late++
	x.dial(10).wantSyn(0, "FO,nop,nop", tcp.WhySyn)
}
