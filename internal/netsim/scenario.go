package netsim

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/stack"
	"github.com/sockeye-tcp/sockeye/tcp"
	"github.com/sockeye-tcp/sockeye/tun/impair"
)

// A scenario: two hosts, a link, two applications, and how it may end.

// algorithms are the names of all kinds of congestion control that there are.
var algorithms = slices.DeleteFunc([]string{"reno", "cubic", "bbr"}, func(name string) bool {
	return tcp.CongestionByName(name) == nil
})

// A Scenario is one connection, or two, from host A to host B.
type Scenario struct {
	Seed         uint64
	IPv6         bool
	Simultaneous bool // both ends open
	Ends         [2]End
	Link         Link
	Outage       *Outage
	Narrow       *Narrow
	Again        bool   // when the connection is over, A opens another between the same ports
	Strays       bool   // old copies come
	Forgery      bool   // so do forged segments
	FastOpen     int    // 1: a Fast Open without a cookie; 2: a connection for a cookie first
	Boxes        uint32 // of bits: see boxes

	// Trace and Tap are those of the Net.
	Trace func(*tcp.Event)
	Tap   func(at ip.Time, h *Host, packet []byte)
	Spare *Spare // may be nil

	net    *Net
	hosts  [2]*Host
	agents []*Agent // those of A, then those of B
	closed int      // packets sent when all connections were over
}

// An End is a host with its application.
type End struct {
	Host        stack.Config
	Algorithm   string
	MaxSeg      int
	UserTimeout time.Duration
	Cork        bool // writes are held back until a segment is full
	Wraps       bool // sequence numbers and timestamps begin just below 2^32
	Script      Script
}

// An Outage is a time in which nothing passes.
type Outage struct {
	At, For     time.Duration
	There, Back bool
}

// A Narrow is a path that becomes narrower, with or without saying so.
type Narrow struct {
	At     time.Duration
	MTU    int
	Silent bool
}

// The bounds of a scenario.
const (
	// longest is how long one may take: two times 15 retransmissions with a timeout of 2 minutes, and what comes before.
	longest = 3 * time.Hour
	// maxAfterwards bounds the packets after all connections are over: FINs that come again, and what was on the way.
	maxAfterwards = 1000
	// serverPort is where B listens.
	serverPort = 80
)

// A Result tells how a scenario went.
type Result struct {
	Err     error // a *Violation, or nil
	Digest  uint64
	Events  int
	Elapsed time.Duration
}

// Run runs the scenario. It can run once.
func (s *Scenario) Run() Result {
	if s.Spare == nil {
		s.Spare = new(Spare)
	}
	n := NewWith(s.Seed, s.Spare)
	s.net, n.Trace, n.Tap = n, s.Trace, s.Tap
	for i := range s.hosts {
		cfg := s.Ends[i].Host
		if s.Ends[i].Wraps {
			cfg.TCP.ISN = func(_, _ netip.AddrPort, now ip.Time) tcp.Seq { return tcp.Seq(now/4000) - 270_000 } // the clock of RFC 9293 §3.4.1
			cfg.TCP.TSOffset = func(_, _ netip.AddrPort) uint32 { return 1<<32 - 1500 }
		}
		s.hosts[i] = n.AddHost("AB"[i:i+1], cfg)
	}
	there, back := n.Join(s.hosts[0], s.hosts[1], s.Link)
	there.Box, back.Box = s.boxes(there), s.boxes(back)
	s.plan(there, back)
	server := s.open()
	limit := n.now.Add(longest)
	if n.RunUntil(limit, s.over) {
		s.closed = s.packets()
	}
	n.RunUntil(limit, nil)
	s.agents = append(s.agents, server.Agents...)
	s.judge()
	s.leave(server, limit)
	return Result{n.failed, n.digest, n.events, n.Elapsed()}
}

// plan arranges what happens to the link.
func (s *Scenario) plan(there, back *Lane) {
	if o := s.Outage; o != nil {
		set := func(down bool) func() {
			return func() { there.Down, back.Down = down && o.There, down && o.Back }
		}
		s.net.After(o.At, set(true))
		s.net.After(o.At+o.For, set(false))
	}
	if w := s.Narrow; w != nil {
		s.net.After(w.At, func() {
			for _, l := range []*Lane{there, back} {
				l.MTU, l.Silent = w.MTU, w.Silent
			}
		})
	}
}

// boxes returns the middleboxes of a direction.
func (s *Scenario) boxes(l *Lane) Box {
	var list []Box
	r := rand.New(rand.NewPCG(s.Seed, 0xb0c5))
	if s.Boxes != 0 {
		list = s.usual(r)
	}
	if s.Strays {
		list = append(list, Strays(l, r, 0.03, 25*time.Second))
	}
	if s.Forgery {
		list = append(list, Forge(l, r, 0.1))
	}
	if list == nil {
		return nil
	}
	return Chain(list...)
}

// usual returns the middleboxes that the bits of Boxes stand for.
func (s *Scenario) usual(r *rand.Rand) []Box {
	var strip []byte
	for i, kind := range []byte{OptionWindowScale, OptionSACK, OptionTimestamps, OptionFastOpen} {
		if s.Boxes>>(2*i)&3 == 0 {
			strip = append(strip, kind)
		}
	}
	list := []Box{StripOptions(strip...)}
	if s.Boxes>>8&3 == 0 {
		list = append(list, ClampMSS(uint16(200+s.Boxes>>22)))
	}
	if s.Boxes>>10&3 == 0 {
		list = append(list, BleachECN)
	}
	if s.Boxes>>12&7 == 0 {
		list = append(list, DropFastOpen())
	}
	if s.Boxes>>15&3 == 0 {
		list = append(list, ShrinkWindows(r))
	}
	return list
}

// addr returns the address of a host with a port.
func (s *Scenario) addr(i int, port uint16) netip.AddrPort {
	if s.IPv6 {
		return netip.AddrPortFrom(s.hosts[i].Addr6(), port)
	}
	return netip.AddrPortFrom(s.hosts[i].Addr(), port)
}

// open starts the applications and returns the one that listens.
func (s *Scenario) open() *Server {
	server := s.script(1)
	if s.Simultaneous {
		client := s.script(0)
		a, b := s.addr(0, 5000), s.addr(1, 6000)
		s.agents = append(s.agents, DialFrom(s.hosts[0], a, b, client), DialFrom(s.hosts[1], b, a, server))
		return &Server{}
	}
	v := Serve(s.hosts[1], serverPort, server)
	if s.FastOpen > 0 {
		v.Listen.SetFastOpen(tcp.FastOpenListen{Queue: 10, NoCookie: s.FastOpen == 1})
	}
	if s.FastOpen == 2 { // the first connection gets a cookie, the second uses it
		first := s.script(0)
		first.Send = 1
		s.agents = append(s.agents, Dial(s.hosts[0], s.addr(1, serverPort), first))
		s.net.After(time.Second, func() {
			s.agents = append(s.agents, Dial(s.hosts[0], s.addr(1, serverPort), s.script(0)))
		})
		return v
	}
	first := Dial(s.hosts[0], s.addr(1, serverPort), s.script(0))
	s.agents = append(s.agents, first)
	if s.Again {
		s.hosts[0].Attach(&again{s: s, first: first})
	}
	return v
}

// An again opens a second connection between the ports of the first, as soon as that is possible.
type again struct {
	s     *Scenario
	first *Agent
	done  bool
}

// Work is called after everything that happens to host A.
func (a *again) Work(ip.Time) {
	c := a.first.Socket.Conn()
	if a.done || !a.first.Closed || c.State() != tcp.Closed && c.State() != tcp.TimeWait {
		return
	}
	a.done = true
	if second := DialFrom(a.s.hosts[0], c.Local(), c.Remote(), a.s.script(0)); second != nil {
		a.s.agents = append(a.s.agents, second)
	}
}

// script returns what an end does, with what is to be set before the SYN.
func (s *Scenario) script(i int) Script {
	e := &s.Ends[i]
	script := e.Script
	script.Prepare = func(c *tcp.Conn) {
		c.SetMaxSeg(e.MaxSeg)
		c.SetUserTimeout(e.UserTimeout)
		c.SetCork(e.Cork)
		if i == 0 && s.FastOpen > 0 {
			c.SetFastOpen(tcp.FastOpen{Cache: s.hosts[0].Stack.FastOpenCache(), NoCookie: s.FastOpen == 1, Defer: true, Deliver: true})
		}
	}
	return script
}

// over reports whether every connection is over, TIME-WAIT apart.
func (s *Scenario) over() bool {
	if (s.FastOpen == 2 || s.Again) && len(s.agents) < 2 {
		return false
	}
	for _, h := range s.hosts {
		for _, w := range h.conns {
			if w.state != tcp.Closed && w.state != tcp.TimeWait {
				return false
			}
		}
	}
	return len(s.hosts[0].conns) > 0
}

func (s *Scenario) packets() int {
	return int(s.hosts[0].Stack.Stats().PacketsOut + s.hosts[1].Stack.Stats().PacketsOut)
}

// leave ends what waits for a peer that is gone, and wants nothing to be left.
func (s *Scenario) leave(server *Server, limit ip.Time) {
	n := s.net
	if server.Listen != nil {
		server.Listen.Close(n.now)
	}
	for _, a := range s.agents {
		if a.Socket.Conn().State() != tcp.Closed {
			a.Socket.Abort(n.now)
		}
	}
	n.RunUntil(limit.Add(longest), nil)
	if !n.Idle() {
		n.fail("end", "something goes on for ever")
	}
	n.CheckEmpty()
}

// String describes the scenario in lines.
func (s *Scenario) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d, IPv6 %v, simultaneous %v, again %v, strays %v, forgery %v, fast open %d, boxes %#x\n",
		s.Seed, s.IPv6, s.Simultaneous, s.Again, s.Strays, s.Forgery, s.FastOpen, s.Boxes)
	fmt.Fprintf(&b, "link: %v\n", impair.Config{Out: s.Link.There, In: s.Link.Back})
	if s.Outage != nil {
		fmt.Fprintf(&b, "outage: %+v\n", *s.Outage)
	}
	if s.Narrow != nil {
		fmt.Fprintf(&b, "narrow: %+v\n", *s.Narrow)
	}
	for i := range s.Ends {
		e := &s.Ends[i]
		c := &e.Host.TCP
		fmt.Fprintf(&b, "%c: %s, MTU %d, max seg %d, user timeout %s, buffers %d in %d out, no SACK %v, no timestamps %v, no scale %v, "+
			"no delay %v, ECN %d, initial window %d, retries %d, HyStart %d, cork %v, wraps %v\n", "AB"[i], e.Algorithm, e.Host.MTU, e.MaxSeg, e.UserTimeout,
			c.RecvBuffer, c.SendBuffer, c.NoSACK, c.NoTimestamps, c.NoWindowScale, c.NoDelay, c.ECN, c.InitialWindow, c.Retries, c.HyStart, e.Cork, e.Wraps)
		p := e.Script
		p.Prepare = nil
		fmt.Fprintf(&b, "   %+v\n", p)
	}
	return b.String()
}
