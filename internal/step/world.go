package step

// The world: two hosts, what is on the way between them, and the clock.

// A World is two hosts and a link in virtual time. Nothing happens in it but by its moves. It is not safe
// for concurrent use.
type World struct {
	cfg Config
}
