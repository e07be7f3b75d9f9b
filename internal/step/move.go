package step

import (
	"fmt"
	"time"
)

// What a user can do.

// A Move is one thing done in a world. Moves can be compared with ==, written down and made again.
type Move struct {
	Kind   MoveKind
	End    int           // whose call, or where an injected segment goes: A or B
	Packet int           // Flight.ID, for moves on a packet
	N      int           // bytes to write or read; 0 or 1 for options; the next initial sequence number of Crash
	D      time.Duration // Delay, Wait
	Text   string        // Inject
}

// A MoveKind says what sort of move it is.
type MoveKind uint8

// The kinds of move.
const (
	// Go lets the world do what it does next by itself: a packet arrives or a timer expires.
	Go MoveKind = iota
	// Deliver lets a packet arrive now; Drop loses it; Duplicate makes a copy that follows it;
	// Delay lets it arrive D later; Corrupt changes a bit in it.
	Deliver
	Drop
	Duplicate
	Delay
	Corrupt
	// Fire lets the next timer expire. Packets that would arrive before are held back until then.
	Fire
	// Wait lets D pass, with everything that happens meanwhile.
	Wait
	// Calls of an application. Write and Read take N bytes, Shutdown ends sending, Abort resets.
	Listen
	Connect
	Write
	Read
	Shutdown
	Close
	Abort
	// NoDelay and KeepAlive switch an option on (N=1) or off. A keep-alive probe is due after a minute of silence,
	// and again every ten seconds, three times.
	NoDelay
	KeepAlive
	// Crash makes a host forget everything and start again. N, when not 0, is its initial sequence number from then on.
	Crash
	// Inject lets a segment arrive at End that nobody has sent.
	Inject
)

var moveNames = [...]string{
	"go on", "deliver", "drop", "duplicate", "delay", "corrupt", "fire the next timer", "wait",
	"listen", "connect", "write", "read", "shutdown", "close", "abort", "no-delay", "keep-alive", "crash", "inject",
}

// String names the kind in a few words.
func (k MoveKind) String() string {
	if int(k) < len(moveNames) {
		return moveNames[k]
	}
	return "unknown"
}

// Call reports whether the move is a call of an application.
func (k MoveKind) Call() bool { return k >= Listen && k <= KeepAlive }

// OnPacket reports whether the move is about a packet in flight.
func (k MoveKind) OnPacket() bool { return k >= Deliver && k <= Corrupt }

// String writes the move in words: "B: write 1000", "drop #3".
func (m Move) String() string {
	switch {
	case m.Kind == Delay:
		return fmt.Sprintf("delay #%d by %v", m.Packet, m.D)
	case m.Kind.OnPacket():
		return fmt.Sprintf("%v #%d", m.Kind, m.Packet)
	case m.Kind == Wait:
		return fmt.Sprintf("wait %v", m.D)
	case m.Kind == Write || m.Kind == Read:
		return fmt.Sprintf("%s: %v %d", endName(m.End), m.Kind, m.N)
	case m.Kind == NoDelay || m.Kind == KeepAlive:
		return fmt.Sprintf("%s: %v %s", endName(m.End), m.Kind, map[bool]string{true: "on", false: "off"}[m.N != 0])
	case m.Kind == Inject:
		return fmt.Sprintf("inject to %s: %s", endName(m.End), m.Text)
	case m.Kind.Call() || m.Kind == Crash:
		return fmt.Sprintf("%s: %v", endName(m.End), m.Kind)
	}
	return m.Kind.String()
}

// endName names an end in one letter.
func endName(end int) string {
	switch end {
	case A:
		return "A"
	case B:
		return "B"
	}
	return "nobody"
}
