package step

// A lesson that leaves everything to whoever steps.

var freeLessons = []*Lesson{
	{
		Name: "playground", Title: "Free play", Rule: "RFC 9293",
		About: "Two hosts, 50 ms apart, with all that they do by default. B's application listens; nothing else has happened yet. What comes now is yours: calls, and the fate of every packet.",
		Setup: []Move{{Kind: Listen, End: B}},
	},
}
