package step

import (
	"math/rand/v2"
	"net/netip"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/stack"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// One end: a host and its application.

// An end is a host with one application, which has one connection at a time, always between the same
// two ports.
type end struct {
	world       *World
	index       int
	local, peer netip.AddrPort
	iss         uint32
	host        *stack.Host
	listener    *stack.ListenSocket
	once        bool          // the application listens for one connection only
	last        *stack.Socket // the newest connection; its application may have closed it
	sock        *stack.Socket // what the application holds: connected or accepted, not closed
	wrote, read int           // bytes, on the newest connection
	noDelay     bool
	keepAlive   bool
	log         []entry
}

// An entry is what happened at one end, for a script.
type entry struct {
	at   ip.Time
	step int // how many moves had been made, this one included
	kind entryKind
	move Move   // entryCall
	n    int    // entryCall: bytes that it moved
	data []byte // entryIn, entryOut
}

// An entryKind says what happened.
type entryKind uint8

const (
	entryCall     entryKind = iota
	entryAccept             // the application has a connection from its listener
	entryUnlisten           // it listens no more
	entryIn
	entryOut
	entryCrash
)

// newEnd returns an end that has just started.
func newEnd(w *World, index int) *end {
	e := &end{world: w, index: index, local: addrA, peer: addrB, iss: w.cfg.Ends[index].ISS}
	if index == B {
		e.local, e.peer = addrB, addrA
	}
	if e.iss == 0 {
		e.iss = w.random.Uint32() | 1
	}
	e.start()
	return e
}

// start starts the host.
func (e *end) start() {
	w, c := e.world, &e.world.cfg.Ends[e.index]
	var seed [32]byte
	for i := range seed {
		seed[i] = byte(w.random.Uint32())
	}
	iss := tcp.Seq(e.iss)
	e.host = stack.NewHost(stack.Config{
		Addrs: []netip.Prefix{netip.PrefixFrom(e.local.Addr(), 24)},
		MTU:   c.MTU,
		Rand:  rand.NewChaCha8(seed),
		Trace: w.record,
		TCP: tcp.Config{
			RecvBuffer: c.RecvBuffer, SendBuffer: c.SendBuffer,
			NoTimestamps: c.NoTimestamps, NoSACK: c.NoSACK, NoWindowScale: c.NoWindowScale,
			ISN:      func(_, _ netip.AddrPort, _ ip.Time) tcp.Seq { return iss },
			TSOffset: func(_, _ netip.AddrPort) uint32 { return 0 }, // to be read by people
		},
	})
}

// crash makes the end forget everything. iss, when not 0, is its initial sequence number from now on.
func (e *end) crash(iss uint32) {
	if iss != 0 {
		e.iss = iss
	}
	if e.last != nil && !e.last.Conn().Dead() {
		e.world.record(&tcp.Event{ // the machine cannot say it any more
			Time: e.world.now, Kind: tcp.EventState, Local: e.local, Remote: e.peer,
			From: e.last.Conn().State(), State: tcp.Closed,
		})
	}
	e.listener, e.last, e.sock = nil, nil, nil
	e.wrote, e.read, e.noDelay, e.keepAlive = 0, 0, false, false
	e.note(entry{kind: entryCrash})
	e.start()
}

func (e *end) name() string { return e.world.cfg.Ends[e.index].Name }

// note adds to the log.
func (e *end) note(n entry) {
	n.at, n.step = e.world.now, e.world.moves
	e.log = append(e.log, n)
}

// drain takes what the host sends, and what its listener has for the application.
func (e *end) drain() {
	var p ip.Packet
	for e.host.Next(e.world.now, &p) {
		data := p.AppendTo(nil)
		p.Unpin()
		e.note(entry{kind: entryOut, data: data})
		e.world.send(e.index, data)
	}
	if s := e.host.Socket(e.local, e.peer); s != nil && s != e.last {
		e.began(s)
	}
	if e.listener == nil {
		return
	}
	for s := e.listener.Accept(); s != nil; s = e.listener.Accept() {
		e.sock = s
		if s != e.last {
			e.began(s)
		}
		e.note(entry{kind: entryAccept})
		if e.once {
			e.closeListener()
			return
		}
	}
}

// began notes a new connection.
func (e *end) began(s *stack.Socket) {
	e.last = s
	e.wrote, e.read, e.noDelay, e.keepAlive = 0, 0, false, false
}

// state returns the state that the end is seen in.
func (e *end) state() tcp.State {
	if e.last != nil && !e.last.Conn().Dead() {
		return e.last.Conn().State()
	}
	if e.listener != nil {
		return tcp.Listen
	}
	return tcp.Closed
}

// held returns the connection that the application can still do something with, or nil.
func (e *end) held() *tcp.Conn {
	if e.sock == nil || e.sock.Conn().State() == tcp.Closed {
		return nil
	}
	return e.sock.Conn()
}
