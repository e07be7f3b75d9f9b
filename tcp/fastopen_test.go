package tcp_test

import (
	"encoding/hex"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// TCP Fast Open as the client: RFC 7413 §4.2.1.

// A fastClient opens connections to one server, one after the other, with one memory of it.
type fastClient struct {
	t     *testing.T
	cache *tcp.FastOpenCache
	f     tcp.FastOpen
	late  time.Duration // what has passed before the next connection
}

func newFastClient(t *testing.T) *fastClient {
	x := &fastClient{t: t, cache: &tcp.FastOpenCache{Pause: time.Hour}}
	x.f.Cache = x.cache
	return x
}

// dial opens a connection and writes n bytes before its SYN can go.
func (x *fastClient) dial(n int, changes ...func(*setup)) *connTest {
	x.t.Helper()
	p := newConnTest(x.t, tcp.Closed, changes...)
	p.now = p.now.Add(x.late)
	p.iss, p.irs = p.cfg.ISN(addrA, p.remote, p.now), wrapISN(addrB, addrA, p.now)
	p.c.SetFastOpen(x.f)
	p.c.Open(p.now)
	if n > 0 {
		p.c.Send(p.now, pattern(p.wrote, n))
		p.wrote += n
	}
	p.drain()
	return p
}

// know makes the server known: a connection gets a cookie, in four bytes, and an MSS.
func (x *fastClient) know(cookie string, mss int) {
	x.t.Helper()
	p := x.dial(0)
	p.skip(1)
	p.arrive(p.synAck(1, mss, fast(x.t, cookie)))
	p.want(seg(A, 1, 1), tcp.WhyAck)
	p.abort()
	p.skip(1)
}

// fast is the Fast Open option, with a cookie in hexadecimal digits or without.
func fast(t *testing.T, cookie string) tcp.Options {
	o := tcp.Options{HasFastOpen: true}
	if cookie != "" {
		b, err := hex.DecodeString(cookie)
		if err != nil {
			t.Fatal(err)
		}
		o.Cookie, _ = tcp.NewCookie(b)
	}
	return o
}

// synAck is the server's SYN,ACK, with an MSS and perhaps a Fast Open option.
func (p *connTest) synAck(ack, mss int, o tcp.Options) segment {
	o.HasMSS, o.MSS = true, uint16(mss)
	s := p.peerSyn(S|A, ack)
	s.opts = &o
	return s
}

// wantSyn wants a SYN with n bytes of text and, unless option is "none", a Fast Open option.
func (p *connTest) wantSyn(n int, option string, why tcp.Why) {
	p.t.Helper()
	w := seg(S, 0, 0)
	if n > 0 {
		w.text = pattern(1, n)
	}
	got := p.want(w, why).out.Options
	alone := tcp.Options{HasFastOpen: got.HasFastOpen, FastOpenExp: got.FastOpenExp, Cookie: got.Cookie}
	want := ""
	if option != "none" {
		want = option
	}
	if g := alone.Format(0); g != want {
		p.t.Fatalf("got the option %q, want %q", g, want)
	}
}

// §4.1.3, §4.2.1: the first connection asks for a cookie, the second uses it, with as much text as a segment of the
// server's size has room for beside 40 bytes of options.
func TestFastOpenOfASecondConnection(t *testing.T) {
	x := newFastClient(t)
	p := x.dial(0)
	p.wantSyn(0, "FO,nop,nop", tcp.WhySyn)
	p.arrive(p.synAck(1, 940, fast(t, "abcd1234")))
	p.want(seg(A, 1, 1), tcp.WhyAck)

	p = x.dial(2000)
	p.wantSyn(900, "FO abcd1234,nop,nop", tcp.WhySyn)
	p.arrive(p.synAck(901, 1460, tcp.Options{}))
	p.want(seg(P|A, 901, 1).bytes(1100), tcp.WhyData)
	if i := p.c.Info(); !i.SynData || i.SRTT == 0 && p.now != start {
		t.Errorf("got %+v", i)
	}
	p.arrive(seg(A, 1, 2001))

	p = x.dial(2000) // the MSS of the last SYN,ACK counts
	p.wantSyn(1420, "FO abcd1234,nop,nop", tcp.WhySyn)
}

// §4.2.1: without a cookie no text goes with the SYN; it follows the handshake.
func TestNoTextWithoutACookie(t *testing.T) {
	p := newFastClient(t).dial(500)
	p.wantSyn(0, "FO,nop,nop", tcp.WhySyn)
	p.arrive(p.synAck(1, 1000, tcp.Options{}))
	p.want(seg(P|A, 1, 1).bytes(500), tcp.WhyData)
	if p.c.Info().SynData {
		t.Error("text went with the SYN")
	}
}

// §4.2.1: what the SYN,ACK does not acknowledge goes again at once, whatever part that is.
func TestSynTextThatIsNotTaken(t *testing.T) {
	for _, test := range []struct {
		name string
		ack  int
	}{{"nothing", 1}, {"half", 351}, {"all but one byte", 700}} {
		t.Run(test.name, func(t *testing.T) {
			x := newFastClient(t)
			x.know("abcd1234", 1460)
			p := x.dial(700)
			p.wantSyn(700, "FO abcd1234,nop,nop", tcp.WhySyn)
			p.advance(20 * ms)
			p.arrive(p.synAck(test.ack, 1460, tcp.Options{}))
			p.want(seg(P|A, test.ack, 1).bytes(701-test.ack), tcp.WhySynText)
			if i := p.c.Info(); i.SynData || i.SRTT != 20*ms || i.Cwnd != 14600 {
				t.Errorf("got SynData %v, SRTT %v, Cwnd %d", i.SynData, i.SRTT, i.Cwnd)
			}
			p.arrive(seg(A, 1, 701))
			p.send(10)
			p.want(seg(P|A, 701, 1).bytes(10), tcp.WhyData)
		})
	}
}

// §4.2.1: a SYN that is lost goes again without text and option, and whatever the answer, all text arrives once.
func TestSynWithTextIsLost(t *testing.T) {
	for _, test := range []struct {
		name string
		ack  int
	}{{"the server saw the first", 701}, {"the server saw the second", 1}} {
		t.Run(test.name, func(t *testing.T) {
			x := newFastClient(t)
			x.know("abcd1234", 1460)
			p := x.dial(700)
			p.wantSyn(700, "FO abcd1234,nop,nop", tcp.WhySyn)
			p.wantDeadline(time.Second)
			p.expire()
			p.wantSyn(0, "none", tcp.WhyRTO)
			p.arrive(p.synAck(test.ack, 1460, tcp.Options{}))
			if test.ack == 1 {
				p.want(seg(P|A, 1, 1).bytes(700), tcp.WhySynText)
				p.arrive(seg(A, 1, 701))
			} else {
				p.want(seg(A, 701, 1), tcp.WhyAck)
			}
			p.wantNoDeadline()
			if got := p.c.Info().Unacked; got != 0 {
				t.Errorf("%d bytes are unacknowledged", got)
			}
		})
	}
}

// A cookie that comes late, after a timeout, counts: the timeout may have been too early.
func TestCookieAfterATimeout(t *testing.T) {
	x := newFastClient(t)
	p := x.dial(0)
	p.wantSyn(0, "FO,nop,nop", tcp.WhySyn)
	p.expire()
	p.wantSyn(0, "none", tcp.WhyRTO)
	p.arrive(p.synAck(1, 1240, fast(t, "aaaabbbbcccc")))
	p.want(seg(A, 1, 1), tcp.WhyAck)
	x.dial(2000).wantSyn(1200, "FO aaaabbbbcccc", tcp.WhySyn)
}

// A server that ignores the request is asked in the experimental option once, and then in the usual one for ever.
func TestExperimentalOptionIsTriedOnce(t *testing.T) {
	x := newFastClient(t)
	for i, want := range []string{"FO,nop,nop", "FOEXP", "FO,nop,nop", "FO,nop,nop"} {
		p := x.dial(10)
		p.wantSyn(0, want, tcp.WhySyn)
		p.arrive(p.synAck(1, 1000, tcp.Options{}))
		p.want(seg(P|A, 1, 1).bytes(10), tcp.WhyData)
		if t.Failed() {
			t.Fatalf("connection %d", i)
		}
	}
	x.cache.Flush()
	x.dial(10).wantSyn(0, "FO,nop,nop", tcp.WhySyn)
}

// A cookie in the experimental option goes back in it.
func TestCookieInTheExperimentalOption(t *testing.T) {
	x := newFastClient(t)
	o := fast(t, "1234abcd")
	o.FastOpenExp = true
	p := x.dial(0)
	p.skip(1)
	p.arrive(p.synAck(1, 1460, o))
	p.skip(1)
	x.dial(10).wantSyn(10, "FOEXP 1234abcd", tcp.WhySyn)
}

// §4.2.1: text without a cookie; one that comes unasked is not kept.
func TestFastOpenWithoutCookies(t *testing.T) {
	x := newFastClient(t)
	x.f.NoCookie = true
	p := x.dial(100)
	p.wantSyn(100, "none", tcp.WhySyn)
	p.arrive(p.synAck(101, 940, fast(t, "abcd1234")))
	p.want(seg(A, 101, 1), tcp.WhyAck)
	x.dial(2000).wantSyn(900, "none", tcp.WhySyn)
	x.f.NoCookie = false
	x.dial(100).wantSyn(0, "FO,nop,nop", tcp.WhySyn)
}

// The SYN waits for the first text when there is a cookie, and only then.
func TestSynWaitsForText(t *testing.T) {
	x := newFastClient(t)
	x.f.Defer = true
	p := x.dial(0)
	p.wantSyn(0, "FO,nop,nop", tcp.WhySyn)
	p.arrive(p.synAck(1, 1460, fast(t, "abcd1234")))
	p.skip(1)

	p = x.dial(0)
	p.wantNothing()
	p.wantNoDeadline()
	if got := p.c.FastOpenRoom(p.now); !p.c.SynHeld() || got != 1420 {
		t.Errorf("the SYN waits: %v, with room for %d bytes, want 1420", p.c.SynHeld(), got)
	}
	p.send(10)
	p.wantSyn(10, "FO abcd1234,nop,nop", tcp.WhySyn)
	if got := p.c.FastOpenRoom(p.now); p.c.SynHeld() || got != 0 {
		t.Errorf("the SYN has gone, but waits: %v, with room for %d bytes", p.c.SynHeld(), got)
	}

	p = x.dial(0)
	p.c.SendSyn()
	p.drain()
	p.wantSyn(0, "FO abcd1234,nop,nop", tcp.WhySyn)

	p = x.dial(0) // nothing was sent, so nothing is left
	p.close()
	p.wantClosed(tcp.CauseAborted)
}

// With FastOpen.Deliver, closing before the handshake is over loses nothing.
func TestCloseBeforeTheHandshakeIsOver(t *testing.T) {
	for _, test := range []struct {
		name  string
		close func(*connTest)
	}{{"one side", (*connTest).closeWrite}, {"both sides", (*connTest).close}} {
		t.Run(test.name, func(t *testing.T) {
			x := newFastClient(t)
			x.know("abcd1234", 1460)
			x.f.Deliver = true
			p := x.dial(2000)
			p.wantSyn(1420, "FO abcd1234,nop,nop", tcp.WhySyn)
			test.close(p)
			p.wantState(tcp.SynSent)
			p.arrive(p.synAck(1421, 1460, tcp.Options{}))
			p.want(seg(F|P|A, 1421, 1).bytes(580), tcp.WhyData)
			p.wantState(tcp.FinWait1)
		})
	}
	x := newFastClient(t)
	x.know("abcd1234", 1460)
	p := x.dial(10)
	p.skip(1)
	p.close()
	p.wantClosed(tcp.CauseAborted)
}

// MUST-10 with text in our SYN: the SYN,ACK has none, and the text follows the handshake.
func TestSimultaneousFastOpen(t *testing.T) {
	x := newFastClient(t)
	x.know("abcd1234", 1460)
	p := x.dial(500)
	p.wantSyn(500, "FO abcd1234,nop,nop", tcp.WhySyn)
	p.arrive(p.peerSyn(S, 0))
	p.want(seg(S|A, 0, 1), tcp.WhySynAck)
	p.arrive(p.peerSyn(S|A, 1))
	p.wantState(tcp.Established)
	p.want(seg(P|A, 1, 1).bytes(500), tcp.WhySynText)
	p.want(seg(A, 501, 1), tcp.WhyDupAck)
	p.arrive(seg(A, 1, 501))
	p.wantNoDeadline()
}

// A RST refuses a fast open like any other, whatever part of it it acknowledges.
func TestFastOpenRefused(t *testing.T) {
	for _, ack := range []int{1, 501} {
		x := newFastClient(t)
		x.know("abcd1234", 1460)
		p := x.dial(500)
		p.skip(1)
		p.arrive(seg(R|A, 0, ack))
		p.wantClosed(tcp.CauseRefused)
	}
}

// RFC 1191: a SYN with text that is too long for the path goes again at once, without it, and offers a smaller MSS.
func TestFastOpenTooBigForThePath(t *testing.T) {
	x := newFastClient(t)
	x.know("abcd1234", 1460)
	p := x.dial(1000)
	p.wantSyn(1000, "FO abcd1234,nop,nop", tcp.WhySyn)
	p.icmp(tcp.ICMPError{TooBig: true, MTU: 840, Seq: p.ourSeq(0)})
	got := p.want(seg(S, 0, 0), tcp.WhyPathMTU).out.Options
	if got.MSS != 800 || got.HasFastOpen {
		t.Errorf("got options %s, want an MSS of 800", got.Format(0))
	}
	p.arrive(p.synAck(1, 1040, tcp.Options{}))
	p.want(seg(A, 1, 1).bytes(800), tcp.WhySynText)
	p.want(seg(P|A, 801, 1).bytes(200), tcp.WhySynText)
	p.arrive(seg(A, 1, 1001))
}

// The text behind that of the SYN answers the SYN,ACK, so the exchange is an interactive one, and ACKs wait for
// company from the start.
func TestTextThatWaitsAnswersTheSynAck(t *testing.T) {
	for _, waits := range []bool{false, true} {
		x := newFastClient(t)
		x.know("abcd1234", 1460)
		n := 100
		if waits {
			n = 2000
		}
		p := x.dial(n)
		p.skip(1)
		p.arrive(p.synAck(min(n, 1420)+1, 1460, tcp.Options{}))
		p.skip(1)
		p.advance(10 * ms)
		p.arrive(seg(A, 1, n+1).bytes(500))
		if got := len(p.out) == 0; got != waits {
			t.Errorf("text waits: %v, but the ACK does: %v", waits, got)
		}
		if got := p.c.Info().Stats.Delivered; got != uint64(1+n/2000) {
			t.Errorf("got %d segments delivered", got)
		}
		p.out = nil
		p.abort()
		p.skip(1)
	}
}
