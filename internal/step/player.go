package step

import (
	"errors"

	"github.com/sockeye-tcp/sockeye/ip"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// What a user interface steps through.

// The two ends, as indices of View.Ends and in moves.
const (
	A = 0
	B = 1
	// Nobody sent it: an injected segment, or an ICMP error from the path.
	Nobody = -1
)

// A Player goes through what happens between two ends, forward and back. It is not safe
// for concurrent use.
type Player interface {
	// Next makes one step forward: the step that was undone last, or the lesson's own next move, or
	// else whatever the world does next by itself. It returns false when there is nothing.
	Next() bool
	// Back undoes the last step, exactly. It returns false at the start.
	Back() bool
	// View returns what is now. It is valid until the next call of another method, and must not be changed.
	View() *View
	// Moves returns what the user could do here. A recording has none.
	Moves() []Move
	// Do makes a move and forgets steps that were undone. After an error everything is as before.
	Do(Move) error
	// Inject lets a segment arrive at an end at once that the other end has not sent. The text is that of a
	// script's line behind "<": ". 1:1(0) ack 1 win 1000". Numbers count from the initial ones of the connection.
	Inject(end int, text string) error
	// RunToState makes steps until an end is in a state. The error is ErrBound when it
	// does not come to that; the steps made stay.
	RunToState(end int, s tcp.State) error
	// RunUntil makes steps until a time is reached, and lets the clock stand there.
	RunUntil(t ip.Time) error
	// Script returns what was done as a script of package packetdrill, as one end saw it. The error is a
	// *ScriptError when the language has no words for it.
	Script(end int) ([]byte, error)
	// Events returns the record up to now, of both ends. It must not be changed.
	Events() []tcp.Event
}

// Errors of players.
var (
	// ErrRecording is the error of moves in a record of what has already happened.
	ErrRecording = errors.New("this is a recording: it can be stepped through, not changed")
	// ErrBound is the error of a run that did not reach its aim.
	ErrBound = errors.New("not reached")
)

// A ScriptError says why there is no script of what was done.
type ScriptError struct{ Why string }

func (e *ScriptError) Error() string { return "no script: " + e.Why }
