package step

import "errors"

// Play returns a player at the start of the lesson.
func (l *Lesson) Play(seed uint64) (Player, error) {
	return nil, errors.New("not yet")
}

// New returns a player in a world in which nothing has happened yet, without a lesson.
func New(cfg Config) (Player, error) {
	return nil, errors.New("not yet")
}
