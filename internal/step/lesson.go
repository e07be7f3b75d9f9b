package step

// Lessons: a world and a list of moves, with a note for each.

// A Lesson shows one thing.
type Lesson struct {
	Name  string // to be found by: "handshake"
	Title string
	About string // what it shows, in a few sentences
	Rule  string // the place in an RFC

	// Config is the world in which it plays.
	Config Config
	Steps  []LessonStep
}

// A LessonStep is one move of a lesson and what is to be seen in it.
type LessonStep struct {
	Note string
	Rule string
	// Choose returns the move, which may depend on what there is in the world.
	Choose func(*World) Move
}

// Lessons returns all lessons, in the order in which they are best read.
func Lessons() []*Lesson { return lessons }

// Find returns the lesson with a name, or nil.
func Find(name string) *Lesson {
	for _, l := range lessons {
		if l.Name == name {
			return l
		}
	}
	return nil
}

var lessons []*Lesson
