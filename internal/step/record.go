package step

import "github.com/sockeye-tcp/sockeye/tcp"

// Record returns a player of what has happened already: each event is a step. The events may be
// of one end or of both.
func Record(title string, events []tcp.Event) Player {
	return nil
}
