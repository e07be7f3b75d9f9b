package tcp_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Scenarios about segments and how they are cut, and about many small ones: T15 to T17, T30, T38, T42, T43. docs/scenarios.md lists all.

// Other stacks take what is cut anew after the path MTU fell for lost, and slow down (google/gvisor#10344).
func TestScenario15PathMTUFallsMidFlow(t *testing.T) {
	for _, noSACK := range []bool{false, true} {
		const router = 1000 // bytes of IP packet that it carries
		w := newWorld(t, 1, link{delay: 10 * ms}, tcp.Config{NoSACK: noSACK})
		told, lowered := 0, false
		w.filter = func(from int, out *tcp.Output) bool {
			length := 20 + len(tcp.AppendHeader(nil, &out.Header)) + out.Len
			if lowered = lowered || out.Seq-wrapISN(addrA, addrB, 0) > 200_000; from == 1 || !lowered || length <= router {
				return true
			}
			told++ // the ICMP error comes back after as long as it takes
			w.errors = append(w.errors, timed{w.now.Add(4 * ms), tcp.ICMPError{TooBig: true, MTU: router, Seq: out.Seq}})
			return false
		}
		w.open()
		w.transfer(randomBytes(1, 600_000), nil)
		if told == 0 {
			t.Fatal("the path was never too narrow")
		}
		if i := w.conns[0].Info(); i.Ssthresh < 1<<29 || i.SendMSS > router-40 {
			t.Errorf("SACK off %v: got ssthresh %d and an MSS of %d", noSACK, i.Ssthresh, i.SendMSS)
		}
		for _, line := range w.log.lines {
			begins := strings.Contains(line, "recovery") && !strings.Contains(line, tcp.WhyRecovered.String())
			if begins || strings.Contains(line, "retransmission") {
				t.Errorf("SACK off %v: a loss was seen: %s", noSACK, line)
			}
		}
	}
}

// Other stacks leave no room for the headers below TCP in the largest packet that a device cuts (google/gvisor#9816): it stalls.
// Every size that a device may take, over both versions of IP, with every mix of options.
func TestScenario16EverySizeOfMergedSegments(t *testing.T) {
	for _, change := range []func(*setup){func(*setup) {}, over6} {
		for _, withTS := range []bool{false, true} {
			for _, holes := range []int{0, 1, 4} {
				p := newConnTest(t, tcp.Established, change, sack, scaled(4), func(s *setup) {
					s.syn.HasTS, s.syn.MSS, s.cfg.InitialWindow = withTS, 1460, 10_000
				})
				for i := range holes { // SACK blocks in every segment of ours
					p.arrive(seg(A, 101+200*i, 1).bytes(100))
				}
				p.arrive(seg(A, 1, 1))
				p.out = nil
				for size := 1500; size <= 65_535; size += 1 + size%1997 {
					p.c.SetGSO(size)
					p.wrote += p.c.Send(p.now, pattern(p.wrote, 200_000))
					largest := p.mergedSegments(size)
					if enough := size - 60 - 60 - 1460; size >= 4500 && largest < min(enough, 60_000) {
						t.Errorf("a device that takes %d bytes gets %d at most", size, largest)
					}
					p.c.Arrive(p.now, p.build(seg(A, 1, int(p.c.Vars().SndNxt-p.iss))))
				}
				p.c.Abort(p.now)
				p.drain()
				p.out = nil
			}
		}
	}
}

// mergedSegments takes out what is to be sent, wants every packet to fit, in its place, and returns the longest.
func (p *connTest) mergedSegments(size int) (longest int) {
	p.t.Helper()
	header := 20
	if p.remote.Addr().Is6() {
		header = 40
	}
	next := int(p.c.Vars().SndNxt - p.iss)
	var out tcp.Output
	for p.c.Next(p.now, &out) {
		headers := header + len(tcp.AppendHeader(nil, &out.Header))
		segment := out.Len
		if out.GSO > 0 {
			segment = out.GSO
		}
		switch {
		case headers+out.Len > max(size, 1500) || headers+out.Len > 65_535:
			p.t.Fatalf("a device that takes %d bytes gets %d", size, headers+out.Len)
		case headers+segment > 1500:
			p.t.Fatalf("segments of %d bytes with headers of %d", segment, headers)
		case out.GSO > 0 && out.GSO >= out.Len:
			p.t.Fatalf("%d bytes are to be cut into segments of %d", out.Len, out.GSO)
		case int(out.Seq-p.iss) != next:
			p.t.Fatalf("got text at %d, want %d", out.Seq-p.iss, next)
		}
		at := next
		for i, b := range out.Text {
			if !bytes.Equal(b, pattern(at, len(b))) {
				p.t.Fatalf("the text at %d is not what was written", at)
			}
			at += len(b)
			out.Pins[i].Unpin()
		}
		if p.tsVal = out.Options.TSVal; at-next != out.Len {
			p.t.Fatalf("got %d bytes of text, %d are told", at-next, out.Len)
		}
		next, longest = at, max(longest, headers+out.Len)
	}
	return longest
}

// Other stacks compare the length of a merged packet with the MTU and drop it, or overlook the ACK that it carries
// (google/gvisor#14011, #11198).
func TestScenario17MergedSegmentsArrive(t *testing.T) {
	for n := 2; n <= 45; n++ {
		for _, before := range []int{0, 1, 2} { // segments that came alone, so that quick and delayed ACKs both are met
			p := newConnTest(t, tcp.Established, timestamps)
			p.send(3000)
			p.skip(len(p.out))
			at := 1
			for range before {
				p.arrive(seg(A, at, 1).bytes(1448))
				at += 1448
			}
			in := p.build(seg(A|P, at, 1001).bytes(n * 1448))
			in.Buf.GSOSize = 1448
			p.c.Arrive(p.now, in)
			p.drain()
			if i := p.c.Info(); i.Unacked != 2000 || i.Unread != (before+n)*1448 {
				t.Fatalf("%d segments in one: got %d bytes unacknowledged, want 2000, and %d to be read, want %d", n, i.Unacked, i.Unread, (before+n)*1448)
			}
			if last := p.out[len(p.out)-1]; last.ack != at+n*1448 {
				t.Errorf("%d segments in one: acknowledged up to %d, want %d", n, last.ack, at+n*1448)
			}
			p.out = nil
			p.receive((before + n) * 1448)
			p.out = nil
			p.arrive(seg(A, at+n*1448, 3001))
		}
	}
}

// Other stacks leave options out of the sum, so that packets exceed the MTU, or send empty ones for ever when the peer's MSS is less
// than the options (smoltcp, commits 16100ffb, b0b7bcfd).
func TestScenario30SmallMSS(t *testing.T) {
	for _, mss := range []uint16{0, 1, 12, 48, 536} {
		for _, withTS := range []bool{false, true} {
			for _, mtu := range []int{68, 576, 1500} {
				p := newConnTest(t, tcp.Established, sack, func(s *setup) { s.syn.MSS, s.syn.HasTS, s.mtu = mss, withTS, mtu })
				p.arrive(seg(A, 101, 1).bytes(10), seg(A, 201, 1).bytes(10), seg(A, 301, 1).bytes(10)) // blocks in what we send
				p.out = nil
				const total = 3000
				p.send(total)
				acked := 1
				for acked <= total {
					if len(p.out) == 0 || len(p.out) > 400 {
						t.Fatalf("MSS %d, MTU %d: got %d segments at %d", mss, mtu, len(p.out), acked)
					}
					for _, o := range p.out {
						options := len(tcp.AppendHeader(nil, &o.out.Header)) - tcp.HeaderLen
						if n := len(o.text); n == 0 || 40+options+n > mtu && n > 8 || mss >= 48 && options+n > int(mss) {
							t.Fatalf("MSS %d, MTU %d: got %d bytes of text behind %d of options", mss, mtu, n, options)
						}
						acked = o.seq + len(o.text)
					}
					p.out = nil
					p.arrive(seg(A, 1, acked))
				}
				p.wantNothing()
			}
		}
	}
}

// Other stacks miscount in their ring buffers (soypat/lneto#16, #79). Here writes, reads, segments and ACKs of every size, over a path
// that loses and reorders, byte for byte.
func TestScenario38EverySizeByteForByte(t *testing.T) {
	for seed := range uint64(30) {
		rng := newRand(seed)
		l := link{delay: ms, loss: 0.02, reorder: 0.05, late: 3 * ms, dup: 0.02}
		w := newWorld(t, seed, l, tcp.Config{RecvBuffer: 2048 << rng.IntN(6), SendBuffer: 2048 << rng.IntN(6)})
		w.conns[0].SetMaxSeg(100 + rng.IntN(1400))
		w.conns[seed%2].SetNoDelay(true)
		w.open()
		want, wrote, got := randomBytes(seed, 120_000), 0, []byte(nil)
		for len(got) < len(want) {
			if n := 1 + rng.IntN(1<<rng.IntN(14)); wrote < len(want) && w.conns[0].State() == tcp.Established {
				wrote += w.conns[0].Send(w.now, want[wrote:min(wrote+n, len(want))])
			}
			if rng.IntN(3) > 0 {
				b := make([]byte, 1+rng.IntN(1<<rng.IntN(14)))
				got = append(got, b[:w.conns[1].Receive(w.now, b)]...)
			}
			w.drain()
			if w.nextEvent() != 0 {
				w.step()
			}
			for _, c := range w.conns {
				if err := c.CheckInvariants(); err != nil {
					t.Fatal(err)
				}
			}
			if !bytes.Equal(got, want[:len(got)]) {
				t.Fatalf("seed %d: the first %d bytes differ from what was sent", seed, len(got))
			}
			if w.now.Sub(start) > 10*time.Minute {
				t.Fatalf("seed %d: stands still at %d", seed, len(got))
			}
		}
	}
}

// Linux was made to panic and to work for ever by SACK blocks, tiny segments and text out of order (CVE-2019-11477 to 11479,
// CVE-2018-5390), and told attackers of other connections by a limit that all shared (CVE-2016-5696). The work that a segment can
// cause is what lies in two lists, and those stay short: what was sent, in full segments, and what has come out of order.
func TestScenario42Storms(t *testing.T) {
	t.Run("SACK blocks", func(t *testing.T) {
		p := newConnTest(t, tcp.Established, sack, scaled(8), func(s *setup) { s.cfg.InitialWindow, s.syn.MSS = 300, 1000 })
		p.arrive(seg(A, 1, 1))
		p.c.SetGSO(65_535)
		p.send(290_000)
		p.out = nil
		rng := newRand(1)
		for range 3000 { // blocks of every byte, overlapping, in pieces
			a, b, c := 1+rng.IntN(290_000), 1+rng.IntN(290_000), 1+rng.IntN(290_000)
			p.arrive(p.sacks(1, a, a+1+rng.IntN(3), b, b+rng.IntN(5000), c, c+1))
			if n := p.c.Records(); n > 290+20 {
				t.Fatalf("got %d records of 290 segments", n)
			}
			if len(p.out) > 300 {
				t.Fatalf("got %d segments for one ACK", len(p.out))
			}
			p.out = nil
		}
	})
	t.Run("tiny MSS", func(t *testing.T) {
		p := newConnTest(t, tcp.Established, sack, timestamps, func(s *setup) { s.syn.MSS = 8 })
		p.send(20_000)
		if n := len(p.out); n > 20_000/8 {
			t.Errorf("got %d segments at once", n)
		}
		p.out = nil
	})
	t.Run("bytes out of order", func(t *testing.T) {
		p := newConnTest(t, tcp.Established, sack, scaled(8), func(s *setup) { s.cfg.RecvBuffer = 4 << 20 })
		rng := newRand(1)
		for i := range 20_000 {
			at := 3 + 2*i
			if i%2 == 0 {
				at = 3 + 2*rng.IntN(1_000_000)
			}
			in := p.build(seg(A, at, 1).bytes(1))
			p.c.Arrive(p.now, in)
			var out tcp.Output
			for n := 0; p.c.Next(p.now, &out); n++ {
				if n > 1 {
					t.Fatal("more than one segment in answer to one byte")
				}
			}
		}
		if h := p.c.Vars().Holes; h > 1024 {
			t.Errorf("got %d holes", h)
		}
		if n := len(p.buffers.out); n > 0 {
			t.Errorf("%d packets are held by a byte each", n)
		}
	})
	t.Run("two connections", func(t *testing.T) { // the challenges of one tell nothing about those of the other
		p, q := newConnTest(t, tcp.Established), newConnTest(t, tcp.Established)
		for range 1000 {
			p.arrive(seg(R, 100, 0))
		}
		p.want(seg(A, 1, 1), tcp.WhyChallengeAck)
		p.wantNothing()
		q.arrive(seg(S, 100, 0))
		q.want(seg(A, 1, 1), tcp.WhyChallengeAck)
	})
}

// Other stacks free a segment twice, or put it into the wrong place, when it is cut (lwIP, commits e80d4ff2, 574bd6e5), and read
// options beyond their end (lwIP, commit 3d896ba0).
func TestScenario43SplitAtEveryLength(t *testing.T) {
	t.Run("sent", func(t *testing.T) { // the window allows n bytes of what is sent again, then the rest
		for n := 1; n <= 1001; n += 8 {
			p := flight(t, 3)
			p.arrive(seg(A, 1, 1).win(n))
			p.expire()
			p.want(seg(A, 1, 1).bytes(min(n, 1000)), tcp.WhyRTO)
			p.out = nil
			p.arrive(seg(A, 1, 1+n)) // also in the middle of a segment
			next := 1 + n
			for next < 3001 {
				if len(p.out) == 0 {
					p.expire()
				}
				for _, o := range p.out {
					if !bytes.Equal(o.text, pattern(o.seq, len(o.text))) {
						t.Fatalf("cut after %d bytes: the text at %d is not what was written", n, o.seq)
					}
					if o.seq <= next {
						next = max(next, o.seq+len(o.text))
					}
				}
				p.out = nil
				p.arrive(seg(A, 1, next))
			}
			p.wantNoDeadline()
		}
	})
	t.Run("received", func(t *testing.T) { // a segment that overlaps what is there by n bytes on either side
		for n := 0; n <= 300; n += 7 {
			p := newConnTest(t, tcp.Established, sack)
			p.arrive(seg(A, 401, 1).bytes(300), seg(A, 1, 1).bytes(100), seg(A, 101, 1).bytes(300+n), seg(A, 701-n, 1).bytes(300+n))
			p.out = nil
			p.receive(1000)
			p.out = nil
		}
	})
	t.Run("options", func(t *testing.T) {
		rng := newRand(1)
		for range 100_000 {
			raw := make([]byte, 4*rng.IntN(11))
			for i := range raw {
				raw[i] = byte(rng.IntN(1 << (1 + rng.IntN(8))))
			}
			h := header(raw...)
			b := h[:len(h):len(h)] // nothing lies behind it
			var s tcp.Segment
			if d := tcp.ParseSegment(b, addrA.Addr(), addrB.Addr(), true, &s); d == ip.NoDrop && s.Options.NumSACK > 4 {
				t.Fatalf("%x: got %d SACK blocks", raw, s.Options.NumSACK)
			}
		}
	})
}
