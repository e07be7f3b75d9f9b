package packetdrill

import (
	"time"

	"github.com/sockeye-tcp/sockeye/internal/ladder"
	"github.com/sockeye-tcp/sockeye/stack"
	"github.com/sockeye-tcp/sockeye/tcp"
)

// Scripts that are written while they run.

// A Session is a run without an end: its lines come one after the other. It is
// not safe for concurrent use, and over when a call has returned an error.
type Session struct{ r *runner }

// NewSession returns a session at time zero. name is for messages.
func NewSession(name string, o Options) (*Session, error) {
	script := &Script{Name: name}
	set, err := newSettings(script, o)
	if err != nil {
		return nil, err
	}
	r := newRunner(script, set, o)
	r.open()
	return &Session{r}, nil
}

// Do runs lines of a script. A time that is relative counts from the line before, as ever.
// Errors are those of Script.Run; their lines are counted in text.
func (s *Session) Do(text string) error {
	script, err := Parse(s.r.script.Name, []byte(text))
	if err != nil {
		return err
	}
	for i := range script.Commands {
		if err := s.r.command(&script.Commands[i]); err != nil {
			return err
		}
	}
	for i := range script.Events {
		if err := s.r.step(&script.Events[i]); err != nil {
			return err
		}
	}
	return nil
}

// Advance lets time pass. Packets that the host sends meanwhile are still to be mentioned.
func (s *Session) Advance(d time.Duration) error { return s.r.advance(s.r.now.Add(d)) }

// Unmentioned returns how many packets the host has sent that no line has mentioned yet, and the first of them in
// the words of a script.
func (s *Session) Unmentioned() (n int, first string) {
	f := s.r.current
	if f == nil || len(f.sent) == 0 {
		return 0, ""
	}
	return len(f.sent), f.words(f.sent[0]) + " at " + s.r.clock(f.sent[0].at)
}

// Finish ends the session: it fails if a call still blocks or a packet was not mentioned.
func (s *Session) Finish() error { return s.r.finish() }

// Now returns the time since the session began.
func (s *Session) Now() time.Duration { return s.r.now.Sub(start) }

// Record returns what has happened.
func (s *Session) Record() *ladder.Recorder { return s.r.record }

// Socket returns the connection behind a file descriptor of the script; nil when there is none.
func (s *Session) Socket(fd int) *stack.Socket {
	if f := s.r.files[int64(fd)]; f != nil {
		return s.r.table.Conn(f.fd)
	}
	return nil
}

// State returns the state of that connection; a socket without a connection is in CLOSED.
func (s *Session) State(fd int) tcp.State {
	if sock := s.Socket(fd); sock != nil {
		return sock.Conn().State()
	}
	return tcp.Closed
}
