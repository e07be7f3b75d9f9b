package tcp_test

import (
	"testing"
	"time"

	"github.com/sockeye-tcp/sockeye/tcp"
)

// Scenarios about losses and what looks like them: T23 to T25, T31, T32. docs/scenarios.md lists all.

// Other stacks start the retransmission timer anew with every ACK, those that acknowledge nothing included
// (smoltcp-rs/smoltcp#62): a stream of duplicate ACKs then holds the retransmission back for ever.
func TestScenario23DuplicateAcksDuringLoss(t *testing.T) {
	for name, changes := range map[string][]func(*setup){"no SACK": nil, "SACK": {sack}, "timestamps": {timestamps}} {
		t.Run(name, func(t *testing.T) {
			p := newConnTest(t, tcp.Established, changes...)
			p.exchange(10 * ms)
			rto := p.c.Info().RTO
			p.send(5000)
			p.skip(len(p.out))
			began, timeouts := p.now, 0
			for p.since(began) < 5*rto { // the segment is lost again and again
				p.advance(7 * ms)
				for range 5 {
					p.arrive(seg(A, 1, 11))
				}
				for _, o := range p.out {
					if o.out.Why == tcp.WhyRTO && o.seq == 11 {
						timeouts++
					}
				}
				p.out = nil
			}
			if timeouts != 2 { // after one RTO, and two more
				t.Errorf("got %d timeouts in 5 RTOs, want 2", timeouts)
			}
		})
	}
}

// Other stacks do not send again at a partial ACK, and stand still when the middle of a burst is lost (smoltcp-rs/smoltcp#660).
func TestScenario24MiddleOfABurstIsLost(t *testing.T) {
	t.Run("by partial ACKs", func(t *testing.T) { // RFC 6582 §3.2, without a timeout
		p := flight(t, 10) // everything from 2001 to 6000 is lost
		p.arrive(seg(A, 1, 2001))
		for range 3 {
			p.arrive(seg(A, 1, 2001))
		}
		p.want(seg(A, 2001, 1).bytes(1000), tcp.WhyFastRetransmit)
		for at := 3001; at < 6001; at += 1000 {
			p.arrive(seg(A, 1, at))
			p.want(seg(A, at, 1).bytes(1000), tcp.WhyPartialAck)
		}
		p.arrive(seg(A, 1, 10_001))
		p.wantNoDeadline()
	})
	for _, noSACK := range []bool{false, true} {
		for _, from := range []int{1, 4, 8} {
			for to := from + 1; to < 10; to += 2 {
				loseInTheMiddle(t, noSACK, from, to)
			}
		}
	}
}

// loseInTheMiddle sends a burst of 16 segments and loses those from one to another, once.
func loseInTheMiddle(t *testing.T, noSACK bool, from, to int) {
	w := newWorld(t, 1, link{delay: 10 * ms}, tcp.Config{NoSACK: noSACK, InitialWindow: 16})
	count, timeouts := -1, 0
	w.filter = func(end int, out *tcp.Output) bool {
		if end == 0 && out.Len > 0 {
			count++
		}
		if out.Why == tcp.WhyRTO {
			timeouts++
		}
		return end == 1 || out.Len == 0 || count < from || count >= to
	}
	w.open()
	w.transfer(randomBytes(1, 16*1448), nil)
	if timeouts > 0 {
		t.Errorf("SACK off %v, segments %d to %d lost: %d timeouts", noSACK, from, to-1, timeouts)
	}
	// Without SACK each round trip repairs one.
	if took, limit := w.now.Sub(start), time.Duration(6+to-from)*20*ms; took > limit {
		t.Errorf("SACK off %v, segments %d to %d lost: took %v", noSACK, from, to-1, took)
	}
}

// In other stacks ACKs of text that comes again fall under the rate limit of challenge ACKs (smoltcp, commit 9d532a7b): when ACKs
// are lost the connection crawls at one exchange a second.
func TestScenario25RepeatedTextIsAlwaysAcknowledged(t *testing.T) {
	p := newConnTest(t, tcp.Established)
	p.arrive(seg(A, 1, 1).bytes(10))
	p.want(seg(A, 1, 11), tcp.WhyAck)
	for range 10 {
		p.arrive(seg(A, 1, 1).bytes(10))
		p.want(seg(A, 1, 11), tcp.WhyDupAck)
	}
	p.receive(10)

	for seed := range uint64(3) { // every fifth ACK is lost
		w := newWorld(t, seed, link{delay: 5 * ms}, tcp.Config{RecvBuffer: 20_000})
		w.filter = func(_ int, out *tcp.Output) bool { return out.Len > 0 || out.Flags != A || w.rng.IntN(5) > 0 }
		w.open()
		w.transfer(randomBytes(seed, 400_000), nil)
		// 20000 bytes a round trip of 10 ms are 200 ms; TIME-WAIT is not counted.
		if took := w.now.Sub(start); took > 2*time.Second {
			t.Errorf("seed %d: took %v", seed, took)
		}
	}
}

// Other stacks count window updates as duplicate ACKs, and send again what is not lost (smoltcp, commit cce9ae77). RFC 5681 §2.
func TestScenario31NotADuplicateAck(t *testing.T) {
	for _, test := range []struct {
		name string
		in   func(i int) segment
	}{
		{"window updates", func(i int) segment { return seg(A, 1, 1).win(60_000 - i) }},
		{"growing windows", func(i int) segment { return seg(A, 1, 1).win(30_000 + i) }},
		{"text", func(i int) segment { return seg(A, 1+i, 1).bytes(1) }},
		{"old ACKs", func(i int) segment { return seg(A, 1, 1-i) }},
	} {
		for _, changes := range [][]func(*setup){nil, {sack}} {
			t.Run(test.name, func(t *testing.T) {
				p := flight(t, 6, changes...)
				for i := 1; i < 8; i++ {
					p.arrive(test.in(i))
				}
				for _, o := range p.out {
					if len(o.text) > 0 {
						t.Fatalf("got %v", p.format(o.segment))
					}
				}
				p.skip(len(p.out))
				if got := p.c.Info().DupAcks; got != 0 {
					t.Errorf("got %d duplicate ACKs, want none", got)
				}
			})
		}
	}
}

// Other stacks work SACK edges out without the wrap of sequence numbers, and panic (smoltcp, commit 25d4f7c5).
func TestScenario32GapAcrossTheWrap(t *testing.T) {
	p := newConnTest(t, tcp.Established, sack)
	p.arrive(seg(A, 301, 1).bytes(400))
	o := p.want(seg(A, 1, 1).with(p.blocks(301, 701)), tcp.WhyDupAck).out.Options
	if b := o.SACK[0]; b.Start < b.End {
		t.Errorf("%v does not cross the wrap", b)
	}
	p = newConnTest(t, tcp.Established, sack, func(s *setup) { s.syn.MSS = 400 })
	p.send(1600)
	p.skip(4)
	p.arrive(p.sacks(1, 401, 1201)) // and as the sender
	if got := p.c.Info().Sacked; got != 800 {
		t.Errorf("got %d bytes SACKed, want 800", got)
	}
	p.advance(time.Second)
	p.out = nil
	p.arrive(seg(A, 1, 1601))
	for lost := 1; lost < 1500; lost += 97 { // our numbers wrap at 1000: the gap lies before, across and behind it
		for _, mss := range []int{100, 1400} {
			w := newWorld(t, 1, link{delay: ms}, tcp.Config{})
			w.conns[0].SetMaxSeg(mss)
			dropped := 0
			w.filter = func(from int, out *tcp.Output) bool {
				at := int(out.Seq - wrapISN(addrA, addrB, 0))
				if from == 1 || dropped > 0 || out.Len == 0 || at+out.Len <= lost {
					return true
				}
				dropped++
				return false
			}
			w.open()
			w.transfer(randomBytes(1, 8000), nil)
			if i := w.conns[0].Info(); dropped != 1 || i.Stats.Retransmits != 1 {
				t.Errorf("byte %d lost in segments of %d: %d segments were sent again, want 1", lost, mss, i.Stats.Retransmits)
			}
		}
	}
}
