package netsim

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/sockeye-tcp/sockeye/stack"
	"github.com/sockeye-tcp/sockeye/tcp"
	"github.com/sockeye-tcp/sockeye/tun/impair"
)

// Scenarios by chance: short ones, in which everything that can happen to a connection happens to some.

// dice are the chances of a scenario.
type dice struct{ *rand.Rand }

// one reports true once in n times.
func (d dice) one(n int) bool { return d.IntN(n) == 0 }

// scale draws from a range so that each order of magnitude is as likely as the next.
func (d dice) scale(least, most float64) float64 {
	return math.Exp(math.Log(least) + d.Float64()*(math.Log(most)-math.Log(least)))
}

func (d dice) duration(least, most time.Duration) time.Duration {
	return time.Duration(d.scale(float64(least), float64(most)))
}

func (d dice) size(least, most int) int { return int(d.scale(float64(least), float64(most)+0.5)) }

// Random returns the scenario of a seed.
func Random(seed uint64) *Scenario {
	d := dice{rand.New(rand.NewPCG(seed, 0x5eed))}
	s := &Scenario{Seed: seed, IPv6: d.one(4), Simultaneous: d.one(20)}
	for i := range s.Ends {
		s.Ends[i] = d.end()
	}
	s.Link = Link{There: d.fault(), Back: d.fault()}
	if d.one(10) {
		s.Outage = &Outage{
			At: d.duration(time.Millisecond, 3*time.Second), For: d.duration(10*time.Millisecond, time.Minute),
			There: !d.one(3), Back: !d.one(3),
		}
	}
	if d.one(10) {
		s.Narrow = &Narrow{MTU: 576 + d.IntN(924), At: d.duration(time.Microsecond, 3*time.Second), Silent: d.one(4)}
		if s.IPv6 {
			s.Narrow.MTU = max(s.Narrow.MTU, 1280)
		}
	}
	if d.one(8) {
		s.FastOpen = 1 + d.IntN(2)
		s.Simultaneous = false
	}
	if d.one(4) {
		s.Boxes = d.Uint32()
	}
	// Who does without cookies takes forged text as well (RFC 7413 §5).
	s.Strays, s.Forgery = d.one(12), s.FastOpen == 0 && d.one(12)
	// A forged SYN that comes while the second connection is being opened looks like a simultaneous open.
	s.Again = !s.Simultaneous && !s.Forgery && s.FastOpen == 0 && d.one(8)
	return s
}

// end draws a host and its application.
func (d dice) end() End {
	e := End{
		Host:      stack.Config{TCP: d.config()},
		Algorithm: algorithms[d.IntN(len(algorithms))],
		Script: Script{
			Send: d.bytes(), Part: Shutdown, CloseRead: d.one(40),
		},
	}
	e.Host.TCP.Congestion = tcp.CongestionByName(e.Algorithm)
	switch d.IntN(12) {
	case 0:
		e.Host.MTU = 1280 + d.IntN(220)
	case 1:
		e.Host.MTU = 1501 + d.IntN(7500)
	}
	if d.one(4) {
		e.MaxSeg = 88 + d.IntN(1400)
	}
	if d.one(25) {
		e.UserTimeout = d.duration(100*time.Millisecond, 30*time.Second)
	}
	e.Cork, e.Wraps = d.one(20), d.one(3)
	d.script(&e.Script)
	return e
}

// bytes draws how much an application sends.
func (d dice) bytes() int {
	if d.one(4) {
		return 0
	}
	return d.size(1, 150_000)
}

// script draws how an application behaves.
func (d dice) script(s *Script) {
	if d.one(3) {
		s.Chunk = 1 + s.Send/(1+d.IntN(30))
		if d.one(2) {
			s.SendPause = d.duration(100*time.Microsecond, time.Second)
		}
	}
	if d.one(3) {
		s.ReadChunk = d.size(50, 20_000)
	}
	if d.one(5) {
		s.ReadChunk = d.size(4000, 30_000)
		s.ReadPause = d.duration(100*time.Microsecond, time.Second)
	}
	if d.one(10) {
		s.ReadDelay = d.duration(time.Millisecond, 5*time.Second)
	}
	switch d.IntN(10) {
	case 0:
		s.Part = CloseSent
	case 1:
		s.Part, s.PartAfter = CloseEarly, d.size(1, 50_000)
	case 2:
		s.Part, s.PartTime = Abort, d.duration(time.Millisecond, 5*time.Second)
	}
}

// config draws what the connections of a host are like.
func (d dice) config() tcp.Config {
	c := tcp.Config{
		NoSACK: d.one(5), NoTimestamps: d.one(5), NoWindowScale: d.one(6), NoDelay: d.one(2),
		ECN: tcp.ECN(d.IntN(3)), NoIdleRestart: d.one(4),
	}
	if d.one(3) {
		c.RecvBuffer = d.size(2000, 200_000)
	}
	if d.one(3) {
		c.SendBuffer = d.size(2000, 200_000)
	}
	if d.one(6) {
		c.InitialWindow = 1 + d.IntN(40)
	}
	if d.one(15) {
		c.Retries = 2 + d.IntN(6)
	}
	if d.one(6) {
		c.HyStart = []tcp.HyStart{tcp.HyStartTrain, tcp.HyStartDelay, tcp.HyStartOff}[d.IntN(3)]
	}
	return c
}

// fault draws what a direction of the link does.
func (d dice) fault() impair.Fault {
	f := impair.Fault{Delay: d.duration(10*time.Microsecond, 200*time.Millisecond)}
	if d.one(2) {
		f.Loss = d.scale(0.001, 0.25)
		if d.one(4) {
			f.Burst = d.scale(1, 8)
			f.Loss = min(f.Loss, f.Burst/(f.Burst+1))
		}
	}
	if d.one(5) {
		f.Duplicate = d.scale(0.001, 0.2)
	}
	if d.one(6) {
		f.Corrupt = d.scale(0.001, 0.05)
	}
	if d.one(4) {
		f.Reorder = d.scale(0.001, 0.3)
	}
	if d.one(3) {
		f.Jitter = time.Duration(d.Float64() * float64(f.Delay))
	}
	if d.one(2) {
		f.Rate = int64(d.scale(100e3, 1e9))
		f.Queue = d.size(3, 200)
		f.AQM = impair.AQM(d.IntN(3))
	}
	return f
}
